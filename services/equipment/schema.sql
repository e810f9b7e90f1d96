-- What the migrations of equipment add up to. Made by deploy/schema.py.

CREATE OR REPLACE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % is refused', TG_TABLE_NAME, TG_OP
          USING ERRCODE = 'restrict_violation';
END
$function$;

CREATE OR REPLACE FUNCTION refuse_incomplete_test()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT 1
                 FROM function_check AS needed
                 JOIN device USING (kind)
                WHERE device.device_id = NEW.device_id
                  AND needed.from_on <= NEW.performed_on
                  AND (needed.until_on IS NULL OR NEW.performed_on < needed.until_on)
                  AND NOT NEW.checks ? needed.name) THEN
        RAISE EXCEPTION 'the test of device % does not cover every function', NEW.device_id
              USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION refuse_sale_elsewhere()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NOT EXISTS (SELECT 1
                     FROM device
                    WHERE device_id = NEW.device_id
                      AND site_code = NEW.site_code) THEN
        RAISE EXCEPTION 'device % is not at %', NEW.device_id, NEW.site_code
              USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
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

CREATE TABLE blocked_imei (
    imei text NOT NULL,
    reason text NOT NULL,
    blocked_by uuid NOT NULL,
    blocked_at timestamp with time zone NOT NULL,
    CONSTRAINT blocked_imei_pkey PRIMARY KEY (imei),
    CONSTRAINT blocked_imei_imei_check CHECK ((imei ~ '^[0-9]{15}$'::text))
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

CREATE TABLE device (
    device_id uuid NOT NULL,
    lot_id uuid NOT NULL,
    site_code text NOT NULL,
    kind text NOT NULL,
    condition text NOT NULL,
    brand text NOT NULL,
    model text NOT NULL,
    imei text,
    serial text,
    state text NOT NULL,
    step_no integer NOT NULL,
    CONSTRAINT device_pkey PRIMARY KEY (device_id),
    CONSTRAINT device_device_id_condition_key UNIQUE (device_id, condition),
    CONSTRAINT device_imei_key UNIQUE (imei),
    CONSTRAINT device_serial_key UNIQUE (serial),
    CONSTRAINT device_check CHECK (
CASE
    WHEN (kind = 'phone'::text) THEN (imei IS NOT NULL)
    WHEN (kind = 'tablet'::text) THEN (num_nonnulls(imei, serial) > 0)
    ELSE ((serial IS NOT NULL) AND (imei IS NULL))
END),
    CONSTRAINT device_condition_check CHECK ((condition = ANY (ARRAY['used'::text, 'new'::text]))),
    CONSTRAINT device_imei_check CHECK ((imei ~ '^[0-9]{15}$'::text)),
    CONSTRAINT device_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'laptop'::text, 'desktop'::text, 'tablet'::text]))),
    CONSTRAINT device_serial_check CHECK (((serial = upper(serial)) AND (serial !~ '\s'::text))),
    CONSTRAINT device_device_id_step_no_state_fkey FOREIGN KEY (device_id, step_no, state) REFERENCES device_step(device_id, step_no, to_state) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT device_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES lot(lot_id),
    CONSTRAINT device_site_code_fkey FOREIGN KEY (site_code) REFERENCES site(site_code)
);
CREATE INDEX device_at_site ON device USING btree (site_code, state, device_id);

