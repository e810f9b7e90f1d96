-- Locks are taken in one order everywhere: tills, caps, lots; each sorted by its key.

-- name: lock_tills
-- The tills of a batch of sales, with the heads of their journals.
SELECT till_id, site_code, name, state, last_sequence, last_hash
  FROM till
 WHERE till_id = ANY(%(till_ids)s::uuid[])
 ORDER BY till_id
   FOR UPDATE;

-- name: find_sales_by_key
-- Sales that already hold one of these keys; read after the tills are locked, so that a sale
-- committed while we waited for its till is seen.
SELECT key, request_hash, sale_id, till_id, site_code, ticket_no, person_ref, sold_by, sold_at,
       business_date, tender, total_cents, tendered_cents, change_cents, cap_left_cents
  FROM sale
 WHERE key = ANY(%(keys)s::text[]);

-- name: find_offers
-- The tariff in force on a day.
SELECT offer.offer_code, offer.operator, offer.label, offer.data_mb,
       tariff.price_cents, tariff.face_value_cents
  FROM offer
  JOIN tariff ON tariff.offer_code = offer.offer_code
             AND tariff.from_on <= %(on)s AND %(on)s < tariff.until_on
 ORDER BY offer.offer_code;

-- name: find_cap_rule
SELECT counts
  FROM cap_rule
 WHERE from_on <= %(on)s AND %(on)s < until_on;

-- name: find_entitlements
SELECT person_ref, from_on, until_on, monthly_cap_cents
  FROM entitlement
 WHERE person_ref = ANY(%(person_refs)s::uuid[]);

-- name: open_cap_months
-- A person's first sale of a month opens its count; the cap follows the entitlement when it rises.
INSERT INTO cap_month (person_ref, month_on, cap_cents, used_cents)
SELECT person_ref, %(month_on)s, monthly_cap_cents, 0
  FROM entitlement
 WHERE person_ref = ANY(%(person_refs)s::uuid[])
 ORDER BY person_ref
    ON CONFLICT (person_ref, month_on) DO NOTHING;

-- name: lock_cap_months
-- The lock makes one person's sales take turns, whatever the site.
SELECT person_ref, used_cents, cap_cents
  FROM cap_month
 WHERE person_ref = ANY(%(person_refs)s::uuid[])
   AND month_on = %(month_on)s
 ORDER BY person_ref
   FOR UPDATE;

-- name: lock_lots
-- Every lot on sale of the offers asked for at the sites of these tills.
SELECT lot.lot_id, lot.batch_id, lot.site_code, lot.offer_code, lot.face_value_cents, lot.use_by,
       lot.next_position, lot.end_position
  FROM lot
 WHERE (lot.site_code, lot.offer_code) IN (
           SELECT till.site_code, wanted.offer_code
             FROM unnest(%(till_ids)s::uuid[], %(offer_codes)s::text[]) AS wanted (till_id, offer_code)
             JOIN till ON till.till_id = wanted.till_id)
   AND lot.state = 'available'
   AND lot.use_by >= %(on)s
 ORDER BY lot.lot_id
   FOR UPDATE OF lot;

-- name: find_vouchers
-- The vouchers at these places, sealed.
SELECT voucher.batch_id, voucher.position, voucher.operator, voucher.serial,
       voucher.pin_key_id, voucher.pin_sealed
  FROM unnest(%(batch_ids)s::uuid[], %(positions)s::bigint[]) AS wanted (batch_id, position)
  JOIN voucher ON voucher.batch_id = wanted.batch_id AND voucher.position = wanted.position;

-- name: save_sales
INSERT INTO sale (sale_id, key, request_hash, till_id, site_code, ticket_no, person_ref, sold_by,
                  sold_at, business_date, tender, total_cents, tendered_cents, change_cents,
                  cap_left_cents)
