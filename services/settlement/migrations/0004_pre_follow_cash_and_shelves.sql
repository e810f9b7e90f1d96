-- Cash between drawers, safe and bank; vouchers between shelves, on their way, and written off; and
-- credits by offer, so that what the ledger says is left can be held against a shelf.

ALTER TABLE entry
    DROP CONSTRAINT entry_kind_check,
    ADD CONSTRAINT entry_kind_check
        CHECK (kind IN ('batch_received', 'sale_completed', 'sale_refunded', 'transfer_sent',
                        'transfer_received', 'transfer_cancelled', 'voucher_written_off',
                        'voucher_found', 'till_opened', 'cash_moved', 'drawer_closed',
                        'option_reported', 'device_sold'));

-- Which offer's credits; empty where it is money, and in what was posted before.
ALTER TABLE transfer
    ADD COLUMN offer_code text NOT NULL DEFAULT '',
    ADD CONSTRAINT transfer_offer_of_credits
        CHECK (offer_code = '' OR debit LIKE 'credits%' AND credit LIKE 'credits%');

-- The postings of domain/posting.py, a second time.
ALTER TABLE transfer
    DROP CONSTRAINT transfer_pair_check,
    ADD CONSTRAINT transfer_pair_check
        CHECK ((debit, credit) IN (('credits_stock', 'credits_given'),
                                   ('credits_sold', 'credits_stock'),
                                   ('credits_stock', 'credits_sold'),
                                   ('credits_given', 'credits_sold'),
                                   ('credits_in_transit', 'credits_stock'),
                                   ('credits_stock', 'credits_in_transit'),
                                   ('credits_lost', 'credits_in_transit'),
                                   ('credits_lost', 'credits_stock'),
                                   ('credits_damaged', 'credits_stock'),
                                   ('credits_expired', 'credits_stock'),
                                   ('credits_stock', 'credits_lost'),
                                   ('till_cash', 'recharge_income'),
                                   ('card_receivable', 'recharge_income'),
                                   ('recharge_income', 'till_cash'),
                                   ('recharge_income', 'card_receivable'),
                                   ('till_cash', 'site_cash'),
                                   ('site_cash', 'till_cash'),
                                   ('till_cash', 'bank_deposits'),
                                   ('bank_deposits', 'till_cash'),
                                   ('till_cash', 'cash_expenses'),
                                   ('cash_expenses', 'till_cash'),
                                   ('till_cash', 'cash_differences'),
                                   ('cash_differences', 'till_cash'),
                                   ('site_cash', 'equipment_income'),
                                   ('card_receivable', 'equipment_income'),
                                   ('option_receivable', 'option_gifts'),
                                   ('option_gifts', 'option_receivable'),
                                   -- until 0004, devices were booked as paid into drawers
                                   ('till_cash', 'equipment_income')));

-- What reaches a till, or where no till is touched another account of money, is what was declared.
CREATE OR REPLACE FUNCTION refuse_unequal_entry() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    unequal record;
BEGIN
    SELECT touched.fact_id, touched.operator
      INTO unequal
      FROM (SELECT DISTINCT fact_id, operator FROM added) AS touched
     WHERE (SELECT COALESCE(sum(CASE WHEN debit = 'till_cash' THEN amount_cents
                                     WHEN credit = 'till_cash' THEN -amount_cents
                                     WHEN debit IN ('card_receivable', 'option_receivable',
                                                    'site_cash') THEN amount_cents
                                     WHEN credit IN ('card_receivable', 'option_receivable',
                                                     'site_cash') THEN -amount_cents
                                END), 0) = max(declared_cents)
               AND COALESCE(sum(amount_cents) FILTER (WHERE debit LIKE 'credits%'), 0)
                   = max(declared_face_value_cents)
               AND sum(item_count) = max(declared_count)
              FROM transfer
              JOIN entry
                ON entry.fact_id = transfer.fact_id
               AND entry.operator IS NOT DISTINCT FROM transfer.operator
             WHERE transfer.fact_id = touched.fact_id
               AND transfer.operator IS NOT DISTINCT FROM touched.operator) IS NOT TRUE
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the transfers of fact % do not add up to what it declared for %',
              unequal.fact_id, unequal.operator
              USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;

-- The days, by offer too.  Sorted as their key is.
ALTER TABLE day_total
    ADD COLUMN offer_code text NOT NULL DEFAULT '',
    DROP CONSTRAINT day_total_pkey,
    -- serves: sum_period, list_sites, list_takings, list_accounts, list_unequal_days
    ADD PRIMARY KEY (operator, booked_on, site_code, debit, credit, offer_code);
CREATE OR REPLACE FUNCTION add_to_days() RETURNS trigger
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path FROM CURRENT
AS $$
BEGIN
    INSERT INTO day_total (operator, booked_on, site_code, debit, credit, offer_code, amount_cents,
                           item_count, transfer_count)
    SELECT operator, booked_on, site_code, debit, credit, offer_code, sum(amount_cents),
           sum(item_count), count(*)
      FROM added
     GROUP BY operator, booked_on, site_code, debit, credit, offer_code
     ORDER BY operator, booked_on, site_code, debit, credit, offer_code
        ON CONFLICT (operator, booked_on, site_code, debit, credit, offer_code) DO UPDATE
       SET amount_cents = day_total.amount_cents + EXCLUDED.amount_cents,
           item_count = day_total.item_count + EXCLUDED.item_count,
           transfer_count = day_total.transfer_count + EXCLUDED.transfer_count;
    RETURN NULL;
END
$$;
