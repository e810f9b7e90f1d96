-- Each query answers how many rows it examined, and which break the rule: by ids, never by words.
-- They run as an administrator, who alone sees every schema, in one snapshot.

-- name: voucher_sold_at_most_once
-- A voucher is bound to at most one sale that was not given back, and only a voucher that was
-- received can be sold.
SELECT coalesce(sum(sales), 0)::bigint AS examined,
       array_agg(concat_ws(' ', batch_id, position))
                FILTER (WHERE sales - returned > 1 OR NOT received) AS broken
  FROM (SELECT sold.batch_id, sold.position, count(*) AS sales,
               bool_and(voucher.batch_id IS NOT NULL) AS received,
               count(*) FILTER (WHERE refund.vouchers = 'returned') AS returned
          FROM recharges.sale_voucher AS sold
          LEFT JOIN recharges.voucher ON voucher.batch_id = sold.batch_id
                                     AND voucher.position = sold.position
          LEFT JOIN recharges.refund_voucher AS given_back
                 ON given_back.batch_id = sold.batch_id
                AND given_back.position = sold.position
                AND given_back.taking = sold.taking
                AND NOT given_back.denied
          LEFT JOIN recharges.refund USING (refund_id)
         GROUP BY sold.batch_id, sold.position) AS each;

-- name: vouchers_received_equal_their_states
-- Of each lot: received = sold + left, and what the pointer calls sold is bound to sales, each
-- voucher as often as it was taken.  Of each batch: its lots hold every voucher once.
WITH per_batch AS (
    SELECT batch.batch_id, batch.voucher_count,
           (SELECT count(*) FROM recharges.voucher WHERE voucher.batch_id = batch.batch_id) AS held,
           (SELECT coalesce(sum(lot.end_position - lot.first_position), 0)
              FROM recharges.lot WHERE lot.batch_id = batch.batch_id) AS placed
      FROM recharges.batch
), per_lot AS (
    SELECT lot.lot_id, lot.next_position - lot.first_position AS said,
           count(sold.sale_id) FILTER (WHERE sold.taking = lot.taking) AS bound,
           count(sold.sale_id) FILTER (WHERE sold.taking > lot.taking
                                          OR sold.taking = lot.taking
                                         AND sold.position >= lot.next_position) AS beyond
      FROM recharges.lot
      LEFT JOIN recharges.sale_voucher AS sold
             ON sold.batch_id = lot.batch_id
            AND sold.position >= lot.first_position
            AND sold.position < lot.end_position
     GROUP BY lot.lot_id
)
SELECT (SELECT coalesce(sum(held), 0) FROM per_batch)::bigint AS examined,
       ARRAY(SELECT 'batch ' || batch_id
               FROM per_batch
              WHERE voucher_count <> held OR held <> placed)
       || ARRAY(SELECT 'lot ' || lot_id FROM per_lot WHERE said <> bound OR beyond > 0) AS broken;

-- name: held_vouchers_have_a_holder
-- What is reserved, leased or on its way is held by a card payment that waits, a lease that is
-- open, a transfer that has not arrived; and what is disputed or taken back by a refund.
SELECT count(*)::bigint AS examined,
       array_agg(lot.lot_id::text)
                FILTER (WHERE NOT CASE lot.state
           WHEN 'reserved' THEN EXISTS (
               SELECT FROM recharges.card_sale
                WHERE card_sale.sale_id = lot.held_by AND card_sale.state IN ('reserved', 'pending'))
           WHEN 'leased' THEN EXISTS (
               SELECT FROM recharges.lease
                WHERE lease.lease_id = lot.held_by AND lease.state = 'open')
           WHEN 'in_transfer' THEN EXISTS (
               SELECT FROM recharges.transfer
                WHERE transfer.transfer_id = lot.held_by AND transfer.state = 'sent')
           ELSE EXISTS (
               SELECT FROM recharges.refund_voucher AS given_back
                 JOIN recharges.refund USING (refund_id)
                WHERE given_back.batch_id = lot.batch_id
                  AND given_back.position >= lot.first_position
                  AND given_back.position < lot.end_position
                  AND NOT given_back.denied
                  AND refund.vouchers = 'refunded_by_operator'
                  AND (refund.state = 'asked') = (lot.state = 'disputed'))
       END) AS broken
  FROM recharges.lot
 WHERE lot.held_by IS NOT NULL OR lot.state IN ('disputed', 'refunded_by_operator');

-- name: sale_totals_equal_their_lines
-- total = sum of the lines = tendered - change; as many vouchers as the lines say.
SELECT count(*)::bigint AS examined,
       array_agg(sale_id::text)
                FILTER (WHERE total_cents IS DISTINCT FROM lines.cents
                           OR total_cents <> tendered_cents - change_cents
                           OR lines.vouchers IS DISTINCT FROM bound.vouchers) AS broken
  FROM recharges.sale
  LEFT JOIN (SELECT sale_id, sum(quantity * price_cents) AS cents, sum(quantity) AS vouchers
               FROM recharges.sale_line
              GROUP BY sale_id) AS lines USING (sale_id)
  LEFT JOIN (SELECT sale_id, count(*) AS vouchers
               FROM recharges.sale_voucher
              GROUP BY sale_id) AS bound USING (sale_id);

-- name: no_key_stands_for_two_sales
-- A sale in cash and one by card are kept in two tables; a request's key is in one of them.
SELECT coalesce(sum(sales), 0)::bigint AS examined,
       array_agg(sale_id) FILTER (WHERE sales > 1) AS broken
  FROM (SELECT count(*) AS sales, max(sale_id::text) AS sale_id
          FROM (SELECT key, sale_id FROM recharges.sale
                 UNION ALL
                SELECT key, sale_id FROM recharges.card_sale) AS kept
         GROUP BY key) AS each;

-- name: sales_equal_journal_equal_cash_equal_ledger
-- Per site and business day, to the cent, refunds taken off: sales, fiscal journal, cash lines and
-- cards, settlement's ledger.
WITH moved AS (
    SELECT site_code, business_date AS day, tender, total_cents AS cents FROM recharges.sale
     UNION ALL
    SELECT site_code, (done_at AT TIME ZONE 'Europe/Paris')::date, tender, -amount_cents
      FROM recharges.refund WHERE state = 'done'
), sales AS (
    SELECT site_code, day, sum(cents) AS cents, count(*) AS tickets,
           coalesce(sum(cents) FILTER (WHERE tender = 'cash'), 0) AS cash_cents
      FROM moved GROUP BY 1, 2
), journal AS (
    SELECT site_code, business_date AS day, sum(total_cents) AS cents, count(*) AS tickets
      FROM recharges.journal WHERE kind = 'ticket' GROUP BY 1, 2
), cash AS (
    SELECT site_code, business_date AS day, sum(amount_cents) AS cents
      FROM recharges.cash_line WHERE kind IN ('sale', 'refund') GROUP BY 1, 2
), ledger AS (
    SELECT site_code, booked_on AS day,
           sum(CASE WHEN credit = 'recharge_income' THEN amount_cents ELSE -amount_cents END)
               AS cents,
           count(DISTINCT fact_id) AS tickets
      FROM settlement.transfer
     WHERE 'recharge_income' IN (credit, debit)
     GROUP BY 1, 2
)
SELECT coalesce(sum(sales.tickets), 0)::bigint AS examined,
       array_agg(concat_ws(' ', site_code, day))
                FILTER (WHERE sales.cents IS DISTINCT FROM journal.cents
                           OR sales.cash_cents IS DISTINCT FROM coalesce(cash.cents, 0)
                           OR sales.cents IS DISTINCT FROM ledger.cents
                           OR sales.tickets IS DISTINCT FROM journal.tickets
                           OR sales.tickets IS DISTINCT FROM ledger.tickets) AS broken
  FROM sales
  FULL JOIN journal USING (site_code, day)
  FULL JOIN cash USING (site_code, day)
  FULL JOIN ledger USING (site_code, day);

-- name: refunds_give_back_what_was_paid
-- A refund is worth the price of its vouchers; a voucher's sale is given back once.
SELECT count(*)::bigint AS examined,
       array_agg(refund_id::text)
                FILTER (WHERE refund.amount_cents IS DISTINCT FROM given_back.cents
                           OR refund.state = 'done' AND ticket.total_cents
                              IS DISTINCT FROM -refund.amount_cents) AS broken
  FROM recharges.refund
  LEFT JOIN (SELECT refund_id, sum(line.price_cents) AS cents
               FROM recharges.refund_voucher AS given
               JOIN recharges.sale_voucher AS sold USING (batch_id, position, taking)
               JOIN recharges.sale_line AS line USING (sale_id, line_no)
              GROUP BY refund_id) AS given_back USING (refund_id)
  LEFT JOIN recharges.journal AS ticket ON ticket.till_id = refund.till_id
                                       AND ticket.kind = 'ticket'
                                       AND ticket.sequence = refund.ticket_no;

