-- name: lock_birth_date
-- Whoever enters people of one birth date takes turns, so that one person is entered once.
SELECT pg_advisory_xact_lock(hashtextextended('referrals.person ' || %(birth_date)s::date, 0));

-- name: find_alike_on
-- Those of a birth date who may be the person; the oldest first.
SELECT person_ref, given_name, family_name, birth_date, phone, email
  FROM person
 WHERE birth_date = %(birth_date)s
   AND (name_key = %(name_key)s OR match_keys && %(keys)s)
 ORDER BY namesake, known_since, person_ref
 LIMIT %(limit)s;

-- name: add_person
INSERT INTO person (person_ref, given_name, family_name, name_key, birth_date, phone, email,
                    known_since, match_keys, keyed_by, namesake)
VALUES (%(person_ref)s, %(given_name)s, %(family_name)s, %(name_key)s, %(birth_date)s, %(phone)s,
        %(email)s, %(now)s, %(match_keys)s, %(keyed_by)s, %(namesake)s);

-- name: get_identity
SELECT given_name, family_name, birth_date, phone, email
  FROM person
 WHERE person_ref = %(person_ref)s;

-- name: lock_identity
SELECT given_name, family_name, birth_date, phone, email
  FROM person
 WHERE person_ref = %(person_ref)s
   FOR NO KEY UPDATE;

-- name: save_identity
-- Whoever turns out to have the name and birth date of somebody else stands beside them until a
-- human has looked: the caller holds the birth date.
UPDATE person
   SET given_name = %(given_name)s, family_name = %(family_name)s, name_key = %(name_key)s,
       birth_date = %(birth_date)s, phone = %(phone)s, email = %(email)s,
       match_keys = %(match_keys)s, keyed_by = %(keyed_by)s,
       namesake = EXISTS (SELECT
                            FROM person AS other
                           WHERE other.name_key = %(name_key)s
                             AND other.birth_date = %(birth_date)s
                             AND other.person_ref <> %(person_ref)s
                             AND NOT other.namesake)
 WHERE person_ref = %(person_ref)s;

-- name: is_taken_in
-- Whether one of these sites accepted somebody, or took them in provisionally.
SELECT EXISTS (SELECT
                 FROM referral
                WHERE person_ref = %(person_ref)s
                  AND site_code = ANY (%(site_codes)s)
                  AND (state = 'accepted' OR walk_in)) AS taken_in;

-- name: list_unkeyed
-- People whose keys were made by older rules, or by none.
SELECT person_ref, given_name, family_name, birth_date, phone, email
  FROM person
 WHERE keyed_by < %(keyed_by)s
 ORDER BY person_ref
 LIMIT %(limit)s
   FOR NO KEY UPDATE SKIP LOCKED;

-- name: save_keys
UPDATE person
   SET match_keys = %(match_keys)s, keyed_by = %(keyed_by)s
 WHERE person_ref = %(person_ref)s;

-- name: hold_merges
-- Whoever decides about people decides about the same ones to the end of the transaction.
SELECT pg_advisory_xact_lock_shared(hashtextextended('referrals.merge', 0));

-- name: lock_merges
-- Merges take turns, and nobody decides about people meanwhile.
SELECT pg_advisory_xact_lock(hashtextextended('referrals.merge', 0));

-- name: lock_person
-- Decisions about one person take turns, whatever the reference; referring them again need not wait.
SELECT person_ref, given_name, family_name
  FROM person
 WHERE person_ref = coalesce((SELECT same_as
                                FROM person_alias
                               WHERE person_alias.person_ref = %(person_ref)s), %(person_ref)s)
   FOR NO KEY UPDATE;

-- name: get_person
-- The name to greet somebody by, under the reference they are known as now.
SELECT person_ref, given_name, family_name
  FROM person
 WHERE person_ref = coalesce((SELECT same_as
                                FROM person_alias
                               WHERE person_alias.person_ref = %(person_ref)s), %(person_ref)s);

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
