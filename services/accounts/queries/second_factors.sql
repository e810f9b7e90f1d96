-- name: lock_factor
-- Somebody's second factor, locked: a code is used once, however often it is sent at once.
SELECT user_id, key_id, sealed, begun_at, confirmed_at, last_step
  FROM second_factor
 WHERE user_id = %(user_id)s
   FOR UPDATE;

-- name: begin_factor
-- A secret that was shown; one that was never proven makes room for it.
INSERT INTO second_factor (user_id, key_id, sealed, begun_at)
VALUES (%(user_id)s, %(key_id)s, %(sealed)s, %(begun_at)s)
    ON CONFLICT (user_id) DO UPDATE
   SET key_id = EXCLUDED.key_id, sealed = EXCLUDED.sealed, begun_at = EXCLUDED.begun_at,
       last_step = 0
 WHERE second_factor.confirmed_at IS NULL;

-- name: save_factor
-- A code was used, or the factor was proven.
UPDATE second_factor
   SET last_step = %(last_step)s, confirmed_at = %(confirmed_at)s
 WHERE user_id = %(user_id)s;

-- name: remove_factor
-- The secret goes; that there was one is in the log.
DELETE FROM second_factor
 WHERE user_id = %(user_id)s;

-- name: remove_recovery_codes
-- They go with the factor they stand in for.
DELETE FROM recovery_code
 WHERE user_id = %(user_id)s;

-- name: add_recovery_codes
-- Digests: what is stored opens nothing.
INSERT INTO recovery_code (user_id, code_digest)
SELECT %(user_id)s, unnest(%(digests)s::bytea[]);

-- name: use_recovery_code
-- Once; a row count of 0 says that it is unknown or used.
UPDATE recovery_code
   SET used_at = %(now)s
 WHERE user_id = %(user_id)s
   AND code_digest = %(code_digest)s
   AND used_at IS NULL;

-- name: count_recovery_codes
-- Those that are left.
SELECT count(*) AS left
  FROM recovery_code
 WHERE user_id = %(user_id)s
   AND used_at IS NULL;

-- name: find_rule
-- A setting of the house as it is on a day.
SELECT value
  FROM rule
 WHERE name = %(name)s
   AND from_on <= %(on)s
 ORDER BY from_on DESC
 LIMIT 1;

-- name: set_rule
-- A setting from a day on.
INSERT INTO rule (name, from_on, value)
VALUES (%(name)s, %(from_on)s, %(value)s)
    ON CONFLICT (name, from_on) DO UPDATE SET value = EXCLUDED.value;
