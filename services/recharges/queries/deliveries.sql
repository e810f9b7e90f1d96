-- Operators' deliveries of vouchers.

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

-- name: find_quarantine
-- Whether a second person releases what this operator delivers on a day.
SELECT quarantined
  FROM supply_rule
 WHERE operator = %(operator)s
   AND from_on <= %(on)s AND %(on)s < until_on;

-- name: find_batch_state
SELECT state FROM batch WHERE batch_id = %(batch_id)s;

-- name: save_batch
INSERT INTO batch (batch_id, operator, batch_code, site_code, file_sha256, voucher_count,
                   face_value_cents, received_at, received_by, state)
VALUES (%(batch_id)s, %(operator)s, %(batch_code)s, %(site_code)s, %(file_sha256)s,
        %(voucher_count)s, %(face_value_cents)s, %(received_at)s, %(received_by)s, %(state)s);

-- name: copy_vouchers
COPY voucher (batch_id, position, operator, serial, pin_key_id, pin_sealed, pin_index)
FROM STDIN (FORMAT BINARY);

-- name: create_incoming
-- Where a refused delivery's vouchers are compared with all we have, to name the line.
CREATE TEMPORARY TABLE incoming (line_no bigint, serial text, pin_index bytea) ON COMMIT DROP;

-- name: copy_incoming
COPY incoming (line_no, serial, pin_index) FROM STDIN (FORMAT BINARY);

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

-- name: save_lots
-- The lots of a delivery, and that they were received.
WITH told AS (
    SELECT *
      FROM unnest(%(lot_ids)s::uuid[], %(move_ids)s::uuid[], %(offer_codes)s::text[],
                  %(face_values)s::bigint[], %(use_by)s::date[], %(firsts)s::bigint[],
                  %(ends)s::bigint[])
           AS told (lot_id, move_id, offer_code, face_value_cents, use_by, first_position,
                    end_position)
), moves AS (
    INSERT INTO stock_move (move_id, moved_at, moved_by, what, batch_id, site_code, offer_code,
                            first_position, end_position)
    SELECT move_id, %(received_at)s, %(received_by)s, 'received', %(batch_id)s, %(site_code)s,
           offer_code, first_position, end_position
      FROM told
)
INSERT INTO lot (lot_id, batch_id, site_code, offer_code, face_value_cents, use_by,
                 first_position, next_position, end_position, state)
SELECT lot_id, %(batch_id)s, %(site_code)s, offer_code, face_value_cents, use_by,
       first_position, first_position, end_position, %(lot_state)s
  FROM told;
