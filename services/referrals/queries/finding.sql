-- Who looks for people finds the one they are known as now, whatever reference was hit.

-- name: search_names
-- Each word begins one of theirs or sounds like one of theirs.  The longest uses the indexes.
SELECT DISTINCT coalesce(person_alias.same_as, person.person_ref) AS person_ref
  FROM person
  LEFT JOIN person_alias USING (person_ref)
 WHERE (' ' || name_key LIKE %(longest)s OR match_keys @> ARRAY[%(longest_sound)s::text])
   AND NOT EXISTS (SELECT
                     FROM unnest(%(beginnings)s::text[], %(sounds)s::text[]) AS word (begins, sound)
                    WHERE ' ' || name_key NOT LIKE word.begins
                      AND NOT match_keys @> ARRAY[word.sound])
   AND (%(birth_year)s::int IS NULL OR extract(year FROM birth_date) = %(birth_year)s::int)
 LIMIT %(limit)s;

-- name: search_phone
SELECT DISTINCT coalesce(person_alias.same_as, person.person_ref) AS person_ref
  FROM person
  LEFT JOIN person_alias USING (person_ref)
 WHERE reverse(phone) LIKE reverse(%(digits)s) || '%%'
 LIMIT %(limit)s;

-- name: search_code
SELECT coalesce(person_alias.same_as, referral.person_ref) AS person_ref
  FROM referral
  LEFT JOIN person_alias USING (person_ref)
 WHERE code = %(code)s;

-- name: list_found
-- As much of each as whoever looks for them needs: the end of the phone, the year, the last site.
SELECT found.person_ref, found.given_name, found.family_name,
       extract(year FROM found.birth_date)::int AS birth_year, right(found.phone, 3) AS phone_end,
       (SELECT referral.site_code
          FROM referral
         WHERE (referral.state = 'accepted' OR referral.walk_in)
           AND (referral.person_ref = found.person_ref
                OR referral.person_ref IN (SELECT person_alias.person_ref
                                             FROM person_alias
                                            WHERE person_alias.same_as = found.person_ref))
         ORDER BY referral.referral_id DESC
         LIMIT 1) AS last_site_code,
       ARRAY(SELECT DISTINCT other.given_name || ' ' || other.family_name
               FROM person_alias
               JOIN person AS other USING (person_ref)
              WHERE person_alias.same_as = found.person_ref
                AND other.name_key <> found.name_key
              ORDER BY 1) AS also_known_as,
       EXISTS (SELECT
                 FROM restriction
                WHERE restriction.person_ref = found.person_ref
                  AND lifted_at IS NULL) AS use_restricted
  FROM person AS found
 WHERE found.person_ref = ANY(%(person_refs)s)
 ORDER BY found.name_key, found.birth_date, found.person_ref;

-- name: read_identities
SELECT person_ref, given_name, family_name, birth_date, phone, email
  FROM person
 WHERE person_ref = ANY(%(person_refs)s);

-- name: find_alike
-- Those who have a key in common with a person and are not the same already; those with most first.
SELECT person.person_ref, coalesce(person_alias.same_as, person.person_ref) AS same_as,
       given_name, family_name, birth_date, phone, email
  FROM person
  LEFT JOIN person_alias USING (person_ref)
 WHERE match_keys && %(keys)s
   AND person.person_ref <> ALL (%(person_refs)s)
   AND NOT EXISTS (
       SELECT
         FROM told_apart
         LEFT JOIN person_alias AS one ON one.person_ref = told_apart.person_ref
         LEFT JOIN person_alias AS other ON other.person_ref = told_apart.other_ref
        WHERE (told_apart.person_ref = ANY (%(person_refs)s)
               AND coalesce(other.same_as, told_apart.other_ref)
                   = coalesce(person_alias.same_as, person.person_ref))
           OR (told_apart.other_ref = ANY (%(person_refs)s)
               AND coalesce(one.same_as, told_apart.person_ref)
                   = coalesce(person_alias.same_as, person.person_ref)))
 ORDER BY (SELECT count(*) FROM unnest(match_keys) AS key WHERE key = ANY (%(keys)s)) DESC,
          person.person_ref
 LIMIT %(limit)s;

-- name: tell_apart
-- One who said it first said it.
INSERT INTO told_apart (person_ref, other_ref, at, by_user_id)
VALUES (least(%(person_ref)s::uuid, %(other_ref)s::uuid),
        greatest(%(person_ref)s::uuid, %(other_ref)s::uuid), %(at)s, %(by_user_id)s)
    ON CONFLICT DO NOTHING;
