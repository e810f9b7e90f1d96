-- name: find_person
-- The person of that name and birth date or, failing that, of that phone and birth date.
SELECT person_ref
  FROM person
 WHERE birth_date = %(birth_date)s
   AND (name_key = %(name_key)s OR phone = %(phone)s)
 ORDER BY name_key = %(name_key)s DESC
 LIMIT 1;

-- name: add_person
-- Makes a person unless somebody else just did; a row count of 0 says so.
INSERT INTO person (person_ref, given_name, family_name, name_key, birth_date, phone, email,
                    known_since)
VALUES (%(person_ref)s, %(given_name)s, %(family_name)s, %(name_key)s, %(birth_date)s, %(phone)s,
        %(email)s, %(now)s)
    ON CONFLICT DO NOTHING;

-- name: lock_person
-- Decisions about one person take turns; referring them again need not wait.
SELECT person_ref, given_name, family_name
  FROM person
 WHERE person_ref = %(person_ref)s
   FOR NO KEY UPDATE;

-- name: get_person
-- The name to greet somebody by.
SELECT person_ref, given_name, family_name
  FROM person
 WHERE person_ref = %(person_ref)s;

-- name: lock_merges
SELECT pg_advisory_xact_lock(hashtextextended('referrals.merge', 0));

-- name: find_merges
-- From people along their chains; merges never go in a circle.
WITH RECURSIVE chain AS (
    SELECT person_ref, merged_into
      FROM person_merge
     WHERE person_ref = ANY(%(person_refs)s) AND unmerged_at IS NULL
     UNION
    SELECT next.person_ref, next.merged_into
      FROM chain
      JOIN person_merge AS next ON next.person_ref = chain.merged_into
                               AND next.unmerged_at IS NULL
)
SELECT person_ref, merged_into FROM chain;

-- name: add_merge
INSERT INTO person_merge (person_ref, merged_into, merged_at, merged_by)
VALUES (%(person_ref)s, %(into)s, %(at)s, %(by_user_id)s);

-- name: end_merge
UPDATE person_merge
   SET unmerged_at = %(at)s, unmerged_by = %(by_user_id)s
 WHERE person_ref = %(person_ref)s AND unmerged_at IS NULL
RETURNING merged_into;
