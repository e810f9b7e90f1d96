-- name: see_operator
-- Row-level security shows this operator's rows, or all of them with '*', until the commit.
SELECT set_config('relais.operator', %(operator)s, true);

-- name: post_entries
-- All entries of a batch of facts with their transfers, in one statement; an entry that is there
-- already brings no transfers.  Sorted, so that two processes wait for one another in turn.
WITH said AS MATERIALIZED (
     SELECT *
       FROM unnest(%(fact_ids)s::uuid[], %(operators)s::text[], %(kinds)s::text[],
                   %(documents)s::text[], %(sites)s::text[], %(days)s::date[],
                   %(declared_cents)s::bigint[], %(declared_face_values)s::bigint[],
                   %(declared_counts)s::integer[])
            WITH ORDINALITY
            AS said (fact_id, operator, kind, document, site_code, booked_on, declared_cents,
                     declared_face_value_cents, declared_count, place)
), posted AS (
     INSERT INTO entry (fact_id, operator, kind, document, site_code, booked_on, declared_cents,
                        declared_face_value_cents, declared_count)
     SELECT fact_id, operator, kind, document, site_code, booked_on, declared_cents,
            declared_face_value_cents, declared_count
       FROM said
      ORDER BY fact_id, operator
         ON CONFLICT (fact_id, operator) DO NOTHING
     RETURNING fact_id, operator
)
INSERT INTO transfer (fact_id, operator, position, site_code, booked_on, debit, credit,
                      offer_code, amount_cents, item_count)
SELECT posted.fact_id, posted.operator, moved.position, said.site_code, said.booked_on,
       moved.debit, moved.credit, moved.offer_code, moved.amount_cents, moved.item_count
  FROM unnest(%(places)s::integer[], %(positions)s::smallint[], %(debits)s::text[],
              %(credits)s::text[], %(offers)s::text[], %(amounts)s::bigint[], %(items)s::integer[])
       AS moved (place, position, debit, credit, offer_code, amount_cents, item_count)
  JOIN said
    ON said.place = moved.place
  JOIN posted
    ON posted.fact_id = said.fact_id
   AND posted.operator = said.operator;

-- name: add_anchors
INSERT INTO anchor (till_id, kind, sequence, hash, closing_id, told_at)
SELECT till_id, kind, sequence, hash, closing_id, told_at
  FROM unnest(%(tills)s::uuid[], %(kinds)s::text[], %(sequences)s::bigint[], %(hashes)s::bytea[],
              %(closings)s::uuid[], %(instants)s::timestamptz[])
       AS told (till_id, kind, sequence, hash, closing_id, told_at)
 ORDER BY till_id, kind, sequence
    ON CONFLICT (till_id, kind, sequence) DO NOTHING;

-- name: find_other_hash
-- One of the anchors told for whose record another hash is known.
SELECT told.place, anchor.hash
  FROM unnest(%(places)s::integer[], %(tills)s::uuid[], %(kinds)s::text[], %(sequences)s::bigint[],
              %(hashes)s::bytea[])
       AS told (place, till_id, kind, sequence, hash)
  JOIN anchor USING (till_id, kind, sequence)
 WHERE anchor.hash <> told.hash
 LIMIT 1;

-- name: knows_operator
-- Whether anything was ever posted for an operator, or for it in a period.
SELECT EXISTS (SELECT
                 FROM entry
                WHERE operator = %(operator)s
                  AND (%(from_on)s::date IS NULL OR booked_on >= %(from_on)s::date)
                  AND (%(until_on)s::date IS NULL OR booked_on < %(until_on)s::date)) AS known;

