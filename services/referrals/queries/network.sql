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

-- name: list_rules
-- The values in force on a day.
SELECT name, value
  FROM rule
 WHERE from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on);

-- name: add_users
-- One who was heard to be disabled before they were heard of stays so.
INSERT INTO told_user (user_id, role)
SELECT told.user_id, told.role
  FROM unnest(%(user_ids)s::uuid[], %(roles)s::text[]) AS told (user_id, role)
 ORDER BY told.user_id
    ON CONFLICT DO NOTHING;

-- name: disable_users
-- Keeps the first instant when it is told twice.
INSERT INTO told_user (user_id, role, disabled_at)
SELECT DISTINCT ON (told.user_id) told.user_id, told.role, told.at
  FROM unnest(%(user_ids)s::uuid[], %(roles)s::text[], %(instants)s::timestamptz[])
       AS told (user_id, role, at)
 ORDER BY told.user_id, told.at
    ON CONFLICT (user_id) DO UPDATE
   SET disabled_at = LEAST(told_user.disabled_at, EXCLUDED.disabled_at);

-- name: find_user
-- What accounts told of somebody who signs in.
SELECT user_id, role, disabled_at IS NOT NULL AS disabled
  FROM told_user
 WHERE user_id = %(user_id)s;
