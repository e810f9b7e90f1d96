-- Leases of offline tills.  A lease belongs to its till: whoever changes one has locked the till.

-- name: read_rules
-- The settings in force on a day.
SELECT json_object_agg(name, value) AS rules
  FROM rule
 WHERE from_on <= %(on)s AND %(on)s < until_on;

-- name: open_leases
-- How many vouchers of an offer the open leases of a till still hold.
SELECT coalesce(sum(count - sold), 0)::bigint AS held
  FROM lease
 WHERE till_id = %(till_id)s AND offer_code = %(offer_code)s AND state = 'open';

-- name: add_lease
INSERT INTO lease (lease_id, till_id, device_id, chain_id, site_code, offer_code, price_cents,
                   state, count, leased_at, leased_by, by_device, expires_at)
VALUES (%(lease_id)s, %(till_id)s, %(device_id)s, %(chain_id)s, %(site_code)s, %(offer_code)s,
        %(price_cents)s, 'open', %(count)s, %(leased_at)s, %(leased_by)s, %(by_device)s,
        %(expires_at)s);

-- name: add_lease_ranges
INSERT INTO lease_range (lease_id, batch_id, first_position, end_position)
SELECT %(lease_id)s, *
  FROM unnest(%(batch_ids)s::uuid[], %(firsts)s::bigint[], %(ends)s::bigint[]);

-- name: vouchers_held_by
-- The vouchers of a lease that was just taken, sealed, soonest use-by first.
SELECT voucher.operator, voucher.serial, voucher.pin_key_id, voucher.pin_sealed,
       lot.face_value_cents, lot.use_by
  FROM lot
  JOIN voucher ON voucher.batch_id = lot.batch_id
              AND voucher.position >= lot.next_position
              AND voucher.position < lot.end_position
 WHERE lot.held_by = %(lease_id)s
 ORDER BY lot.use_by, lot.batch_id, voucher.position;

-- name: add_lease_allowances
INSERT INTO lease_allowance (lease_id, person_ref, month_on, allowed_cents)
SELECT %(lease_id)s, told.person_ref, %(month_on)s, told.allowed_cents
  FROM unnest(%(person_refs)s::uuid[], %(allowed)s::bigint[]) AS told (person_ref, allowed_cents);

-- name: set_cap_aside
-- A month has begun when it was locked: see begin_months.
UPDATE cap_month
   SET used_cents = cap_month.used_cents + told.cents, cap_cents = told.cap_cents
  FROM unnest(%(person_refs)s::uuid[], %(months_on)s::date[], %(caps)s::bigint[],
              %(cents)s::bigint[])
       AS told (person_ref, month_on, cap_cents, cents)
 WHERE cap_month.person_ref = told.person_ref
   AND cap_month.month_on = told.month_on;

-- name: begin_months
-- Months that may be counted on have a row to lock: two tills at once then take turns.
INSERT INTO cap_month (person_ref, month_on, cap_cents, used_cents)
SELECT wanted.person_ref, wanted.month_on, 0, 0
  FROM unnest(%(person_refs)s::uuid[], %(months_on)s::date[]) AS wanted (person_ref, month_on)
 WHERE EXISTS (SELECT FROM entitlement
                WHERE entitlement.person_ref = wanted.person_ref
                  AND entitlement.from_on < wanted.month_on + interval '1 month'
                  AND wanted.month_on < entitlement.until_on)
    OR EXISTS (SELECT FROM person_alias
                WHERE wanted.person_ref IN (person_alias.person_ref, person_alias.same_as))
 ORDER BY wanted.person_ref, wanted.month_on
    ON CONFLICT DO NOTHING;

-- name: lock_months
-- What people have used of some months under all their references, in the order of all who lock.
WITH asked AS (
    SELECT DISTINCT coalesce(known_as.same_as, wanted.person_ref) AS same_as, wanted.month_on
      FROM unnest(%(person_refs)s::uuid[], %(months_on)s::date[]) AS wanted (person_ref, month_on)
      LEFT JOIN person_alias AS known_as ON known_as.person_ref = wanted.person_ref
), members AS (
    SELECT same_as, same_as AS person_ref, month_on FROM asked
    UNION ALL
    SELECT asked.same_as, other.person_ref, asked.month_on
      FROM asked JOIN person_alias AS other ON other.same_as = asked.same_as
)
SELECT members.same_as, cap_month.person_ref, cap_month.month_on, cap_month.used_cents
  FROM members
  JOIN cap_month ON cap_month.person_ref = members.person_ref
                AND cap_month.month_on = members.month_on
 ORDER BY cap_month.person_ref, cap_month.month_on
   FOR UPDATE OF cap_month;

-- name: end_of_chain
SELECT sequence, hash, sold_at FROM device_chain WHERE device_id = %(chain_id)s;

-- name: find_lease
SELECT lease_id, till_id, device_id, coalesce(chain_id, device_id) AS chain_id, site_code,
       offer_code, price_cents, state, count, sold, leased_at, leased_by, by_device, expires_at,
       ended_at
  FROM lease
 WHERE lease_id = %(lease_id)s;

-- name: leases_of_till
-- The leases that a till's devices have open.
SELECT lease_id, till_id, device_id, site_code, offer_code, price_cents, state, count, sold,
       leased_at, expires_at, ended_at
  FROM lease
 WHERE till_id = %(till_id)s AND state = 'open'
 ORDER BY lease_id;

-- name: leases_of_devices
SELECT lease_id, till_id, device_id, site_code, offer_code, price_cents, state, count, sold,
       leased_at, expires_at, ended_at
  FROM lease
 WHERE device_id = ANY(%(device_ids)s::uuid[]) AND state = 'open'
 ORDER BY lease_id;

-- name: lock_allowances
-- The months that what leases did not use goes back to, in the order of all who lock.
SELECT cap_month.person_ref
  FROM cap_month
 WHERE (cap_month.person_ref, cap_month.month_on) IN (
           SELECT person_ref, month_on FROM lease_allowance
            WHERE lease_id = ANY(%(lease_ids)s::uuid[]))
 ORDER BY cap_month.person_ref, cap_month.month_on
   FOR UPDATE;

-- name: give_allowances_back
UPDATE cap_month
   SET used_cents = cap_month.used_cents - back.cents
  FROM (SELECT person_ref, month_on, sum(allowed_cents - used_cents)::bigint AS cents
          FROM lease_allowance
         WHERE lease_id = ANY(%(lease_ids)s::uuid[])
         GROUP BY person_ref, month_on) AS back
 WHERE cap_month.person_ref = back.person_ref
   AND cap_month.month_on = back.month_on
   AND back.cents > 0;

-- name: end_leases
UPDATE lease
   SET state = %(state)s, ended_at = greatest(%(ended_at)s, leased_at)
 WHERE lease_id = ANY(%(lease_ids)s::uuid[]) AND state = 'open';

-- name: find_expired_leases
-- Leases whose time is over and which nobody was warned of.
SELECT lease_id, till_id, count - sold AS left_count
  FROM lease
 WHERE state = 'open' AND warned_at IS NULL AND expires_at < %(now)s
 ORDER BY till_id, lease_id;

-- name: warn_of_leases
UPDATE lease SET warned_at = %(now)s
 WHERE lease_id = ANY(%(lease_ids)s::uuid[]) AND state = 'open' AND warned_at IS NULL
RETURNING lease_id, till_id, (count - sold)::bigint AS left_count, expires_at;

-- name: unfreeze_till
UPDATE till SET frozen_at = NULL, frozen_why = NULL WHERE till_id = %(till_id)s;
