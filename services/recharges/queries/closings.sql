-- Closings of tills, and what the clock finds to close.

-- name: last_closing
-- The last closing of a period.
SELECT closing_no, period_on, from_sequence, until_sequence, perpetual_real_cents,
       perpetual_absolute_cents, record_sequence
  FROM closing
 WHERE till_id = %(till_id)s AND period = %(period)s
 ORDER BY closing_no DESC
 LIMIT 1;

-- name: last_day_of_tickets
-- The last business day of the tickets from a sequence on.
SELECT max(business_date) AS last_on
  FROM journal
 WHERE till_id = %(till_id)s AND kind = 'ticket' AND sequence >= %(from_sequence)s;

-- name: sums_since
-- What the tickets from a sequence on come to.
SELECT coalesce(sum(total_cents), 0)::bigint AS real_cents,
       coalesce(sum(abs(total_cents)), 0)::bigint AS absolute_cents
  FROM journal
 WHERE till_id = %(till_id)s AND kind = 'ticket' AND sequence >= %(from_sequence)s;

-- name: late_tickets
-- Tickets of a window that belong to days before it, by day.
SELECT business_date, count(*) AS ticket_count, sum(total_cents)::bigint AS real_cents
  FROM journal
 WHERE till_id = %(till_id)s
   AND kind = 'ticket'
   AND sequence >= %(from_sequence)s
   AND sequence < %(until_sequence)s
   AND business_date < %(period_on)s
 GROUP BY business_date
 ORDER BY business_date;

-- name: read_chain
-- Some records of a chain, in order.
SELECT sequence, record, previous_hash, hash, key_id, signature
  FROM journal
 WHERE till_id = %(till_id)s
   AND kind = %(kind)s
   AND sequence >= %(from_sequence)s
   AND sequence < %(until_sequence)s
 ORDER BY sequence
 LIMIT %(limit)s;

-- name: breaks_told
-- The breaks of chains that the journal itself tells of.
SELECT record
  FROM journal
 WHERE till_id = %(till_id)s AND kind = 'event' AND record LIKE '%%"name":"chain_broken"%%';

-- name: freeze_till
UPDATE till
   SET frozen_at = coalesce(frozen_at, %(at)s), frozen_why = coalesce(frozen_why, %(why)s)
 WHERE till_id = %(till_id)s;

-- name: parts_of_closing
-- The closings that make up a longer period, with their records: days of a month, months of a year.
SELECT closing.period_on, closing.until_sequence, journal.record
  FROM closing
  JOIN journal ON journal.till_id = closing.till_id
              AND journal.kind = 'grand_total'
              AND journal.sequence = closing.record_sequence
 WHERE closing.till_id = %(till_id)s
   AND closing.period = %(part)s
   AND closing.from_sequence >= %(from_sequence)s
   AND closing.period_on < %(until_on)s
 ORDER BY closing.closing_no;

-- name: first_part
-- The first day of the first closing that a longer period is made of.
SELECT period_on
  FROM closing
 WHERE till_id = %(till_id)s AND period = %(part)s
 ORDER BY closing_no
 LIMIT 1;

-- name: save_closing
INSERT INTO closing (closing_id, till_id, site_code, period, period_on, closing_no, from_sequence,
                     until_sequence, ticket_count, sold_cents, refunded_cents, real_cents,
                     absolute_cents, perpetual_real_cents, perpetual_absolute_cents, cash_cents,
                     card_cents, late, drawer_session_id, record_sequence, closed_at, closed_by)
VALUES (%(closing_id)s, %(till_id)s, %(site_code)s, %(period)s, %(period_on)s, %(closing_no)s,
        %(from_sequence)s, %(until_sequence)s, %(ticket_count)s, %(sold_cents)s,
        %(refunded_cents)s, %(real_cents)s, %(absolute_cents)s, %(perpetual_real_cents)s,
        %(perpetual_absolute_cents)s, %(cash_cents)s, %(card_cents)s, %(late)s,
        %(drawer_session_id)s, %(record_sequence)s, %(closed_at)s, %(closed_by)s);

