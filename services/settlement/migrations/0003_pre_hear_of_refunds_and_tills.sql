-- Refunds, the gaps of drawers and the anchors of tills' journals, as recharges tells them.

ALTER TABLE entry
    DROP CONSTRAINT entry_kind_check,
    ADD CONSTRAINT entry_kind_check
        CHECK (kind IN ('batch_received', 'sale_completed', 'sale_refunded', 'drawer_closed',
                        'option_reported', 'device_sold'));

-- The postings of domain/posting.py, a second time.
ALTER TABLE transfer
    DROP CONSTRAINT transfer_check1,
    ADD CONSTRAINT transfer_pair_check
        CHECK ((debit, credit) IN (('credits_stock', 'credits_given'),
                                   ('credits_sold', 'credits_stock'),
                                   ('credits_stock', 'credits_sold'),
                                   ('credits_given', 'credits_sold'),
                                   ('till_cash', 'recharge_income'),
                                   ('card_receivable', 'recharge_income'),
                                   ('recharge_income', 'till_cash'),
                                   ('recharge_income', 'card_receivable'),
                                   ('till_cash', 'cash_differences'),
                                   ('cash_differences', 'till_cash'),
                                   ('till_cash', 'equipment_income'),
                                   ('card_receivable', 'equipment_income'),
                                   ('option_receivable', 'option_gifts'),
                                   ('option_gifts', 'option_receivable')));

-- An operator that takes a dead voucher back debits what it gave: a third amount in kind.
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
     WHERE (SELECT COALESCE(sum(CASE WHEN debit IN ('till_cash', 'card_receivable',
                                                    'option_receivable')
                                     THEN amount_cents
                                     WHEN credit IN ('till_cash', 'card_receivable',
                                                     'option_receivable')
                                     THEN -amount_cents
                                END), 0) = max(declared_cents)
               AND COALESCE(sum(amount_cents) FILTER (
                            WHERE debit IN ('credits_stock', 'credits_sold', 'credits_given')), 0)
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

CREATE TABLE anchor (            -- the last hash of each chain of a till's journal, at each closing
    till_id    uuid        NOT NULL,
    kind       text        NOT NULL CHECK (length(kind) BETWEEN 1 AND 40),
    sequence   bigint      NOT NULL CHECK (sequence > 0),
    hash       bytea       NOT NULL CHECK (octet_length(hash) = 32),
    closing_id uuid        NOT NULL,
    told_at    timestamptz NOT NULL,
    -- A chain has one record of each number, so a second hash for it is another chain.
    PRIMARY KEY (till_id, kind, sequence)
);
CREATE TRIGGER anchor_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON anchor
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON anchor FROM settlement;
