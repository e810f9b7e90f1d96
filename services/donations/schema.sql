-- What the migrations of donations add up to. Made by deploy/schema.py.

CREATE OR REPLACE FUNCTION check_new_lines()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM refuse_report_that_differs(touched.report_id)
       FROM (SELECT DISTINCT report_id FROM added) AS touched;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION check_new_report()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM refuse_report_that_differs(NEW.report_id);
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % is refused', TG_TABLE_NAME, TG_OP
          USING ERRCODE = 'restrict_violation';
END
$function$;

CREATE OR REPLACE FUNCTION refuse_report_that_differs(examined uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE TABLE access_ended (
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    issued_before timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT access_ended_pkey PRIMARY KEY (subject_id),
    CONSTRAINT access_ended_kind_check CHECK ((kind = ANY (ARRAY['session'::text, 'user'::text, 'device'::text])))
);

CREATE TABLE command_answer (
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    answer json,
    answered_at timestamp with time zone DEFAULT now() NOT NULL,
    site_codes text[],
    CONSTRAINT command_answer_pkey PRIMARY KEY (key),
    CONSTRAINT command_answer_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

CREATE TABLE forgotten_person (
    person_ref uuid NOT NULL,
    forgotten_at timestamp with time zone NOT NULL,
    CONSTRAINT forgotten_person_pkey PRIMARY KEY (person_ref)
);

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    ending text NOT NULL,
    handled_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id),
    CONSTRAINT inbox_ending_check CHECK ((ending = ANY (ARRAY['applied'::text, 'refused'::text, 'superseded'::text])))
);

CREATE TABLE mail (
    mail_id uuid NOT NULL,
    kind text NOT NULL,
    about text NOT NULL,
    to_address text,
    content bytea,
    filed_at timestamp with time zone NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    try_at timestamp with time zone NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    trouble text DEFAULT ''::text NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT mail_pkey PRIMARY KEY (mail_id),
    CONSTRAINT mail_about_check CHECK ((about <> ''::text)),
    CONSTRAINT mail_check CHECK (((state = 'waiting'::text) = (ended_at IS NULL))),
    CONSTRAINT mail_check1 CHECK (((state = 'waiting'::text) = (to_address IS NOT NULL))),
    CONSTRAINT mail_check2 CHECK (((to_address IS NULL) = (content IS NULL))),
    CONSTRAINT mail_kind_check CHECK ((kind <> ''::text)),
    CONSTRAINT mail_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'sent'::text, 'failed'::text, 'withdrawn'::text]))),
    CONSTRAINT mail_tries_check CHECK ((tries >= 0))
);
CREATE INDEX mail_about ON mail USING btree (about) WHERE (state = 'waiting'::text);
CREATE INDEX mail_waiting ON mail USING btree (try_at) WHERE (state = 'waiting'::text);

CREATE TABLE operation_cap (
    from_on date NOT NULL,
    operation_max_cents bigint NOT NULL,
    basis text NOT NULL,
    CONSTRAINT operation_cap_pkey PRIMARY KEY (from_on),
    CONSTRAINT operation_cap_operation_max_cents_check CHECK ((operation_max_cents > 0))
);

CREATE TABLE operator (
    operator text NOT NULL,
    name text NOT NULL,
    CONSTRAINT operator_pkey PRIMARY KEY (operator),
    CONSTRAINT operator_operator_check CHECK ((operator ~ '^[a-z][a-z0-9-]{0,31}$'::text))
);

