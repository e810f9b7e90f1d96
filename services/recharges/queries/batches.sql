-- Batches as they stand.

-- name: lock_batch
-- Nothing of the batch is cut or given back until this ends; sales go on.
SELECT batch_id, operator, batch_code, site_code, state, received_by
  FROM batch
 WHERE batch_id = %(batch_id)s
   FOR NO KEY UPDATE;

-- name: find_batch
SELECT batch_id, operator, batch_code, site_code, state, voucher_count AS vouchers,
       face_value_cents, received_at, received_by
  FROM batch
 WHERE batch_id = %(batch_id)s;

-- name: find_batches
SELECT batch_id, operator, batch_code, site_code, state, voucher_count AS vouchers,
       face_value_cents, received_at, received_by
  FROM batch
 WHERE site_code = %(site_code)s
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(after)s::uuid IS NULL OR batch_id > %(after)s)
 ORDER BY batch_id
 LIMIT %(count_max)s;

-- name: change_batch
UPDATE batch SET state = %(state)s WHERE batch_id = %(batch_id)s;
