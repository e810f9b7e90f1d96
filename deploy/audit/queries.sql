-- Each query answers two whole numbers: how many rows it examined and how many break the rule.
-- They run as an administrator, who alone sees every schema, in one snapshot.

-- name: voucher_sold_at_most_once
-- A voucher is bound to at most one sale, and only a voucher that was received can be sold.
SELECT coalesce(sum(sales), 0)::bigint AS examined,
       count(*) FILTER (WHERE sales > 1 OR NOT received)::bigint AS broken
  FROM (SELECT count(*) AS sales, bool_and(voucher.batch_id IS NOT NULL) AS received
          FROM recharges.sale_voucher AS sold
          LEFT JOIN recharges.voucher ON voucher.batch_id = sold.batch_id
                                     AND voucher.position = sold.position
         GROUP BY sold.batch_id, sold.position) AS each;

-- name: vouchers_received_equal_their_states
-- Of each lot: received = sold + left, and what the pointer calls sold is bound to sales.  Of each
-- batch: its lots hold every voucher once.
WITH per_batch AS (
    SELECT batch.batch_id, batch.voucher_count,
           (SELECT count(*) FROM recharges.voucher WHERE voucher.batch_id = batch.batch_id) AS held,
           (SELECT coalesce(sum(lot.end_position - lot.first_position), 0)
              FROM recharges.lot WHERE lot.batch_id = batch.batch_id) AS placed
      FROM recharges.batch
), per_lot AS (
    SELECT lot.lot_id, lot.next_position - lot.first_position AS said,
           (SELECT count(*)
              FROM recharges.sale_voucher AS sold
             WHERE sold.batch_id = lot.batch_id
               AND sold.position >= lot.first_position
               AND sold.position < lot.end_position) AS bound,
           (SELECT count(*)
              FROM recharges.sale_voucher AS sold
             WHERE sold.batch_id = lot.batch_id
               AND sold.position >= lot.next_position
               AND sold.position < lot.end_position) AS beyond
      FROM recharges.lot
)
SELECT (SELECT coalesce(sum(held), 0) FROM per_batch)::bigint AS examined,
       ((SELECT count(*) FROM per_batch WHERE voucher_count <> held OR held <> placed)
        + (SELECT count(*) FROM per_lot WHERE said <> bound OR beyond > 0))::bigint AS broken;

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
-- Per site and business day, to the cent: sales, fiscal journal, cash lines, settlement's ledger.
WITH sales AS (
    SELECT site_code, business_date AS day, sum(total_cents) AS cents, count(*) AS sales
      FROM recharges.sale GROUP BY 1, 2
), journal AS (
    SELECT site_code, business_date AS day, sum(total_cents) AS cents, count(*) AS sales
      FROM recharges.journal WHERE kind = 'ticket' GROUP BY 1, 2
), cash AS (
    SELECT site_code, business_date AS day, sum(amount_cents) AS cents, count(*) AS sales
      FROM recharges.cash_line WHERE kind = 'sale' GROUP BY 1, 2
), ledger AS (
    SELECT site_code, booked_on AS day, sum(amount_cents) AS cents,
           count(DISTINCT fact_id) AS sales
      FROM settlement.transfer WHERE credit = 'recharge_income' GROUP BY 1, 2
)
SELECT coalesce(sum(sales.sales), 0)::bigint AS examined,
       count(*) FILTER (WHERE sales.cents IS DISTINCT FROM journal.cents
                           OR sales.cents IS DISTINCT FROM cash.cents
                           OR sales.cents IS DISTINCT FROM ledger.cents
                           OR sales.sales IS DISTINCT FROM journal.sales
                           OR sales.sales IS DISTINCT FROM cash.sales
                           OR sales.sales IS DISTINCT FROM ledger.sales)::bigint AS broken
  FROM sales
  FULL JOIN journal USING (site_code, day)
  FULL JOIN cash USING (site_code, day)
  FULL JOIN ledger USING (site_code, day);

-- name: each_sale_is_in_the_ledger_once
-- Sale by sale, so that two errors cannot make up for each other.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE sale.total_cents IS DISTINCT FROM ledger.cents)::bigint AS broken
  FROM recharges.sale
  FULL JOIN (SELECT document::uuid AS sale_id, sum(declared_cents) AS cents
               FROM settlement.entry
              WHERE kind = 'sale_completed'
              GROUP BY 1) AS ledger USING (sale_id);

-- name: tickets_have_no_gap
-- Per till, tickets run from 1 to the number of tickets, and the till knows the last one.
SELECT coalesce(sum(tickets), 0)::bigint AS examined,
       count(*) FILTER (WHERE first <> 1 OR last <> tickets OR last <> head)::bigint AS broken
  FROM (SELECT count(*) AS tickets, min(journal.sequence) AS first, max(journal.sequence) AS last,
               max(till.last_sequence) AS head
          FROM recharges.journal
          JOIN recharges.till USING (till_id)
         GROUP BY till_id) AS each;

-- name: nobody_is_over_the_cap
-- What each person bought in a calendar month, counted as the rule of that day says, is what was
-- counted against the cap, and within it.
WITH bought AS (
    SELECT sale.person_ref, date_trunc('month', sale.business_date)::date AS month_on,
           sum(line.quantity * CASE rule.counts WHEN 'price' THEN line.price_cents
                                                ELSE line.face_value_cents END) AS cents
      FROM recharges.sale
      JOIN recharges.sale_line AS line USING (sale_id)
      JOIN recharges.cap_rule AS rule ON rule.from_on <= sale.business_date
                                     AND sale.business_date < rule.until_on
     GROUP BY 1, 2
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
-- Each entry's transfers add up to the fact's own totals, in cents and in vouchers.
SELECT count(*)::bigint AS examined,
       count(*) FILTER (WHERE declared_cents IS DISTINCT FROM moved.cents)::bigint AS broken
  FROM settlement.entry
  LEFT JOIN (SELECT fact_id, operator,
                    coalesce(sum(CASE WHEN credit IN ('recharge_income', 'equipment_income',
                                                      'option_gifts') THEN amount_cents
                                      WHEN debit = 'option_gifts' THEN -amount_cents
                                      ELSE 0 END), 0) AS cents
               FROM settlement.transfer
              GROUP BY 1, 2) AS moved USING (fact_id, operator)
 WHERE kind <> 'batch_received';

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
SELECT till_id, sequence, record, previous_hash, hash
  FROM recharges.journal
 ORDER BY till_id, sequence;

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