CREATE TABLE option_line (
    report_id uuid NOT NULL,
    line_number integer NOT NULL,
    operator text NOT NULL,
    period text NOT NULL,
    token text NOT NULL,
    option_code text NOT NULL,
    invoice_month text NOT NULL,
    kind text NOT NULL,
    amount_cents bigint NOT NULL,
    CONSTRAINT option_line_pkey PRIMARY KEY (report_id, line_number),
    CONSTRAINT option_line_operator_token_invoice_month_option_code_kind_key UNIQUE (operator, token, invoice_month, option_code, kind),
    CONSTRAINT option_line_invoice_month_check CHECK ((invoice_month ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT option_line_invoiced_by_then CHECK ((invoice_month <= period)),
    CONSTRAINT option_line_line_number_check CHECK ((line_number > 2)),
    CONSTRAINT option_line_option_code_check CHECK (((length(option_code) >= 1) AND (length(option_code) <= 64))),
    CONSTRAINT option_line_sign CHECK (
CASE kind
    WHEN 'BILLED'::text THEN (amount_cents > 0)
    WHEN 'REVERSED'::text THEN (amount_cents < 0)
    WHEN 'ADJUST'::text THEN (amount_cents <> 0)
    ELSE false
END),
    CONSTRAINT option_line_token_check CHECK (((length(token) >= 1) AND (length(token) <= 128))),
    CONSTRAINT option_line_report_id_operator_period_fkey FOREIGN KEY (report_id, operator, period) REFERENCES option_report(report_id, operator, period)
);
CREATE TRIGGER option_line_adds_up AFTER INSERT ON option_line REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION check_new_lines();
CREATE TRIGGER option_line_never_emptied BEFORE TRUNCATE ON option_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER option_line_written_once BEFORE DELETE OR UPDATE ON option_line FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE option_line ENABLE ROW LEVEL SECURITY;
CREATE POLICY option_line_own ON option_line USING (((current_setting('relais.operator'::text, true) = operator) OR (current_setting('relais.operator'::text, true) = '*'::text)));

CREATE TABLE option_report (
    report_id uuid NOT NULL,
    operator text NOT NULL,
    period text NOT NULL,
    file_sha256 bytea NOT NULL,
    line_count integer NOT NULL,
    billed_cents bigint NOT NULL,
    reversed_cents bigint NOT NULL,
    adjusted_cents bigint NOT NULL,
    total_cents bigint NOT NULL,
    unmatched_reversals integer NOT NULL,
    imported_by uuid NOT NULL,
    imported_at timestamp with time zone NOT NULL,
    CONSTRAINT option_report_pkey PRIMARY KEY (report_id),
    CONSTRAINT option_report_file_sha256_key UNIQUE (file_sha256),
    CONSTRAINT option_report_operator_period_key UNIQUE (operator, period),
    CONSTRAINT option_report_report_id_operator_period_key UNIQUE (report_id, operator, period),
    CONSTRAINT option_report_billed_cents_check CHECK ((billed_cents >= 0)),
    CONSTRAINT option_report_check CHECK ((total_cents = ((billed_cents + reversed_cents) + adjusted_cents))),
    CONSTRAINT option_report_check1 CHECK (((unmatched_reversals >= 0) AND (unmatched_reversals <= line_count))),
    CONSTRAINT option_report_file_sha256_check CHECK ((length(file_sha256) = 32)),
    CONSTRAINT option_report_line_count_check CHECK ((line_count >= 0)),
    CONSTRAINT option_report_period_check CHECK ((period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'::text)),
    CONSTRAINT option_report_reversed_cents_check CHECK ((reversed_cents <= 0)),
    CONSTRAINT option_report_operator_fkey FOREIGN KEY (operator) REFERENCES operator(operator)
);
CREATE CONSTRAINT TRIGGER option_report_adds_up AFTER INSERT ON option_report DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_new_report();
CREATE TRIGGER option_report_never_emptied BEFORE TRUNCATE ON option_report FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER option_report_written_once BEFORE DELETE OR UPDATE ON option_report FOR EACH ROW EXECUTE FUNCTION refuse_change();
ALTER TABLE option_report ENABLE ROW LEVEL SECURITY;
CREATE POLICY option_report_own ON option_report USING (((current_setting('relais.operator'::text, true) = operator) OR (current_setting('relais.operator'::text, true) = '*'::text)));

CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    sequence bigint NOT NULL,
    site text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    caused_by uuid,
    traceparent text,
    data jsonb NOT NULL,
    published_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    CONSTRAINT outbox_pkey PRIMARY KEY ("position"),
    CONSTRAINT outbox_event_id_key UNIQUE (event_id),
    CONSTRAINT outbox_subject_sequence_key UNIQUE (subject, sequence),
    CONSTRAINT outbox_sequence_check CHECK ((sequence > 0))
) WITH (autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_threshold=5000);
CREATE INDEX outbox_waiting ON outbox USING btree ("position") WHERE (published_at IS NULL);

CREATE TABLE parked_delivery (
    parked_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    consumer text NOT NULL,
    event_id uuid,
    type text,
    reason text NOT NULL,
    detail text DEFAULT ''::text NOT NULL,
    body bytea NOT NULL,
    headers jsonb DEFAULT '{}'::jsonb NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    parked_at timestamp with time zone DEFAULT now() NOT NULL,
    state text DEFAULT 'parked'::text NOT NULL,
    settled_at timestamp with time zone,
    settled_by text,
    settled_why text,
    CONSTRAINT parked_delivery_pkey PRIMARY KEY (parked_id),
    CONSTRAINT parked_delivery_check CHECK (((state = 'parked'::text) = (settled_at IS NULL))),
    CONSTRAINT parked_delivery_state_check CHECK ((state = ANY (ARRAY['parked'::text, 'replayed'::text, 'discarded'::text])))
);
CREATE INDEX parked_delivery_open ON parked_delivery USING btree (parked_id) WHERE (state = 'parked'::text);
