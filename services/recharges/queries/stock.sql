-- What is in stock, by state; what became of it; what warns of it.

-- name: count_vouchers
-- Vouchers by site, offer and state, each in exactly one; of a site or a batch, or all.
SELECT lot.site_code, lot.offer_code, counted.state, sum(counted.count)::bigint AS count
  FROM lot
 CROSS JOIN LATERAL (VALUES
           (CASE WHEN lot.state IN ('disputed', 'refunded_by_operator') THEN lot.state
                 ELSE 'sold' END,
            lot.next_position - lot.first_position),
           (CASE WHEN lot.state = 'available' AND lot.use_by < %(on)s THEN 'expired'
                 ELSE lot.state END,
            lot.end_position - lot.next_position)) AS counted (state, count)
 WHERE counted.count > 0
   AND (%(site_code)s::text IS NULL OR lot.site_code = %(site_code)s)
   AND (%(batch_id)s::uuid IS NULL OR lot.batch_id = %(batch_id)s)
 GROUP BY lot.site_code, lot.offer_code, counted.state
 ORDER BY lot.site_code, lot.offer_code, counted.state;

-- name: find_soonest_use_by
SELECT offer_code, min(use_by) AS use_by
  FROM lot
 WHERE site_code = %(site_code)s
   AND state = 'available'
   AND use_by >= %(on)s
 GROUP BY offer_code;

-- name: note_stock_day
-- What sites had sold by now; the last time it is noted on a day stands for that day.
INSERT INTO stock_day (site_code, offer_code, on_day, sold)
SELECT site_code, offer_code, %(on)s, sum(next_position - first_position)
  FROM lot
 GROUP BY site_code, offer_code
    ON CONFLICT (site_code, offer_code, on_day) DO UPDATE
   SET sold = excluded.sold
 WHERE stock_day.sold <> excluded.sold;

-- name: find_supplies
-- What sites have on hand of each offer and sold since the end of a day, or in the days since they
-- were first looked at, and how long the operator takes to deliver.  What is reserved for a card may
-- come back.
SELECT now.site_code, now.offer_code, now.on_hand,
       greatest(now.sold - coalesce(before.sold, 0), 0)::bigint AS sold,
       least(%(days_max)s, greatest(%(days_min)s, %(on)s::date - first.on_day + 1))::integer
           AS days,
       supply_rule.lead_time_days
  FROM (SELECT site_code, offer_code,
               sum(next_position - first_position) AS sold,
               coalesce(sum(end_position - next_position)
                        FILTER (WHERE state IN ('available', 'reserved') AND use_by >= %(on)s),
                        0)::bigint AS on_hand
          FROM lot
         WHERE %(site_code)s::text IS NULL OR site_code = %(site_code)s
         GROUP BY site_code, offer_code) AS now
  JOIN offer ON offer.offer_code = now.offer_code
  LEFT JOIN supply_rule ON supply_rule.operator = offer.operator
                       AND supply_rule.from_on <= %(on)s AND %(on)s < supply_rule.until_on
  LEFT JOIN LATERAL (SELECT sold
                       FROM stock_day
                      WHERE stock_day.site_code = now.site_code
                        AND stock_day.offer_code = now.offer_code
                        AND stock_day.on_day <= %(since)s
                      ORDER BY on_day DESC
                      LIMIT 1) AS before ON true
  LEFT JOIN LATERAL (SELECT min(on_day) AS on_day
                       FROM stock_day
                      WHERE stock_day.site_code = now.site_code
                        AND stock_day.offer_code = now.offer_code) AS first ON true;

-- name: find_remainders
-- Vouchers at sites that must be used by a day not far ahead, whatever keeps them.
SELECT site_code, offer_code, use_by, sum(end_position - next_position)::bigint AS count
  FROM lot
 WHERE state IN ('available', 'reserved', 'leased', 'quarantined')
   AND %(on)s <= use_by AND use_by <= %(until)s
 GROUP BY site_code, offer_code, use_by;