-- name: sum_period
-- What a period's statement needs of one operator, from the totals of its days.  Each account is
-- debited less credited, or the other way round where it grows by credit.
SELECT COALESCE(sum(transfer_count) FILTER (WHERE account = 'credits_given' AND sign < 0), 0)::bigint
           AS batches_ever,
       COALESCE(sum(transfer_count) FILTER (WHERE account = 'credits_sold' AND sign > 0
               AND booked_on >= %(from_on)s), 0)::bigint AS sales,
       (SELECT count(*)
          FROM entry
         WHERE operator = %(operator)s
           AND kind = 'option_reported'
           AND booked_on >= %(from_on)s
           AND booked_on < %(until_on)s) AS option_reports,
       COALESCE(sum(-sign * amount_cents) FILTER (WHERE account = 'credits_given'), 0)::bigint
           AS given_ever_cents,
       COALESCE(sum(-sign * item_count) FILTER (WHERE account = 'credits_given'), 0)::bigint
           AS given_ever_count,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = 'credits_sold'), 0)::bigint
           AS sold_ever_cents,
       COALESCE(sum(sign * item_count) FILTER (WHERE account = 'credits_sold'), 0)::bigint
           AS sold_ever_count,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = ANY (%(gone)s)), 0)::bigint
           AS gone_ever_cents,
       COALESCE(sum(sign * item_count) FILTER (WHERE account = ANY (%(gone)s)), 0)::bigint
           AS gone_ever_count,
       COALESCE(sum(-sign * amount_cents) FILTER (WHERE account = 'credits_given'
               AND booked_on >= %(from_on)s), 0)::bigint AS given_cents,
       COALESCE(sum(-sign * item_count) FILTER (WHERE account = 'credits_given'
               AND booked_on >= %(from_on)s), 0)::bigint AS given_count,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = 'credits_sold'
               AND booked_on >= %(from_on)s), 0)::bigint AS sold_cents,
       COALESCE(sum(sign * item_count) FILTER (WHERE account = 'credits_sold'
               AND booked_on >= %(from_on)s), 0)::bigint AS sold_count,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = ANY (%(gone)s)
               AND booked_on >= %(from_on)s), 0)::bigint AS gone_cents,
       COALESCE(sum(sign * item_count) FILTER (WHERE account = ANY (%(gone)s)
               AND booked_on >= %(from_on)s), 0)::bigint AS gone_count,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = 'till_cash'
               AND 'recharge_income' IN (debit, credit)
               AND booked_on >= %(from_on)s), 0)::bigint AS cash_cents,
       COALESCE(sum(transfer_count) FILTER (WHERE account = 'till_cash' AND sign > 0
               AND credit = 'recharge_income'
               AND booked_on >= %(from_on)s), 0)::bigint AS cash_sales,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = 'card_receivable'
               AND 'recharge_income' IN (debit, credit)
               AND booked_on >= %(from_on)s), 0)::bigint AS card_cents,
       COALESCE(sum(transfer_count) FILTER (WHERE account = 'card_receivable' AND sign > 0
               AND credit = 'recharge_income'
               AND booked_on >= %(from_on)s), 0)::bigint AS card_sales,
       COALESCE(sum(-sign * amount_cents) FILTER (WHERE account = 'option_gifts'
               AND booked_on >= %(from_on)s), 0)::bigint AS gifts_cents,
       COALESCE(sum(-sign * item_count) FILTER (WHERE account = 'option_gifts'
               AND booked_on >= %(from_on)s), 0)::bigint AS gifts_lines
  FROM day_total
 CROSS JOIN LATERAL (VALUES (debit, 1), (credit, -1)) AS side (account, sign)
 WHERE operator = %(operator)s
   AND booked_on < %(until_on)s;

-- name: list_sites
-- Credits of one operator at each site: given, sold, written off, and come from other sites less sent
-- to them in the period; left on the shelf at its end.
SELECT site_code,
       COALESCE(sum(-sign * item_count) FILTER (WHERE account = 'credits_given'
               AND booked_on >= %(from_on)s), 0)::bigint AS given_count,
       COALESCE(sum(-sign * amount_cents) FILTER (WHERE account = 'credits_given'
               AND booked_on >= %(from_on)s), 0)::bigint AS given_cents,
       COALESCE(sum(sign * item_count) FILTER (WHERE account = 'credits_sold'
               AND booked_on >= %(from_on)s), 0)::bigint AS sold_count,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = 'credits_sold'
               AND booked_on >= %(from_on)s), 0)::bigint AS sold_cents,
       COALESCE(sum(sign * item_count) FILTER (WHERE account = ANY (%(gone)s)
               AND booked_on >= %(from_on)s), 0)::bigint AS written_off_count,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = ANY (%(gone)s)
               AND booked_on >= %(from_on)s), 0)::bigint AS written_off_cents,
       COALESCE(sum(-sign * item_count) FILTER (WHERE account = 'credits_in_transit'
               AND booked_on >= %(from_on)s), 0)::bigint AS transferred_count,
       COALESCE(sum(-sign * amount_cents) FILTER (WHERE account = 'credits_in_transit'
               AND booked_on >= %(from_on)s), 0)::bigint AS transferred_cents,
       COALESCE(sum(sign * item_count) FILTER (WHERE account = 'credits_stock'), 0)::bigint
           AS left_count,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = 'credits_stock'), 0)::bigint
           AS left_cents
  FROM day_total
 CROSS JOIN LATERAL (VALUES (debit, 1), (credit, -1)) AS side (account, sign)
 WHERE operator = %(operator)s
   AND booked_on < %(until_on)s
   AND account = ANY (%(in_kind)s)
 GROUP BY site_code
 ORDER BY site_code;

