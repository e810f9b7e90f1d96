-- The ledger: one entry for each fact and operator, its transfers, and who may see them.

CREATE TABLE entry (
    fact_id                   uuid        NOT NULL,
    operator                  text        NOT NULL CHECK (operator ~ '^[a-z][a-z0-9-]{0,39}$'),
    kind                      text        NOT NULL CHECK (kind IN ('batch_received',
                                              'sale_completed', 'option_reported', 'device_sold')),
    document                  text        NOT NULL CHECK (length(document) BETWEEN 1 AND 100),
    site_code                 text        NOT NULL CHECK (site_code <> ''),
    booked_on                 date        NOT NULL,
    declared_cents            bigint      NOT NULL,
    declared_face_value_cents bigint      NOT NULL CHECK (declared_face_value_cents >= 0),
    declared_count            integer     NOT NULL CHECK (declared_count >= 0),
    posted_at                 timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (fact_id, operator),
    -- The same sale, batch or report told again under another fact id is not posted twice.
    UNIQUE (document, kind, operator)
);

-- Both sides of a transfer stand in the ledger of the same operator and site.
CREATE TABLE transfer (
    fact_id      uuid     NOT NULL,
    operator     text     NOT NULL,
    position     smallint NOT NULL CHECK (position > 0),
    site_code    text     NOT NULL,
    booked_on    date     NOT NULL,
    debit        text     NOT NULL,
    credit       text     NOT NULL,
    amount_cents bigint   NOT NULL CHECK (amount_cents >= 0),
    item_count   integer  NOT NULL CHECK (item_count >= 0),
    PRIMARY KEY (fact_id, operator, position),
    -- A voucher of data may have no face value in euros; it still is one voucher.
    CHECK (amount_cents > 0 OR item_count > 0),
    -- The postings of domain/posting.py, a second time.
    CHECK ((debit, credit) IN (('credits_stock', 'credits_given'),
                               ('credits_sold', 'credits_stock'),
                               ('till_cash', 'recharge_income'),
                               ('card_receivable', 'recharge_income'),
                               ('till_cash', 'equipment_income'),
                               ('card_receivable', 'equipment_income'),
                               ('option_receivable', 'option_gifts'),
                               ('option_gifts', 'option_receivable')))
);

-- serves: sum_period, list_sites, list_takings, list_accounts
CREATE INDEX transfer_of_operator ON transfer (operator, booked_on);
-- serves: list_unequal_entries
CREATE INDEX entry_of_operator ON entry (operator, booked_on);

CREATE TRIGGER entry_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfer
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE ON entry, transfer FROM settlement;

-- An entry's transfers add up to what its fact declared: in euros, in kind and in items; a transfer
-- without its entry is refused as well.  Once for each statement, so a batch of facts pays once.
-- The plan lives as long as the connection and may have been made while the tables were empty; no
-- sequential scan and IS NOT DISTINCT FROM leave it nothing but the primary keys.
CREATE FUNCTION refuse_unequal_entry() RETURNS trigger
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
                            WHERE debit IN ('credits_stock', 'credits_sold')), 0)
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
CREATE TRIGGER transfer_adds_up AFTER INSERT ON transfer
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_unequal_entry();

-- An entry that declares something comes with its transfers.
CREATE FUNCTION refuse_bare_entry() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
    bare record;
BEGIN
    SELECT added.fact_id, added.operator
      INTO bare
      FROM added
     WHERE (declared_cents, declared_face_value_cents, declared_count) <> (0, 0, 0)
       AND (SELECT count(*)
              FROM transfer
             WHERE transfer.fact_id = added.fact_id
               AND transfer.operator IS NOT DISTINCT FROM added.operator) = 0
     LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'fact % posts nothing of what it declared for %',
              bare.fact_id, bare.operator
              USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER entry_is_not_bare AFTER INSERT ON entry
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_bare_entry();

-- A partner's transaction names its operator and sees nothing else, whatever its SQL says; a
-- transaction that names none sees nothing.  `*` is the staff's, and the only one that may post.
ALTER TABLE entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE entry FORCE ROW LEVEL SECURITY;
ALTER TABLE transfer ENABLE ROW LEVEL SECURITY;
ALTER TABLE transfer FORCE ROW LEVEL SECURITY;
CREATE POLICY entry_seen ON entry FOR SELECT
    USING (operator = (SELECT current_setting('relais.operator', true))
           OR (SELECT current_setting('relais.operator', true)) = '*');
CREATE POLICY transfer_seen ON transfer FOR SELECT
    USING (operator = (SELECT current_setting('relais.operator', true))
           OR (SELECT current_setting('relais.operator', true)) = '*');
CREATE POLICY entry_posted ON entry FOR INSERT
    WITH CHECK ((SELECT current_setting('relais.operator', true)) = '*');
CREATE POLICY transfer_posted ON transfer FOR INSERT
    WITH CHECK ((SELECT current_setting('relais.operator', true)) = '*');