SELECT *
  FROM unnest(%(sale_ids)s::uuid[], %(keys)s::text[], %(request_hashes)s::bytea[],
              %(till_ids)s::uuid[], %(site_codes)s::text[], %(ticket_nos)s::bigint[],
              %(person_refs)s::uuid[], %(sold_by)s::uuid[], %(sold_at)s::timestamptz[],
              %(business_dates)s::date[], %(tenders)s::text[], %(totals)s::bigint[],
              %(tendered)s::bigint[], %(change)s::bigint[], %(cap_left)s::bigint[]);

-- name: save_sale_lines
INSERT INTO sale_line (sale_id, line_no, offer_code, operator, quantity, price_cents,
                       face_value_cents)
SELECT *
  FROM unnest(%(sale_ids)s::uuid[], %(line_nos)s::integer[], %(offer_codes)s::text[],
              %(operators)s::text[], %(quantities)s::integer[], %(prices)s::bigint[],
              %(face_values)s::bigint[]);

-- name: save_sale_vouchers
INSERT INTO sale_voucher (batch_id, position, sale_id, line_no)
SELECT *
  FROM unnest(%(batch_ids)s::uuid[], %(positions)s::bigint[], %(sale_ids)s::uuid[],
              %(line_nos)s::integer[]);

-- name: save_cash_lines
-- What stays in the drawer is the price: the change given back never was cash in.
INSERT INTO cash_line (till_id, site_code, business_date, recorded_at, kind, amount_cents, sale_id)
SELECT told.till_id, told.site_code, told.business_date, told.sold_at, 'sale', told.total_cents,
       told.sale_id
  FROM unnest(%(till_ids)s::uuid[], %(site_codes)s::text[], %(business_dates)s::date[],
              %(sold_at)s::timestamptz[], %(totals)s::bigint[], %(sale_ids)s::uuid[])
       AS told (till_id, site_code, business_date, sold_at, total_cents, sale_id);

-- name: save_journal
INSERT INTO journal (till_id, sequence, kind, recorded_at, business_date, site_code, total_cents,
                     record, previous_hash, hash)
SELECT told.till_id, told.sequence, 'ticket', told.recorded_at, told.business_date,
       told.site_code, told.total_cents, told.record, told.previous_hash, told.hash
  FROM unnest(%(till_ids)s::uuid[], %(ticket_nos)s::bigint[], %(sold_at)s::timestamptz[],
              %(business_dates)s::date[], %(site_codes)s::text[], %(totals)s::bigint[],
              %(records)s::text[], %(previous_hashes)s::bytea[], %(hashes)s::bytea[])
       AS told (till_id, sequence, recorded_at, business_date, site_code, total_cents, record,
                previous_hash, hash);

-- name: move_tills
-- Each till's journal now ends with its last ticket of this batch.
UPDATE till
   SET last_sequence = head.sequence, last_hash = head.hash
  FROM unnest(%(till_ids)s::uuid[], %(sequences)s::bigint[], %(hashes)s::bytea[])
       AS head (till_id, sequence, hash)
 WHERE till.till_id = head.till_id;

-- name: use_caps
UPDATE cap_month
   SET used_cents = used.used_cents, cap_cents = used.cap_cents
  FROM unnest(%(person_refs)s::uuid[], %(used)s::bigint[], %(caps)s::bigint[])
       AS used (person_ref, used_cents, cap_cents)
 WHERE cap_month.person_ref = used.person_ref
   AND cap_month.month_on = %(month_on)s;

-- name: move_lots
-- Each lot's pointer moves past what was sold of it.
UPDATE lot
   SET next_position = moved.next_position,
       state = CASE WHEN moved.next_position = lot.end_position THEN 'sold_out' ELSE 'available' END
  FROM unnest(%(lot_ids)s::uuid[], %(next_positions)s::bigint[]) AS moved (lot_id, next_position)
 WHERE lot.lot_id = moved.lot_id;

-- name: lines_of_sales
SELECT sale_id, line_no, offer_code, operator, quantity, price_cents, face_value_cents
  FROM sale_line
 WHERE sale_id = ANY(%(sale_ids)s)
 ORDER BY sale_id, line_no;

