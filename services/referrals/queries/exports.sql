-- name: find_export
-- The newest export of a person that is ready or may still become so.
SELECT export_id, person_refs, services, asked_at, answer_until, ready_at, document
  FROM export
 WHERE person_refs && %(person_refs)s
 ORDER BY asked_at DESC
 LIMIT 1;

-- name: lock_export
SELECT export_id, person_refs, services, asked_at, answer_until, private_key
  FROM export
 WHERE export_id = %(export_id)s AND ready_at IS NULL
   FOR UPDATE;

-- name: add_export
INSERT INTO export (export_id, person_refs, services, asked_at, asked_by, answer_until, private_key)
VALUES (%(export_id)s, %(person_refs)s, %(services)s, %(asked_at)s, %(asked_by)s, %(answer_until)s,
        %(private_key)s);

-- name: add_part
INSERT INTO export_part (export_id, service, part, part_count, box)
VALUES (%(export_id)s, %(service)s, %(part)s, %(part_count)s, %(box)s)
    ON CONFLICT DO NOTHING;

-- name: list_answered
-- The services whose answer is whole.
SELECT service
  FROM export_part
 WHERE export_id = %(export_id)s
 GROUP BY service
HAVING count(*) = max(part_count)
 ORDER BY service;

-- name: list_parts
SELECT service, part, part_count, box
  FROM export_part
 WHERE export_id = %(export_id)s
 ORDER BY service, part;

-- name: save_document
UPDATE export
   SET ready_at = %(ready_at)s, document = %(document)s, private_key = NULL
 WHERE export_id = %(export_id)s;

-- name: delete_parts
DELETE FROM export_part WHERE export_id = %(export_id)s;

-- name: delete_exports_of
DELETE FROM export WHERE person_refs && %(person_refs)s;

-- name: delete_old_exports
-- Those that nobody can complete any more, and those that have been there long enough.
DELETE FROM export
 WHERE (ready_at IS NULL AND answer_until <= %(now)s)
    OR ready_at < %(ready_before)s;
