-- name: add_structure
-- Makes a structure unless its SIRET or RNA number is taken; a row count of 0 says so.
INSERT INTO structure (structure_id, name, kind, siret, rna, created_at)
VALUES (%(structure_id)s, %(name)s, %(kind)s, %(siret)s, %(rna)s, %(now)s)
    ON CONFLICT DO NOTHING;

-- name: list_structures
-- A page of the structures by name, from behind the one that was seen last.
SELECT structure_id, name, kind, siret, rna,
       EXISTS (SELECT FROM convention
                WHERE convention.structure_id = structure.structure_id
                  AND from_on <= %(on)s
                  AND (until_on IS NULL OR %(on)s < until_on)) AS convention
  FROM structure
 WHERE %(after)s::uuid IS NULL
    OR (name, structure_id) > (SELECT seen.name, seen.structure_id
                                 FROM structure AS seen
                                WHERE seen.structure_id = %(after)s::uuid)
 ORDER BY name, structure_id
 LIMIT %(limit)s;

-- name: get_structure
-- One structure.
SELECT structure_id, name, kind, siret, rna
  FROM structure
 WHERE structure_id = %(structure_id)s;

-- name: add_convention
-- Writes a convention; the EXCLUDE constraint lets no structure have two on one day.
INSERT INTO convention (convention_id, structure_id, reference, from_on, until_on, added_at,
                        added_by)
VALUES (%(convention_id)s, %(structure_id)s, %(reference)s, %(from_on)s, %(until_on)s, %(now)s,
        %(by_user_id)s);

-- name: list_conventions
-- What a structure signed, the latest first.
SELECT convention_id, structure_id, reference, from_on, until_on
  FROM convention
 WHERE structure_id = %(structure_id)s
 ORDER BY from_on DESC;

-- name: find_convention_between
-- A convention of the structure that is in force on some of these days.
SELECT reference
  FROM convention
 WHERE structure_id = %(structure_id)s
   AND daterange(from_on, until_on) && daterange(%(from_on)s, %(until_on)s)
 LIMIT 1;

-- name: lock_convention
SELECT convention_id, structure_id, reference, from_on, until_on
  FROM convention
 WHERE convention_id = %(convention_id)s AND structure_id = %(structure_id)s
   FOR UPDATE;

-- name: end_convention
UPDATE convention
   SET until_on = %(on)s, ended_by = %(by_user_id)s
 WHERE convention_id = %(convention_id)s;

-- name: lock_structure
-- What is signed with one structure takes turns; working for it need not wait.
SELECT structure_id
  FROM structure
 WHERE structure_id = %(structure_id)s
   FOR NO KEY UPDATE;
