-- name: learn_site
-- Returns the site if this was news; an older fact leaves the newer one as it is.
INSERT INTO site (site_code, name, address, sequence)
VALUES (%(site_code)s, %(name)s, %(address)s, %(sequence)s)
    ON CONFLICT (site_code) DO UPDATE
   SET name = excluded.name, address = excluded.address, sequence = excluded.sequence
 WHERE site.sequence < excluded.sequence
RETURNING site_code;

-- name: learn_entitlement
-- Returns the person if this was news; an older fact leaves the newer one as it is.
INSERT INTO entitlement (person_ref, from_on, until_on, sequence)
VALUES (%(person_ref)s, %(from_on)s, %(until_on)s, %(sequence)s)
    ON CONFLICT (person_ref) DO UPDATE
   SET from_on = excluded.from_on, until_on = excluded.until_on, sequence = excluded.sequence
 WHERE entitlement.sequence < excluded.sequence
RETURNING person_ref;

-- name: list_entitlements
SELECT person_ref, from_on, until_on
  FROM entitlement
 WHERE person_ref = ANY(%(person_refs)s)
 ORDER BY person_ref;

-- name: find_site
SELECT site_code
  FROM site
 WHERE site_code = %(site_code)s;

-- name: find_price
-- The line of the tariff for a condition and a grade on a day.
SELECT price_id, condition, grade, price_cents, from_on
  FROM price
 WHERE condition = %(condition)s
   AND grade = %(grade)s
   AND from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on);

-- name: list_prices
SELECT price_id, condition, grade, price_cents, from_on
  FROM price
 WHERE from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on)
 ORDER BY condition DESC, grade;

-- name: list_checks
-- The functions that a test made on a day covers, of one kind of device or of all.
SELECT kind, name
  FROM function_check
 WHERE (%(kind)s::text IS NULL OR kind = %(kind)s)
   AND from_on <= %(on)s
   AND (until_on IS NULL OR %(on)s < until_on)
 ORDER BY kind, place;

-- name: add_blocked_imei
-- The first reason stays: blocking an IMEI twice is blocking it.
INSERT INTO blocked_imei (imei, reason, blocked_by, blocked_at)
VALUES (%(imei)s, %(reason)s, %(blocked_by)s, %(blocked_at)s)
    ON CONFLICT DO NOTHING;

-- name: find_blocked_imei
SELECT imei
  FROM blocked_imei
 WHERE imei = %(imei)s;

-- name: find_blocked_device
-- Whether a device's IMEI was blocked, be it after the device was received.
SELECT imei
  FROM device
  JOIN blocked_imei USING (imei)
 WHERE device_id = %(device_id)s;

-- name: add_lot
-- Returns nothing when the lot's code is taken.
INSERT INTO lot (lot_id, lot_code, site_code, donor, convention, received_on, weight_grams,
                 entered_by, entered_at)
VALUES (%(lot_id)s, %(lot_code)s, %(site_code)s, %(donor)s, %(convention)s, %(received_on)s,
        %(weight_grams)s, %(entered_by)s, %(entered_at)s)
    ON CONFLICT (lot_code) DO NOTHING
RETURNING lot_id;

-- name: find_lot
SELECT lot_id, lot_code, site_code, donor, convention, received_on, weight_grams
  FROM lot
 WHERE lot_id = %(lot_id)s;

-- name: add_device
-- Returns nothing when a device with this IMEI or serial number is known, at whatever site; of two
-- received at once, the second waits for the first.
INSERT INTO device (device_id, lot_id, site_code, kind, condition, brand, model, imei, serial,
                    state, step_no)
VALUES (%(device_id)s, %(lot_id)s, %(site_code)s, %(kind)s, %(condition)s, %(brand)s, %(model)s,
        %(imei)s, %(serial)s, %(state)s, %(step_no)s)
    ON CONFLICT DO NOTHING
RETURNING device_id;

-- name: lock_device
-- One device, locked until the transaction ends: whoever would sell, wipe or repair it takes turns.
SELECT device_id, lot_id, device.site_code, kind, condition, brand, model, lot.received_on, state,
       step_no
  FROM device
  JOIN lot USING (lot_id)
 WHERE device_id = %(device_id)s
   FOR UPDATE OF device;

-- name: save_device
UPDATE device
   SET state = %(state)s, step_no = %(step_no)s
 WHERE device_id = %(device_id)s;

-- name: add_step
INSERT INTO device_step (device_id, step_no, step, from_state, to_state, site_code, taken_by,
                         taken_at)
VALUES (%(device_id)s, %(step_no)s, %(step)s, %(from_state)s, %(to_state)s, %(site_code)s,
        %(taken_by)s, %(taken_at)s);

