-- name: add_site
-- Opens a site unless its code is taken; a row count of 0 says so.
INSERT INTO site (site_code, name, address, opened_at)
VALUES (%(site_code)s, %(name)s, %(address)s, %(now)s)
    ON CONFLICT (site_code) DO NOTHING;

-- name: list_sites
-- Every site of the network; they are few.
SELECT site_code, name, address, open
  FROM site
 ORDER BY site_code;

-- name: find_unknown_sites
-- Which of these codes is no open site.
SELECT named.site_code
  FROM unnest(%(site_codes)s::text[]) AS named (site_code)
 WHERE NOT EXISTS (SELECT
                     FROM site
                    WHERE site.site_code = named.site_code
                      AND open)
 ORDER BY named.site_code;

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

-- name: add_sign_in_event
-- One look at a password and how it ended.
INSERT INTO sign_in_event (at, user_id, address, ending)
VALUES (%(now)s, %(user_id)s, %(address)s, %(ending)s);

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

-- name: add_enrolment
-- A manager awaits a device.
INSERT INTO enrolment (enrolment_id, code_digest, site_code, till_name, created_at, created_by,
                       expires_at)
VALUES (%(enrolment_id)s, %(code_digest)s, %(site_code)s, %(till_name)s, %(now)s, %(created_by)s,
        %(expires_at)s);

-- name: find_enrolment
-- An enrolment by its id.
SELECT enrolment_id, site_code, till_name, expires_at,
       (SELECT device_id FROM enrolment_use WHERE enrolment_use.enrolment_id = enrolment.enrolment_id)
  FROM enrolment
 WHERE enrolment_id = %(enrolment_id)s;

-- name: lock_enrolment
-- An enrolment by the digest of its code, locked so that two devices take turns.
SELECT enrolment_id, site_code, till_name, expires_at,
       (SELECT device_id FROM enrolment_use WHERE enrolment_use.enrolment_id = enrolment.enrolment_id)
  FROM enrolment
 WHERE code_digest = %(code_digest)s
   FOR UPDATE OF enrolment;

-- name: add_enrolment_use
-- The primary key lets a code be used once.
INSERT INTO enrolment_use (enrolment_id, device_id, used_at)
VALUES (%(enrolment_id)s, %(device_id)s, %(now)s);

-- name: add_till
-- Makes sure that there is a till of that name to lock.
INSERT INTO till (till_id, site_code, till_name)
VALUES (%(till_id)s, %(site_code)s, %(till_name)s)
    ON CONFLICT (site_code, till_name) DO NOTHING;

-- name: lock_till
-- The till of that name and whether it has a device; the lock orders the facts of one till.
SELECT till_id,
       EXISTS (SELECT
                 FROM device
                WHERE device.till_id = till.till_id
                  AND revoked_at IS NULL) AS taken
  FROM till
 WHERE site_code = %(site_code)s
   AND till_name = %(till_name)s
   FOR UPDATE OF till;

-- name: find_taken_till
-- Whether the till of that name, if there is one, has a device.
SELECT
  FROM till
  JOIN device USING (till_id)
 WHERE site_code = %(site_code)s
   AND till_name = %(till_name)s
   AND revoked_at IS NULL;

-- name: add_device
-- The unique index lets a till have one device at a time.
INSERT INTO device (device_id, till_id, enrolled_at)
VALUES (%(device_id)s, %(till_id)s, %(now)s);

-- name: find_device
-- One device with its till.
SELECT device_id, till_id, site_code, till_name, enrolled_at, revoked_at
  FROM device
  JOIN till USING (till_id)
 WHERE device_id = %(device_id)s;

-- name: lock_device
-- One device with its till, both locked: the till's lock orders the facts of one till.
SELECT device_id, till_id, site_code, till_name, enrolled_at, revoked_at
  FROM device
  JOIN till USING (till_id)
 WHERE device_id = %(device_id)s
   FOR UPDATE OF till, device;

-- name: revoke_device
-- Ends a device for good.
UPDATE device
   SET revoked_at = %(now)s,
       revoked_by = %(revoked_by)s
 WHERE device_id = %(device_id)s
   AND revoked_at IS NULL;

-- name: list_devices
-- A page of the devices of one site, the newest first; device ids sort by time.
SELECT device_id, till_id, site_code, till_name, enrolled_at, revoked_at
  FROM device
  JOIN till USING (till_id)
 WHERE site_code = %(site_code)s
   AND (%(after)s::uuid IS NULL OR device_id < %(after)s::uuid)
 ORDER BY device_id DESC
 LIMIT %(limit)s;
