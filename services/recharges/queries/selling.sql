-- Selling.  Locks are taken in one order everywhere: tills, caps, lots; each sorted by its key.

-- name: lock_tills
-- The tills of a batch of sales, with their drawers and the heads of their tickets.
SELECT till_id, site_code, name, state, last_sequence, last_hash, drawer_session_id,
       drawer_opened_on, drawer_counted, drawer_held_by, device_id, frozen_at, frozen_why
  FROM till
 WHERE till_id = ANY(%(till_ids)s::uuid[])
 ORDER BY till_id
   FOR UPDATE;

-- name: read_books
-- What a batch of sales is decided on besides what it locks, as one row: planned and sent once.
-- Keys are read after they are locked, so that a sale committed while we waited is seen.  Whoever was
-- forgotten has no entitlement: a sale writes no words, so it does not wait for an erasure.
SELECT ARRAY(SELECT key FROM sale WHERE key = ANY(%(keys)s::text[])
             UNION ALL
             SELECT key FROM card_sale WHERE key = ANY(%(keys)s::text[])) AS known,
       (SELECT coalesce(json_agg(json_build_object(
                   'offer_code', offer.offer_code, 'operator', offer.operator,
                   'label', offer.label, 'data_mb', offer.data_mb,
                   'price_cents', tariff.price_cents,
                   'face_value_cents', tariff.face_value_cents)), '[]')
          FROM offer
          JOIN tariff ON tariff.offer_code = offer.offer_code
                     AND tariff.from_on <= %(on)s AND %(on)s < tariff.until_on) AS offers,
       (SELECT json_object_agg(name, value)
          FROM rule
         WHERE from_on <= %(on)s AND %(on)s < until_on) AS rules,
       (SELECT json_agg(json_build_object(
                   'person_ref', asked.person_ref,
                   'same_as', coalesce(known_as.same_as, asked.person_ref),
                   'entitlements', ARRAY(
                       SELECT json_build_object(
                                  'person_ref', entitlement.person_ref,
                                  'from_on', entitlement.from_on,
                                  'until_on', entitlement.until_on,
                                  'monthly_cap_cents', entitlement.monthly_cap_cents)
                         FROM (SELECT coalesce(known_as.same_as, asked.person_ref)
                                UNION ALL
                               SELECT other.person_ref
                                 FROM person_alias AS other
                                WHERE other.same_as
                                      = coalesce(known_as.same_as, asked.person_ref))
                              AS member (person_ref)
                         JOIN entitlement ON entitlement.person_ref = member.person_ref
                        WHERE NOT EXISTS (SELECT FROM forgotten_person
                                           WHERE forgotten_person.person_ref = asked.person_ref))))
          FROM unnest(%(person_refs)s::uuid[]) AS asked (person_ref)
          LEFT JOIN person_alias AS known_as ON known_as.person_ref = asked.person_ref) AS people;

-- name: lock_keys_and_aliases
-- Sales asked for under one key take turns, whatever they are paid with, wherever they are sold; and
-- those to a person who was merged.  The keys come sorted.
SELECT NULL AS person_ref, pg_advisory_xact_lock(hashtextextended('recharges.sale ' || key, 0))::text
  FROM unnest(%(keys)s::text[]) AS key
 UNION ALL
SELECT person_ref, NULL
  FROM (SELECT other.person_ref
          FROM person_alias AS known_as
          JOIN person_alias AS other ON other.same_as = known_as.same_as
         WHERE known_as.person_ref = ANY(%(person_refs)s::uuid[])
            OR known_as.same_as = ANY(%(person_refs)s::uuid[])
         ORDER BY other.person_ref
           FOR UPDATE OF other) AS merged;

-- name: lock_cap_months
-- The lock makes one person's sales take turns, whatever the site and the reference.
WITH asked AS (
    SELECT DISTINCT coalesce(known_as.same_as, wanted.person_ref) AS same_as
      FROM unnest(%(person_refs)s::uuid[]) AS wanted (person_ref)
      LEFT JOIN person_alias AS known_as ON known_as.person_ref = wanted.person_ref
), members AS (
    SELECT same_as, same_as AS person_ref FROM asked
    UNION ALL
    SELECT asked.same_as, other.person_ref
      FROM asked JOIN person_alias AS other ON other.same_as = asked.same_as
)
SELECT members.same_as, cap_month.person_ref, cap_month.used_cents
  FROM members
  JOIN cap_month ON cap_month.person_ref = members.person_ref
                AND cap_month.month_on = %(month_on)s
 ORDER BY cap_month.person_ref
   FOR UPDATE OF cap_month;

