-- What is in stock, by state.

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
