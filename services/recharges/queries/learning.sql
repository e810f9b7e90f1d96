-- What is known of other services' sites, tills and people.

-- name: learn_sites
-- Of a site that was heard of before its address was kept, the address is added.
INSERT INTO site (site_code, name, address)
SELECT DISTINCT ON (site_code) *
  FROM unnest(%(site_codes)s::text[], %(names)s::text[], %(addresses)s::text[])
       AS told (site_code, name, address)
    ON CONFLICT (site_code) DO UPDATE SET address = excluded.address WHERE site.address = '';

-- name: learn_tills
-- The fact with the highest sequence says how a till stands, in whatever order they are heard; a
-- till may be revoked, and enrolled again with another device.
INSERT INTO till (till_id, site_code, name, state, device_id, told_sequence)
VALUES (%(till_id)s, %(site_code)s, %(name)s, %(state)s, %(device_id)s, %(sequence)s)
    ON CONFLICT (till_id) DO UPDATE
   SET state = CASE WHEN till.told_sequence < excluded.told_sequence THEN excluded.state
                    ELSE till.state END,
       device_id = CASE WHEN till.told_sequence < excluded.told_sequence THEN excluded.device_id
                        ELSE till.device_id END,
       name = CASE WHEN excluded.name = '' THEN till.name ELSE excluded.name END,
       told_sequence = greatest(till.told_sequence, excluded.told_sequence);

-- name: learn_entitlements
INSERT INTO entitlement (person_ref, from_on, until_on, monthly_cap_cents, sequence)
SELECT DISTINCT ON (told.person_ref) told.*
  FROM unnest(%(person_refs)s::uuid[], %(from_on)s::date[], %(until_on)s::date[],
              %(caps)s::bigint[], %(sequences)s::bigint[])
       AS told (person_ref, from_on, until_on, monthly_cap_cents, sequence)
 ORDER BY told.person_ref, told.sequence DESC
    ON CONFLICT (person_ref) DO UPDATE
   SET from_on = excluded.from_on, until_on = excluded.until_on,
       monthly_cap_cents = excluded.monthly_cap_cents, sequence = excluded.sequence
 WHERE entitlement.sequence < excluded.sequence;
