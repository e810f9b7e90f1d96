-- name: add_sites
-- Sites as accounts tells of them; one that is known keeps its newest name and address.
INSERT INTO site (site_code, name, address, opened_at)
SELECT DISTINCT ON (told.site_code) told.site_code, told.name, told.address, told.at
  FROM unnest(%(site_codes)s::text[], %(names)s::text[], %(addresses)s::text[],
              %(instants)s::timestamptz[])
       AS told (site_code, name, address, at)
 ORDER BY told.site_code, told.at DESC
    ON CONFLICT (site_code) DO UPDATE
   SET name = EXCLUDED.name,
       address = EXCLUDED.address,
       opened_at = EXCLUDED.opened_at
 WHERE site.opened_at < EXCLUDED.opened_at;

-- name: find_site
-- Whether people can be sent there.
SELECT site_code
  FROM site
 WHERE site_code = %(site_code)s;

-- name: list_sites
SELECT site_code, name, address, opened_at
  FROM site
 ORDER BY site_code;

-- name: list_rules
-- The values in force on a day.
SELECT name, value
  FROM rule
 WHERE from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on);

-- name: list_all_rules
-- Every value there was, is and will be, by name and day.
SELECT name, from_on, until_on, value
  FROM rule
 ORDER BY name, from_on;

-- name: correct_rule
-- One set for the same day was a mistake.
UPDATE rule SET value = %(value)s WHERE name = %(name)s AND from_on = %(from_on)s;

-- name: cut_rule
-- The value before ends where the new one begins.
UPDATE rule
   SET until_on = %(from_on)s
 WHERE name = %(name)s
   AND from_on < %(from_on)s
   AND (until_on IS NULL OR %(from_on)s < until_on);

-- name: add_rule
-- The new value ends where the next begins.
INSERT INTO rule (name, from_on, until_on, value)
SELECT %(name)s, %(from_on)s, min(from_on), %(value)s
  FROM rule
 WHERE name = %(name)s AND from_on > %(from_on)s;

-- name: learn_users
-- Each fact says all that is known of a user; the last one told holds, whenever it is heard.
INSERT INTO told_user (user_id, role, disabled_at, sequence)
SELECT DISTINCT ON (told.user_id) told.user_id, told.role, told.disabled_at, told.sequence
  FROM unnest(%(user_ids)s::uuid[], %(roles)s::text[], %(instants)s::timestamptz[],
              %(sequences)s::bigint[])
       AS told (user_id, role, disabled_at, sequence)
 ORDER BY told.user_id, told.sequence DESC
    ON CONFLICT (user_id) DO UPDATE
   SET role = EXCLUDED.role, disabled_at = EXCLUDED.disabled_at, sequence = EXCLUDED.sequence
 WHERE told_user.sequence < EXCLUDED.sequence;

-- name: find_user
-- What accounts told of somebody who signs in.
SELECT user_id, role, disabled_at IS NOT NULL AS disabled
  FROM told_user
 WHERE user_id = %(user_id)s;
