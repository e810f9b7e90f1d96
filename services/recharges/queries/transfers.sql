-- Vouchers on their way from one site to another.

-- name: save_transfer
INSERT INTO transfer (transfer_id, from_site, to_site, state, count, sent_at, sent_by)
VALUES (%(transfer_id)s, %(from_site)s, %(to_site)s, 'sent', %(count)s, %(sent_at)s, %(sent_by)s);

-- name: lock_transfer
SELECT transfer_id, from_site, to_site, state, count, sent_at, sent_by, ended_at, ended_by, missing
  FROM transfer
 WHERE transfer_id = %(transfer_id)s
   FOR UPDATE;

-- name: find_transfer
SELECT transfer_id, from_site, to_site, state, count, sent_at, sent_by, ended_at, ended_by, missing
  FROM transfer
 WHERE transfer_id = %(transfer_id)s;

-- name: find_transfers
-- Those that a site sent or was sent, the latest first.
SELECT transfer_id, from_site, to_site, state, count, sent_at, sent_by, ended_at, ended_by, missing
  FROM transfer
 WHERE (from_site = %(site_code)s OR to_site = %(site_code)s)
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(after)s::uuid IS NULL OR transfer_id < %(after)s)
 ORDER BY transfer_id DESC
 LIMIT %(count_max)s;

-- name: end_transfer
UPDATE transfer
   SET state = %(state)s, ended_at = %(ended_at)s, ended_by = %(ended_by)s, missing = %(missing)s
 WHERE transfer_id = %(transfer_id)s;

-- name: vouchers_of_transfer
-- What was sent, as the sender lists it and the receiver counts it.
SELECT stock_move.offer_code, voucher.serial,
       EXISTS (SELECT
                 FROM stock_move AS short
                WHERE short.transfer_id = stock_move.transfer_id
                  AND short.what = 'missing'
                  AND short.batch_id = voucher.batch_id
                  AND short.first_position <= voucher.position
                  AND voucher.position < short.end_position) AS missing
  FROM stock_move
  JOIN voucher ON voucher.batch_id = stock_move.batch_id
              AND voucher.position >= stock_move.first_position
              AND voucher.position < stock_move.end_position
 WHERE stock_move.transfer_id = %(transfer_id)s
   AND stock_move.what = 'sent'
 ORDER BY stock_move.offer_code, voucher.batch_id, voucher.position;
