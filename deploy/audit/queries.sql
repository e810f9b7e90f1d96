-- Each query answers two whole numbers: how many rows it examined and how many break the rule.
-- They run as an administrator, who alone sees every schema, in one snapshot.

-- name: voucher_sold_at_most_once
-- A voucher is bound to at most one sale that was not given back, and only a voucher that was
-- received can be sold.
SELECT coalesce(sum(sales), 0)::bigint AS examined,
       count(*) FILTER (WHERE sales - returned > 1 OR NOT received)::bigint AS broken
  FROM (SELECT count(*) AS sales, bool_and(voucher.batch_id IS NOT NULL) AS received,
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
       ((SELECT count(*) FROM per_batch WHERE voucher_count <> held OR held <> placed)
        + (SELECT count(*) FROM per_lot WHERE said <> bound OR beyond > 0))::bigint AS broken;

-- name: held_vouchers_have_a_holder
-- What is reserved, leased or on its way is held by a card payment that waits, a lease that is
-- open, a transfer that has not arrived; and what is disputed or taken back by a refund.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE NOT CASE lot.state
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
       END)::bigint AS broken
  FROM recharges.lot
 WHERE lot.held_by IS NOT NULL OR lot.state IN ('disputed', 'refunded_by_operator');

-- name: sale_totals_equal_their_lines
-- total = sum of the lines = tendered - change; as many vouchers as the lines say.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE total_cents IS DISTINCT FROM lines.cents
                           OR total_cents <> tendered_cents - change_cents
                           OR lines.vouchers IS DISTINCT FROM bound.vouchers)::bigint AS broken
  FROM recharges.sale
  LEFT JOIN (SELECT sale_id, sum(quantity * price_cents) AS cents, sum(quantity) AS vouchers
               FROM recharges.sale_line
              GROUP BY sale_id) AS lines USING (sale_id)
  LEFT JOIN (SELECT sale_id, count(*) AS vouchers
               FROM recharges.sale_voucher
              GROUP BY sale_id) AS bound USING (sale_id);

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
       count(*) FILTER (WHERE sales.cents IS DISTINCT FROM journal.cents
                           OR sales.cash_cents IS DISTINCT FROM coalesce(cash.cents, 0)
                           OR sales.cents IS DISTINCT FROM ledger.cents
                           OR sales.tickets IS DISTINCT FROM journal.tickets
                           OR sales.tickets IS DISTINCT FROM ledger.tickets)::bigint AS broken
  FROM sales
  FULL JOIN journal USING (site_code, day)
  FULL JOIN cash USING (site_code, day)
  FULL JOIN ledger USING (site_code, day);

-- name: refunds_give_back_what_was_paid
-- A refund is worth the price of its vouchers; a voucher's sale is given back once.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE refund.amount_cents IS DISTINCT FROM given_back.cents
                           OR refund.state = 'done' AND ticket.total_cents
                              IS DISTINCT FROM -refund.amount_cents)::bigint AS broken
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
       count(*) FILTER (WHERE card.sale_id IS NULL
                           OR (card.state = 'paid') <> (sale.sale_id IS NOT NULL)
                           OR sale.total_cents <> card.total_cents)::bigint AS broken
  FROM (SELECT sale_id, total_cents FROM recharges.sale WHERE tender = 'card') AS sale
  FULL JOIN recharges.card_sale AS card USING (sale_id);

-- name: drawers_are_counted_and_their_gaps_posted
-- Expected = float + what went through the drawer; the gap is in the ledger.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE session.expected_cents
                              IS DISTINCT FROM session.float_cents + coalesce(moved.cents, 0)
                           OR session.state = 'closed'
                          AND posted.cents IS DISTINCT FROM session.gap_cents)::bigint AS broken
  FROM recharges.drawer_session AS session
  LEFT JOIN (SELECT drawer_session_id, sum(amount_cents) AS cents
               FROM recharges.cash_line GROUP BY 1) AS moved USING (drawer_session_id)
  LEFT JOIN (SELECT document::uuid AS drawer_session_id, sum(declared_cents) AS cents
               FROM settlement.entry WHERE kind = 'drawer_closed'
              GROUP BY 1) AS posted USING (drawer_session_id)
 WHERE session.state <> 'open';

-- name: cash_lines_are_in_a_drawer
-- Every movement of cash belongs to a drawer session of its own till.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE session.till_id IS DISTINCT FROM line.till_id)::bigint AS broken
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
       count(*) FILTER (WHERE summed.tickets <> chained.ticket_count
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
             )::bigint AS broken
  FROM chained JOIN summed USING (closing_id);

