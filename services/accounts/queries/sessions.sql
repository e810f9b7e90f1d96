-- name: find_credentials
-- What a sign-in compares with; whoever is disabled has none.
SELECT user_id, password_hash
  FROM account
 WHERE email = %(email)s
   AND disabled_at IS NULL;

-- name: find_password_hash
-- The stored password of one account, disabled or not.
SELECT password_hash
  FROM account
 WHERE user_id = %(user_id)s;

-- name: save_password_hash
-- The same password, stored with today's parameters.
UPDATE account
   SET password_hash = %(password_hash)s
 WHERE user_id = %(user_id)s;

-- name: add_sign_in_event
-- One look at a password and how it ended.
INSERT INTO sign_in_event (at, user_id, address, ending)
VALUES (%(now)s, %(user_id)s, %(address)s, %(ending)s);
