-- name: add_account
-- Makes an account unless its e-mail address is taken; a row count of 0 says so.
INSERT INTO account (user_id, email, display_name, role, site_codes, operator, password_hash,
                     created_at)
VALUES (%(user_id)s, %(email)s, %(display_name)s, %(role)s, %(site_codes)s, %(operator)s,
        %(password_hash)s, %(now)s)
    ON CONFLICT (email) DO NOTHING;

-- name: add_account_change
-- The history of accounts: who did what to whom.
INSERT INTO account_change (at, user_id, change, by_user_id)
VALUES (%(now)s, %(user_id)s, %(change)s, %(by_user_id)s);

-- name: find_account
-- One account without its password.
SELECT user_id, email, display_name, role, site_codes, operator,
       disabled_at IS NOT NULL AS disabled
  FROM account
 WHERE user_id = %(user_id)s;

-- name: lock_account
-- One account without its password, locked until the transaction ends.
SELECT user_id, email, display_name, role, site_codes, operator,
       disabled_at IS NOT NULL AS disabled
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
SELECT user_id, email, display_name, role, site_codes, operator,
       disabled_at IS NOT NULL AS disabled
  FROM account
 WHERE email > %(after)s
   AND (%(site_codes)s::text[] IS NULL OR site_codes && %(site_codes)s::text[])
 ORDER BY email
 LIMIT %(limit)s;
