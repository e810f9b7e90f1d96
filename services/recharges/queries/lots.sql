-- Lots: locked, cut, held, moved.  Locks are taken tills, caps, batches, lots; each by its key.

-- name: lock_available_lots
-- A site's lots of some offers that are on sale.
SELECT lot_id, batch_id, site_code, offer_code, face_value_cents, use_by, first_position,
       next_position, end_position, taking, state, held_by
  FROM lot
 WHERE lot.site_code = %(site_code)s
   AND lot.offer_code = ANY(%(offer_codes)s::text[])
   AND lot.state = 'available'
   AND lot.use_by >= %(on)s
   AND EXISTS (SELECT FROM batch WHERE batch.batch_id = lot.batch_id AND batch.state = 'active')
 ORDER BY lot_id
   FOR UPDATE OF lot;

-- name: lock_held_lots
SELECT lot_id, batch_id, site_code, offer_code, face_value_cents, use_by, first_position,
       next_position, end_position, taking, state, held_by
  FROM lot
 WHERE held_by = %(held_by)s
 ORDER BY lot_id
   FOR UPDATE;

-- name: lock_lots_at
-- The lots that hold the vouchers at these places; one is named once for each of them.
SELECT lot.lot_id, lot.batch_id, lot.site_code, lot.offer_code, lot.face_value_cents, lot.use_by,
       lot.first_position, lot.next_position, lot.end_position, lot.taking, lot.state, lot.held_by
  FROM unnest(%(batch_ids)s::uuid[], %(positions)s::bigint[]) AS wanted (batch_id, position)
  JOIN lot ON lot.batch_id = wanted.batch_id
          AND int8range(lot.first_position, lot.end_position) @> wanted.position
 ORDER BY lot.lot_id
   FOR UPDATE OF lot;

-- name: lock_lots_of_site
-- A site's lots of an offer in some states.
SELECT lot_id, batch_id, site_code, offer_code, face_value_cents, use_by, first_position,
       next_position, end_position, taking, state, held_by
  FROM lot
 WHERE site_code = %(site_code)s
   AND offer_code = %(offer_code)s
   AND state = ANY(%(states)s::text[])
 ORDER BY lot_id
   FOR UPDATE;

-- name: lock_lots_of_batch
-- A batch's lots in some states.  Those that a lost device still holds in its memory are left out
-- when the batch thaws.
SELECT lot_id, batch_id, site_code, offer_code, face_value_cents, use_by, first_position,
       next_position, end_position, taking, state, held_by
  FROM lot
 WHERE batch_id = %(batch_id)s
   AND state = ANY(%(states)s::text[])
   AND (%(of_lost_devices)s
        OR NOT EXISTS (SELECT
                         FROM lease_range
                         JOIN lease ON lease.lease_id = lease_range.lease_id
                        WHERE lease_range.batch_id = lot.batch_id
                          AND lease_range.first_position < lot.end_position
                          AND lot.first_position < lease_range.end_position
                          AND lease.state = 'revoked'))
 ORDER BY lot_id
   FOR UPDATE OF lot;

-- name: lock_outdated_lots
-- Lots in stock whose use-by day has passed; those that somebody holds wait for the next look.
SELECT lot_id, batch_id, site_code, offer_code, face_value_cents, use_by, first_position,
       next_position, end_position, taking, state, held_by
  FROM lot
 WHERE state IN ('available', 'quarantined', 'frozen')
   AND use_by < %(on)s
 ORDER BY lot_id
 LIMIT %(count_max)s
   FOR UPDATE SKIP LOCKED;

-- name: find_batches_in_pieces
-- Batches with neighbouring lots that may be joined again, those in most pieces first.
SELECT lot.batch_id
  FROM lot
  JOIN lot AS after ON after.batch_id = lot.batch_id
                   AND after.first_position = lot.end_position
                   AND after.site_code = lot.site_code
                   AND after.offer_code = lot.offer_code
                   AND after.face_value_cents = lot.face_value_cents
                   AND after.use_by = lot.use_by
                   AND after.state = lot.state
                   AND after.taking = lot.taking
 WHERE lot.held_by IS NULL
   AND lot.state <> 'frozen'
   AND after.held_by IS NULL
   AND (lot.next_position = lot.end_position OR after.next_position = after.first_position)
 GROUP BY lot.batch_id
 ORDER BY count(*) DESC
 LIMIT 1;

-- name: lock_free_lots_of_batch
-- Those lots of a batch that nobody holds or works on.  Frozen ones stay apart: what a lost device
-- may have shown does not thaw with its neighbours.
SELECT lot_id, batch_id, site_code, offer_code, face_value_cents, use_by, first_position,
       next_position, end_position, taking, state, held_by
  FROM lot
 WHERE batch_id = %(batch_id)s
   AND held_by IS NULL
   AND state <> 'frozen'
 ORDER BY first_position
   FOR UPDATE SKIP LOCKED;

-- name: remove_lots
DELETE FROM lot WHERE lot_id = ANY(%(lot_ids)s::uuid[]);

-- name: keep_batches
-- Batches that nobody freezes, recalls or releases until this transaction ends.
SELECT batch_id, state
  FROM batch
 WHERE batch_id = ANY(%(batch_ids)s::uuid[])
 ORDER BY batch_id
   FOR SHARE;

-- name: find_batches_held
SELECT DISTINCT batch_id FROM lot WHERE held_by = %(held_by)s;

-- name: change_lots
UPDATE lot
   SET site_code = told.site_code, next_position = told.next_position,
       end_position = told.end_position, state = told.state, held_by = told.held_by,
       taking = told.taking
  FROM unnest(%(lot_ids)s::uuid[], %(site_codes)s::text[], %(nexts)s::bigint[],
              %(ends)s::bigint[], %(states)s::text[], %(holders)s::uuid[], %(takings)s::integer[])
       AS told (lot_id, site_code, next_position, end_position, state, held_by, taking)
 WHERE lot.lot_id = told.lot_id;

-- name: add_lots
INSERT INTO lot (lot_id, batch_id, site_code, offer_code, face_value_cents, use_by,
                 first_position, next_position, end_position, state, held_by, taking)
SELECT *
  FROM unnest(%(lot_ids)s::uuid[], %(batch_ids)s::uuid[], %(site_codes)s::text[],
              %(offer_codes)s::text[], %(face_values)s::bigint[], %(use_by)s::date[],
              %(firsts)s::bigint[], %(nexts)s::bigint[], %(ends)s::bigint[], %(states)s::text[],
              %(holders)s::uuid[], %(takings)s::integer[]);
