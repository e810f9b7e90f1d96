-- name: add_throttle
-- Makes sure that there is a row to lock.
INSERT INTO throttle (kind, subject, touched_at)
VALUES (%(kind)s, %(subject)s, %(now)s)
    ON CONFLICT DO NOTHING;

-- name: lock_throttle
-- What is remembered of an account or address; the lock makes attempts on it take turns.
SELECT failure_count, pending_count, failed_at, pending_at
  FROM throttle
 WHERE kind = %(kind)s
   AND subject = %(subject)s
   FOR UPDATE;

-- name: save_throttle
-- Written again even if the row was forgotten meanwhile.
INSERT INTO throttle (kind, subject, failure_count, pending_count, failed_at, pending_at, touched_at)
VALUES (%(kind)s, %(subject)s, %(failure_count)s, %(pending_count)s, %(failed_at)s, %(pending_at)s,
        %(now)s)
    ON CONFLICT (kind, subject) DO UPDATE
   SET failure_count = EXCLUDED.failure_count,
       pending_count = EXCLUDED.pending_count,
       failed_at     = EXCLUDED.failed_at,
       pending_at    = EXCLUDED.pending_at,
       touched_at    = EXCLUDED.touched_at;

-- name: forget_old_throttles
-- A few at a time, leaving those that somebody holds: addresses typed once do not pile up.
DELETE FROM throttle
 WHERE (kind, subject) IN (SELECT kind, subject
                             FROM throttle
                            WHERE touched_at < %(before)s
                            ORDER BY touched_at
                            LIMIT 50
                              FOR UPDATE SKIP LOCKED);

-- name: is_familiar
-- Whether whom an e-mail address names has signed in from an address since an instant.
SELECT EXISTS (SELECT
                 FROM familiar_place
                 JOIN account USING (user_id)
                WHERE account.email = %(email)s
                  AND familiar_place.line = %(line)s
                  AND familiar_place.signed_in_at >= %(since)s) AS familiar;

-- name: note_place
INSERT INTO familiar_place (user_id, line, signed_in_at)
VALUES (%(user_id)s, %(line)s, %(now)s)
    ON CONFLICT (user_id, line) DO UPDATE
   SET signed_in_at = greatest(familiar_place.signed_in_at, EXCLUDED.signed_in_at);

-- name: forget_old_places
-- A few at a time, leaving those that somebody holds.
DELETE FROM familiar_place
 WHERE (user_id, line) IN (SELECT user_id, line
                             FROM familiar_place
                            WHERE signed_in_at < %(before)s
                            ORDER BY signed_in_at
                            LIMIT 50
                              FOR UPDATE SKIP LOCKED);