-- name: card_sales_are_booked_once_paid
-- What a card paid is a sale of that amount; what it did not pay is none.
SELECT count(*)::bigint AS examined,
       array_agg(sale_id::text)
                FILTER (WHERE card.sale_id IS NULL
                           OR (card.state = 'paid') <> (sale.sale_id IS NOT NULL)
                           OR sale.total_cents <> card.total_cents) AS broken
  FROM (SELECT sale_id, total_cents FROM recharges.sale WHERE tender = 'card') AS sale
  FULL JOIN recharges.card_sale AS card USING (sale_id);

-- name: till_cash_is_what_drawers_hold
-- Per site and business day, to the cent: what floats, sales, refunds and movements brought into
-- drawers, less what the count of a closed one took out, is what the ledger's till_cash moved by.
WITH drawers AS (
    SELECT site_code, business_date AS day, float_cents AS cents FROM recharges.drawer_session
     UNION ALL
    SELECT site_code, business_date, amount_cents FROM recharges.cash_line
     UNION ALL
    SELECT site_code, business_date, gap_cents - counted_cents
      FROM recharges.drawer_session WHERE state = 'closed'
), ledger AS (
    SELECT site_code, booked_on AS day, sum(CASE WHEN debit = 'till_cash' THEN amount_cents
                                                 ELSE -amount_cents END) AS cents
      FROM settlement.day_total
     WHERE 'till_cash' IN (debit, credit)
     GROUP BY 1, 2
)
SELECT (SELECT count(*) FROM drawers)::bigint AS examined,
       array_agg(concat_ws(' ', site_code, day))
                FILTER (WHERE held.cents IS DISTINCT FROM coalesce(ledger.cents, 0)) AS broken
  FROM (SELECT site_code, day, sum(cents) AS cents FROM drawers GROUP BY 1, 2) AS held
  FULL JOIN ledger USING (site_code, day);

-- name: credits_left_are_what_lies_on_the_shelves
-- Per site and offer, in vouchers and at face value: what lies on the shelf, whether or not it may be
-- sold, and what is lost, damaged or expired; per offer what is on its way between sites.
WITH lots AS (
    SELECT CASE lot.state WHEN 'in_transfer' THEN 'all sites' ELSE lot.site_code END AS place,
           offer_code,
           CASE lot.state WHEN 'in_transfer' THEN 'credits_in_transit'
                          WHEN 'lost' THEN 'credits_lost'
                          WHEN 'damaged' THEN 'credits_damaged'
                          WHEN 'expired' THEN 'credits_expired'
                          ELSE 'credits_stock' END AS account,
           sum(end_position - next_position) AS vouchers,
           sum((end_position - next_position) * face_value_cents) AS cents
      FROM recharges.lot
     GROUP BY 1, 2, 3
), ledger AS (
    SELECT CASE account WHEN 'credits_in_transit' THEN 'all sites' ELSE site_code END AS place,
           offer_code, account, sum(sign * item_count) AS vouchers, sum(sign * amount_cents) AS cents
      FROM settlement.day_total
     CROSS JOIN LATERAL (VALUES (debit, 1), (credit, -1)) AS side (account, sign)
     WHERE account IN ('credits_stock', 'credits_in_transit', 'credits_lost', 'credits_damaged',
                       'credits_expired')
     GROUP BY 1, 2, 3
)
SELECT (SELECT coalesce(sum(vouchers), 0) FROM lots)::bigint AS examined,
       array_agg(concat_ws(' ', place, offer_code, account))
                FILTER (WHERE (coalesce(lots.vouchers, 0), coalesce(lots.cents, 0))
                              <> (coalesce(ledger.vouchers, 0), coalesce(ledger.cents, 0))) AS broken
  FROM lots FULL JOIN ledger USING (place, offer_code, account);

-- name: drawers_are_counted_and_their_gaps_posted
-- Expected = float + what went through the drawer; the gap is in the ledger.
SELECT count(*)::bigint AS examined,
       array_agg(drawer_session_id::text)
                FILTER (WHERE session.expected_cents
                              IS DISTINCT FROM session.float_cents + coalesce(moved.cents, 0)
                           OR session.state = 'closed'
                          AND posted.cents IS DISTINCT FROM session.gap_cents) AS broken
  FROM recharges.drawer_session AS session
  LEFT JOIN (SELECT drawer_session_id, sum(amount_cents) AS cents
               FROM recharges.cash_line GROUP BY 1) AS moved USING (drawer_session_id)
  LEFT JOIN (SELECT document::uuid AS drawer_session_id,
                    sum(CASE WHEN credit = 'cash_differences' THEN amount_cents
                             WHEN debit = 'cash_differences' THEN -amount_cents END) AS cents
               FROM settlement.entry
               JOIN settlement.transfer USING (fact_id, operator)
              WHERE kind = 'drawer_closed'
              GROUP BY 1) AS posted USING (drawer_session_id)
 WHERE session.state <> 'open';

-- name: cash_lines_are_in_a_drawer
-- Every movement of cash belongs to a drawer session of its own till.
SELECT count(*)::bigint AS examined,
       array_agg(line.cash_line_id::text)
                FILTER (WHERE session.till_id IS DISTINCT FROM line.till_id) AS broken
  FROM recharges.cash_line AS line
  LEFT JOIN recharges.drawer_session AS session USING (drawer_session_id);

-- name: closings_hold_each_ticket_once
-- Each day's closing holds the tickets of its window and their sums; windows touch, perpetual
-- totals grow by each; months and years end where a day did.
WITH summed AS (
    SELECT closing.closing_id, count(ticket.sequence) AS tickets,
           coalesce(sum(ticket.total_cents), 0) AS real_cents,
           coalesce(sum(abs(ticket.total_cents)), 0) AS absolute_cents
      FROM recharges.closing
      LEFT JOIN recharges.journal AS ticket ON ticket.till_id = closing.till_id
                                           AND ticket.kind = 'ticket'
                                           AND ticket.sequence >= closing.from_sequence
                                           AND ticket.sequence < closing.until_sequence
     GROUP BY closing.closing_id
), chained AS (
    SELECT closing.*,
           lag(until_sequence, 1, 1::bigint) OVER earlier AS expected_from,
           lag(perpetual_real_cents, 1, 0::bigint) OVER earlier + real_cents AS expected_real,
           lag(perpetual_absolute_cents, 1, 0::bigint) OVER earlier + absolute_cents
               AS expected_absolute
      FROM recharges.closing
    WINDOW earlier AS (PARTITION BY till_id, period ORDER BY closing_no)
)
SELECT coalesce(sum(summed.tickets), 0)::bigint AS examined,
       array_agg(closing_id::text)
                FILTER (WHERE summed.tickets <> chained.ticket_count
                           OR summed.real_cents <> chained.real_cents
                           OR summed.absolute_cents <> chained.absolute_cents
                           OR chained.from_sequence <> chained.expected_from
                           OR chained.perpetual_real_cents <> chained.expected_real
                           OR chained.perpetual_absolute_cents <> chained.expected_absolute
                           OR chained.period <> 'day' AND NOT EXISTS (
                                  SELECT FROM recharges.closing AS day
                                   WHERE day.till_id = chained.till_id
                                     AND day.period = 'day'
                                     AND day.until_sequence = chained.until_sequence)
             ) AS broken
  FROM chained JOIN summed USING (closing_id);

-- name: anchors_outside_match_the_journal
-- What settlement was told of the ends of the tills' chains is what the journal still says, and it
-- was told of every closing.
SELECT (SELECT count(*) FROM settlement.anchor)::bigint AS examined,
       ARRAY(SELECT concat_ws(' ', till_id, kind, sequence)
               FROM settlement.anchor
               LEFT JOIN recharges.journal USING (till_id, kind, sequence)
              WHERE journal.hash IS DISTINCT FROM anchor.hash)
       || ARRAY(SELECT 'closing ' || closing_id
                  FROM recharges.closing
                 WHERE NOT EXISTS (SELECT FROM settlement.anchor
                                    WHERE anchor.till_id = closing.till_id
                                      AND anchor.kind = 'ticket'
                                      AND anchor.sequence = closing.until_sequence - 1)
                   AND closing.until_sequence > 1) AS broken;