-- name: lock_lots
-- Every lot on sale of the offers asked for at the sites of these tills.
SELECT lot.lot_id, lot.batch_id, lot.site_code, lot.offer_code, lot.face_value_cents, lot.use_by,
       lot.first_position, lot.next_position, lot.end_position, lot.taking
  FROM lot
 WHERE (lot.site_code, lot.offer_code) IN (
           SELECT till.site_code, wanted.offer_code
             FROM unnest(%(till_ids)s::uuid[], %(offer_codes)s::text[]) AS wanted (till_id, offer_code)
             JOIN till ON till.till_id = wanted.till_id)
   AND lot.state = 'available'
   AND lot.use_by >= %(on)s
   AND EXISTS (SELECT FROM batch WHERE batch.batch_id = lot.batch_id AND batch.state = 'active')
 ORDER BY lot.lot_id
   FOR UPDATE OF lot;

-- name: find_vouchers
-- The vouchers at these places, sealed.
SELECT voucher.batch_id, voucher.position, voucher.operator, voucher.serial,
       voucher.pin_key_id, voucher.pin_sealed
  FROM unnest(%(batch_ids)s::uuid[], %(positions)s::bigint[]) AS wanted (batch_id, position)
  JOIN voucher ON voucher.batch_id = wanted.batch_id AND voucher.position = wanted.position;

-- name: find_offers
-- The tariff in force on a day.
SELECT offer.offer_code, offer.operator, offer.label, offer.data_mb,
       tariff.price_cents, tariff.face_value_cents
  FROM offer
  JOIN tariff ON tariff.offer_code = offer.offer_code
             AND tariff.from_on <= %(on)s AND %(on)s < tariff.until_on
 ORDER BY offer.offer_code;

-- name: find_sales_by_key
SELECT key, request_hash, sale_id, till_id, site_code, ticket_no, person_ref, sold_by, sold_at,
       business_date, tender, total_cents, tendered_cents, change_cents, cap_left_cents,
       drawer_session_id
  FROM sale
 WHERE key = ANY(%(keys)s::text[]);

-- name: find_sale
SELECT key, request_hash, sale_id, till_id, site_code, ticket_no, person_ref, sold_by, sold_at,
       business_date, tender, total_cents, tendered_cents, change_cents, cap_left_cents,
       drawer_session_id
  FROM sale
 WHERE sale_id = %(sale_id)s;

-- name: open_drawers_by_sale
-- A first sale opens the drawer with an empty float, where the house allows it.
INSERT INTO drawer_session (drawer_session_id, till_id, site_code, business_date, state, opening,
                            float, float_cents, opened_at, opened_by, held_by)
SELECT told.drawer_session_id, told.till_id, told.site_code, told.business_date, 'open', 'by_sale',
       '{}', 0, told.opened_at, told.opened_by, told.opened_by
  FROM unnest(%(drawer_session_ids)s::uuid[], %(till_ids)s::uuid[], %(site_codes)s::text[],
              %(business_dates)s::date[], %(opened_at)s::timestamptz[], %(opened_by)s::uuid[])
       AS told (drawer_session_id, till_id, site_code, business_date, opened_at, opened_by);

-- name: save_sales
-- A batch of sales with their lines and vouchers.  Two statements and not one: psycopg reads a
-- statement of more than 50 parameters anew each time.
WITH sold AS (
    INSERT INTO sale (sale_id, key, request_hash, till_id, site_code, ticket_no, person_ref,
                      sold_by, sold_at, business_date, tender, total_cents, tendered_cents,
                      change_cents, cap_left_cents, drawer_session_id)
    SELECT *
      FROM unnest(%(sale_ids)s::uuid[], %(keys)s::text[], %(request_hashes)s::bytea[],
                  %(till_ids)s::uuid[], %(site_codes)s::text[], %(ticket_nos)s::bigint[],
                  %(person_refs)s::uuid[], %(sold_by)s::uuid[], %(sold_at)s::timestamptz[],
                  %(business_dates)s::date[], %(tenders)s::text[], %(totals)s::bigint[],
                  %(tendered)s::bigint[], %(change)s::bigint[], %(cap_left)s::bigint[],
                  %(drawer_session_ids)s::uuid[])
), lines AS (
    INSERT INTO sale_line (sale_id, line_no, offer_code, operator, quantity, price_cents,
                           face_value_cents)
    SELECT *
      FROM unnest(%(line_sale_ids)s::uuid[], %(line_nos)s::integer[], %(offer_codes)s::text[],
                  %(operators)s::text[], %(quantities)s::integer[], %(prices)s::bigint[],
                  %(face_values)s::bigint[])
)
INSERT INTO sale_voucher (batch_id, position, taking, sale_id, line_no)
SELECT *
  FROM unnest(%(batch_ids)s::uuid[], %(positions)s::bigint[], %(takings)s::integer[],
              %(voucher_sale_ids)s::uuid[], %(voucher_line_nos)s::integer[]);