CREATE TABLE device_step (
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    previous_no integer DEFAULT (step_no - 1) NOT NULL,
    step text NOT NULL,
    from_state text,
    to_state text NOT NULL,
    site_code text NOT NULL,
    taken_by uuid NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    CONSTRAINT device_step_pkey PRIMARY KEY (device_id, step_no),
    CONSTRAINT device_step_device_id_step_no_step_key UNIQUE (device_id, step_no, step),
    CONSTRAINT device_step_device_id_step_no_to_state_key UNIQUE (device_id, step_no, to_state),
    CONSTRAINT device_step_check CHECK (((step_no = 1) = (from_state IS NULL))),
    CONSTRAINT device_step_check1 CHECK (((from_state IS NOT NULL) OR ((step = 'receive'::text) AND (to_state = 'received'::text)))),
    CONSTRAINT device_step_step_no_check CHECK ((step_no > 0)),
    CONSTRAINT device_step_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(device_id),
    CONSTRAINT device_step_device_id_previous_no_from_state_fkey FOREIGN KEY (device_id, previous_no, from_state) REFERENCES device_step(device_id, step_no, to_state),
    CONSTRAINT device_step_from_state_step_to_state_fkey FOREIGN KEY (from_state, step, to_state) REFERENCES transition(from_state, step, to_state)
);
CREATE TRIGGER device_step_is_append_only BEFORE DELETE OR UPDATE ON device_step FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE end_of_life (
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    step text DEFAULT 'retire'::text NOT NULL,
    slip_no text NOT NULL,
    weight_grams bigint NOT NULL,
    collected_on date NOT NULL,
    reason text NOT NULL,
    CONSTRAINT end_of_life_pkey PRIMARY KEY (device_id),
    CONSTRAINT end_of_life_step_check CHECK ((step = 'retire'::text)),
    CONSTRAINT end_of_life_weight_grams_check CHECK ((weight_grams > 0)),
    CONSTRAINT end_of_life_device_id_step_no_step_fkey FOREIGN KEY (device_id, step_no, step) REFERENCES device_step(device_id, step_no, step)
);
CREATE TRIGGER end_of_life_is_append_only BEFORE DELETE OR UPDATE ON end_of_life FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE entitlement (
    person_ref uuid NOT NULL,
    from_on date NOT NULL,
    until_on date NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT entitlement_pkey PRIMARY KEY (person_ref)
);

CREATE TABLE forgotten_person (
    person_ref uuid NOT NULL,
    forgotten_at timestamp with time zone NOT NULL,
    CONSTRAINT forgotten_person_pkey PRIMARY KEY (person_ref)
);

CREATE TABLE function_check (
    kind text NOT NULL,
    name text NOT NULL,
    place integer NOT NULL,
    from_on date DEFAULT '2022-01-01'::date NOT NULL,
    until_on date,
    CONSTRAINT function_check_pkey PRIMARY KEY (kind, name, from_on),
    CONSTRAINT function_check_check CHECK ((until_on > from_on)),
    CONSTRAINT function_check_kind_check CHECK ((kind = ANY (ARRAY['phone'::text, 'laptop'::text, 'desktop'::text, 'tablet'::text]))),
    CONSTRAINT function_check_name_check CHECK ((name ~ '^[a-z_]{1,40}$'::text))
);

CREATE TABLE functional_test (
    test_id uuid NOT NULL,
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    step text NOT NULL,
    passed boolean NOT NULL,
    checks jsonb NOT NULL,
    battery_percent integer,
    performed_on date NOT NULL,
    CONSTRAINT functional_test_pkey PRIMARY KEY (test_id),
    CONSTRAINT functional_test_device_id_step_no_passed_key UNIQUE (device_id, step_no, passed),
    CONSTRAINT functional_test_battery_percent_check CHECK (((battery_percent >= 0) AND (battery_percent <= 100))),
    CONSTRAINT functional_test_check CHECK ((passed = (step = 'test'::text))),
    CONSTRAINT functional_test_check1 CHECK ((passed = (NOT jsonb_path_exists(checks, '$.*?(@ == false)'::jsonpath)))),
    CONSTRAINT functional_test_checks_check CHECK ((jsonb_typeof(checks) = 'object'::text)),
    CONSTRAINT functional_test_checks_check1 CHECK ((NOT jsonb_path_exists(checks, '$.*?(@.type() != "boolean")'::jsonpath))),
    CONSTRAINT functional_test_step_check CHECK ((step = ANY (ARRAY['test'::text, 'fail_test'::text]))),
    CONSTRAINT functional_test_device_id_step_no_step_fkey FOREIGN KEY (device_id, step_no, step) REFERENCES device_step(device_id, step_no, step)
);
CREATE TRIGGER functional_test_is_append_only BEFORE DELETE OR UPDATE ON functional_test FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER functional_test_is_complete BEFORE INSERT ON functional_test FOR EACH ROW EXECUTE FUNCTION refuse_incomplete_test();

