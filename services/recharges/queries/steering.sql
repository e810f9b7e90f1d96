-- What pages show of tills, drawers and closings at a glance.

-- name: find_tills_with_drawers
-- Tills of some sites, or of all, each with its drawer session that is not closed.
SELECT till.till_id, till.site_code, coalesce(site.name, till.site_code) AS site_name, till.name,
       till.state, till.frozen_at, till.frozen_why, till.drawer_held_by AS bound_to,
       session.drawer_session_id, session.state AS drawer_state, session.business_date,
       session.opened_at, session.opened_by, session.held_by, session.float_cents
  FROM till
  LEFT JOIN site ON site.site_code = till.site_code
  LEFT JOIN drawer_session AS session ON session.drawer_session_id = till.drawer_session_id
 WHERE (%(site_codes)s::text[] IS NULL OR till.site_code = ANY(%(site_codes)s::text[]))
   AND (%(till_id)s::uuid IS NULL OR till.till_id = %(till_id)s)
   AND (till.state = 'active' OR session.drawer_session_id IS NOT NULL OR %(with_revoked)s)
 ORDER BY till.site_code, till.name, till.till_id;

-- name: find_gaps_by_site
-- What the drawers counted since a day were short of or over, by site.
SELECT till.site_code, count(*) AS counted,
       count(*) FILTER (WHERE session.gap_cents <> 0) AS with_gap,
       count(session.approved_by) AS approved,
       sum(session.gap_cents)::bigint AS gap_cents,
       sum(abs(session.gap_cents))::bigint AS absolute_cents
  FROM till
  JOIN drawer_session AS session ON session.till_id = till.till_id
 WHERE (%(site_codes)s::text[] IS NULL OR till.site_code = ANY(%(site_codes)s::text[]))
   AND session.business_date >= %(since)s
   AND session.counted_cents IS NOT NULL
 GROUP BY till.site_code
 ORDER BY till.site_code;

-- name: find_last_sessions
-- The drawer sessions of some tills, the latest first.
SELECT session.drawer_session_id, session.till_id, till.name AS till_name, session.business_date,
       session.state, session.opened_at, session.held_by, session.counted_cents,
       session.expected_cents, session.gap_cents, session.approved_by, session.reason
  FROM till
  JOIN drawer_session AS session ON session.till_id = till.till_id
 WHERE (%(site_code)s::text IS NULL OR till.site_code = %(site_code)s)
   AND (%(till_id)s::uuid IS NULL OR till.till_id = %(till_id)s)
   AND session.business_date >= %(since)s
 ORDER BY session.opened_at DESC, session.drawer_session_id
 LIMIT %(count_max)s;

-- name: find_waiting_refunds
-- Refunds of some sites, or of all, whose money is still owed; the oldest first.
SELECT refund.refund_id, refund.site_code, refund.amount_cents, refund.tender, refund.state,
       refund.reason, refund.asked_at, sale.till_id, till.name AS till_name, sale.ticket_no,
       sale.sold_at
  FROM refund
  JOIN sale ON sale.sale_id = refund.sale_id
  JOIN till ON till.till_id = sale.till_id
 WHERE refund.state IN ('asked', 'granted')
   AND (%(site_codes)s::text[] IS NULL OR refund.site_code = ANY(%(site_codes)s))
 ORDER BY refund.refund_id
 LIMIT %(count_max)s;

-- name: find_last_closings
-- A till's closings of a period, the latest first, before a number; and how often each was printed.
SELECT closing.closing_id, closing.period_on, closing.closing_no, closing.from_sequence,
       closing.until_sequence, closing.ticket_count, closing.sold_cents, closing.refunded_cents,
       closing.real_cents, closing.perpetual_real_cents, closing.perpetual_absolute_cents,
       closing.cash_cents, closing.card_cents, closing.drawer_session_id, closing.closed_at,
       (SELECT count(*)
          FROM paper_copy
         WHERE paper_copy.till_id = closing.till_id
           AND paper_copy.kind = 'grand_total'
           AND paper_copy.sequence = closing.record_sequence) AS printed
  FROM closing
 WHERE closing.till_id = %(till_id)s
   AND closing.period = %(period)s
   AND (%(before)s::bigint IS NULL OR closing.closing_no < %(before)s)
 ORDER BY closing.closing_no DESC
 LIMIT %(count_max)s;

-- name: find_years_closed
-- The years that a till has closed days of.
SELECT DISTINCT extract(year FROM period_on)::integer AS year
  FROM closing
 WHERE till_id = %(till_id)s AND period = 'day'
 ORDER BY year DESC;

-- name: find_site_names
SELECT site_code, name
  FROM site
 WHERE %(site_codes)s::text[] IS NULL OR site_code = ANY(%(site_codes)s::text[])
 ORDER BY name, site_code;

-- name: find_offer_labels
SELECT offer_code, label FROM offer ORDER BY offer_code;

-- name: find_last_batches
-- The last batches that a site received or holds something of, and what waits there for release.
SELECT batch.batch_id, batch.operator, batch.batch_code, batch.state,
       batch.voucher_count AS vouchers, batch.received_at,
       coalesce(here.waiting, 0)::bigint AS waiting
  FROM batch
  LEFT JOIN (SELECT batch_id,
                    sum(end_position - next_position)
                        FILTER (WHERE state = 'quarantined') AS waiting
               FROM lot
              WHERE site_code = %(site_code)s
              GROUP BY batch_id) AS here ON here.batch_id = batch.batch_id
 WHERE batch.site_code = %(site_code)s OR here.batch_id IS NOT NULL
 ORDER BY coalesce(here.waiting, 0) > 0 DESC, batch.batch_id DESC
 LIMIT %(count_max)s;