-- name: book_sales
-- The cash and tickets of a batch of sales, and where it leaves tills, caps and lots.  What stays in
-- the drawer is the price: the change given back never was cash in.
WITH cash AS (
    INSERT INTO cash_line (till_id, site_code, business_date, recorded_at, kind, amount_cents,
                           sale_id, drawer_session_id)
    SELECT told.till_id, told.site_code, told.business_date, told.sold_at, 'sale',
           told.total_cents, told.sale_id, told.drawer_session_id
      FROM unnest(%(till_ids)s::uuid[], %(site_codes)s::text[], %(business_dates)s::date[],
                  %(sold_at)s::timestamptz[], %(totals)s::bigint[], %(sale_ids)s::uuid[],
                  %(drawer_session_ids)s::uuid[], %(tenders)s::text[])
           AS told (till_id, site_code, business_date, sold_at, total_cents, sale_id,
                    drawer_session_id, tender)
     WHERE told.tender = 'cash'
), tickets AS (
    INSERT INTO journal (till_id, sequence, kind, recorded_at, business_date, site_code,
                         total_cents, record, previous_hash, hash, key_id, signature)
    SELECT told.till_id, told.sequence, 'ticket', told.recorded_at, told.business_date,
           told.site_code, told.total_cents, told.record, told.previous_hash, told.hash,
           told.key_id, told.signature
      FROM unnest(%(till_ids)s::uuid[], %(ticket_nos)s::bigint[], %(sold_at)s::timestamptz[],
                  %(business_dates)s::date[], %(site_codes)s::text[], %(totals)s::bigint[],
                  %(records)s::text[], %(previous_hashes)s::bytea[], %(hashes)s::bytea[],
                  %(key_ids)s::text[], %(signatures)s::bytea[])
           AS told (till_id, sequence, recorded_at, business_date, site_code, total_cents, record,
                    previous_hash, hash, key_id, signature)
), tills AS (
    UPDATE till
       SET last_sequence = head.sequence, last_hash = head.hash,
           drawer_session_id = head.drawer_session_id, drawer_opened_on = head.drawer_opened_on
      FROM unnest(%(moved_till_ids)s::uuid[], %(last_sequences)s::bigint[],
                  %(last_hashes)s::bytea[], %(open_session_ids)s::uuid[], %(opened_on)s::date[])
           AS head (till_id, sequence, hash, drawer_session_id, drawer_opened_on)
     WHERE till.till_id = head.till_id
), begun AS (
    -- A person's first sale of a month; where two processes make it at once, one starts again.
    INSERT INTO cap_month (person_ref, month_on, cap_cents, used_cents)
    SELECT used.person_ref, %(month_on)s, used.cap_cents, used.used_cents
      FROM unnest(%(cap_person_refs)s::uuid[], %(cap_used)s::bigint[], %(caps)s::bigint[],
                  %(cap_begun)s::boolean[]) AS used (person_ref, used_cents, cap_cents, begun)
     WHERE NOT used.begun
), caps AS (
    UPDATE cap_month
       SET used_cents = used.used_cents, cap_cents = used.cap_cents
      FROM unnest(%(cap_person_refs)s::uuid[], %(cap_used)s::bigint[], %(caps)s::bigint[],
                  %(cap_begun)s::boolean[]) AS used (person_ref, used_cents, cap_cents, begun)
     WHERE cap_month.person_ref = used.person_ref
       AND cap_month.month_on = %(month_on)s
       AND used.begun
)
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
       sale_voucher.taking, voucher.operator, voucher.serial, voucher.pin_key_id,
       voucher.pin_sealed, lot.face_value_cents, lot.use_by, lot.lot_id,
       lot.state AS lot_state, lot.taking AS lot_taking
  FROM sale_voucher
  JOIN voucher ON voucher.batch_id = sale_voucher.batch_id
              AND voucher.position = sale_voucher.position
  JOIN lot ON lot.batch_id = voucher.batch_id
          AND int8range(lot.first_position, lot.end_position) @> voucher.position
 WHERE sale_voucher.sale_id = ANY(%(sale_ids)s)
 ORDER BY sale_voucher.sale_id, sale_voucher.line_no, lot.use_by, voucher.batch_id,
          voucher.position;

-- name: record_reveal
INSERT INTO reveal (reveal_id, sale_id, revealed_by, revealed_at, kind, reason, till_id, copy_no)
VALUES (%(reveal_id)s, %(sale_id)s, %(revealed_by)s, %(revealed_at)s, %(kind)s, %(reason)s,
        %(till_id)s, %(copy_no)s);

-- name: find_tills
-- The tills of some sites, or of all when no list is given.
SELECT till.till_id, till.site_code, coalesce(site.name, till.site_code) AS site_name, till.name,
       CASE WHEN till.state = 'active' AND till.frozen_at IS NOT NULL THEN 'frozen'
            ELSE till.state END AS state,
       till.frozen_at, till.frozen_why,
       CASE WHEN till.drawer_session_id IS NOT NULL THEN json_build_object(
           'drawer_session_id', till.drawer_session_id, 'business_date', till.drawer_opened_on,
           'state', CASE WHEN till.drawer_counted THEN 'counted' ELSE 'open' END,
           'held_by', till.drawer_held_by) END AS drawer
  FROM till
  LEFT JOIN site ON site.site_code = till.site_code
 WHERE %(site_codes)s::text[] IS NULL OR till.site_code = ANY(%(site_codes)s)
 ORDER BY till.site_code, till.name;
