-- Operators' reports of the 1 euro option.  These rows belong to an operator, not to a site.

CREATE TABLE operator (
    operator text PRIMARY KEY CHECK (operator ~ '^[a-z][a-z0-9-]{0,31}$'),
    name     text NOT NULL
);

INSERT INTO operator (operator, name)
VALUES ('sfr', 'SFR'), ('orange', 'Orange'), ('bouygues', 'Bouygues Telecom'), ('free', 'Free');

-- Dated setting: the most that one operation may take from a customer's bill.
CREATE TABLE operation_cap (
    from_on             date   PRIMARY KEY,
    operation_max_cents bigint NOT NULL CHECK (operation_max_cents > 0),
    basis               text   NOT NULL
);

INSERT INTO operation_cap (from_on, operation_max_cents, basis)
VALUES ('2016-10-09', 5000, 'CMF L521-3-1 I 2°, loi 2016-1321 art. 94');

CREATE TABLE option_report (
    report_id           uuid        PRIMARY KEY,
    operator            text        NOT NULL REFERENCES operator,
    period              text        NOT NULL CHECK (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    file_sha256         bytea       NOT NULL UNIQUE CHECK (length(file_sha256) = 32),
    line_count          integer     NOT NULL CHECK (line_count >= 0),
    billed_cents        bigint      NOT NULL CHECK (billed_cents >= 0),
    reversed_cents      bigint      NOT NULL CHECK (reversed_cents <= 0),
    adjusted_cents      bigint      NOT NULL,
    total_cents         bigint      NOT NULL
                        CHECK (total_cents = billed_cents + reversed_cents + adjusted_cents),
    unmatched_reversals integer     NOT NULL CHECK (unmatched_reversals BETWEEN 0 AND line_count),
    imported_by         uuid        NOT NULL,
    imported_at         timestamptz NOT NULL,
    UNIQUE (operator, period),
    UNIQUE (report_id, operator, period)   -- serves: the foreign key of option_line
);

-- `token` is the operator's pseudonym of its customer: it identifies nobody here and is told nobody.
CREATE TABLE option_line (
    report_id     uuid    NOT NULL,
    line_number   integer NOT NULL CHECK (line_number > 2),
    operator      text    NOT NULL,
    period        text    NOT NULL,
    token         text    NOT NULL CHECK (length(token) BETWEEN 1 AND 128),
    option_code   text    NOT NULL CHECK (length(option_code) BETWEEN 1 AND 64),
    invoice_month text    NOT NULL CHECK (invoice_month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    kind          text    NOT NULL,
    amount_cents  bigint  NOT NULL,
    PRIMARY KEY (report_id, line_number),
    FOREIGN KEY (report_id, operator, period)
        REFERENCES option_report (report_id, operator, period),
    -- serves: find_reported_line, count_billed
    UNIQUE (operator, token, invoice_month, option_code, kind),
    CONSTRAINT option_line_invoiced_by_then CHECK (invoice_month <= period),
    CONSTRAINT option_line_sign CHECK (
        CASE kind WHEN 'BILLED'   THEN amount_cents > 0
                  WHEN 'REVERSED' THEN amount_cents < 0
                  WHEN 'ADJUST'   THEN amount_cents <> 0
                  ELSE false
        END
    )
);

CREATE TRIGGER option_report_written_once BEFORE UPDATE OR DELETE ON option_report
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER option_report_never_emptied BEFORE TRUNCATE ON option_report
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER option_line_written_once BEFORE UPDATE OR DELETE ON option_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER option_line_never_emptied BEFORE TRUNCATE ON option_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A report that cannot be seen does not add up either: unset row-level security refuses, too.
CREATE FUNCTION refuse_report_that_differs(examined uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1
       FROM option_report AS report
            CROSS JOIN LATERAL (
                SELECT count(*) AS line_count,
                       COALESCE(sum(amount_cents) FILTER (WHERE kind = 'BILLED'), 0) AS billed_cents,
                       COALESCE(sum(amount_cents) FILTER (WHERE kind = 'REVERSED'), 0)
                           AS reversed_cents,
                       COALESCE(sum(amount_cents) FILTER (WHERE kind = 'ADJUST'), 0)
                           AS adjusted_cents
                  FROM option_line
                 WHERE option_line.report_id = report.report_id) AS found
      WHERE report.report_id = examined
        AND report.line_count = found.line_count
        AND report.billed_cents = found.billed_cents
        AND report.reversed_cents = found.reversed_cents
        AND report.adjusted_cents = found.adjusted_cents;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lines of option report % do not add up to its totals', examined
              USING ERRCODE = 'check_violation';
    END IF;
END
$$;

CREATE FUNCTION check_new_report() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_report_that_differs(NEW.report_id);
    RETURN NULL;
END
$$;

CREATE FUNCTION check_new_lines() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM refuse_report_that_differs(touched.report_id)
       FROM (SELECT DISTINCT report_id FROM added) AS touched;
    RETURN NULL;
END
$$;

-- At commit every report has its lines; lines come in one statement, and none joins them later.
CREATE CONSTRAINT TRIGGER option_report_adds_up AFTER INSERT ON option_report
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_new_report();
CREATE TRIGGER option_line_adds_up AFTER INSERT ON option_line
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION check_new_lines();

-- A partner's transaction sees its own operator's rows only; '*' is the network's own staff.
ALTER TABLE option_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE option_line ENABLE ROW LEVEL SECURITY;
CREATE POLICY option_report_own ON option_report
    USING (current_setting('relais.operator', true) IN (operator, '*'));
CREATE POLICY option_line_own ON option_line
    USING (current_setting('relais.operator', true) IN (operator, '*'));
