-- name: note_staff_name
-- The newest counts; one that is known already is not written again.
INSERT INTO staff_name (user_id, name, noted_at)
VALUES (%(user_id)s, %(name)s, %(now)s)
    ON CONFLICT (user_id) DO UPDATE
   SET name = excluded.name, noted_at = excluded.noted_at
 WHERE staff_name.name <> excluded.name AND staff_name.noted_at < excluded.noted_at;

-- name: find_staff_name
SELECT name FROM staff_name WHERE user_id = %(user_id)s;
