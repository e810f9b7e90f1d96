-- Tickets as they are printed, and what became of their PINs.

-- name: find_ticket
-- A ticket of a till's journal with the names of the place.
SELECT journal.record, journal.signature, journal.business_date, till.name AS till_name,
       coalesce(site.name, till.site_code) AS site_name,
       coalesce(site.address, '') AS site_address
  FROM journal
  JOIN till ON till.till_id = journal.till_id
  LEFT JOIN site ON site.site_code = till.site_code
 WHERE journal.till_id = %(till_id)s
   AND journal.kind = 'ticket'
   AND journal.sequence = %(ticket_no)s;

-- name: find_names_of_place
SELECT till.name AS till_name, coalesce(site.name, till.site_code) AS site_name,
       coalesce(site.address, '') AS site_address
  FROM till
  LEFT JOIN site ON site.site_code = till.site_code
 WHERE till.till_id = %(till_id)s;

-- name: data_of_offers
-- The offers that are told by their data and not by what they are worth.
SELECT offer_code, data_mb FROM offer WHERE data_mb IS NOT NULL;

-- name: copies_of_sale
-- How often a sale was revealed: whether for the first time, and its last copy.
SELECT coalesce(bool_or(kind = 'first'), false) AS is_revealed,
       coalesce(max(copy_no), 0) AS last_copy_no
  FROM reveal
 WHERE sale_id = %(sale_id)s;

-- name: reprint_of_sale
-- A copy as it was printed.
SELECT copy_no, reason
  FROM reveal
 WHERE sale_id = %(sale_id)s AND copy_no = %(copy_no)s;

-- name: reveals_of_sale
-- Each time the PINs of a sale were shown; the sale itself, paid in cash, is the first.
SELECT 'first' AS kind, sold_by AS revealed_by, sold_at AS revealed_at, till_id,
       'sale' AS reason, NULL::integer AS copy_no
  FROM sale
 WHERE sale_id = %(sale_id)s AND tender = 'cash'
UNION ALL
SELECT reveal.kind, reveal.revealed_by, reveal.revealed_at, coalesce(reveal.till_id, sale.till_id),
       reveal.reason, reveal.copy_no
  FROM reveal
  JOIN sale ON sale.sale_id = reveal.sale_id
 WHERE reveal.sale_id = %(sale_id)s
 ORDER BY revealed_at;

-- name: last_paper_copy
-- The last copy of a refund's receipt or of a closing; no row before the original was printed.
SELECT copy_no
  FROM paper_copy
 WHERE till_id = %(till_id)s AND kind = %(kind)s AND sequence = %(sequence)s
 ORDER BY copy_no DESC
 LIMIT 1;

-- name: add_paper_copy
INSERT INTO paper_copy (till_id, kind, sequence, copy_no, printed_at, printed_by, reason)
VALUES (%(till_id)s, %(kind)s, %(sequence)s, %(copy_no)s, %(printed_at)s, %(printed_by)s,
        %(reason)s);

-- name: find_paper_copy
SELECT printed_by, printed_at, reason
  FROM paper_copy
 WHERE till_id = %(till_id)s
   AND kind = %(kind)s
   AND sequence = %(sequence)s
   AND copy_no = %(copy_no)s;

-- name: find_refund
SELECT refund.sale_id, refund.till_id, refund.site_code, refund.state, refund.reason,
       refund.ticket_no, sale.person_ref
  FROM refund
  JOIN sale USING (sale_id)
 WHERE refund_id = %(refund_id)s;
