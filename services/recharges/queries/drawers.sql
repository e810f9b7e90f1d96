-- Drawer sessions.  The till's row is locked before anything here is written.

-- name: open_drawer
INSERT INTO drawer_session (drawer_session_id, till_id, site_code, business_date, state, opening,
                            float, float_cents, opened_at, opened_by, held_by)
VALUES (%(drawer_session_id)s, %(till_id)s, %(site_code)s, %(business_date)s, 'open', 'counted',
        %(float)s, %(float_cents)s, %(opened_at)s, %(opened_by)s, %(opened_by)s);

-- name: give_till_its_drawer
UPDATE till
   SET drawer_session_id = %(drawer_session_id)s, drawer_opened_on = %(opened_on)s,
       drawer_counted = %(counted)s, drawer_held_by = %(held_by)s
 WHERE till_id = %(till_id)s;

-- name: find_drawer
SELECT drawer_session_id, till_id, site_code, business_date, state, opening, float, float_cents,
       opened_at, opened_by, held_by, counted, counted_cents, counted_at, counted_by,
       expected_cents, gap_cents, closed_at, approved_by, approved_at, reason
  FROM drawer_session
 WHERE drawer_session_id = %(drawer_session_id)s;

-- name: find_takings
-- What a session's cash lines and card payments come to.
SELECT coalesce(sum(amount_cents), 0)::bigint AS cash_cents,
       coalesce(sum(amount_cents) FILTER (WHERE kind = 'sale'), 0)::bigint AS cash_sales_cents,
       coalesce(-sum(amount_cents) FILTER (WHERE kind = 'refund'), 0)::bigint AS cash_refunds_cents,
       (SELECT coalesce(sum(total_cents), 0)::bigint
          FROM sale
         WHERE sale.till_id = %(till_id)s
           AND sale.business_date >= %(opened_on)s
           AND sale.drawer_session_id = %(drawer_session_id)s
           AND sale.tender = 'card') AS card_sales_cents,
       (SELECT coalesce(sum(amount_cents), 0)::bigint
          FROM refund
         WHERE refund.till_id = %(till_id)s
           AND refund.tender = 'card'
           AND refund.done_at >= %(opened_at)s
           AND refund.done_at < coalesce(%(counted_at)s::timestamptz, 'infinity')) AS card_refunds_cents
  FROM cash_line
 WHERE cash_line.drawer_session_id = %(drawer_session_id)s;

-- name: find_movements
-- What was moved before there were purposes went between the drawer and the safe.
SELECT kind, amount_cents, coalesce(purpose, 'safe') AS purpose, reason, recorded_at, recorded_by
  FROM cash_line
 WHERE drawer_session_id = %(drawer_session_id)s
   AND kind IN ('in', 'out')
 ORDER BY cash_line_id;

-- name: find_handovers
SELECT from_user, to_user, at, counted_cents, expected_cents, handed_by
  FROM drawer_handover
 WHERE drawer_session_id = %(drawer_session_id)s
 ORDER BY at, handover_id;

-- name: move_cash
INSERT INTO cash_line (till_id, site_code, business_date, recorded_at, kind, amount_cents,
                       drawer_session_id, recorded_by, purpose, reason)
VALUES (%(till_id)s, %(site_code)s, %(business_date)s, %(recorded_at)s, %(kind)s,
        %(amount_cents)s, %(drawer_session_id)s, %(recorded_by)s, %(purpose)s, %(reason)s)
RETURNING cash_line_id;

-- name: hand_over_drawer
WITH handed AS (
    INSERT INTO drawer_handover (handover_id, drawer_session_id, from_user, to_user, at, counted,
                                 counted_cents, expected_cents, handed_by)
    VALUES (%(handover_id)s, %(drawer_session_id)s, %(from_user)s, %(to_user)s, %(at)s,
            %(counted)s, %(counted_cents)s, %(expected_cents)s, %(handed_by)s)
), bound AS (
    UPDATE till SET drawer_held_by = %(to_user)s WHERE till_id = %(till_id)s
)
UPDATE drawer_session SET held_by = %(to_user)s WHERE drawer_session_id = %(drawer_session_id)s;

-- name: count_drawer
UPDATE drawer_session
   SET state = 'counted', counted = %(counted)s, counted_cents = %(counted_cents)s,
       counted_at = %(counted_at)s, counted_by = %(counted_by)s,
       expected_cents = %(expected_cents)s, gap_cents = %(counted_cents)s::bigint - %(expected_cents)s::bigint
 WHERE drawer_session_id = %(drawer_session_id)s;

-- name: approve_drawer
UPDATE drawer_session
   SET approved_by = %(approved_by)s, approved_at = %(approved_at)s, reason = %(reason)s
 WHERE drawer_session_id = %(drawer_session_id)s;

-- name: close_drawer
UPDATE drawer_session
   SET state = 'closed', closed_at = %(closed_at)s
 WHERE drawer_session_id = %(drawer_session_id)s;

-- name: find_rule
-- A setting of the house on a day.
SELECT value FROM rule WHERE name = %(name)s AND from_on <= %(on)s AND %(on)s < until_on;

-- name: drawers_of_site
-- In the order they were opened; behind the session seen last.
SELECT drawer_session_id, till_id, site_code, business_date, state, opening, float_cents,
       opened_at, opened_by, held_by, counted_cents, counted_by, expected_cents, gap_cents,
       closed_at, approved_by, approved_at, reason
  FROM drawer_session
 WHERE site_code = %(site_code)s
   AND business_date >= coalesce(%(from_on)s, '-infinity'::date)
   AND business_date < coalesce(%(until_on)s, 'infinity'::date)
   AND (%(after)s::uuid IS NULL
        OR (opened_at, drawer_session_id) > (SELECT seen.opened_at, seen.drawer_session_id
                                               FROM drawer_session AS seen
                                              WHERE seen.drawer_session_id = %(after)s))
 ORDER BY opened_at, drawer_session_id
 LIMIT %(limit)s + 1;

-- name: find_till
SELECT till_id, site_code, name, state FROM till WHERE till_id = %(till_id)s;