-- name: vouchers_of_sales
SELECT sale_voucher.sale_id, sale_voucher.line_no, voucher.batch_id, voucher.position,
       voucher.operator, voucher.serial, voucher.pin_key_id, voucher.pin_sealed,
       lot.face_value_cents, lot.use_by
  FROM sale_voucher
  JOIN voucher ON voucher.batch_id = sale_voucher.batch_id
              AND voucher.position = sale_voucher.position
  JOIN lot ON lot.batch_id = voucher.batch_id
          AND int8range(lot.first_position, lot.end_position) @> voucher.position
 WHERE sale_voucher.sale_id = ANY(%(sale_ids)s)
 ORDER BY sale_voucher.sale_id, sale_voucher.line_no, lot.use_by, voucher.batch_id,
          voucher.position;

-- name: record_reveal
INSERT INTO reveal (reveal_id, sale_id, revealed_by, revealed_at, reason)
VALUES (%(reveal_id)s, %(sale_id)s, %(revealed_by)s, %(revealed_at)s, %(reason)s);

-- name: find_sale
SELECT key, request_hash, sale_id, till_id, site_code, ticket_no, person_ref, sold_by, sold_at,
       business_date, tender, total_cents, tendered_cents, change_cents, cap_left_cents
  FROM sale
 WHERE sale_id = %(sale_id)s;

-- name: find_tills
-- The tills of some sites, or of all when no list is given.
SELECT till.till_id, till.site_code, till.name, till.state
  FROM till
 WHERE %(site_codes)s::text[] IS NULL OR till.site_code = ANY(%(site_codes)s)
 ORDER BY till.site_code, till.name;

-- name: stock_by_state
-- Vouchers of a site by offer and state; each voucher is in exactly one.
SELECT lot.offer_code,
       sum(lot.end_position - lot.first_position)::bigint AS received,
       sum(lot.next_position - lot.first_position)::bigint AS sold,
       coalesce(sum(lot.end_position - lot.next_position)
                FILTER (WHERE lot.use_by >= %(on)s), 0)::bigint AS available,
       coalesce(sum(lot.end_position - lot.next_position)
                FILTER (WHERE lot.use_by < %(on)s), 0)::bigint AS expired,
       min(lot.use_by) FILTER (WHERE lot.state = 'available' AND lot.use_by >= %(on)s)
           AS soonest_use_by
  FROM lot
 WHERE lot.site_code = %(site_code)s
 GROUP BY lot.offer_code
 ORDER BY lot.offer_code;

-- name: sold_lately
-- Vouchers of a site sold since a day, by offer: the pace for days of cover.
SELECT sale_line.offer_code, sum(sale_line.quantity)::bigint AS sold
  FROM sale
  JOIN sale_line ON sale_line.sale_id = sale.sale_id
 WHERE sale.site_code = %(site_code)s
   AND sale.business_date >= %(since)s
 GROUP BY sale_line.offer_code;

-- name: learn_sites
INSERT INTO site (site_code, name)
SELECT * FROM unnest(%(site_codes)s::text[], %(names)s::text[])
    ON CONFLICT (site_code) DO NOTHING;

-- name: learn_tills
-- The fact with the highest sequence says how a till stands, in whatever order they are heard; a
-- till may be revoked, and enrolled again with another device.
INSERT INTO till (till_id, site_code, name, state, told_sequence)
VALUES (%(till_id)s, %(site_code)s, %(name)s, %(state)s, %(sequence)s)
    ON CONFLICT (till_id) DO UPDATE
   SET state = CASE WHEN till.told_sequence < excluded.told_sequence THEN excluded.state
                    ELSE till.state END,
       name = CASE WHEN excluded.name = '' THEN till.name ELSE excluded.name END,
       told_sequence = greatest(till.told_sequence, excluded.told_sequence);

