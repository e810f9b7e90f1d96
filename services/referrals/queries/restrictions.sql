-- name: find_restriction
-- Since when the use of a person's data is restricted.
SELECT at
  FROM restriction
 WHERE person_ref = %(person_ref)s
   AND lifted_at IS NULL;

-- name: add_restrictions
INSERT INTO restriction (person_ref, ground, at, by_user_id)
SELECT named.person_ref, %(ground)s, %(at)s, %(by_user_id)s
  FROM unnest(%(person_refs)s::uuid[]) AS named (person_ref);

-- name: lift_restrictions
UPDATE restriction
   SET lifted_at = %(at)s, lifted_by = %(by_user_id)s, lifted_why = %(why)s,
       informed_on = %(informed_on)s
 WHERE person_ref = ANY (%(person_refs)s)
   AND lifted_at IS NULL;
