-- name: find_structure_of
-- The structure in whose name a referrer refers, if we know it.
SELECT structure_id
  FROM worker
 WHERE user_id = %(user_id)s;

-- name: add_structure
-- Makes a structure unless its SIRET number is taken; a row count of 0 says so.
INSERT INTO structure (structure_id, name, kind, siret, created_at)
VALUES (%(structure_id)s, %(name)s, %(kind)s, %(siret)s, %(now)s)
    ON CONFLICT (siret) DO NOTHING;

-- name: list_structures
-- A page of the structures by name, from behind the one that was seen last.
SELECT structure_id, name, kind, siret
  FROM structure
 WHERE %(after)s::uuid IS NULL
    OR (name, structure_id) > (SELECT seen.name, seen.structure_id
                                 FROM structure AS seen
                                WHERE seen.structure_id = %(after)s::uuid)
 ORDER BY name, structure_id
 LIMIT %(limit)s;

-- name: get_structure
-- One structure.
SELECT structure_id, name, kind, siret
  FROM structure
 WHERE structure_id = %(structure_id)s;

-- name: save_worker
-- A referrer refers in the name of one structure at a time.
INSERT INTO worker (user_id, structure_id)
VALUES (%(user_id)s, %(structure_id)s)
    ON CONFLICT (user_id) DO UPDATE
   SET structure_id = EXCLUDED.structure_id;