CREATE TABLE grading (
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    step text DEFAULT 'grade'::text NOT NULL,
    grade text NOT NULL,
    CONSTRAINT grading_pkey PRIMARY KEY (device_id, step_no),
    CONSTRAINT grading_device_id_step_no_grade_key UNIQUE (device_id, step_no, grade),
    CONSTRAINT grading_grade_check CHECK ((grade = ANY (ARRAY['A'::text, 'B'::text, 'C'::text, 'D'::text]))),
    CONSTRAINT grading_step_check CHECK ((step = 'grade'::text)),
    CONSTRAINT grading_device_id_step_no_step_fkey FOREIGN KEY (device_id, step_no, step) REFERENCES device_step(device_id, step_no, step)
);
CREATE TRIGGER grading_is_append_only BEFORE DELETE OR UPDATE ON grading FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE guarantee (
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    sold_on date NOT NULL,
    handover_on date NOT NULL,
    starts_on date NOT NULL,
    commercial_until date NOT NULL,
    presumption_until date NOT NULL,
    legal_until date NOT NULL,
    suspended_days integer NOT NULL,
    CONSTRAINT guarantee_pkey PRIMARY KEY (device_id, step_no),
    CONSTRAINT guarantee_check CHECK ((starts_on = GREATEST(sold_on, handover_on))),
    CONSTRAINT guarantee_check1 CHECK ((commercial_until > starts_on)),
    CONSTRAINT guarantee_check2 CHECK (((presumption_until >= starts_on) AND (presumption_until <= legal_until))),
    CONSTRAINT guarantee_check3 CHECK ((legal_until > starts_on)),
    CONSTRAINT guarantee_suspended_days_check CHECK ((suspended_days >= 0)),
    CONSTRAINT guarantee_device_id_fkey FOREIGN KEY (device_id) REFERENCES sale(device_id),
    CONSTRAINT guarantee_device_id_step_no_fkey FOREIGN KEY (device_id, step_no) REFERENCES device_step(device_id, step_no)
);
CREATE TRIGGER guarantee_is_append_only BEFORE DELETE OR UPDATE ON guarantee FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    ending text NOT NULL,
    handled_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id),
    CONSTRAINT inbox_ending_check CHECK ((ending = ANY (ARRAY['applied'::text, 'refused'::text, 'superseded'::text])))
);

CREATE TABLE lot (
    lot_id uuid NOT NULL,
    lot_code text NOT NULL,
    site_code text NOT NULL,
    donor text NOT NULL,
    convention text,
    received_on date NOT NULL,
    weight_grams bigint NOT NULL,
    entered_by uuid NOT NULL,
    entered_at timestamp with time zone NOT NULL,
    CONSTRAINT lot_pkey PRIMARY KEY (lot_id),
    CONSTRAINT lot_lot_code_key UNIQUE (lot_code),
    CONSTRAINT lot_lot_code_check CHECK (((length(lot_code) >= 1) AND (length(lot_code) <= 64))),
    CONSTRAINT lot_weight_grams_check CHECK ((weight_grams > 0)),
    CONSTRAINT lot_site_code_fkey FOREIGN KEY (site_code) REFERENCES site(site_code)
);
CREATE TRIGGER lot_is_append_only BEFORE DELETE OR UPDATE ON lot FOR EACH ROW EXECUTE FUNCTION refuse_change();

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

CREATE TABLE person_alias (
    person_ref uuid NOT NULL,
    same_as uuid NOT NULL,
    CONSTRAINT person_alias_pkey PRIMARY KEY (person_ref),
    CONSTRAINT person_alias_check CHECK ((person_ref <> same_as))
);
CREATE INDEX person_alias_of ON person_alias USING btree (same_as);

CREATE TABLE person_merge (
    person_ref uuid NOT NULL,
    merged_into uuid NOT NULL,
    sequence bigint NOT NULL,
    merged boolean NOT NULL,
    CONSTRAINT person_merge_pkey PRIMARY KEY (person_ref),
    CONSTRAINT person_merge_check CHECK ((person_ref <> merged_into))
);
CREATE INDEX person_merge_into ON person_merge USING btree (merged_into) WHERE merged;

