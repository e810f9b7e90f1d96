-- Drawer sessions: who held which cash when, counted blind, and what was missing.

CREATE TABLE drawer_session (
    drawer_session_id uuid        PRIMARY KEY,
    till_id           uuid        NOT NULL REFERENCES till,
    site_code         text        NOT NULL,
    business_date     date        NOT NULL,
    state             text        NOT NULL CHECK (state IN ('open',      -- sells
                                                            'counted',   -- waits for a second person
                                                            'closed')),  -- open -> counted | closed
    opening           text        NOT NULL CHECK (opening IN ('counted', 'by_sale')),
    float             jsonb       NOT NULL,   -- {"2000": 3}: pieces by denomination in cents
    float_cents       bigint      NOT NULL CHECK (float_cents >= 0),
    opened_at         timestamptz NOT NULL,
    opened_by         uuid        NOT NULL,
    held_by           uuid        NOT NULL,   -- whose drawer it is now: a handover changes it
    counted           jsonb,
    counted_cents     bigint CHECK (counted_cents >= 0),
    counted_at        timestamptz,
    counted_by        uuid,
    expected_cents    bigint,
    gap_cents         bigint,                 -- counted - expected
    closed_at         timestamptz,
    approved_by       uuid,                   -- the second person, where the gap asked for one
    reason            text,
    CHECK ((state = 'open') = (counted_cents IS NULL)),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CHECK (num_nulls(counted, counted_cents, counted_at, counted_by, expected_cents, gap_cents)
           IN (0, 6)),
    CONSTRAINT gap_is_counted_less_expected CHECK (gap_cents = counted_cents - expected_cents),
    CONSTRAINT approved_by_another CHECK (approved_by <> counted_by)
);
-- What is booked in a session is booked at its till.
ALTER TABLE drawer_session ADD CONSTRAINT drawer_session_of_its_till
    UNIQUE (drawer_session_id, till_id);
CREATE UNIQUE INDEX drawer_session_one_open ON drawer_session (till_id) WHERE state <> 'closed';
CREATE INDEX drawer_session_of_till ON drawer_session (till_id, business_date);

CREATE FUNCTION keep_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE'
       OR (NEW.drawer_session_id, NEW.till_id, NEW.business_date, NEW.float, NEW.opened_by)
          IS DISTINCT FROM
          (OLD.drawer_session_id, OLD.till_id, OLD.business_date, OLD.float, OLD.opened_by)
       OR OLD.counted IS NOT NULL
          AND (NEW.counted, NEW.counted_cents, NEW.counted_by, NEW.expected_cents)
              IS DISTINCT FROM
              (OLD.counted, OLD.counted_cents, OLD.counted_by, OLD.expected_cents)
       OR OLD.state = 'closed' THEN
        RAISE EXCEPTION 'the float and the count of drawer session % stay as they were given',
                        OLD.drawer_session_id
              USING ERRCODE = 'check_violation', CONSTRAINT = 'drawer_count_kept';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER drawer_count_kept BEFORE UPDATE OR DELETE ON drawer_session
    FOR EACH ROW EXECUTE FUNCTION keep_count();

CREATE TABLE drawer_handover (   -- from one cashier to the next, counted or not
    handover_id       uuid        PRIMARY KEY,
    drawer_session_id uuid        NOT NULL REFERENCES drawer_session,
    from_user         uuid        NOT NULL,
    to_user           uuid        NOT NULL,
    at                timestamptz NOT NULL,
    counted           jsonb       NOT NULL,
    counted_cents     bigint      NOT NULL,
    expected_cents    bigint      NOT NULL,
    CHECK (from_user <> to_user)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON drawer_handover
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The till knows its open session: what a sale locks anyway says whether it may sell.
ALTER TABLE till
    ADD COLUMN drawer_session_id uuid REFERENCES drawer_session,
    ADD COLUMN drawer_opened_on  date,        -- the session's business day
    ADD COLUMN drawer_counted    boolean NOT NULL DEFAULT false,   -- counted, waits for approval
    ADD CONSTRAINT till_drawer CHECK ((drawer_session_id IS NULL) = (drawer_opened_on IS NULL));

-- What goes into and out of a drawer besides sales: each with its session, its reason and its day.
DROP TRIGGER append_only ON cash_line;
ALTER TABLE cash_line ADD COLUMN drawer_session_id uuid;
ALTER TABLE cash_line ADD CONSTRAINT cash_line_at_the_till_of_its_session
    FOREIGN KEY (drawer_session_id, till_id) REFERENCES drawer_session (drawer_session_id, till_id);
ALTER TABLE cash_line ADD COLUMN refund_id   uuid UNIQUE;
ALTER TABLE cash_line ADD COLUMN recorded_by uuid;
ALTER TABLE cash_line ADD COLUMN reason      text;
ALTER TABLE cash_line ALTER COLUMN sale_id DROP NOT NULL;
ALTER TABLE cash_line DROP CONSTRAINT cash_line_kind_check;
ALTER TABLE cash_line ADD CONSTRAINT cash_line_kind CHECK (CASE kind
    WHEN 'sale'   THEN amount_cents > 0 AND sale_id IS NOT NULL AND refund_id IS NULL
    WHEN 'refund' THEN amount_cents < 0 AND sale_id IS NULL AND refund_id IS NOT NULL
    WHEN 'in'     THEN amount_cents > 0 AND num_nulls(sale_id, refund_id) = 2 AND reason <> ''
    WHEN 'out'    THEN amount_cents < 0 AND num_nulls(sale_id, refund_id) = 2 AND reason <> ''
    ELSE false END);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON cash_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE INDEX cash_line_of_session ON cash_line (drawer_session_id);
