-- name: add_enrolment
-- A manager awaits a device.
INSERT INTO enrolment (enrolment_id, code_digest, site_code, till_name, created_at, created_by,
                       expires_at, rolls_device_id)
VALUES (%(enrolment_id)s, %(code_digest)s, %(site_code)s, %(till_name)s, %(now)s, %(created_by)s,
        %(expires_at)s, %(rolls_device_id)s);

-- name: find_enrolment
-- An enrolment by its id.
SELECT enrolment_id, site_code, till_name, expires_at, rolls_device_id,
       (SELECT device_id FROM enrolment_use WHERE enrolment_use.enrolment_id = enrolment.enrolment_id)
  FROM enrolment
 WHERE enrolment_id = %(enrolment_id)s;

-- name: lock_enrolment
-- An enrolment by the digest of its code, locked so that two devices take turns.
SELECT enrolment_id, site_code, till_name, expires_at, rolls_device_id,
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
INSERT INTO device (device_id, till_id, enrolled_at, token_from)
VALUES (%(device_id)s, %(till_id)s, %(enrolled_at)s, %(token_from)s);

-- name: roll_device
-- Its token is issued anew.
UPDATE device
   SET token_from = %(token_from)s
 WHERE device_id = %(device_id)s;

-- name: find_device
-- One device with its till.
SELECT device_id, till_id, site_code, till_name, enrolled_at, token_from, revoked_at
  FROM device
  JOIN till USING (till_id)
 WHERE device_id = %(device_id)s;

-- name: lock_device
-- One device with its till, both locked: the till's lock orders the facts of one till.
SELECT device_id, till_id, site_code, till_name, enrolled_at, token_from, revoked_at
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

-- name: count_tills
-- How many tills there are, and how many of them have a device.
SELECT count(*) AS tills,
       count(*) FILTER (WHERE EXISTS (SELECT
                                        FROM device
                                       WHERE device.till_id = till.till_id
                                         AND revoked_at IS NULL)) AS with_device
  FROM till
 WHERE %(site_codes)s::text[] IS NULL OR site_code = ANY (%(site_codes)s::text[]);

-- name: list_devices
-- A page of the devices of one site, the newest first; device ids sort by time.
SELECT device_id, till_id, site_code, till_name, enrolled_at, token_from, revoked_at
  FROM device
  JOIN till USING (till_id)
 WHERE site_code = %(site_code)s
   AND (%(after)s::uuid IS NULL OR device_id < %(after)s::uuid)
 ORDER BY device_id DESC
 LIMIT %(limit)s;
