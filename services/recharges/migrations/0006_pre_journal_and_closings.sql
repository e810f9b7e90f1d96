-- One chain per till and kind of record, signed; closings over windows of tickets.

DROP TRIGGER append_only ON journal;
ALTER TABLE journal DROP CONSTRAINT journal_pkey;
ALTER TABLE journal ADD PRIMARY KEY (till_id, kind, sequence);
ALTER TABLE journal DROP CONSTRAINT journal_kind_check;
ALTER TABLE journal ADD CONSTRAINT journal_kind_known
    CHECK (kind IN ('ticket', 'duplicate', 'grand_total', 'event', 'archive'));
ALTER TABLE journal ADD COLUMN key_id    text  NOT NULL DEFAULT '';    -- '': from before signatures
ALTER TABLE journal ADD COLUMN signature bytea NOT NULL DEFAULT '\x';
ALTER TABLE journal ALTER COLUMN key_id DROP DEFAULT;
ALTER TABLE journal ALTER COLUMN signature DROP DEFAULT;
ALTER TABLE journal ADD CONSTRAINT journal_signed
    CHECK (length(signature) = CASE WHEN key_id = '' THEN 0 ELSE 64 END);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE closing (           -- a day, month or year of a till; each takes up where the last ended
    closing_id    uuid        PRIMARY KEY,
    till_id       uuid        NOT NULL REFERENCES till,
    site_code     text        NOT NULL,
    period        text        NOT NULL CHECK (period IN ('day', 'month', 'year')),
    period_on     date        NOT NULL,    -- the period's first day
    closing_no    bigint      NOT NULL CHECK (closing_no > 0),   -- gap-free per till and period
    from_sequence bigint      NOT NULL CHECK (from_sequence > 0),
    until_sequence bigint     NOT NULL,    -- tickets [from, until)
    ticket_count  bigint      NOT NULL,
    sold_cents    bigint      NOT NULL CHECK (sold_cents >= 0),
    refunded_cents bigint     NOT NULL CHECK (refunded_cents >= 0),
    real_cents    bigint      NOT NULL,
    absolute_cents bigint     NOT NULL,
    perpetual_real_cents     bigint NOT NULL,
    perpetual_absolute_cents bigint NOT NULL,
    cash_cents    bigint      NOT NULL,
    card_cents    bigint      NOT NULL,
    late          jsonb       NOT NULL,    -- tickets of earlier days: [{business_date, count, real_cents}]
    drawer_session_id uuid    REFERENCES drawer_session,
    record_sequence bigint    NOT NULL,    -- its grand total in the journal
    closed_at     timestamptz NOT NULL,
    closed_by     uuid,                    -- null: by the clock
    UNIQUE (till_id, period, closing_no),
    CHECK (until_sequence - from_sequence = ticket_count),
    CHECK (real_cents = sold_cents - refunded_cents AND absolute_cents = sold_cents + refunded_cents),
    CHECK (cash_cents + card_cents = real_cents)
);
CREATE INDEX closing_of_period ON closing (till_id, period, period_on);

CREATE FUNCTION follow_last_closing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last closing%ROWTYPE;
BEGIN
    SELECT * INTO last FROM closing
     WHERE till_id = NEW.till_id AND period = NEW.period ORDER BY closing_no DESC LIMIT 1;
    IF NEW.closing_no <> coalesce(last.closing_no, 0) + 1
       OR NEW.from_sequence <> coalesce(last.until_sequence, 1)
       OR NEW.perpetual_real_cents <> coalesce(last.perpetual_real_cents, 0) + NEW.real_cents
       OR NEW.perpetual_absolute_cents
          <> coalesce(last.perpetual_absolute_cents, 0) + NEW.absolute_cents THEN
        RAISE EXCEPTION 'closing % of till % does not follow the one before it',
                        NEW.closing_no, NEW.till_id
              USING ERRCODE = 'check_violation', CONSTRAINT = 'closing_follows';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER closing_follows BEFORE INSERT ON closing
    FOR EACH ROW EXECUTE FUNCTION follow_last_closing();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON closing
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A reprint and the first reveal of a card sale are reveals too, with their place in the journal.
DROP TRIGGER append_only ON reveal;
ALTER TABLE reveal DROP CONSTRAINT reveal_reason_check;
ALTER TABLE reveal ADD COLUMN kind text NOT NULL DEFAULT 'retry'
    CHECK (kind IN ('first', 'retry', 'reprint'));
ALTER TABLE reveal ADD COLUMN till_id uuid;
ALTER TABLE reveal ADD COLUMN copy_no integer CHECK (copy_no > 0);   -- DUPLICATA n
ALTER TABLE reveal ADD CONSTRAINT reveal_copy CHECK ((kind = 'reprint') = (copy_no IS NOT NULL));
CREATE UNIQUE INDEX reveal_first_once ON reveal (sale_id) WHERE kind = 'first';
CREATE UNIQUE INDEX reveal_copy_once ON reveal (sale_id, copy_no);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reveal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
