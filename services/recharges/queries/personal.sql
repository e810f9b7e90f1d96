-- name: held_entitlements
SELECT person_ref, from_on, until_on, monthly_cap_cents
  FROM entitlement
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY from_on;

-- name: held_months
-- What of the monthly cap was used.
SELECT person_ref, month_on, cap_cents, used_cents
  FROM cap_month
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY month_on;

-- name: held_sales
-- Reads every sale: nobody but an export asks for the sales of one person, and each till would pay
-- for an index.
SELECT sale.sale_id, sale.person_ref, sale.site_code, sale.ticket_no, sale.business_date,
       sale.sold_at, sale.tender, sale.total_cents,
       (SELECT json_agg(json_build_object('offer_code', offer_code, 'operator', operator,
                                          'quantity', quantity, 'price_cents', price_cents,
                                          'face_value_cents', face_value_cents)
                        ORDER BY line_no)
          FROM sale_line
         WHERE sale_line.sale_id = sale.sale_id) AS lines
  FROM sale
 WHERE sale.person_ref = ANY (%(person_refs)s)
 ORDER BY sale.sold_at;

-- name: held_refunds
SELECT refund.refund_id, refund.sale_id, refund.amount_cents, refund.tender, refund.state,
       refund.reason, refund.answer, refund.asked_at, refund.done_at
  FROM sale
  JOIN refund USING (sale_id)
 WHERE sale.person_ref = ANY (%(person_refs)s)
 ORDER BY refund.asked_at;

-- name: held_reveals
-- When and why the PINs of the person's vouchers were shown.
SELECT reveal.sale_id, reveal.revealed_at, reveal.kind, reveal.reason
  FROM sale
  JOIN reveal USING (sale_id)
 WHERE sale.person_ref = ANY (%(person_refs)s)
 ORDER BY reveal.revealed_at;

-- name: held_card_payments
SELECT sale_id, person_ref, ordered_at, total_cents, state, settled_at
  FROM card_sale
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY ordered_at;

-- name: held_allowances
-- What a till that was offline might sell to the person.
SELECT lease_id, person_ref, month_on, allowed_cents, used_cents
  FROM lease_allowance
 WHERE person_ref = ANY (%(person_refs)s)
 ORDER BY month_on, lease_id;

-- name: blank_refunds
-- The words of a refund; a reason may not be empty.
UPDATE refund
   SET reason = '-', answer = ''
  FROM sale
 WHERE refund.sale_id = sale.sale_id
   AND sale.person_ref = ANY (%(person_refs)s)
   AND (refund.reason, refund.answer) IS DISTINCT FROM ('-', '')
RETURNING refund.refund_id AS id;

-- name: blank_reveals
-- Why a ticket was printed again; nobody writes why of other reveals.  A reason may not be empty.
UPDATE reveal
   SET reason = '-'
  FROM sale
 WHERE reveal.sale_id = sale.sale_id
   AND sale.person_ref = ANY (%(person_refs)s)
   AND reveal.kind = 'reprint'
   AND reveal.reason <> '-'
RETURNING reveal.reveal_id AS id;

-- name: blank_receipts
-- Why the receipt of a refund was printed again.
UPDATE paper_copy
   SET reason = '-'
  FROM refund
  JOIN sale USING (sale_id)
 WHERE paper_copy.till_id = refund.till_id
   AND paper_copy.kind = 'ticket'
   AND paper_copy.sequence = refund.ticket_no
   AND sale.person_ref = ANY (%(person_refs)s)
   AND paper_copy.reason <> '-'
RETURNING refund.refund_id AS id;
