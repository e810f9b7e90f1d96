-- name: add_accesses
-- One row for each person whose identity one request read or wrote.
INSERT INTO access (at, person_ref, what, why, fields, by_user_id, by_role, site_codes)
SELECT %(at)s, seen.person_ref, %(what)s, %(why)s, %(fields)s, %(by_user_id)s, %(by_role)s,
       %(site_codes)s
  FROM unnest(%(person_refs)s::uuid[]) AS seen (person_ref);

-- name: list_accesses
-- Who read or wrote the identity of a person, or of whoever is the same person, the newest first.
SELECT access_id, at, what, why, fields, by_user_id, by_role, site_codes
  FROM access
 WHERE person_ref = ANY (%(person_refs)s)
   AND (%(after)s::bigint IS NULL OR access_id < %(after)s::bigint)
 ORDER BY access_id DESC
 LIMIT %(limit)s;

-- name: drop_accesses
-- Whole months at a time, a bounded number of rows; the trigger keeps what is not old enough.
DELETE FROM access
 WHERE access_id IN (SELECT access_id
                       FROM access
                      WHERE at < %(before)s
                      ORDER BY access_id
                      LIMIT %(limit)s);