CREATE TABLE price (
    price_id integer GENERATED ALWAYS AS IDENTITY NOT NULL,
    condition text NOT NULL,
    grade text NOT NULL,
    price_cents bigint NOT NULL,
    from_on date NOT NULL,
    until_on date,
    CONSTRAINT price_pkey PRIMARY KEY (price_id),
    CONSTRAINT price_price_id_condition_grade_price_cents_key UNIQUE (price_id, condition, grade, price_cents),
    CONSTRAINT price_check CHECK ((until_on > from_on)),
    CONSTRAINT price_condition_check CHECK ((condition = ANY (ARRAY['used'::text, 'new'::text]))),
    CONSTRAINT price_grade_check CHECK ((grade = ANY (ARRAY['A'::text, 'B'::text, 'C'::text, 'D'::text]))),
    CONSTRAINT price_price_cents_check CHECK ((price_cents > 0)),
    CONSTRAINT price_condition_grade_daterange_excl EXCLUDE USING gist (condition WITH =, grade WITH =, daterange(from_on, until_on) WITH &&)
);

CREATE TABLE repair (
    repair_id uuid NOT NULL,
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    step text DEFAULT 'open_repair'::text NOT NULL,
    opened_on date NOT NULL,
    due_on date NOT NULL,
    fault text NOT NULL,
    under_guarantee boolean NOT NULL,
    CONSTRAINT repair_pkey PRIMARY KEY (repair_id),
    CONSTRAINT repair_device_id_step_no_key UNIQUE (device_id, step_no),
    CONSTRAINT repair_repair_id_device_id_opened_on_key UNIQUE (repair_id, device_id, opened_on),
    CONSTRAINT repair_check CHECK ((due_on > opened_on)),
    CONSTRAINT repair_step_check CHECK ((step = 'open_repair'::text)),
    CONSTRAINT repair_device_id_step_no_step_fkey FOREIGN KEY (device_id, step_no, step) REFERENCES device_step(device_id, step_no, step)
);
CREATE TRIGGER repair_is_append_only BEFORE DELETE OR UPDATE OF repair_id, device_id, step_no, step, opened_on, due_on, under_guarantee ON repair FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER repair_words_are_only_blanked BEFORE UPDATE OF fault ON repair FOR EACH ROW WHEN ((new.fault <> ''::text)) EXECUTE FUNCTION refuse_change();

