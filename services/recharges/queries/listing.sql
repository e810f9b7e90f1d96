-- What a till reads while it sells; nothing here is locked.

-- name: entitlements_of_person
SELECT person_ref, from_on, until_on, monthly_cap_cents
  FROM entitlement
 WHERE person_ref = ANY(%(person_refs)s::uuid[]);

-- name: cap_used_by_person
-- What a person has used of a month under all their references.
SELECT coalesce(sum(used_cents), 0)::bigint AS used_cents
  FROM cap_month
 WHERE person_ref = ANY(%(person_refs)s::uuid[]) AND month_on = %(month_on)s;

-- name: sales_of_till
-- The latest first.
SELECT sale.sale_id, sale.ticket_no, sale.sold_at, sale.tender, sale.total_cents,
       (SELECT json_agg(json_build_object('offer_code', sale_line.offer_code,
                                          'quantity', sale_line.quantity)
                        ORDER BY sale_line.line_no)
          FROM sale_line
         WHERE sale_line.sale_id = sale.sale_id) AS lines,
       sale.tender = 'cash' OR EXISTS (
           SELECT FROM reveal WHERE reveal.sale_id = sale.sale_id AND reveal.kind = 'first'
       ) AS revealed,
       (SELECT coalesce(max(copy_no), 0) FROM reveal WHERE reveal.sale_id = sale.sale_id) AS copies,
       (SELECT coalesce(json_agg(json_build_object('refund_id', refund.refund_id,
                                                   'state', refund.state,
                                                   'amount_cents', refund.amount_cents)
                                 ORDER BY refund.refund_id), '[]')
          FROM refund
         WHERE refund.sale_id = sale.sale_id) AS refunds
  FROM sale
 WHERE sale.till_id = %(till_id)s
   AND (%(after)s::bigint IS NULL OR sale.ticket_no < %(after)s)
 ORDER BY sale.ticket_no DESC
 LIMIT %(limit)s;

-- name: card_sales_of_till
-- Those that wait for their card; the index of all that wait is short.
SELECT sale_id, person_ref, ordered_at, total_cents
  FROM card_sale
 WHERE till_id = %(till_id)s AND state IN ('reserved', 'pending')
 ORDER BY ordered_at;