-- name: offline_tickets_are_sales_once
-- Each ticket of an offline till is one sale, which the till's journal names by its hash, in a
-- chain without gaps that can be computed anew.
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', ticket.device_id, ticket.sequence))
                FILTER (WHERE sale.till_id IS DISTINCT FROM ticket.till_id
                           OR ticket.sequence <> place
                           OR ticket.previous_hash <> before
                           OR ticket.hash <> sha256(before || convert_to(ticket.record, 'UTF8'))
                           OR booked.record::jsonb->'offline'->>'hash'
                              IS DISTINCT FROM encode(ticket.hash, 'hex')) AS broken
  FROM (SELECT offline_ticket.*,
               row_number() OVER chain AS place,
               lag(hash, 1, '\x'::bytea) OVER chain AS before
          FROM recharges.offline_ticket
        WINDOW chain AS (PARTITION BY device_id ORDER BY sequence)) AS ticket
  LEFT JOIN recharges.sale USING (sale_id)
  LEFT JOIN recharges.journal AS booked ON booked.till_id = sale.till_id
                                       AND booked.kind = 'ticket'
                                       AND booked.sequence = sale.ticket_no;

-- name: each_sale_is_in_the_ledger_once
-- Sale by sale, so that two errors cannot make up for each other.
SELECT count(*)::bigint AS examined,
       array_agg(sale_id::text)
                FILTER (WHERE sale.total_cents IS DISTINCT FROM ledger.cents) AS broken
  FROM recharges.sale
  FULL JOIN (SELECT document::uuid AS sale_id, sum(declared_cents) AS cents
               FROM settlement.entry
              WHERE kind = 'sale_completed'
              GROUP BY 1) AS ledger USING (sale_id);

-- name: records_have_no_gap
-- Per till and kind, records run from 1 to their number, and the till knows its last ticket.
SELECT coalesce(sum(records), 0)::bigint AS examined,
       array_agg(concat_ws(' ', till_id, kind))
                FILTER (WHERE first <> 1 OR last <> records
                           OR kind = 'ticket' AND last <> head) AS broken
  FROM (SELECT till_id, kind, count(*) AS records, min(journal.sequence) AS first,
               max(journal.sequence) AS last, max(till.last_sequence) AS head
          FROM recharges.journal
          JOIN recharges.till USING (till_id)
         GROUP BY till_id, kind) AS each;

-- name: records_are_filed_as_they_say
-- The columns beside a record, by which it is found, dated and added up, are what the sealed record
-- itself says.
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', till_id, kind, sequence))
                FILTER (WHERE (till_id::text, kind, sequence::text, site_code, recorded_at,
                               business_date, total_cents)
                              IS DISTINCT FROM
                              (said->>'till_id', said->>'kind', said->>'sequence',
                               said->>'site_code', (said->>'recorded_at')::timestamptz,
                               CASE kind
                                   WHEN 'ticket' THEN (said->>'business_date')::date
                                   WHEN 'grand_total' THEN (said->>'period_on')::date
                                   ELSE ((said->>'recorded_at')::timestamptz
                                         AT TIME ZONE 'Europe/Paris')::date END,
                               CASE kind WHEN 'ticket' THEN (said->>'total_cents')::bigint
                                         WHEN 'grand_total' THEN (said->>'real_cents')::bigint
                                         ELSE 0 END)) AS broken
  FROM (SELECT journal.*, record::jsonb AS said FROM recharges.journal) AS filed;