-- name: anchors_outside_match_the_journal
-- What settlement was told of the ends of the tills' chains is what the journal still says, and it
-- was told of every closing.
SELECT (SELECT count(*) FROM settlement.anchor)::bigint AS examined,
       ((SELECT count(*)
           FROM settlement.anchor
           LEFT JOIN recharges.journal USING (till_id, kind, sequence)
          WHERE journal.hash IS DISTINCT FROM anchor.hash)
        + (SELECT count(*)
             FROM recharges.closing
            WHERE NOT EXISTS (SELECT FROM settlement.anchor
                               WHERE anchor.till_id = closing.till_id
                                 AND anchor.kind = 'ticket'
                                 AND anchor.sequence = closing.until_sequence - 1)
              AND closing.until_sequence > 1))::bigint AS broken;

-- name: offline_tickets_are_sales_once
-- Each ticket of an offline till is one sale, in a chain without gaps, of vouchers it had leased.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE sale.till_id IS DISTINCT FROM ticket.till_id
                           OR ticket.sequence <> place
                           OR ticket.previous_hash <> before)::bigint AS broken
  FROM (SELECT offline_ticket.*,
               row_number() OVER chain AS place,
               lag(hash, 1, '\x'::bytea) OVER chain AS before
          FROM recharges.offline_ticket
        WINDOW chain AS (PARTITION BY device_id ORDER BY sequence)) AS ticket
  LEFT JOIN recharges.sale USING (sale_id);

-- name: each_sale_is_in_the_ledger_once
-- Sale by sale, so that two errors cannot make up for each other.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE sale.total_cents IS DISTINCT FROM ledger.cents)::bigint AS broken
  FROM recharges.sale
  FULL JOIN (SELECT document::uuid AS sale_id, sum(declared_cents) AS cents
               FROM settlement.entry
              WHERE kind = 'sale_completed'
              GROUP BY 1) AS ledger USING (sale_id);

-- name: records_have_no_gap
-- Per till and kind, records run from 1 to their number, and the till knows its last ticket.
SELECT coalesce(sum(records), 0)::bigint AS examined,
       count(*) FILTER (WHERE first <> 1 OR last <> records
                           OR kind = 'ticket' AND last <> head)::bigint AS broken
  FROM (SELECT kind, count(*) AS records, min(journal.sequence) AS first,
               max(journal.sequence) AS last, max(till.last_sequence) AS head
          FROM recharges.journal
          JOIN recharges.till USING (till_id)
         GROUP BY till_id, kind) AS each;

-- name: nobody_is_over_the_cap
-- What each person bought in a calendar month, counted as the rule of that day says, less what was
-- refunded, and what card payments and leases hold for them, is what was counted against the cap,
-- and within it.
WITH priced AS (
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
       count(*) FILTER (WHERE cap.cap_cents IS NULL OR coalesce(bought.cents, 0) > cap.cap_cents
                           OR coalesce(bought.cents, 0) <> cap.used_cents)::bigint AS broken
  FROM bought
  FULL JOIN recharges.cap_month AS cap USING (person_ref, month_on)
 WHERE bought.cents > 0 OR cap.used_cents <> 0;

-- name: nobody_bought_without_an_entitlement
-- Each sale falls within an entitlement that referrals opened, as referrals itself keeps it.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE NOT EXISTS (
           SELECT FROM referrals.entitlement
            WHERE entitlement.person_ref = sale.person_ref
              AND entitlement.from_on <= sale.business_date
              AND sale.business_date < entitlement.until_on))::bigint AS broken
  FROM recharges.sale;

-- name: ledger_entries_are_what_facts_declared
-- Each entry's transfers add up to the fact's own totals, in cents and in vouchers; what a refund
-- gives back and a drawer lacks is below zero.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE declared_cents <> coalesce(moved.cents, 0)
                           OR declared_count <> coalesce(moved.items, 0))::bigint AS broken
  FROM settlement.entry
  LEFT JOIN (SELECT fact_id, operator, sum(item_count) AS items,
                    coalesce(sum(CASE WHEN credit IN ('recharge_income', 'equipment_income',
                                                      'option_gifts', 'cash_differences')
                                      THEN amount_cents
                                      WHEN debit IN ('recharge_income', 'option_gifts',
                                                     'cash_differences')
                                      THEN -amount_cents
                                      ELSE 0 END), 0) AS cents
               FROM settlement.transfer
              GROUP BY 1, 2) AS moved USING (fact_id, operator);