-- name: add_wipe
INSERT INTO wipe (wipe_id, device_id, step_no, step, passed, method, tool, certificate_no,
                  storage_serial, performed_on)
VALUES (%(wipe_id)s, %(device_id)s, %(step_no)s, %(step)s, %(passed)s, %(method)s, %(tool)s,
        %(certificate_no)s, %(storage_serial)s, %(performed_on)s);

-- name: find_wiped_on
-- The day of the last passed wipe.
SELECT performed_on
  FROM wipe
 WHERE device_id = %(device_id)s
   AND passed
 ORDER BY step_no DESC
 LIMIT 1;

-- name: add_test
INSERT INTO functional_test (test_id, device_id, step_no, step, passed, checks, battery_percent,
                             performed_on)
VALUES (%(test_id)s, %(device_id)s, %(step_no)s, %(step)s, %(passed)s, %(checks)s,
        %(battery_percent)s, %(performed_on)s);

-- name: add_grading
INSERT INTO grading (device_id, step_no, grade)
VALUES (%(device_id)s, %(step_no)s, %(grade)s);

-- name: find_proof
-- The last passed wipe, the last passed test and the last grade of a device that has all three.
SELECT wiped.step_no AS wipe_step_no, tested.step_no AS test_step_no,
       graded.step_no AS grade_step_no, graded.grade
  FROM (SELECT step_no
          FROM wipe
         WHERE device_id = %(device_id)s
           AND passed
         ORDER BY step_no DESC
         LIMIT 1) AS wiped
 CROSS JOIN (SELECT step_no
               FROM functional_test
              WHERE device_id = %(device_id)s
                AND passed
              ORDER BY step_no DESC
              LIMIT 1) AS tested
 CROSS JOIN (SELECT step_no, grade
               FROM grading
              WHERE device_id = %(device_id)s
              ORDER BY step_no DESC
              LIMIT 1) AS graded;

-- name: add_sale
INSERT INTO sale (sale_id, device_id, step_no, wipe_step_no, test_step_no, grade_step_no, site_code,
                  person_ref, entitled_from, entitled_until, condition, grade, price_id,
                  price_cents, tender, tendered_cents, change_cents, business_date, sold_at,
                  sold_by)
VALUES (%(sale_id)s, %(device_id)s, %(step_no)s, %(wipe_step_no)s, %(test_step_no)s,
        %(grade_step_no)s, %(site_code)s, %(person_ref)s, %(entitled_from)s, %(entitled_until)s,
        %(condition)s, %(grade)s, %(price_id)s, %(price_cents)s, %(tender)s, %(tendered_cents)s,
        %(change_cents)s, %(business_date)s, %(sold_at)s, %(sold_by)s);

-- name: find_sale
-- A sale with the guarantee it began with.
SELECT sale_id, sale.device_id, sale.site_code, person_ref, business_date, kind, sale.condition,
       grade, price_cents, tender, tendered_cents, change_cents,
       sold_on, handover_on, starts_on, commercial_until, presumption_until, legal_until,
       suspended_days
  FROM sale
  JOIN device ON device.device_id = sale.device_id
  JOIN guarantee ON guarantee.device_id = sale.device_id AND guarantee.step_no = sale.step_no
 WHERE sale_id = %(sale_id)s;

-- name: find_sale_of_device
-- Without the person: a device's numbers and its buyer never stand in one answer.
SELECT sale_id, business_date, price_cents
  FROM sale
 WHERE device_id = %(device_id)s;

-- name: find_buyer
SELECT person_ref FROM sale WHERE device_id = %(device_id)s;

-- name: add_guarantee
INSERT INTO guarantee (device_id, step_no, sold_on, handover_on, starts_on, commercial_until,
                       presumption_until, legal_until, suspended_days)
VALUES (%(device_id)s, %(step_no)s, %(sold_on)s, %(handover_on)s, %(starts_on)s,
        %(commercial_until)s, %(presumption_until)s, %(legal_until)s, %(suspended_days)s);

-- name: find_guarantee
-- What holds now: the latest.
SELECT sold_on, handover_on, starts_on, commercial_until, presumption_until, legal_until,
       suspended_days
  FROM guarantee
 WHERE device_id = %(device_id)s
 ORDER BY step_no DESC
 LIMIT 1;

-- name: add_repair
INSERT INTO repair (repair_id, device_id, step_no, opened_on, due_on, fault, under_guarantee)
VALUES (%(repair_id)s, %(device_id)s, %(step_no)s, %(opened_on)s, %(due_on)s, %(fault)s,
        %(under_guarantee)s);

-- name: add_repair_closing
INSERT INTO repair_closing (repair_id, device_id, step_no, opened_on, closed_on)
VALUES (%(repair_id)s, %(device_id)s, %(step_no)s, %(opened_on)s, %(closed_on)s);