-- name: nobody_is_over_the_cap
-- What each person bought in a calendar month, counted as the rule of that day says, less what was
-- refunded, and what card payments and leases hold for them, is what was counted against the cap,
-- and within it.  Who was merged bought nothing online after that but within one cap for all their
-- references; what each had before may come to more.
WITH merged AS (
    SELECT same_as, person_ref FROM recharges.person_alias
     UNION
    SELECT same_as, same_as FROM recharges.person_alias
), heard AS (
    SELECT alias.same_as, max(inbox.handled_at) AS heard_at
      FROM recharges.person_alias AS alias
      LEFT JOIN referrals.outbox AS told ON told.type = 'referrals.person.merged.v1'
                                        AND told.data->>'person_ref' = alias.person_ref::text
      LEFT JOIN recharges.inbox USING (event_id)
     GROUP BY alias.same_as
), together AS (
    SELECT merged.same_as, cap.month_on
      FROM merged
      JOIN recharges.cap_month AS cap USING (person_ref)
     GROUP BY merged.same_as, cap.month_on
    HAVING sum(cap.used_cents) > max(cap.cap_cents)
), priced AS (
    SELECT sale.sale_id, sale.person_ref, line.line_no,
           date_trunc('month', sale.business_date)::date AS month_on,
           CASE rule.value WHEN 'price' THEN line.price_cents
                           ELSE line.face_value_cents END AS cents
      FROM recharges.sale
      JOIN recharges.sale_line AS line USING (sale_id)
      JOIN recharges.rule ON rule.name = 'cap_counts'
                         AND rule.from_on <= sale.business_date
                         AND sale.business_date < rule.until_on
), counted AS (
    SELECT person_ref, month_on, cents
      FROM priced JOIN recharges.sale_voucher USING (sale_id, line_no)
     UNION ALL
    SELECT person_ref, month_on, -cents
      FROM priced
      JOIN recharges.sale_voucher AS sold USING (sale_id, line_no)
      JOIN recharges.refund_voucher AS given USING (batch_id, position, taking)
      JOIN recharges.refund ON refund.refund_id = given.refund_id
                           AND refund.state = 'done'
     UNION ALL
    SELECT person_ref, month_on, counted_cents
      FROM recharges.card_sale WHERE state IN ('reserved', 'pending')
     UNION ALL
    SELECT allowance.person_ref, allowance.month_on,
           allowance.allowed_cents - allowance.used_cents
      FROM recharges.lease_allowance AS allowance
      JOIN recharges.lease ON lease.lease_id = allowance.lease_id AND lease.state = 'open'
), bought AS (
    SELECT person_ref, month_on, sum(cents) AS cents FROM counted GROUP BY 1, 2
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', person_ref, month_on))
                FILTER (WHERE cap.cap_cents IS NULL OR coalesce(bought.cents, 0) > cap.cap_cents
                           OR coalesce(bought.cents, 0) <> cap.used_cents)
       || ARRAY(SELECT concat_ws(' ', together.same_as, together.month_on)
                  FROM together
                  JOIN heard USING (same_as)
                 WHERE EXISTS (SELECT FROM merged
                                 JOIN recharges.sale USING (person_ref)
                                 LEFT JOIN recharges.card_sale AS card USING (sale_id)
                                WHERE merged.same_as = together.same_as
                                  AND date_trunc('month', sale.business_date)::date
                                      = together.month_on
                                  AND coalesce(card.ordered_at, sale.sold_at)
                                      -- A sale may have been decided while it was heard.
                                      > coalesce(heard.heard_at + interval '1 minute', '-infinity')
                                  AND NOT EXISTS (SELECT FROM recharges.offline_ticket AS offline
                                                   WHERE offline.sale_id = sale.sale_id)))
       AS broken
  FROM bought
  FULL JOIN recharges.cap_month AS cap USING (person_ref, month_on)
 WHERE bought.cents > 0 OR cap.used_cents <> 0;

-- name: nobody_bought_without_an_entitlement
-- Each sale falls within an entitlement that referrals opened, as referrals itself keeps it, for
-- this person or for one they were ever told to be.
WITH RECURSIVE linked AS (
    SELECT person_ref, merged_into AS other FROM recharges.person_merge
     UNION
    SELECT merged_into, person_ref FROM recharges.person_merge
     UNION
    SELECT linked.person_ref, CASE merge.person_ref WHEN linked.other THEN merge.merged_into
                                                    ELSE merge.person_ref END
      FROM linked
      JOIN recharges.person_merge AS merge
        ON linked.other IN (merge.person_ref, merge.merged_into)
), same AS (
    SELECT person_ref, other FROM linked
     UNION
    SELECT person_ref, person_ref FROM recharges.sale
)
SELECT count(*)::bigint AS examined,
       array_agg(sale.sale_id::text)
                FILTER (WHERE NOT EXISTS (
           SELECT FROM same
             JOIN referrals.entitlement ON entitlement.person_ref = same.other
            WHERE same.person_ref = sale.person_ref
              AND entitlement.from_on <= sale.business_date
              AND sale.business_date < entitlement.until_on)) AS broken
  FROM recharges.sale;

-- name: ledger_entries_are_what_facts_declared
-- Each entry's transfers add up to the fact's own totals, in euros, at face value and in items: what
-- reaches a till, or where no till is touched another account of money.
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', fact_id, operator))
                FILTER (WHERE declared_cents <> coalesce(moved.cents, 0)
                           OR declared_face_value_cents <> coalesce(moved.face_value_cents, 0)
                           OR declared_count <> coalesce(moved.items, 0)) AS broken
  FROM settlement.entry
  LEFT JOIN (SELECT fact_id, operator, sum(item_count) AS items,
                    sum(amount_cents) FILTER (WHERE debit LIKE 'credits%') AS face_value_cents,
                    sum(CASE WHEN debit = 'till_cash' THEN amount_cents
                             WHEN credit = 'till_cash' THEN -amount_cents
                             WHEN debit IN ('card_receivable', 'option_receivable', 'site_cash')
                             THEN amount_cents
                             WHEN credit IN ('card_receivable', 'option_receivable', 'site_cash')
                             THEN -amount_cents END) AS cents
               FROM settlement.transfer
              GROUP BY 1, 2) AS moved USING (fact_id, operator);

-- name: ledger_days_are_the_sum_of_their_transfers
-- The totals that statements read, day by day, are what was posted.
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', operator, booked_on, site_code, debit, credit, offer_code))
                FILTER (WHERE (moved.cents, moved.items, moved.transfers)
                              IS DISTINCT FROM (day.amount_cents, day.item_count,
                                                day.transfer_count)) AS broken
  FROM (SELECT operator, booked_on, site_code, debit, credit, offer_code, sum(amount_cents) AS cents,
               sum(item_count) AS items, count(*) AS transfers
          FROM settlement.transfer
         GROUP BY 1, 2, 3, 4, 5, 6) AS moved
  FULL JOIN settlement.day_total AS day
 USING (operator, booked_on, site_code, debit, credit, offer_code);

-- name: credits_given_equal_vouchers_received
-- Per operator and site: what the ledger says was given is what was received, in face value.
WITH received AS (
    SELECT operator, site_code, sum(face_value_cents) AS cents, sum(voucher_count) AS vouchers
      FROM recharges.batch GROUP BY 1, 2
), given AS (
    SELECT operator, site_code, sum(amount_cents) AS cents, sum(item_count) AS vouchers
      FROM settlement.transfer WHERE credit = 'credits_given' GROUP BY 1, 2
)
SELECT coalesce(sum(received.vouchers), 0)::bigint AS examined,
       array_agg(concat_ws(' ', operator, site_code))
                FILTER (WHERE received.cents IS DISTINCT FROM given.cents
                           OR received.vouchers IS DISTINCT FROM given.vouchers) AS broken
  FROM received FULL JOIN given USING (operator, site_code);

-- name: option_euros_equal_their_lines_and_the_ledger
-- Per operator and period: the report's lines, its total and the ledger's gifts are one figure.
WITH reported AS (
    SELECT report.operator, report.period, report.total_cents, report.line_count,
           sum(line.amount_cents) AS cents, count(*) AS lines
      FROM donations.option_report AS report
      JOIN donations.option_line AS line USING (report_id)
     GROUP BY report.report_id
), given AS (
    SELECT operator, to_char(booked_on, 'YYYY-MM') AS period,
           sum(CASE WHEN credit = 'option_gifts' THEN amount_cents ELSE -amount_cents END) AS cents
      FROM settlement.transfer
     WHERE 'option_gifts' IN (credit, debit)
     GROUP BY 1, 2
)
SELECT coalesce(sum(reported.lines), 0)::bigint AS examined,
       array_agg(concat_ws(' ', operator, period))
                FILTER (WHERE reported.total_cents IS DISTINCT FROM reported.cents
                           OR reported.line_count IS DISTINCT FROM reported.lines
                           OR reported.cents IS DISTINCT FROM given.cents) AS broken
  FROM reported FULL JOIN given USING (operator, period);

-- name: devices_sold_were_wiped_and_tested
-- No device is sold twice, nor without a passed wipe and a passed test, and the ledger has its price.
SELECT count(*)::bigint AS examined,
       array_agg(device_id::text)
                FILTER (WHERE twice.sales > 1
                           OR ledger.cents IS DISTINCT FROM sale.price_cents
                           OR NOT EXISTS (SELECT FROM equipment.wipe
                                           WHERE wipe.device_id = sale.device_id AND wipe.passed)
                           OR NOT EXISTS (SELECT FROM equipment.functional_test AS test
                                           WHERE test.device_id = sale.device_id
                                             AND test.passed)) AS broken
  FROM equipment.sale
  JOIN (SELECT device_id, count(*) AS sales
          FROM equipment.sale GROUP BY device_id) AS twice USING (device_id)
  LEFT JOIN (SELECT document::uuid AS sale_id, sum(declared_cents) AS cents
               FROM settlement.entry
              WHERE kind = 'device_sold'
              GROUP BY 1) AS ledger USING (sale_id);

-- name: plans_add_up
-- Every accepted plan's instalments add up to the sum agreed.
SELECT count(*)::bigint AS examined,
       array_agg(offer_id::text)
                FILTER (WHERE amount_cents <> cents) AS broken
  FROM mediation.offer
  JOIN (SELECT offer_id, sum(amount_cents) AS cents
          FROM mediation.instalment GROUP BY offer_id) AS plan USING (offer_id);

-- name: entitlements_are_known_alike
-- The services that heard of an entitlement know it as referrals does, and know of no other.
WITH latest AS (
    SELECT DISTINCT ON (person_ref) person_ref, from_on, until_on
      FROM referrals.entitlement
     ORDER BY person_ref, from_on DESC
), known AS (
    SELECT 'recharges' AS service, person_ref, from_on, until_on FROM recharges.entitlement
     UNION ALL
    SELECT 'mediation', person_ref, from_on, until_on FROM mediation.entitlement
     UNION ALL
    SELECT 'equipment', person_ref, from_on, until_on FROM equipment.entitlement
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', service, person_ref))
                FILTER (WHERE (own.from_on, own.until_on)
                              IS DISTINCT FROM (known.from_on, known.until_on)) AS broken
  FROM (SELECT service, latest.*
          FROM latest, (VALUES ('recharges'), ('mediation'), ('equipment')) AS hearer (service))
       AS own
  FULL JOIN known USING (service, person_ref);

-- name: merges_are_known_alike
-- Who is the same person is what the merges that stand in referrals add up to, each followed to the
-- end of its chain; every service that knows people knows it so, and of no other.  What was undone
-- is examined too.
WITH RECURSIVE chain AS (
    SELECT person_ref, merged_into AS same_as, 1 AS step
      FROM referrals.person_merge
     WHERE unmerged_at IS NULL
     UNION ALL
    SELECT chain.person_ref, next.merged_into, step + 1
      FROM chain
      JOIN referrals.person_merge AS next ON next.person_ref = chain.same_as
                                         AND next.unmerged_at IS NULL
) CYCLE same_as SET is_round USING path, told AS (
    SELECT DISTINCT ON (person_ref) person_ref, same_as FROM chain ORDER BY person_ref, step DESC
), merged AS (
    SELECT DISTINCT person_merge.person_ref, told.same_as
      FROM referrals.person_merge
      LEFT JOIN told USING (person_ref)
), known AS (
    SELECT 'referrals' AS service, person_ref, same_as FROM referrals.person_alias
     UNION ALL
    SELECT 'recharges', person_ref, same_as FROM recharges.person_alias
     UNION ALL
    SELECT 'mediation', person_ref, same_as FROM mediation.person_alias
     UNION ALL
    SELECT 'equipment', person_ref, same_as FROM equipment.person_alias
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', service, person_ref))
                FILTER (WHERE own.same_as IS DISTINCT FROM known.same_as) AS broken
  FROM (SELECT service, merged.*
          FROM merged, (VALUES ('referrals'), ('recharges'), ('mediation'), ('equipment'))
                       AS keeper (service)) AS own
  FULL JOIN known USING (service, person_ref);

-- name: tills_are_known_alike
-- A till sells as long as it has a device that was not revoked, as accounts itself keeps it.
SELECT count(*)::bigint AS examined,
       array_agg(till_id::text)
                FILTER (WHERE known.state IS DISTINCT FROM own.state
                           OR known.site_code IS DISTINCT FROM own.site_code) AS broken
  FROM (SELECT till_id, till.site_code,
               CASE WHEN bool_or(device.revoked_at IS NULL) THEN 'active' ELSE 'revoked' END AS state
          FROM accounts.till
          JOIN accounts.device USING (till_id)
         GROUP BY till_id) AS own
  FULL JOIN recharges.till AS known USING (till_id);

-- name: users_are_known_alike
-- Who may refer people, and who no longer may, as accounts itself keeps it.
SELECT count(*)::bigint AS examined,
       array_agg(user_id::text)
                FILTER (WHERE known.role IS DISTINCT FROM own.role
                           OR known.disabled_at IS DISTINCT FROM own.disabled_at) AS broken
  FROM accounts.account AS own
  FULL JOIN referrals.told_user AS known USING (user_id);

-- name: tickets_say_what_happened
-- The record of each ticket says what its row says, and is the one ticket of a sale or of a refund
-- that was paid: till, number, day, amount, tender and every voucher.
WITH written AS (
    SELECT till_id, sequence, site_code, business_date, total_cents, record::jsonb AS said
      FROM recharges.journal
     WHERE kind = 'ticket'
), happened AS (
    SELECT till_id, ticket_no AS sequence, site_code, business_date, total_cents, 'sale' AS type,
           sale_id, tender, drawer_session_id,
           ARRAY(SELECT serial
                   FROM recharges.sale_voucher JOIN recharges.voucher USING (batch_id, position)
                  WHERE sale_voucher.sale_id = sale.sale_id
                  ORDER BY serial) AS serials
      FROM recharges.sale
     UNION ALL
    SELECT refund.till_id, ticket_no, site_code,
           (done_at AT TIME ZONE 'Europe/Paris')::date, -amount_cents, 'refund',
           sale_id, tender, NULL,
           ARRAY(SELECT serial
                   FROM recharges.refund_voucher JOIN recharges.voucher USING (batch_id, position)
                  WHERE refund_voucher.refund_id = refund.refund_id
                  ORDER BY serial)
      FROM recharges.refund
     WHERE state = 'done'
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', till_id, sequence))
                FILTER (WHERE (written.till_id::text, written.sequence::text, written.site_code,
                               written.business_date::text, written.total_cents::text,
                               happened.type, happened.sale_id::text, happened.tender,
                               happened.serials)
                              IS DISTINCT FROM
                              (said->>'till_id', said->>'sequence', said->>'site_code',
                               said->>'business_date', said->>'total_cents',
                               said->>'type', said->>'sale_id', said->'payments'->0->>'tender',
                               ARRAY(SELECT serial
                                       FROM jsonb_array_elements(said->'lines') AS line,
                                            jsonb_array_elements_text(line->'serials') AS serial
                                      ORDER BY serial))
                           OR (written.till_id, written.sequence, written.business_date,
                               written.total_cents)
                              IS DISTINCT FROM
                              (happened.till_id, happened.sequence, happened.business_date,
                               happened.total_cents)
                           OR happened.type = 'sale'
                          AND said->>'drawer_session_id'
                              IS DISTINCT FROM happened.drawer_session_id::text) AS broken
  FROM written
  FULL JOIN happened USING (till_id, sequence);

-- name: records_name_no_customer
-- No record of a journal says for whom a sale was.
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', journal.till_id, journal.kind, journal.sequence))
                FILTER (WHERE record LIKE '%"person%'
                           OR record LIKE '%' || sale.person_ref || '%') AS broken
  FROM recharges.journal
  LEFT JOIN recharges.sale ON journal.kind = 'ticket'
                          AND sale.till_id = journal.till_id
                          AND sale.ticket_no = journal.sequence;

-- name: reveals_are_logged_and_copies_numbered
-- The PIN of a card sale was shown first, and only after its payment was verified; the copies of a
-- ticket are numbered from 1 without gap, each with its record in the journal.
WITH numbered AS (
    SELECT reveal.*, sale.tender, sale.till_id AS sold_at_till, sale.ticket_no, card.settled_at,
           (SELECT min(first.revealed_at) FROM recharges.reveal AS first
             WHERE first.sale_id = reveal.sale_id AND first.kind = 'first') AS first_at,
           row_number() OVER (PARTITION BY reveal.sale_id, reveal.kind ORDER BY copy_no) AS place
      FROM recharges.reveal
      JOIN recharges.sale USING (sale_id)
      LEFT JOIN recharges.card_sale AS card USING (sale_id)
), copies AS (
    SELECT (record::jsonb->>'ticket_till_id')::uuid AS sold_at_till,
           (record::jsonb->>'ticket_no')::bigint AS ticket_no,
           (record::jsonb->>'copy_no')::integer AS copy_no,
           (record::jsonb->>'user_id')::uuid AS revealed_by
      FROM recharges.journal
     WHERE kind = 'duplicate'
       AND EXISTS (SELECT FROM recharges.sale   -- others are papers without PINs: see there
                    WHERE sale.till_id::text = record::jsonb->>'ticket_till_id'
                      AND sale.ticket_no::text = record::jsonb->>'ticket_no')
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', logged.reveal_id, sold_at_till, ticket_no, copy_no))
                FILTER (WHERE logged.reveal_id IS NULL
                           OR logged.till_id IS DISTINCT FROM logged.sold_at_till
                           OR logged.reason = ''
                           OR logged.tender = 'card'
                          AND (logged.first_at IS NULL OR logged.first_at > logged.revealed_at
                               OR logged.settled_at IS NULL
                               -- Two processes' clocks are not one.
                               OR logged.revealed_at < logged.settled_at - interval '1 minute')
                           OR logged.kind = 'reprint'
                          AND (logged.copy_no <> logged.place
                               OR copies.revealed_by IS DISTINCT FROM logged.revealed_by)
             ) AS broken
  FROM numbered AS logged
  FULL JOIN copies USING (sold_at_till, ticket_no, copy_no);

-- name: papers_are_printed_once_and_copies_numbered
-- Receipts of refunds and closings: the copies are numbered from the original, 0, without gap; each
-- duplicate stands in the journal with who printed it, and none other does.  Old records say why too,
-- as the row does until it is blanked.
WITH printed AS (
    SELECT till_id, kind, sequence, copy_no, printed_by, reason,
           row_number() OVER (PARTITION BY till_id, kind, sequence ORDER BY copy_no) - 1 AS place
      FROM recharges.paper_copy
), told AS (
    SELECT till_id,
           CASE WHEN said ? 'grand_total_no' THEN 'grand_total' ELSE 'ticket' END AS kind,
           coalesce(said->>'grand_total_no', said->>'ticket_no')::bigint AS sequence,
           (said->>'copy_no')::integer AS copy_no, (said->>'user_id')::uuid AS user_id,
           said->>'reason' AS reason
      FROM (SELECT till_id, record::jsonb AS said
              FROM recharges.journal WHERE kind = 'duplicate') AS duplicate
     WHERE NOT EXISTS (SELECT FROM recharges.sale
                        WHERE sale.till_id::text = said->>'ticket_till_id'
                          AND sale.ticket_no::text = said->>'ticket_no')
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', till_id, kind, sequence, copy_no))
                FILTER (WHERE printed.place IS DISTINCT FROM copy_no
                           OR copy_no > 0
                          AND (told.user_id IS DISTINCT FROM printed.printed_by
                               OR told.reason <> printed.reason AND printed.reason <> '-')
             ) AS broken
  FROM printed
  FULL JOIN told USING (till_id, kind, sequence, copy_no);

-- name: refunded_vouchers_are_where_they_belong
-- Only what nobody saw goes back to stock; what was seen is with its operator, who said so.
SELECT count(*)::bigint AS examined,
       array_agg(refund_id::text)
                FILTER (WHERE CASE refund.vouchers
           WHEN 'returned' THEN
               sale.tender = 'cash'
               OR EXISTS (SELECT FROM recharges.reveal
                           WHERE reveal.sale_id = refund.sale_id
                             AND reveal.revealed_at <= refund.asked_at)
               OR refund.state = 'done' AND lot.taking <= given_back.taking
           ELSE
               lot.state <> CASE refund.state WHEN 'asked' THEN 'disputed'
                                              ELSE 'refunded_by_operator' END
               OR (refund.state = 'asked') <> (refund.answered_by IS NULL)
           END) AS broken
  FROM recharges.refund
  JOIN recharges.sale USING (sale_id)
  JOIN recharges.refund_voucher AS given_back USING (refund_id)
  LEFT JOIN recharges.lot ON lot.batch_id = given_back.batch_id
                         AND lot.first_position <= given_back.position
                         AND given_back.position < lot.end_position
 WHERE NOT given_back.denied;

-- name: each_refund_is_in_the_ledger_once
SELECT count(*)::bigint AS examined,
       array_agg(refund_id::text)
                FILTER (WHERE -refund.amount_cents IS DISTINCT FROM ledger.cents) AS broken
  FROM (SELECT refund_id, amount_cents FROM recharges.refund WHERE state = 'done') AS refund
  FULL JOIN (SELECT document::uuid AS refund_id, sum(declared_cents) AS cents
               FROM settlement.entry
              WHERE kind = 'sale_refunded'
              GROUP BY 1) AS ledger USING (refund_id);

-- name: sales_are_in_the_drawer_of_their_day
-- Nobody sells from a drawer of another day; what was sold offline comes into it afterwards.
SELECT count(*)::bigint AS examined,
       array_agg(sale.sale_id::text)
                FILTER (WHERE session.business_date IS DISTINCT FROM sale.business_date
                          AND NOT EXISTS (SELECT FROM recharges.offline_ticket
                                           WHERE offline_ticket.sale_id = sale.sale_id)
             ) AS broken
  FROM recharges.sale
  LEFT JOIN recharges.drawer_session AS session USING (drawer_session_id)
 WHERE sale.tender = 'cash' OR sale.drawer_session_id IS NOT NULL;

-- name: drawers_are_closed_once_and_large_gaps_by_two
-- The pieces counted come to the amounts; a large gap was looked at by a second person; and each
-- closed drawer has its one Z.
WITH counted AS (
    SELECT session.*,
           (SELECT coalesce(sum(piece.key::bigint * piece.value::bigint), 0)
              FROM jsonb_each_text(float) AS piece) AS float_worth,
           (SELECT coalesce(sum(piece.key::bigint * piece.value::bigint), 0)
              FROM jsonb_each_text(counted) AS piece) AS counted_worth,
           (SELECT count(*) FROM recharges.closing
             WHERE closing.drawer_session_id = session.drawer_session_id) AS closings
      FROM recharges.drawer_session AS session
)
SELECT count(*)::bigint AS examined,
       array_agg(drawer_session_id::text)
                FILTER (WHERE float_worth <> float_cents
                           OR counted IS NOT NULL AND counted_worth <> counted_cents
                           OR closings <> (counted.state = 'closed')::integer
                           OR counted.state = 'closed' AND approved_by IS NULL
                          AND abs(gap_cents) > rule.value::bigint) AS broken
  FROM counted
  LEFT JOIN recharges.rule
         ON rule.name = 'gap_alone_max_cents'
        AND rule.from_on <= (counted_at AT TIME ZONE 'Europe/Paris')::date
        AND (counted_at AT TIME ZONE 'Europe/Paris')::date < rule.until_on;

-- name: drawers_are_held_by_whom_handovers_name
-- Each handover is from who held the drawer; the last one says who holds it, and its till knows.
WITH handed AS (
    SELECT handover.handover_id, handover.from_user, handover.to_user, session.opened_by, session.held_by,
           till.drawer_held_by, till.till_id,
           lag(handover.to_user) OVER in_order AS before,
           lead(handover.to_user) OVER in_order AS after
      FROM recharges.drawer_handover AS handover
      JOIN recharges.drawer_session AS session USING (drawer_session_id)
      LEFT JOIN recharges.till ON till.drawer_session_id = session.drawer_session_id
    WINDOW in_order AS (PARTITION BY handover.drawer_session_id ORDER BY at, handover_id)
)
SELECT count(*)::bigint AS examined,
       array_agg('handover ' || handover_id)
                FILTER (WHERE from_user <> coalesce(before, opened_by)
                           OR after IS NULL
                          AND (to_user <> held_by
                               OR till_id IS NOT NULL
                              AND drawer_held_by IS DISTINCT FROM to_user))
       || ARRAY(SELECT 'till ' || till.till_id
                  FROM recharges.till
                 WHERE drawer_held_by IS NOT NULL
                   AND NOT EXISTS (SELECT FROM recharges.drawer_handover AS handover
                                    WHERE handover.drawer_session_id = till.drawer_session_id))
       AS broken
  FROM handed;

-- name: records_of_zs_say_what_became_of_drawers
-- Who opened, held and counted a drawer, what was handed over and moved, and who approved the gap
-- is in the signed record of its Z; those of before their columns say nothing of it.
WITH told AS (
    SELECT journal.record::jsonb->'drawer' AS said, session.*,
           ARRAY(SELECT from_user || ' ' || to_user || ' ' || counted_cents
                   FROM recharges.drawer_handover AS handover
                  WHERE handover.drawer_session_id = session.drawer_session_id
                  ORDER BY at, handover_id) AS handovers,
           ARRAY(SELECT amount_cents || ' ' || reason
                   FROM recharges.cash_line
                  WHERE cash_line.drawer_session_id = session.drawer_session_id
                    AND kind IN ('in', 'out')
                  ORDER BY cash_line_id) AS movements
      FROM recharges.closing
      JOIN recharges.drawer_session AS session USING (drawer_session_id)
      JOIN recharges.journal ON journal.till_id = closing.till_id
                            AND journal.kind = 'grand_total'
                            AND journal.sequence = closing.record_sequence
     WHERE journal.record::jsonb ? 'drawer'
)
SELECT count(*)::bigint AS examined,
       array_agg(drawer_session_id::text)
                FILTER (WHERE (said->>'opened_by', said->>'held_by', said->>'counted_by',
                               said->>'float_cents', said->>'expected_cents',
                               said->>'counted_cents', said->'approval'->>'approved_by',
                               said->'approval'->>'reason')
                              IS DISTINCT FROM
                              (opened_by::text, held_by::text, counted_by::text,
                               float_cents::text, expected_cents::text, counted_cents::text,
                               approved_by::text, reason)
                           OR handovers <> ARRAY(
                               SELECT concat_ws(' ', each->>'from_user', each->>'to_user',
                                                each->>'counted_cents')
                                 FROM jsonb_array_elements(said->'handovers')
                                      WITH ORDINALITY AS listed (each, place)
                                ORDER BY place)
                           OR movements <> ARRAY(
                               SELECT concat_ws(' ', each->>'amount_cents', each->>'reason')
                                 FROM jsonb_array_elements(said->'movements')
                                      WITH ORDINALITY AS listed (each, place)
                                ORDER BY place)) AS broken
  FROM told;

-- name: closings_say_what_their_records_say
-- Each closing is one signed record of its till, and each such record is one closing.
WITH written AS (
    SELECT till_id, sequence AS record_sequence, record::jsonb AS said
      FROM recharges.journal
     WHERE kind = 'grand_total'
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', till_id, record_sequence))
                FILTER (WHERE closing.closing_id IS NULL
                           OR (closing.period, closing.period_on::text, closing.closing_no::text,
                               closing.from_sequence::text, closing.until_sequence::text,
                               closing.ticket_count::text, closing.sold_cents::text,
                               closing.refunded_cents::text, closing.real_cents::text,
                               closing.absolute_cents::text, closing.perpetual_real_cents::text,
                               closing.perpetual_absolute_cents::text,
                               closing.drawer_session_id::text)
                              IS DISTINCT FROM
                              (said->>'period', said->>'period_on', said->>'closing_no',
                               said->>'from_sequence', said->>'until_sequence',
                               said->>'ticket_count', said->>'sold_cents',
                               said->>'refunded_cents', said->>'real_cents',
                               said->>'absolute_cents', said->>'perpetual_real_cents',
                               said->>'perpetual_absolute_cents',
                               said->>'drawer_session_id')) AS broken
  FROM written
  FULL JOIN recharges.closing USING (till_id, record_sequence);

-- name: journals_tell_what_was_done_to_tills
-- Drawers opened, counted and approved, cash put in and taken out, card sales given up, leases
-- taken and returned: each is a technical event of its till, once; a disputed payment one at least,
-- for its end may be told before its beginning.
WITH event AS (
    SELECT till_id, record::jsonb AS said, record::jsonb->'details' AS details
      FROM recharges.journal WHERE kind = 'event'
), done AS (
    SELECT till_id, 1110 AS code, drawer_session_id::text AS subject, float_cents AS figure
      FROM recharges.drawer_session WHERE opening = 'counted'
     UNION ALL
    SELECT till_id, 170, drawer_session_id::text, counted_cents
      FROM recharges.drawer_session WHERE counted_at IS NOT NULL
     UNION ALL
    SELECT till_id, 1125, drawer_session_id::text, gap_cents
      FROM recharges.drawer_session WHERE approved_by IS NOT NULL
     UNION ALL
    SELECT till_id, 1120, drawer_session_id::text, amount_cents
      FROM recharges.cash_line WHERE kind IN ('in', 'out')
     UNION ALL
    SELECT till_id, 320, sale_id::text, total_cents FROM recharges.card_sale WHERE state = 'voided'
     UNION ALL
    SELECT till_id, 1060, lease_id::text, count FROM recharges.lease
     UNION ALL
    SELECT till_id, 1070, lease_id::text, sold FROM recharges.lease WHERE state = 'returned'
     UNION ALL
    SELECT till_id, 1150, dispute_id, amount_cents
      FROM recharges.dispute JOIN recharges.sale USING (sale_id)
), told AS (
    SELECT till_id, (said->>'code')::integer AS code,
           coalesce(details->>'drawer_session_id', details->>'sale_id',
                    details->>'lease_id') AS subject,
           (CASE (said->>'code')::integer WHEN 1110 THEN details->>'float_cents'
                                          WHEN 170 THEN details->>'counted_cents'
                                          WHEN 1125 THEN details->>'gap_cents'
                                          WHEN 1120 THEN details->>'amount_cents'
                                          WHEN 320 THEN details->>'total_cents'
                                          WHEN 1060 THEN details->>'count'
                                          WHEN 1070 THEN details->>'sold' END)::bigint AS figure
      FROM event
     WHERE (said->>'code')::integer IN (1110, 170, 1125, 1120, 320, 1060, 1070)
       AND NOT details ? 'handed_to'
     UNION ALL
    SELECT DISTINCT till_id, 1150, details->>'dispute_id', (details->>'amount_cents')::bigint
      FROM event
     WHERE (said->>'code')::integer IN (1150, 1160)
)
SELECT coalesce(sum(done.times), 0)::bigint AS examined,
       array_agg(concat_ws(' ', till_id, code, subject))
                FILTER (WHERE done.times IS DISTINCT FROM told.times) AS broken
  FROM (SELECT till_id, code, subject, figure, count(*) AS times
          FROM done GROUP BY 1, 2, 3, 4) AS done
  FULL JOIN (SELECT till_id, code, subject, figure, count(*) AS times
               FROM told GROUP BY 1, 2, 3, 4) AS told USING (till_id, code, subject, figure);

-- name: leases_count_what_they_lent
-- A lease lent as many vouchers as it says, and what was sold of it is tickets of its own chain with
-- vouchers that it lent; the end of each chain is its last ticket.
WITH sold AS (
    SELECT ticket.lease_id, count(*) AS vouchers,
           bool_and(ticket.till_id = lease.till_id
                    AND ticket.device_id = coalesce(lease.chain_id, lease.device_id)
                    AND EXISTS (SELECT FROM recharges.lease_range AS lent
                                 WHERE lent.lease_id = ticket.lease_id
                                   AND lent.batch_id = voucher.batch_id
                                   AND lent.first_position <= voucher.position
                                   AND voucher.position < lent.end_position)) AS were_lent
      FROM recharges.offline_ticket AS ticket
      JOIN recharges.lease USING (lease_id)
      JOIN recharges.sale_voucher AS voucher USING (sale_id)
     GROUP BY ticket.lease_id
), lent AS (
    SELECT lease_id, sum(end_position - first_position) AS vouchers
      FROM recharges.lease_range GROUP BY lease_id
), last AS (
    SELECT DISTINCT ON (device_id) device_id, till_id, sequence, hash
      FROM recharges.offline_ticket ORDER BY device_id, sequence DESC
)
SELECT (SELECT count(*) FROM recharges.lease)::bigint AS examined,
       ARRAY(SELECT 'lease ' || lease_id
               FROM recharges.lease
               LEFT JOIN lent USING (lease_id)
               LEFT JOIN sold USING (lease_id)
              WHERE lent.vouchers IS DISTINCT FROM lease.count
                 OR coalesce(sold.vouchers, 0) <> lease.sold
                 OR NOT coalesce(sold.were_lent, true))
       || ARRAY(SELECT 'chain ' || device_id
                  FROM last
                  FULL JOIN recharges.device_chain AS chain USING (device_id)
                 WHERE (last.till_id, last.sequence, last.hash)
                       IS DISTINCT FROM (chain.till_id, chain.sequence, chain.hash)) AS broken;

-- name: transfers_arrive_or_are_missing
-- What was sent was counted in by somebody else, or is missing, or came back.
SELECT count(*)::bigint AS examined,
       array_agg(transfer_id::text)
                FILTER (WHERE moved.sent IS DISTINCT FROM transfer.count
                           OR transfer.ended_by = transfer.sent_by AND transfer.state = 'received'
                           OR moved.arrived <> CASE transfer.state
                                  WHEN 'received' THEN transfer.count - transfer.missing
                                  ELSE 0 END
                           OR moved.missing > coalesce(transfer.missing, 0)
                           OR moved.returned > CASE transfer.state WHEN 'cancelled'
                                                    THEN transfer.count ELSE 0 END) AS broken
  FROM recharges.transfer
  LEFT JOIN (SELECT transfer_id,
                    coalesce(sum(vouchers) FILTER (WHERE what = 'sent'), 0) AS sent,
                    coalesce(sum(vouchers) FILTER (WHERE what = 'arrived'), 0) AS arrived,
                    coalesce(sum(vouchers) FILTER (WHERE what = 'missing'), 0) AS missing,
                    coalesce(sum(vouchers) FILTER (WHERE what = 'returned'), 0) AS returned
               FROM (SELECT transfer_id, what, end_position - first_position AS vouchers
                       FROM recharges.stock_move) AS each
              GROUP BY transfer_id) AS moved USING (transfer_id);

-- name: vouchers_on_sale_are_of_active_batches
-- Vouchers are on sale only where their batch is active, and was released by another person than
-- the one who received it.
SELECT count(*)::bigint AS examined,
       array_agg(batch.batch_id::text)
                FILTER (WHERE batch.state <> 'active'
                          AND EXISTS (SELECT FROM recharges.lot
                                       WHERE lot.batch_id = batch.batch_id
                                         AND lot.state = 'available')
                           OR EXISTS (SELECT FROM recharges.stock_move
                                       WHERE stock_move.batch_id = batch.batch_id
                                         AND stock_move.what = 'released'
                                         AND stock_move.moved_by = batch.received_by)
             ) AS broken
  FROM recharges.batch;

-- name: journal_records
-- Every till's journal in order, for the chain to be computed anew.
SELECT till_id, kind, sequence, record, previous_hash, hash, key_id, signature,
       (SELECT public_key FROM recharges.journal_key WHERE journal_key.key_id = journal.key_id)
           AS public_key
  FROM recharges.journal
 ORDER BY till_id, kind, sequence;

-- name: access_log
-- Who did what to whose access, in order, for the chain to be computed anew.
SELECT sequence, record, previous_hash, hash
  FROM accounts.log_entry
 ORDER BY sequence;

-- name: access_log_tells_what_is_so
-- What accounts, sessions and devices are is what the log says was done to them: nobody was given
-- a role, let in or revoked by hand, and the log's end was not cut off.
WITH said AS (
    SELECT sequence, record::jsonb AS said, record::jsonb->>'kind' AS kind,
           record::jsonb->>'user_id' AS user_id
      FROM accounts.log_entry
), rights AS (   -- entries of before the log was chained say no rights
    SELECT DISTINCT ON (user_id) user_id, said
      FROM said
     WHERE said ? 'role'
     ORDER BY user_id, sequence DESC
), disabled AS (
    SELECT DISTINCT ON (user_id) user_id, kind = 'user_disabled' AS disabled
      FROM said
     WHERE kind IN ('user_created', 'user_disabled', 'user_enabled')
     ORDER BY user_id, sequence DESC
), begun AS (
    SELECT DISTINCT said->>'session_id' AS session_id FROM said WHERE kind = 'signed_in'
), enrolled AS (
    SELECT said->>'device_id' AS device_id, min((said->>'at')::timestamptz) AS at
      FROM said
     WHERE kind = 'device_enrolled'
     GROUP BY 1
), revoked AS (
    SELECT DISTINCT said->>'device_id' AS device_id FROM said WHERE kind = 'device_revoked'
), found AS (
    SELECT 'account ' || account.user_id AS what,
           disabled.disabled IS DISTINCT FROM (disabled_at IS NOT NULL)
           OR rights.said IS NOT NULL
              AND (rights.said->>'role' <> role
                   OR rights.said->'site_codes' <> to_jsonb(site_codes)
                   OR rights.said->>'operator' IS DISTINCT FROM operator
                   OR (rights.said ? 'volunteer') <> volunteer) AS broken
      FROM accounts.account
      LEFT JOIN rights ON rights.user_id = account.user_id::text
      LEFT JOIN disabled ON disabled.user_id = account.user_id::text
     UNION ALL
    SELECT 'session ' || session.session_id, begun.session_id IS NULL
      FROM accounts.session
      LEFT JOIN begun ON begun.session_id = session.session_id::text
     UNION ALL
    SELECT 'device ' || device.device_id,
           enrolled.device_id IS NULL
           OR (revoked_at IS NULL) <> (revoked.device_id IS NULL)
      FROM accounts.device
      LEFT JOIN enrolled ON enrolled.device_id = device.device_id::text
      LEFT JOIN revoked ON revoked.device_id = device.device_id::text
     WHERE enrolled_at >= (SELECT min(at) FROM enrolled)
)
SELECT count(*)::bigint AS examined, array_agg(what) FILTER (WHERE broken) AS broken
  FROM found;

-- name: referrals_and_entitlements_end_on_their_day
-- What the calendar ends is ended within the hour, and what it ended has its step and its fact.
WITH clock AS (
    SELECT (now() AT TIME ZONE 'Europe/Paris' - interval '1 hour')::date AS today
), found AS (
    SELECT 'referral ' || referral.referral_id AS what,
           (state IN ('submitted', 'seen', 'provisional') AND expires_on <= clock.today)
           OR (state = 'lapsed')
              <> EXISTS (SELECT FROM referrals.referral_step AS made
                          WHERE made.referral_id = referral.referral_id AND step = 'lapsed')
           OR (state = 'lapsed')
              <> EXISTS (SELECT FROM referrals.outbox
                          WHERE subject = referral.referral_id::text
                            AND type = 'referrals.referral.lapsed.v1') AS broken
      FROM referrals.referral, clock
     UNION ALL
    SELECT 'entitlement ' || entitlement.entitlement_id,
           (ended_at IS NULL AND until_on <= clock.today)
           OR (ended_at IS NOT NULL)
              <> EXISTS (SELECT FROM referrals.entitlement_change AS made
                          WHERE made.entitlement_id = entitlement.entitlement_id
                            AND change = 'ended')
           OR (ended_at IS NOT NULL)
              <> EXISTS (SELECT FROM referrals.outbox
                          WHERE subject = entitlement.person_ref::text
                            AND type = 'referrals.entitlement.ended.v1'
                            AND (data->>'on')::date = entitlement.until_on)
      FROM referrals.entitlement, clock
)
SELECT count(*)::bigint AS examined, array_agg(what) FILTER (WHERE broken) AS broken
  FROM found;

-- name: referrers_were_written_of_each_step
-- One mail of the last step of each move, to whoever had an address and an account then.  Of a
-- walk-in, others were written before it had a referrer.  Of who was erased nobody is written any
-- more, of what the calendar or a sale made them take perhaps later than it is dated.
WITH made AS (
    SELECT DISTINCT ON (referral_id, at) referral_id, step, at
      FROM referrals.referral_step
     ORDER BY referral_id, at, position DESC
), told AS (
    SELECT referral_id, step, at FROM made WHERE step <> 'provisional'
     UNION ALL
    SELECT referral_id, 'first_visit', at FROM referrals.first_visit
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', told.referral_id, told.step))
                FILTER (WHERE mails.sent <> 1) AS broken
  FROM told
  JOIN referrals.referral USING (referral_id)
  JOIN referrals.worker ON worker.user_id = referral.referrer_id
  LEFT JOIN referrals.told_user USING (user_id)
  JOIN referrals.pseudonym USING (person_ref)
 CROSS JOIN LATERAL (SELECT count(*) AS sent
                       FROM referrals.mail
                      WHERE about = told.referral_id::text
                        AND kind = 'referral_' || told.step) AS mails
 WHERE worker.email_at + interval '500 milliseconds' < told.at  -- it may be given just then
   AND (disabled_at IS NULL OR told.at < disabled_at)
   AND (erased_at IS NULL
        OR (told.at < erased_at AND told.step NOT IN ('first_visit', 'lapsed', 'ended')));

-- name: pin_keys
SELECT key_id, wrapped_by, wrapped FROM recharges.pin_key;

-- name: vouchers_with_sealed_pins
SELECT batch_id, position, operator, serial, pin_key_id, pin_sealed
  FROM recharges.voucher;

-- name: tables
-- Every table of every service, the sealed PINs' own column left to the query that reads it.
SELECT table_schema, table_name
  FROM information_schema.tables
 WHERE table_schema = ANY(%(schemas)s)
   AND table_type = 'BASE TABLE'
 ORDER BY table_schema, table_name;

-- name: erased_people_are_gone
-- Of an erased person nothing is left but the pseudonym: no identity, no export, no right to buy,
-- and no words in the services that keep some.
WITH erased AS (
    SELECT person_ref, erased_at, (erased_at AT TIME ZONE 'Europe/Paris')::date AS erased_on
      FROM referrals.pseudonym
     WHERE erased_at IS NOT NULL
), words AS (
    SELECT person_ref
      FROM mediation.debt_case
      JOIN mediation.debt_line USING (case_id)
     WHERE label <> ''
     UNION ALL
    SELECT person_ref
      FROM mediation.debt_case
      JOIN mediation.mandate USING (case_id)
     WHERE client_reference <> ''
     UNION ALL
    SELECT person_ref
      FROM mediation.debt_case
      JOIN mediation.offer USING (case_id)
     WHERE override_reason <> '-'
     UNION ALL
    SELECT person_ref
      FROM mediation.debt_case
      JOIN mediation.case_event USING (case_id)
     WHERE details->>'override_reason' <> '-' OR details->>'left_open_reason' <> '-'
     UNION ALL
    SELECT person_ref
      FROM equipment.sale
      JOIN equipment.repair USING (device_id)
     WHERE fault NOT IN ('', '-')
     UNION ALL
    SELECT person_ref
      FROM recharges.sale
      JOIN recharges.refund USING (sale_id)
     WHERE (refund.reason, refund.answer) IS DISTINCT FROM ('-', '')
     UNION ALL
    SELECT person_ref
      FROM recharges.sale
      JOIN recharges.reveal USING (sale_id)
     WHERE reveal.kind = 'reprint' AND reveal.reason <> '-'
     UNION ALL
    SELECT person_ref
      FROM recharges.sale
      JOIN recharges.refund USING (sale_id)
      JOIN recharges.paper_copy ON paper_copy.till_id = refund.till_id
                               AND paper_copy.kind = 'ticket'
                               AND paper_copy.sequence = refund.ticket_no
     WHERE paper_copy.reason <> '-'
     UNION ALL
    SELECT person_ref FROM referrals.referral WHERE refusal_reason <> '' OR revocation_reason <> ''
     UNION ALL
    SELECT person_ref FROM referrals.referral JOIN referrals.criterion_answer USING (referral_id)
)
SELECT count(*)::bigint AS examined,
       array_agg(person_ref::text)
                FILTER (
           WHERE EXISTS (SELECT FROM referrals.person WHERE person.person_ref = erased.person_ref)
              OR EXISTS (SELECT FROM referrals.export
                          WHERE person_refs @> ARRAY[erased.person_ref])
              OR EXISTS (SELECT FROM referrals.entitlement
                          WHERE entitlement.person_ref = erased.person_ref
                            AND until_on > GREATEST(erased_on, from_on + 1))
              OR EXISTS (SELECT FROM words WHERE words.person_ref = erased.person_ref)
              OR NOT EXISTS (SELECT FROM referrals.erasure
                              WHERE person_refs @> ARRAY[erased.person_ref])) AS broken
  FROM erased;

-- name: erased_people_are_remembered
-- Every other service that gave a receipt remembers whom it forgot, so that nothing is written of
-- them again; and remembers nobody else.
WITH forgotten AS (
    SELECT 'accounts' AS service, person_ref FROM accounts.forgotten_person
     UNION ALL
    SELECT 'donations', person_ref FROM donations.forgotten_person
     UNION ALL
    SELECT 'equipment', person_ref FROM equipment.forgotten_person
     UNION ALL
    SELECT 'mediation', person_ref FROM mediation.forgotten_person
     UNION ALL
    SELECT 'recharges', person_ref FROM recharges.forgotten_person
     UNION ALL
    SELECT 'settlement', person_ref FROM settlement.forgotten_person
), told AS (
    SELECT service, person_ref, bool_or(receipt.service IS NOT NULL) AS given
      FROM (SELECT erasure_id, unnest(services) AS service, person_refs
              FROM referrals.erasure) AS asked
     CROSS JOIN unnest(person_refs) AS person_ref
      LEFT JOIN referrals.erasure_receipt AS receipt USING (erasure_id, service)
     WHERE service <> 'referrals'
     GROUP BY service, person_ref
)
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', service, person_ref))
                FILTER (WHERE told.person_ref IS NULL
                           OR given AND forgotten.person_ref IS NULL) AS broken
  FROM told
  FULL JOIN forgotten USING (service, person_ref);

-- name: erasures_have_all_receipts
-- Every service that was asked to forget a person says that it did; nobody else says so.
SELECT count(*)::bigint AS examined,
       array_agg(concat_ws(' ', erasure_id, service))
                FILTER (WHERE asked.service IS NULL OR receipt.service IS NULL) AS broken
  FROM (SELECT erasure_id, unnest(services) AS service FROM referrals.erasure) AS asked
  FULL JOIN referrals.erasure_receipt AS receipt USING (erasure_id, service);

-- name: traces_of_the_erased
SELECT traces FROM referrals.erasure;

-- name: identities
SELECT given_name, family_name, birth_date, phone, email FROM referrals.person;

-- name: text_columns
-- Where words may stand: in texts, lists of texts, JSON and bytes.
SELECT table_schema, table_name, array_agg(column_name::text ORDER BY ordinal_position) AS columns
  FROM information_schema.columns
  JOIN information_schema.tables USING (table_schema, table_name)
 WHERE table_schema = ANY (%(schemas)s)
   AND table_type = 'BASE TABLE'
   AND (data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea')
        OR udt_name IN ('_text', '_varchar'))
 GROUP BY table_schema, table_name
 ORDER BY table_schema, table_name;
