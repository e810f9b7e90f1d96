-- Money that goes back, and what becomes of the vouchers.

-- name: refunds_of_sale
SELECT refund.refund_id, refund.state, refund.amount_cents,
       ARRAY(SELECT voucher.serial
               FROM refund_voucher
               JOIN voucher ON voucher.batch_id = refund_voucher.batch_id
                           AND voucher.position = refund_voucher.position
              WHERE refund_voucher.refund_id = refund.refund_id
              ORDER BY voucher.serial) AS serials
  FROM refund
 WHERE refund.sale_id = %(sale_id)s
 ORDER BY refund.refund_id;

-- name: serials_going_back
-- The vouchers of a sale that were given back, or are about to be: their PINs are nobody's here.
SELECT voucher.serial
  FROM refund
  JOIN refund_voucher ON refund_voucher.refund_id = refund.refund_id
  JOIN voucher ON voucher.batch_id = refund_voucher.batch_id
              AND voucher.position = refund_voucher.position
 WHERE refund.sale_id = %(sale_id)s
   AND NOT refund_voucher.denied;

-- name: add_refund
INSERT INTO refund (refund_id, sale_id, till_id, site_code, amount_cents, tender, vouchers, state,
                    reason, asked_at, asked_by, look_at)
VALUES (%(refund_id)s, %(sale_id)s, %(till_id)s, %(site_code)s, %(amount_cents)s, %(tender)s,
        %(vouchers)s, %(state)s, %(reason)s, %(asked_at)s, %(asked_by)s, %(look_at)s);

-- name: add_refund_vouchers
INSERT INTO refund_voucher (refund_id, batch_id, position, taking)
SELECT %(refund_id)s, *
  FROM unnest(%(batch_ids)s::uuid[], %(positions)s::bigint[], %(takings)s::integer[]);

-- name: lock_refund
SELECT refund_id, sale_id, till_id, site_code, amount_cents, tender, vouchers, state, reason,
       asked_at, asked_by, answered_at, answered_by, answer, stripe_refund_id, ticket_no, done_at
  FROM refund
 WHERE refund_id = %(refund_id)s
   FOR UPDATE;

-- name: person_of_refund
SELECT sale.person_ref FROM refund JOIN sale USING (sale_id) WHERE refund.refund_id = %(refund_id)s;

-- name: places_of_refund
SELECT refund_voucher.batch_id, refund_voucher.position, voucher.operator, voucher.serial
  FROM refund_voucher
  JOIN voucher ON voucher.batch_id = refund_voucher.batch_id
              AND voucher.position = refund_voucher.position
 WHERE refund_voucher.refund_id = %(refund_id)s
 ORDER BY refund_voucher.batch_id, refund_voucher.position;

-- name: answer_refund
UPDATE refund
   SET state = %(state)s, answer = %(answer)s, answered_at = %(answered_at)s,
       answered_by = %(answered_by)s, look_at = %(look_at)s
 WHERE refund_id = %(refund_id)s;

-- name: deny_vouchers
UPDATE refund_voucher SET denied = true WHERE refund_id = %(refund_id)s;

-- name: finish_refund
UPDATE refund
   SET state = 'done', till_id = %(till_id)s, ticket_no = %(ticket_no)s, done_at = %(done_at)s,
       stripe_refund_id = %(stripe_refund_id)s, look_at = NULL
 WHERE refund_id = %(refund_id)s;

-- name: add_refund_cash
INSERT INTO cash_line (till_id, site_code, business_date, recorded_at, kind, amount_cents,
                       refund_id, drawer_session_id, recorded_by)
VALUES (%(till_id)s, %(site_code)s, %(business_date)s, %(recorded_at)s, 'refund', %(amount_cents)s,
        %(refund_id)s, %(drawer_session_id)s, %(recorded_by)s);

-- name: put_refund_off
UPDATE refund SET look_at = %(look_at)s WHERE refund_id = %(refund_id)s AND state = 'granted';

-- name: refunds_due
-- Granted by card: the money has not gone back yet.
SELECT refund.refund_id, refund.amount_cents, refund.vouchers, card_sale.intent_id
  FROM refund
  JOIN card_sale ON card_sale.sale_id = refund.sale_id
 WHERE refund.state = 'granted'
   AND refund.look_at <= %(now)s
 ORDER BY refund.look_at
 LIMIT %(limit)s;

-- name: cap_counts_on
SELECT value FROM rule WHERE name = 'cap_counts' AND from_on <= %(on)s AND %(on)s < until_on;

-- name: list_refunds
-- Of some sites, or of one operator's vouchers: the other filters are null.
SELECT refund.refund_id, refund.sale_id, refund.till_id, refund.site_code, refund.amount_cents,
       refund.tender, refund.vouchers, refund.state, refund.reason, refund.asked_at,
       refund.answered_at, refund.answer, refund.ticket_no, refund.done_at,
       ARRAY(SELECT voucher.serial
               FROM refund_voucher
               JOIN voucher ON voucher.batch_id = refund_voucher.batch_id
                           AND voucher.position = refund_voucher.position
              WHERE refund_voucher.refund_id = refund.refund_id
              ORDER BY voucher.serial) AS serials
  FROM refund
 WHERE (%(refund_id)s::uuid IS NULL OR refund.refund_id = %(refund_id)s)
   AND (%(site_codes)s::text[] IS NULL OR refund.site_code = ANY(%(site_codes)s))
   AND (%(state)s::text IS NULL OR refund.state = %(state)s)
   AND (%(after)s::uuid IS NULL OR refund.refund_id > %(after)s)
   AND (%(operator)s::text IS NULL
        OR refund.vouchers = 'refunded_by_operator'
           AND EXISTS (SELECT
                         FROM refund_voucher
                         JOIN voucher ON voucher.batch_id = refund_voucher.batch_id
                                     AND voucher.position = refund_voucher.position
                        WHERE refund_voucher.refund_id = refund.refund_id
                          AND voucher.operator = %(operator)s))
 ORDER BY refund.refund_id
 LIMIT %(limit)s;