CREATE TABLE repair_closing (
    repair_id uuid NOT NULL,
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    step text DEFAULT 'close_repair'::text NOT NULL,
    opened_on date NOT NULL,
    closed_on date NOT NULL,
    CONSTRAINT repair_closing_pkey PRIMARY KEY (repair_id),
    CONSTRAINT repair_closing_check CHECK ((closed_on >= opened_on)),
    CONSTRAINT repair_closing_step_check CHECK ((step = 'close_repair'::text)),
    CONSTRAINT repair_closing_device_id_step_no_step_fkey FOREIGN KEY (device_id, step_no, step) REFERENCES device_step(device_id, step_no, step),
    CONSTRAINT repair_closing_repair_id_device_id_opened_on_fkey FOREIGN KEY (repair_id, device_id, opened_on) REFERENCES repair(repair_id, device_id, opened_on)
);
CREATE TRIGGER repair_closing_is_append_only BEFORE DELETE OR UPDATE ON repair_closing FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE sale (
    sale_id uuid NOT NULL,
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    step text DEFAULT 'sell'::text NOT NULL,
    wipe_step_no integer NOT NULL,
    wipe_passed boolean DEFAULT true NOT NULL,
    test_step_no integer NOT NULL,
    test_passed boolean DEFAULT true NOT NULL,
    grade_step_no integer NOT NULL,
    site_code text NOT NULL,
    person_ref uuid NOT NULL,
    entitled_from date NOT NULL,
    entitled_until date NOT NULL,
    condition text NOT NULL,
    grade text NOT NULL,
    price_id integer NOT NULL,
    price_cents bigint NOT NULL,
    tender text NOT NULL,
    tendered_cents bigint NOT NULL,
    change_cents bigint NOT NULL,
    business_date date NOT NULL,
    sold_at timestamp with time zone NOT NULL,
    sold_by uuid NOT NULL,
    CONSTRAINT sale_pkey PRIMARY KEY (sale_id),
    CONSTRAINT sale_device_id_key UNIQUE (device_id),
    CONSTRAINT sale_check CHECK ((tendered_cents >= price_cents)),
    CONSTRAINT sale_check1 CHECK ((change_cents = (tendered_cents - price_cents))),
    CONSTRAINT sale_check2 CHECK (((wipe_step_no < test_step_no) AND (test_step_no < grade_step_no) AND (grade_step_no < step_no))),
    CONSTRAINT sale_check3 CHECK (((entitled_from <= business_date) AND (business_date < entitled_until))),
    CONSTRAINT sale_check4 CHECK ((business_date = ((sold_at AT TIME ZONE 'Europe/Paris'::text))::date)),
    CONSTRAINT sale_step_check CHECK ((step = 'sell'::text)),
    CONSTRAINT sale_tender_check CHECK ((tender = 'cash'::text)),
    CONSTRAINT sale_test_passed_check CHECK (test_passed),
    CONSTRAINT sale_wipe_passed_check CHECK (wipe_passed),
    CONSTRAINT sale_device_id_condition_fkey FOREIGN KEY (device_id, condition) REFERENCES device(device_id, condition),
    CONSTRAINT sale_device_id_grade_step_no_grade_fkey FOREIGN KEY (device_id, grade_step_no, grade) REFERENCES grading(device_id, step_no, grade),
    CONSTRAINT sale_device_id_step_no_step_fkey FOREIGN KEY (device_id, step_no, step) REFERENCES device_step(device_id, step_no, step),
    CONSTRAINT sale_device_id_test_step_no_test_passed_fkey FOREIGN KEY (device_id, test_step_no, test_passed) REFERENCES functional_test(device_id, step_no, passed),
    CONSTRAINT sale_device_id_wipe_step_no_wipe_passed_fkey FOREIGN KEY (device_id, wipe_step_no, wipe_passed) REFERENCES wipe(device_id, step_no, passed),
    CONSTRAINT sale_price_id_condition_grade_price_cents_fkey FOREIGN KEY (price_id, condition, grade, price_cents) REFERENCES price(price_id, condition, grade, price_cents),
    CONSTRAINT sale_site_code_fkey FOREIGN KEY (site_code) REFERENCES site(site_code)
);
CREATE TRIGGER sale_is_append_only BEFORE DELETE OR UPDATE ON sale FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sale_where_the_device_is BEFORE INSERT ON sale FOR EACH ROW EXECUTE FUNCTION refuse_sale_elsewhere();

CREATE TABLE site (
    site_code text NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT site_pkey PRIMARY KEY (site_code)
);

CREATE TABLE transition (
    from_state text NOT NULL,
    step text NOT NULL,
    to_state text NOT NULL,
    CONSTRAINT transition_pkey PRIMARY KEY (from_state, step, to_state)
);

CREATE TABLE wipe (
    wipe_id uuid NOT NULL,
    device_id uuid NOT NULL,
    step_no integer NOT NULL,
    step text NOT NULL,
    passed boolean NOT NULL,
    method text NOT NULL,
    tool text NOT NULL,
    certificate_no text,
    storage_serial text,
    performed_on date NOT NULL,
    CONSTRAINT wipe_pkey PRIMARY KEY (wipe_id),
    CONSTRAINT wipe_device_id_step_no_passed_key UNIQUE (device_id, step_no, passed),
    CONSTRAINT wipe_certificate_check CHECK (((NOT passed) OR (certificate_no IS NOT NULL))) NOT VALID,
    CONSTRAINT wipe_check CHECK ((passed = (step <> 'fail_wipe'::text))),
    CONSTRAINT wipe_check1 CHECK (((method <> 'destroy'::text) OR (storage_serial IS NOT NULL))),
    CONSTRAINT wipe_check2 CHECK (((step <> 'destroy'::text) OR (method = 'destroy'::text))),
    CONSTRAINT wipe_method_check CHECK ((method = ANY (ARRAY['clear'::text, 'purge'::text, 'destroy'::text]))),
    CONSTRAINT wipe_step_check CHECK ((step = ANY (ARRAY['wipe'::text, 'fail_wipe'::text, 'destroy'::text]))),
    CONSTRAINT wipe_device_id_step_no_step_fkey FOREIGN KEY (device_id, step_no, step) REFERENCES device_step(device_id, step_no, step)
);
CREATE TRIGGER wipe_is_append_only BEFORE DELETE OR UPDATE ON wipe FOR EACH ROW EXECUTE FUNCTION refuse_change();
