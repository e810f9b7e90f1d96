-- name: find_credentials
-- What a sign-in compares with; whoever is disabled has none.
SELECT user_id, password_hash, password_set_at
  FROM account
 WHERE email = %(email)s
   AND disabled_at IS NULL;

-- name: renew_password_hash
-- The same password, stored with today's parameters.
UPDATE account
   SET password_hash = %(password_hash)s
 WHERE user_id = %(user_id)s;

-- name: add_session
-- A sign-in that went through.
INSERT INTO session (session_id, user_id, device, network, way, began_at, seen_at, expires_at)
VALUES (%(session_id)s, %(user_id)s, %(device)s, %(network)s, %(way)s, %(began_at)s, %(began_at)s,
        %(expires_at)s);

-- name: find_session
-- One session.
SELECT session_id, user_id, device, network, way, began_at, seen_at, expires_at, ended_at, ended_why
  FROM session
 WHERE session_id = %(session_id)s;

-- name: lock_session
-- One session, locked until the transaction ends.
SELECT session_id, user_id, device, network, way, began_at, seen_at, expires_at, ended_at, ended_why
  FROM session
 WHERE session_id = %(session_id)s
   FOR UPDATE;

-- name: note_seen
-- To the hour, so that most requests write nothing.
UPDATE session
   SET seen_at = %(now)s
 WHERE session_id = %(session_id)s
   AND seen_at < %(now)s::timestamptz - interval '1 hour'
   AND ended_at IS NULL;

-- name: end_session
-- Ends one session.
UPDATE session
   SET ended_at = %(ended_at)s, ended_why = %(why)s, ended_by = %(by_user_id)s
 WHERE session_id = %(session_id)s;

-- name: end_sessions_of
-- Ends every session of a user that is left; their account is locked, so none begins meanwhile.
UPDATE session
   SET ended_at = GREATEST(%(ended_at)s::timestamptz, began_at + interval '1 microsecond'),
       ended_why = %(why)s, ended_by = %(by_user_id)s
 WHERE user_id = %(user_id)s
   AND ended_at IS NULL
   AND expires_at > %(ended_at)s;

-- name: find_last_session_of
-- When the newest session of a user began.
SELECT max(began_at) AS began_at
  FROM session
 WHERE user_id = %(user_id)s;

-- name: let_in_from
-- Tokens issued earlier are refused.
UPDATE account
   SET access_from = %(access_from)s
 WHERE user_id = %(user_id)s;

-- name: find_access_from
-- When the access of a user was last ended.
SELECT access_from
  FROM account
 WHERE user_id = %(user_id)s;

-- name: list_sessions
-- A page of a user's sessions, the newest first; their ids sort by time.
SELECT session_id, user_id, device, network, way, began_at, seen_at, expires_at, ended_at, ended_why
  FROM session
 WHERE user_id = %(user_id)s
   AND (%(after)s::uuid IS NULL OR session_id < %(after)s::uuid)
   AND (%(live)s::timestamptz IS NULL OR ended_at IS NULL AND expires_at > %(live)s::timestamptz)
 ORDER BY session_id DESC
 LIMIT %(limit)s;