-- name: ledger_days_are_the_sum_of_their_transfers
-- The totals that statements read, day by day, are what was posted.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE (moved.cents, moved.items, moved.transfers)
                              IS DISTINCT FROM (day.amount_cents, day.item_count,
                                                day.transfer_count))::bigint AS broken
  FROM (SELECT operator, booked_on, site_code, debit, credit, sum(amount_cents) AS cents,
               sum(item_count) AS items, count(*) AS transfers
          FROM settlement.transfer
         GROUP BY 1, 2, 3, 4, 5) AS moved
  FULL JOIN settlement.day_total AS day USING (operator, booked_on, site_code, debit, credit);

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
       count(*) FILTER (WHERE received.cents IS DISTINCT FROM given.cents
                           OR received.vouchers IS DISTINCT FROM given.vouchers)::bigint AS broken
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
       count(*) FILTER (WHERE reported.total_cents IS DISTINCT FROM reported.cents
                           OR reported.line_count IS DISTINCT FROM reported.lines
                           OR reported.cents IS DISTINCT FROM given.cents)::bigint AS broken
  FROM reported FULL JOIN given USING (operator, period);

-- name: devices_sold_were_wiped_and_tested
-- No device is sold twice, nor without a passed wipe and a passed test, and the ledger has its price.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE twice.sales > 1
                           OR ledger.cents IS DISTINCT FROM sale.price_cents
                           OR NOT EXISTS (SELECT FROM equipment.wipe
                                           WHERE wipe.device_id = sale.device_id AND wipe.passed)
                           OR NOT EXISTS (SELECT FROM equipment.functional_test AS test
                                           WHERE test.device_id = sale.device_id
                                             AND test.passed))::bigint AS broken
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
       count(*) FILTER (WHERE amount_cents <> cents)::bigint AS broken
  FROM mediation.offer
  JOIN (SELECT offer_id, sum(amount_cents) AS cents
          FROM mediation.instalment GROUP BY offer_id) AS plan USING (offer_id);

-- name: entitlements_are_known_alike
-- The services that heard of an entitlement know it as referrals does.
WITH latest AS (
    SELECT DISTINCT ON (person_ref) person_ref, from_on, until_on
      FROM referrals.entitlement
     ORDER BY person_ref, from_on DESC
), known AS (
    SELECT person_ref, from_on, until_on FROM recharges.entitlement
     UNION ALL SELECT person_ref, from_on, until_on FROM mediation.entitlement
     UNION ALL SELECT person_ref, from_on, until_on FROM equipment.entitlement
)
SELECT 3 * count(*)::bigint AS examined,
       (3 * count(*) - (SELECT count(*) FROM known JOIN latest
                         USING (person_ref, from_on, until_on)))::bigint AS broken
  FROM latest;

-- name: tills_are_known_alike
-- A till sells as long as it has a device that was not revoked, as accounts itself keeps it.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE known.state IS DISTINCT FROM own.state
                           OR known.site_code IS DISTINCT FROM own.site_code)::bigint AS broken
  FROM (SELECT till_id, till.site_code,
               CASE WHEN bool_or(device.revoked_at IS NULL) THEN 'active' ELSE 'revoked' END AS state
          FROM accounts.till
          JOIN accounts.device USING (till_id)
         GROUP BY till_id) AS own
  FULL JOIN recharges.till AS known USING (till_id);

-- name: users_are_known_alike
-- Who may refer people, and who no longer may, as accounts itself keeps it.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE known.role IS DISTINCT FROM own.role
                           OR known.disabled_at IS DISTINCT FROM own.disabled_at)::bigint AS broken
  FROM accounts.account AS own
  FULL JOIN referrals.told_user AS known USING (user_id);

-- name: journal_records
-- Every till's journal in order, for the chain to be computed anew.
SELECT till_id, kind, sequence, record, previous_hash, hash, key_id, signature,
       (SELECT public_key FROM recharges.journal_key WHERE journal_key.key_id = journal.key_id)
           AS public_key
  FROM recharges.journal
 ORDER BY till_id, kind, sequence;

-- name: pin_keys
SELECT key_id, wrapped_by, wrapped FROM recharges.pin_key;

-- name: vouchers_with_sealed_pins
SELECT operator, serial, pin_key_id, pin_sealed
  FROM recharges.voucher;

-- name: tables
-- Every table of every service, the sealed PINs' own column left to the query that reads it.
SELECT table_schema, table_name
  FROM information_schema.tables
 WHERE table_schema = ANY(%(schemas)s)
   AND table_type = 'BASE TABLE'
 ORDER BY table_schema, table_name;