-- name: find_repair
SELECT repair_id, repair.device_id, repair.opened_on, due_on, fault, under_guarantee, closed_on
  FROM repair
  LEFT JOIN repair_closing USING (repair_id)
 WHERE repair_id = %(repair_id)s;

-- name: list_repairs
SELECT repair_id, repair.device_id, repair.opened_on, due_on, fault, under_guarantee, closed_on
  FROM repair
  LEFT JOIN repair_closing USING (repair_id)
 WHERE repair.device_id = %(device_id)s
 ORDER BY repair.step_no;

-- name: add_end_of_life
INSERT INTO end_of_life (device_id, step_no, slip_no, weight_grams, collected_on, reason)
VALUES (%(device_id)s, %(step_no)s, %(slip_no)s, %(weight_grams)s, %(collected_on)s, %(reason)s);

-- name: find_end_of_life
SELECT slip_no, weight_grams, collected_on, reason
  FROM end_of_life
 WHERE device_id = %(device_id)s;

-- name: list_devices
-- A page of devices in the order they were received, with the price a ready one has today.
SELECT device_id, lot_id, device.site_code, kind, device.condition, brand, model, state,
       graded.grade, CASE WHEN state = 'ready' THEN price.price_cents END AS price_cents
  FROM device
  LEFT JOIN LATERAL (SELECT grade
                       FROM grading
                      WHERE grading.device_id = device.device_id
                      ORDER BY step_no DESC
                      LIMIT 1) AS graded ON true
  LEFT JOIN price
    ON price.condition = device.condition
   AND price.grade = graded.grade
   AND price.from_on <= %(on)s
   AND (price.until_on IS NULL OR %(on)s < price.until_on)
 WHERE (%(site_codes)s::text[] IS NULL OR device.site_code = ANY (%(site_codes)s))
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(kind)s::text IS NULL OR kind = %(kind)s)
   AND (%(device_id)s::uuid IS NULL OR device_id = %(device_id)s)
   AND (%(after)s::uuid IS NULL OR device_id > %(after)s)
 ORDER BY device_id
 LIMIT %(count_max)s;

-- name: find_identity
SELECT imei, serial, lot_code
  FROM device
  JOIN lot USING (lot_id)
 WHERE device_id = %(device_id)s;

-- name: list_steps
SELECT step_no, step, from_state, to_state AS state, taken_at AS at, taken_by AS by, site_code
  FROM device_step
 WHERE device_id = %(device_id)s
 ORDER BY step_no;

-- name: list_wipes
SELECT wipe_id, step_no, passed, method, tool, certificate_no, storage_serial, performed_on
  FROM wipe
 WHERE device_id = %(device_id)s
 ORDER BY step_no;

-- name: list_tests
SELECT test_id, step_no, passed, checks, battery_percent, performed_on
  FROM functional_test
 WHERE device_id = %(device_id)s
 ORDER BY step_no;

-- name: list_gradings
SELECT step_no, grade
  FROM grading
 WHERE device_id = %(device_id)s
 ORDER BY step_no;

-- name: held_entitlements
SELECT person_ref, from_on, until_on
  FROM entitlement
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY from_on;

-- name: held_sales
-- Reads every sale: only an export asks for the devices of one person.
SELECT sale.sale_id, sale.person_ref, sale.device_id, sale.site_code, device.kind, device.brand,
       device.model, device.imei, device.serial, sale.condition, sale.grade, sale.price_cents,
       sale.tender, sale.business_date, sale.sold_at
  FROM sale
  JOIN device USING (device_id)
 WHERE sale.person_ref = ANY (%(person_refs)s)
 ORDER BY sale.sold_at;

-- name: held_guarantees
SELECT guarantee.device_id, guarantee.starts_on, guarantee.commercial_until,
       guarantee.presumption_until, guarantee.legal_until, guarantee.suspended_days
  FROM sale
  JOIN guarantee USING (device_id)
 WHERE sale.person_ref = ANY (%(person_refs)s)
 ORDER BY guarantee.device_id, guarantee.step_no;

-- name: held_repairs
SELECT repair.repair_id, repair.device_id, repair.opened_on, repair.due_on, repair.fault,
       repair.under_guarantee, repair_closing.closed_on
  FROM sale
  JOIN repair USING (device_id)
  LEFT JOIN repair_closing USING (repair_id)
 WHERE sale.person_ref = ANY (%(person_refs)s)
 ORDER BY repair.opened_on;

-- name: blank_repairs
-- What was written of the faults of a person's devices.
UPDATE repair
   SET fault = ''
  FROM sale
 WHERE sale.device_id = repair.device_id
   AND sale.person_ref = ANY (%(person_refs)s)
   AND repair.fault <> ''
RETURNING repair.repair_id AS id;