-- name: tills_to_close
-- Tills with tickets of an ended day in no closing, and those whose month or year is over.  A
-- revoked till is closed as far as it sold; one whose chain is broken waits for an inspection.
SELECT till.till_id
  FROM till
  LEFT JOIN LATERAL (SELECT until_sequence FROM closing
                      WHERE closing.till_id = till.till_id AND period = 'day'
                      ORDER BY closing_no DESC LIMIT 1) AS day ON true
  LEFT JOIN LATERAL (SELECT period_on, until_sequence FROM closing
                      WHERE closing.till_id = till.till_id AND period = 'month'
                      ORDER BY closing_no DESC LIMIT 1) AS month ON true
  LEFT JOIN LATERAL (SELECT period_on, until_sequence FROM closing
                      WHERE closing.till_id = till.till_id AND period = 'year'
                      ORDER BY closing_no DESC LIMIT 1) AS year ON true
 WHERE till.frozen_why IS DISTINCT FROM %(chain_broken)s
   AND (till.last_sequence >= coalesce(day.until_sequence, 1)
        AND NOT EXISTS (SELECT FROM journal
                         WHERE journal.till_id = till.till_id
                           AND journal.kind = 'ticket'
                           AND journal.sequence >= coalesce(day.until_sequence, 1)
                           AND journal.business_date >= %(today)s)
        OR coalesce(month.period_on < %(last_month)s, true)
           AND (till.state = 'active' OR day.until_sequence > coalesce(month.until_sequence, 1))
           AND EXISTS (SELECT FROM closing
                        WHERE closing.till_id = till.till_id
                          AND closing.period = 'day'
                          AND closing.period_on < %(this_month)s)
        OR coalesce(year.period_on < %(last_year)s, true)
           AND (till.state = 'active' OR month.until_sequence > coalesce(year.until_sequence, 1))
           AND EXISTS (SELECT FROM closing
                        WHERE closing.till_id = till.till_id
                          AND closing.period = 'month'
                          AND closing.period_on < %(this_year)s))
 ORDER BY till.till_id
 LIMIT %(limit)s;

-- name: closings_of_till
-- A till's closings of a period, behind the number seen last; without those made since a drawer
-- was opened that is not closed, for who must not know what is in it.
SELECT closing_id, period, period_on, closing_no, from_sequence, until_sequence, ticket_count,
       sold_cents, refunded_cents, real_cents, absolute_cents, perpetual_real_cents,
       perpetual_absolute_cents, cash_cents, card_cents, late, drawer_session_id, closed_at,
       closed_by
  FROM closing
 WHERE till_id = %(till_id)s
   AND period = %(period)s
   AND closing_no > coalesce(%(after)s, 0)
   AND (%(sees_all)s
        OR NOT EXISTS (SELECT FROM drawer_session
                        WHERE drawer_session.till_id = closing.till_id
                          AND drawer_session.state <> 'closed'
                          AND drawer_session.opened_at <= closing.closed_at))
 ORDER BY closing_no
 LIMIT %(limit)s + 1;

-- name: find_closing
-- Hidden from who must not know what is in a drawer that was opened before it and is not closed.
SELECT closing_id, till_id, site_code, period, period_on, closing_no, from_sequence,
       until_sequence, ticket_count, perpetual_real_cents, perpetual_absolute_cents, late,
       drawer_session_id, record_sequence, closed_at, closed_by,
       EXISTS (SELECT FROM drawer_session
                WHERE drawer_session.till_id = closing.till_id
                  AND drawer_session.state <> 'closed'
                  AND drawer_session.opened_at <= closing.closed_at) AS is_hidden
  FROM closing
 WHERE closing_id = %(closing_id)s;

-- name: find_closing_of_drawer
SELECT closing_id, till_id, site_code, period, period_on, closing_no, from_sequence,
       until_sequence, ticket_count, perpetual_real_cents, perpetual_absolute_cents, late,
       drawer_session_id, record_sequence, closed_at, closed_by
  FROM closing
 WHERE drawer_session_id = %(drawer_session_id)s;