-- name: find_open_alerts
SELECT alert_id, site_code, offer_code, kind, use_by
  FROM stock_alert
 WHERE cleared_at IS NULL;

-- name: clear_alerts
UPDATE stock_alert SET cleared_at = %(now)s WHERE alert_id = ANY(%(alert_ids)s::bigint[]);

-- name: raise_alerts
INSERT INTO stock_alert (site_code, offer_code, kind, use_by, count, raised_at)
SELECT told.*, %(now)s
  FROM unnest(%(site_codes)s::text[], %(offer_codes)s::text[], %(kinds)s::text[],
              %(use_by)s::date[], %(counts)s::bigint[])
       AS told (site_code, offer_code, kind, use_by, count);

-- name: alerts_of_site
SELECT offer_code, kind, use_by, count AS vouchers, raised_at
  FROM stock_alert
 WHERE site_code = %(site_code)s
   AND cleared_at IS NULL
 ORDER BY raised_at, alert_id;

-- name: count_alerts
SELECT site_code, kind, count(*) FILTER (WHERE cleared_at IS NULL) AS count
  FROM stock_alert
 GROUP BY site_code, kind;

-- name: record_moves
INSERT INTO stock_move (move_id, moved_at, moved_by, what, why, transfer_id, batch_id, site_code,
                        offer_code, first_position, end_position)
SELECT told.move_id, %(moved_at)s, %(moved_by)s, %(what)s, %(why)s, %(transfer_id)s, told.batch_id,
       told.site_code, told.offer_code, told.first_position, told.end_position
  FROM unnest(%(move_ids)s::uuid[], %(batch_ids)s::uuid[], %(site_codes)s::text[],
              %(offer_codes)s::text[], %(firsts)s::bigint[], %(ends)s::bigint[])
       AS told (move_id, batch_id, site_code, offer_code, first_position, end_position);

-- name: find_operators
SELECT offer_code, operator FROM offer WHERE offer_code = ANY(%(offer_codes)s::text[]);

-- name: moves_of_batch
SELECT what, why, site_code, offer_code, sum(end_position - first_position)::bigint AS vouchers,
       moved_at, moved_by
  FROM stock_move
 WHERE batch_id = %(batch_id)s
 GROUP BY what, why, site_code, offer_code, moved_at, moved_by
 ORDER BY moved_at, min(move_id::text);

-- name: was_set_aside_by
-- Whether somebody set aside, or found, what is in quarantine of a batch, or had leased it in person
-- and may know its PINs.
SELECT EXISTS (
    SELECT
      FROM lease_range
      JOIN lease ON lease.lease_id = lease_range.lease_id
      JOIN lot ON lot.batch_id = lease_range.batch_id
              AND lot.first_position < lease_range.end_position
              AND lease_range.first_position < lot.end_position
     WHERE lease_range.batch_id = %(batch_id)s
       AND lease.leased_by = %(user_id)s
       AND lot.lot_id = ANY(%(lot_ids)s::uuid[]))
    OR EXISTS (
    SELECT
      FROM stock_move
      JOIN lot ON lot.batch_id = stock_move.batch_id
              AND lot.first_position < stock_move.end_position
              AND stock_move.first_position < lot.end_position
     WHERE stock_move.batch_id = %(batch_id)s
       AND stock_move.what IN ('quarantined', 'found')
       AND stock_move.moved_by = %(user_id)s
       AND lot.lot_id = ANY(%(lot_ids)s::uuid[])) AS so;

-- name: find_serials
-- Where the vouchers with these serials stand in their batches.
SELECT voucher.serial, voucher.batch_id, voucher.position
  FROM voucher
  JOIN offer ON offer.operator = voucher.operator
 WHERE offer.offer_code = %(offer_code)s
   AND voucher.serial = ANY(%(serials)s::text[]);
