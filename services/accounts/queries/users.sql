-- name: add_account
-- Makes an account unless its e-mail address is taken; a row count of 0 says so.
INSERT INTO account (user_id, email, display_name, role, site_codes, operator, volunteer,
                     password_hash, created_at, password_set_at)
VALUES (%(user_id)s, %(email)s, %(display_name)s, %(role)s, %(site_codes)s, %(operator)s,
        %(volunteer)s, %(password_hash)s, %(now)s, %(now)s)
    ON CONFLICT (email) DO NOTHING;

-- name: change_account
-- Other rights, another name.
UPDATE account
   SET display_name = %(display_name)s, role = %(role)s, site_codes = %(site_codes)s,
       operator = %(operator)s, volunteer = %(volunteer)s
 WHERE user_id = %(user_id)s;

-- name: enable_account
-- Lets somebody sign in again; tokens of before stay refused.
UPDATE account
   SET disabled_at = NULL
 WHERE user_id = %(user_id)s;

-- name: find_password_hash
-- The stored password of one account, disabled or not.
SELECT password_hash
  FROM account
 WHERE user_id = %(user_id)s;

-- name: set_password
-- Another password, from this instant.
UPDATE account
   SET password_hash = %(password_hash)s, password_set_at = %(now)s
 WHERE user_id = %(user_id)s;

-- name: find_password_set_at
-- When the password of one account was chosen.
SELECT password_set_at
  FROM account
 WHERE user_id = %(user_id)s;

-- name: find_account
-- One account without its password.
SELECT user_id, email, display_name, role, site_codes, operator, volunteer,
       disabled_at
  FROM account
 WHERE user_id = %(user_id)s;

-- name: lock_account
-- One account without its password, locked until the transaction ends.
SELECT user_id, email, display_name, role, site_codes, operator, volunteer,
       disabled_at
  FROM account
 WHERE user_id = %(user_id)s
   FOR UPDATE;

-- name: disable_account
-- Keeps the first instant when it is done twice.
UPDATE account
   SET disabled_at = COALESCE(disabled_at, %(now)s)
 WHERE user_id = %(user_id)s;

-- name: list_accounts
-- A page of accounts by e-mail address; site_codes NULL means those of every site.
SELECT user_id, email, display_name, role, site_codes, operator, volunteer,
       disabled_at
  FROM account
 WHERE email > %(after)s
   AND (%(site_codes)s::text[] IS NULL OR site_codes && %(site_codes)s::text[])
   AND (strpos(email, lower(%(q)s)) > 0 OR strpos(lower(display_name), lower(%(q)s)) > 0)
 ORDER BY email
 LIMIT %(limit)s;

-- name: count_accounts
-- How many may sign in, and how many may not any more; site_codes NULL means those of every site.
SELECT count(*) FILTER (WHERE disabled_at IS NULL) AS active,
       count(*) FILTER (WHERE disabled_at IS NULL AND volunteer) AS volunteers,
       count(*) FILTER (WHERE disabled_at IS NOT NULL) AS disabled
  FROM account
 WHERE %(site_codes)s::text[] IS NULL OR site_codes && %(site_codes)s::text[];

-- name: find_display_names
-- What these users are called.
SELECT user_id, display_name
  FROM account
 WHERE user_id = ANY (%(user_ids)s);