-- name: list_takings
-- What the tills of each site took for recharges and kept, by business day and way of paying.
SELECT site_code, booked_on AS business_date,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = 'till_cash'), 0)::bigint
           AS cash_cents,
       COALESCE(sum(transfer_count) FILTER (WHERE account = 'till_cash' AND sign > 0), 0)::bigint
           AS cash_sales,
       COALESCE(sum(sign * amount_cents) FILTER (WHERE account = 'card_receivable'), 0)::bigint
           AS card_cents,
       COALESCE(sum(transfer_count) FILTER (WHERE account = 'card_receivable'
               AND sign > 0), 0)::bigint AS card_sales
  FROM day_total
 CROSS JOIN LATERAL (VALUES (debit, 1), (credit, -1)) AS side (account, sign)
 WHERE operator = %(operator)s
   AND booked_on >= %(from_on)s
   AND booked_on < %(until_on)s
   AND 'recharge_income' IN (debit, credit)
 GROUP BY site_code, booked_on
 ORDER BY site_code, booked_on;

-- name: list_unequal_entries
-- Entries of the period whose transfers are not what their facts declared: there are none, and
-- the database refuses them, but a statement looks rather than trusts.
SELECT entry.kind, entry.document, entry.declared_cents, entry.declared_face_value_cents,
       entry.declared_count, posted.cents, posted.face_value_cents, posted.item_count
  FROM entry
  LEFT JOIN LATERAL (
       SELECT COALESCE(sum(CASE WHEN debit = 'till_cash' THEN amount_cents
                                WHEN credit = 'till_cash' THEN -amount_cents
                                WHEN debit = ANY (%(money)s) THEN amount_cents
                                WHEN credit = ANY (%(money)s) THEN -amount_cents
                           END), 0)::bigint AS cents,
              COALESCE(sum(amount_cents) FILTER (WHERE debit = ANY (%(in_kind)s)), 0)::bigint
                  AS face_value_cents,
              COALESCE(sum(item_count), 0)::bigint AS item_count
         FROM transfer
        WHERE transfer.fact_id = entry.fact_id
          AND transfer.operator = entry.operator) AS posted ON true
 WHERE entry.operator = %(operator)s
   AND entry.booked_on >= %(from_on)s
   AND entry.booked_on < %(until_on)s
   AND (posted.cents <> entry.declared_cents
        OR posted.face_value_cents <> entry.declared_face_value_cents
        OR posted.item_count <> entry.declared_count)
 ORDER BY entry.kind, entry.document
 LIMIT %(count_max)s;

-- name: list_unequal_days
-- Days of the period whose totals are not the sum of their transfers: there are none, for the
-- database adds them up itself, but a statement looks rather than trusts.
SELECT booked_on, site_code, debit, credit, offer_code,
       COALESCE(moved.amount_cents, 0)::bigint AS expected_cents,
       COALESCE(day.amount_cents, 0)::bigint AS found_cents,
       COALESCE(moved.item_count, 0)::bigint AS expected_count,
       COALESCE(day.item_count, 0)::bigint AS found_count,
       COALESCE(moved.transfer_count, 0)::bigint AS expected_transfers,
       COALESCE(day.transfer_count, 0)::bigint AS found_transfers
  FROM (SELECT booked_on, site_code, debit, credit, offer_code,
               sum(amount_cents) AS amount_cents, sum(item_count) AS item_count, count(*) AS transfer_count
          FROM transfer
         WHERE operator = %(operator)s
           AND booked_on >= %(from_on)s
           AND booked_on < %(until_on)s
         GROUP BY booked_on, site_code, debit, credit, offer_code) AS moved
  FULL JOIN (SELECT *
               FROM day_total
              WHERE operator = %(operator)s
                AND booked_on >= %(from_on)s
                AND booked_on < %(until_on)s) AS day
 USING (booked_on, site_code, debit, credit, offer_code)
 WHERE (moved.amount_cents, moved.item_count, moved.transfer_count)
       IS DISTINCT FROM (day.amount_cents, day.item_count, day.transfer_count)
 ORDER BY booked_on, site_code, debit, credit, offer_code
 LIMIT %(count_max)s;

-- name: list_accounts
-- What was debited and credited to each account; each argument that is NULL leaves all in.
SELECT operator, site_code, side.account,
       sum(side.debit_cents)::bigint AS debit_cents,
       sum(side.credit_cents)::bigint AS credit_cents,
       sum(side.debit_count)::bigint AS debit_count,
       sum(side.credit_count)::bigint AS credit_count
  FROM day_total
 CROSS JOIN LATERAL (VALUES (debit, amount_cents, 0, item_count, 0),
                            (credit, 0, amount_cents, 0, item_count))
       AS side (account, debit_cents, credit_cents, debit_count, credit_count)
 WHERE (%(operator)s::text IS NULL OR operator = %(operator)s::text)
   AND (%(site_codes)s::text[] IS NULL OR site_code = ANY (%(site_codes)s::text[]))
   AND (%(from_on)s::date IS NULL OR booked_on >= %(from_on)s::date)
   AND (%(until_on)s::date IS NULL OR booked_on < %(until_on)s::date)
 GROUP BY operator, site_code, side.account
 ORDER BY operator, site_code, side.account;
