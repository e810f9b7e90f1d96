-- What is known of other services' sites, tills and people.

-- name: learn_sites
INSERT INTO site (site_code, name)
SELECT * FROM unnest(%(site_codes)s::text[], %(names)s::text[])
    ON CONFLICT (site_code) DO NOTHING;

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

-- name: lock_merges
-- One at a time: two that lengthen the same chain would each resolve it without the other.
SELECT pg_advisory_xact_lock(hashtextextended('recharges.merge', 0));

-- name: learn_merges
INSERT INTO person_merge (person_ref, merged_into, sequence, merged)
SELECT DISTINCT ON (told.person_ref) told.*
  FROM unnest(%(person_refs)s::uuid[], %(into)s::uuid[], %(sequences)s::bigint[],
              %(merged)s::boolean[]) AS told (person_ref, merged_into, sequence, merged)
 ORDER BY told.person_ref, told.sequence DESC
    ON CONFLICT (person_ref) DO UPDATE
   SET merged_into = excluded.merged_into, sequence = excluded.sequence, merged = excluded.merged
 WHERE person_merge.sequence < excluded.sequence;

-- name: resolve_aliases
-- Everybody whose chain of merges passes through a changed reference stands for its last again.
-- Heard out of order, merges may go in a circle for a moment; it is not followed twice.
WITH RECURSIVE reaching AS (
    SELECT unnest(%(changed)s::uuid[]) AS person_ref
    UNION
    SELECT person_merge.person_ref
      FROM reaching
      JOIN person_merge ON person_merge.merged_into = reaching.person_ref AND person_merge.merged
), chain AS (
    SELECT person_ref, person_ref AS same_as, 0 AS step FROM reaching
    UNION ALL
    SELECT chain.person_ref, person_merge.merged_into, chain.step + 1
      FROM chain
      JOIN person_merge ON person_merge.person_ref = chain.same_as AND person_merge.merged
) CYCLE same_as SET is_round USING path, ends AS (
    SELECT DISTINCT ON (person_ref) person_ref, same_as
      FROM chain
     WHERE NOT is_round
     ORDER BY person_ref, step DESC
), gone AS (
    DELETE FROM person_alias
     USING ends
     WHERE person_alias.person_ref = ends.person_ref AND ends.same_as = ends.person_ref
)
INSERT INTO person_alias (person_ref, same_as)
SELECT person_ref, same_as FROM ends WHERE same_as <> person_ref
    ON CONFLICT (person_ref) DO UPDATE SET same_as = excluded.same_as;