-- name: learn_entitlements
INSERT INTO entitlement (person_ref, from_on, until_on, monthly_cap_cents, sequence)
SELECT DISTINCT ON (told.person_ref) told.*
  FROM unnest(%(person_refs)s::uuid[], %(from_on)s::date[], %(until_on)s::date[],
              %(caps)s::bigint[], %(sequences)s::bigint[])
       AS told (person_ref, from_on, until_on, monthly_cap_cents, sequence)
 ORDER BY told.person_ref, told.sequence DESC
    ON CONFLICT (person_ref) DO UPDATE
   SET from_on = excluded.from_on, until_on = excluded.until_on,
       monthly_cap_cents = excluded.monthly_cap_cents, sequence = excluded.sequence
 WHERE entitlement.sequence < excluded.sequence;

-- name: lock_deliveries
-- One import at a time: two that bring the same vouchers would meet only at their constraints.
SELECT pg_advisory_xact_lock(hashtextextended('recharges.delivery', 0));

-- name: find_batch_again
-- A batch that this file, or this code at this site, was already imported as.
SELECT batch_code, site_code, received_at, file_sha256 = %(file_sha256)s AS same_file
  FROM batch
 WHERE file_sha256 = %(file_sha256)s
    OR (operator = %(operator)s AND batch_code = %(batch_code)s AND site_code = %(site_code)s)
 LIMIT 1;

-- name: find_site
SELECT site_code FROM site WHERE site_code = %(site_code)s;

-- name: save_batch
INSERT INTO batch (batch_id, operator, batch_code, site_code, file_sha256, voucher_count,
                   face_value_cents, received_at)
VALUES (%(batch_id)s, %(operator)s, %(batch_code)s, %(site_code)s, %(file_sha256)s,
        %(voucher_count)s, %(face_value_cents)s, %(received_at)s);

-- name: create_incoming
-- Where a delivery's vouchers wait until they are compared with all we have.
CREATE TEMPORARY TABLE incoming (
    position bigint, line_no bigint, serial text, pin_key_id text, pin_sealed bytea, pin_index bytea
) ON COMMIT DROP;

-- name: copy_incoming
COPY incoming (position, line_no, serial, pin_key_id, pin_sealed, pin_index) FROM STDIN (FORMAT BINARY);

-- name: find_known_voucher
-- The first line of the delivery whose serial or PIN we already have.
SELECT incoming.line_no, incoming.serial,
       EXISTS (SELECT FROM voucher
                WHERE voucher.operator = %(operator)s
                  AND voucher.serial = incoming.serial) AS same_serial
  FROM incoming
 WHERE EXISTS (SELECT FROM voucher
                WHERE voucher.operator = %(operator)s AND voucher.serial = incoming.serial)
    OR EXISTS (SELECT FROM voucher WHERE voucher.pin_index = incoming.pin_index)
 ORDER BY incoming.line_no
 LIMIT 1;

-- name: save_vouchers
INSERT INTO voucher (batch_id, position, operator, serial, pin_key_id, pin_sealed, pin_index)
SELECT %(batch_id)s, position, %(operator)s, serial, pin_key_id, pin_sealed, pin_index
  FROM incoming
 ORDER BY position;

-- name: save_lots
INSERT INTO lot (lot_id, batch_id, site_code, offer_code, face_value_cents, use_by,
                 first_position, next_position, end_position)
SELECT told.lot_id, %(batch_id)s, %(site_code)s, told.offer_code, told.face_value_cents,
       told.use_by, told.first_position, told.first_position, told.end_position
  FROM unnest(%(lot_ids)s::uuid[], %(offer_codes)s::text[], %(face_values)s::bigint[],
              %(use_by)s::date[], %(firsts)s::bigint[], %(ends)s::bigint[])
       AS told (lot_id, offer_code, face_value_cents, use_by, first_position, end_position);

-- name: count_vouchers
-- For the gauge: vouchers by site, offer and state.
SELECT site_code, offer_code,
       sum(next_position - first_position)::bigint AS sold,
       coalesce(sum(end_position - next_position) FILTER (WHERE use_by >= %(on)s), 0)::bigint
           AS available,
       coalesce(sum(end_position - next_position) FILTER (WHERE use_by < %(on)s), 0)::bigint
           AS expired
  FROM lot
 GROUP BY site_code, offer_code;
