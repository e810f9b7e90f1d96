-- The archive of a till's journal.

-- name: closing_of_year
-- A year's closing, and where the days closed before it end.
SELECT closing.record_sequence, journal.record,
       (SELECT coalesce(max(day.until_sequence), 1)
          FROM closing AS day
         WHERE day.till_id = closing.till_id
           AND day.period = 'day'
           AND day.record_sequence < closing.record_sequence) AS until_of_days
  FROM closing
  JOIN journal ON journal.till_id = closing.till_id
              AND journal.kind = 'grand_total'
              AND journal.sequence = closing.record_sequence
 WHERE closing.till_id = %(till_id)s AND closing.period = 'year' AND closing.period_on = %(period_on)s;
