-- name: replace_resets
-- One link at a time: the newest.
UPDATE password_reset
   SET ended_at = %(now)s, ended_why = 'replaced'
 WHERE user_id = %(user_id)s
   AND ended_at IS NULL;

-- name: add_reset
-- A link that was sent.
INSERT INTO password_reset (reset_id, user_id, token_digest, asked_at, expires_at)
VALUES (%(reset_id)s, %(user_id)s, %(token_digest)s, %(now)s, %(expires_at)s);

-- name: find_reset
-- A reset by the digest of its token.
SELECT reset_id, user_id, expires_at, ended_at
  FROM password_reset
 WHERE token_digest = %(token_digest)s;

-- name: use_reset
-- Once: it was found open behind the lock on its user.
UPDATE password_reset
   SET ended_at = %(now)s, ended_why = 'used'
 WHERE reset_id = %(reset_id)s;
