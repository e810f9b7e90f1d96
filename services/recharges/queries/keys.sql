-- The data keys that seal PINs.

-- name: find_pin_keys
-- These data keys, wrapped.
SELECT key_id, wrapped_by, wrapped FROM pin_key WHERE key_id = ANY(%(key_ids)s::text[]);

-- name: find_sealing_keys
-- What an import seals with: the newest data key, and the key under the blind index.
(SELECT key_id, wrapped_by, wrapped
   FROM pin_key
  WHERE key_id <> 'index'
  ORDER BY made_at DESC, key_id DESC
  LIMIT 1)
UNION ALL
SELECT key_id, wrapped_by, wrapped FROM pin_key WHERE key_id = 'index';

-- name: lock_rotation
-- One turn of the keys at a time, held until the connection ends.
SELECT pg_try_advisory_lock(hashtextextended('recharges.keys', 0)) AS taken;

-- name: find_keys_wrapped_otherwise
-- The data keys that another key of RELAIS_PIN_KEYS wraps.
SELECT key_id, wrapped_by, wrapped
  FROM pin_key
 WHERE wrapped_by <> %(wrapped_by)s
 ORDER BY key_id
   FOR UPDATE;

-- name: rewrap_key
UPDATE pin_key
   SET wrapped_by = %(wrapped_by)s, wrapped = %(wrapped)s
 WHERE key_id = %(key_id)s;

-- name: save_pin_key
INSERT INTO pin_key (key_id, wrapped_by, wrapped, made_at)
VALUES (%(key_id)s, %(wrapped_by)s, %(wrapped)s, %(made_at)s)
ON CONFLICT (key_id) DO NOTHING;

-- name: count_sealed_otherwise
SELECT count(*) AS count FROM voucher WHERE pin_key_id <> %(key_id)s;

-- name: find_sealed_otherwise
-- The next vouchers, in their order, that another key seals.
SELECT batch_id, position, operator, serial, pin_key_id, pin_sealed
  FROM voucher
 WHERE (batch_id, position) > (%(batch_id)s::uuid, %(position)s::bigint)
   AND pin_key_id <> %(key_id)s
 ORDER BY batch_id, position
 LIMIT %(limit)s;

-- name: reseal_vouchers
-- Only what is still sealed as it was read.
UPDATE voucher
   SET pin_key_id = %(key_id)s, pin_sealed = resealed.box
  FROM unnest(%(batch_ids)s::uuid[], %(positions)s::bigint[], %(was)s::text[], %(boxes)s::bytea[])
       AS resealed (batch_id, position, was, box)
 WHERE voucher.batch_id = resealed.batch_id
   AND voucher.position = resealed.position
   AND voucher.pin_key_id = resealed.was;

-- name: find_a_voucher
-- One of the first received: what the key under the blind index is held against.
SELECT operator, serial, pin_key_id, pin_sealed, pin_index
  FROM voucher
 ORDER BY batch_id, position
 LIMIT 1;
