-- Sales paid by card, from the vouchers held for them to the word of Stripe.

-- name: use_cap_month
-- What is held counts like what is sold; where two processes make the month's row at once, they add up.
INSERT INTO cap_month (person_ref, month_on, cap_cents, used_cents)
VALUES (%(person_ref)s, %(month_on)s, %(cap_cents)s, %(counted_cents)s)
    ON CONFLICT (person_ref, month_on) DO UPDATE
   SET used_cents = cap_month.used_cents + EXCLUDED.used_cents, cap_cents = EXCLUDED.cap_cents;

-- name: give_cap_back
UPDATE cap_month
   SET used_cents = greatest(0, used_cents - %(counted_cents)s)
 WHERE person_ref = %(person_ref)s AND month_on = %(month_on)s;

-- name: add_card_sale
INSERT INTO card_sale (sale_id, key, request_hash, till_id, site_code, person_ref, sold_by,
                       ordered_at, month_on, lines, total_cents, counted_cents, cap_left_cents,
                       state, look_at)
VALUES (%(sale_id)s, %(key)s, %(request_hash)s, %(till_id)s, %(site_code)s, %(person_ref)s,
        %(sold_by)s, %(ordered_at)s, %(month_on)s, %(lines)s, %(total_cents)s, %(counted_cents)s,
        %(cap_left_cents)s, 'reserved', %(look_at)s);

-- name: find_card_sale
SELECT sale_id, key, request_hash, till_id, site_code, person_ref, sold_by, ordered_at, month_on,
       lines, total_cents, counted_cents, cap_left_cents, state, look_at, looks, intent_id,
       client_secret, why, settled_at
  FROM card_sale
 WHERE sale_id = %(sale_id)s;

-- name: lock_card_sale
SELECT sale_id, key, request_hash, till_id, site_code, person_ref, sold_by, ordered_at, month_on,
       lines, total_cents, counted_cents, cap_left_cents, state, look_at, looks, intent_id,
       client_secret, why, settled_at
  FROM card_sale
 WHERE sale_id = %(sale_id)s
   FOR UPDATE;

-- name: find_card_sale_by_key
SELECT sale_id, key, request_hash, till_id, site_code, person_ref, sold_by, ordered_at, month_on,
       lines, total_cents, counted_cents, cap_left_cents, state, look_at, looks, intent_id,
       client_secret, why, settled_at
  FROM card_sale
 WHERE key = %(key)s;

-- name: find_card_sale_by_intent
-- By the payment we noted; else by the sale that the payment itself names.
SELECT sale_id
  FROM card_sale
 WHERE intent_id = %(intent_id)s
    OR (intent_id IS NULL AND sale_id = %(sale_id)s::uuid);

-- name: note_intent
UPDATE card_sale
   SET state = 'pending', intent_id = %(intent_id)s, client_secret = %(client_secret)s,
       look_at = %(look_at)s, looks = 0
 WHERE sale_id = %(sale_id)s AND state = 'reserved';

-- name: settle_card_sale
UPDATE card_sale
   SET state = %(state)s, intent_id = coalesce(intent_id, %(intent_id)s), why = %(why)s,
       settled_at = %(settled_at)s
 WHERE sale_id = %(sale_id)s AND state IN ('reserved', 'pending');

-- name: note_decline
UPDATE card_sale SET why = %(why)s WHERE sale_id = %(sale_id)s AND state = 'pending';

-- name: put_card_sale_off
UPDATE card_sale
   SET look_at = %(look_at)s, looks = looks + 1
 WHERE sale_id = %(sale_id)s AND state IN ('reserved', 'pending');

-- name: card_sales_due
SELECT sale_id
  FROM card_sale
 WHERE state IN ('reserved', 'pending')
   AND look_at <= %(now)s
 ORDER BY look_at
 LIMIT %(limit)s;

-- name: count_card_sales_waiting
SELECT state, count(*) AS count
  FROM card_sale
 WHERE state IN ('reserved', 'pending')
 GROUP BY state;

-- name: card_minutes_max
SELECT value FROM rule WHERE name = 'card_minutes_max' AND from_on <= %(on)s AND %(on)s < until_on;

-- name: claim_stripe_event
-- Each event once, whatever is told again.
INSERT INTO stripe_event (event_id, type, object_id, created_at, received_at, outcome)
VALUES (%(event_id)s, %(type)s, %(object_id)s, %(created_at)s, %(received_at)s, %(outcome)s)
    ON CONFLICT DO NOTHING;

-- name: find_first_reveal
SELECT reveal_id FROM reveal WHERE sale_id = %(sale_id)s AND kind = 'first';

-- name: find_dispute
SELECT dispute_id, sale_id, amount_cents, state, reason, opened_at, settled_at
  FROM dispute
 WHERE dispute_id = %(dispute_id)s;

-- name: add_dispute
INSERT INTO dispute (dispute_id, sale_id, amount_cents, state, reason, opened_at, settled_at)
VALUES (%(dispute_id)s, %(sale_id)s, %(amount_cents)s, %(state)s, %(reason)s, %(opened_at)s,
        %(settled_at)s);

-- name: settle_dispute
UPDATE dispute
   SET state = %(state)s, settled_at = %(settled_at)s
 WHERE dispute_id = %(dispute_id)s AND state = 'open';

-- name: disputes_of_sale
SELECT dispute_id, amount_cents, state, reason, opened_at, settled_at
  FROM dispute
 WHERE sale_id = %(sale_id)s
 ORDER BY opened_at;

-- name: count_disputes_open
SELECT count(*) AS count FROM dispute WHERE state = 'open';
