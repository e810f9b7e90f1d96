-- What the migrations of recharges add up to. Made by deploy/schema.py.

CREATE OR REPLACE FUNCTION refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % is refused', TG_TABLE_NAME, TG_OP
          USING ERRCODE = 'restrict_violation';
END
$function$;

CREATE TABLE batch (
    batch_id uuid NOT NULL,
    operator text NOT NULL,
    batch_code text NOT NULL,
    site_code text NOT NULL,
    file_sha256 bytea NOT NULL,
    voucher_count bigint NOT NULL,
    face_value_cents bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT batch_pkey PRIMARY KEY (batch_id),
    CONSTRAINT batch_file_sha256_key UNIQUE (file_sha256),
    CONSTRAINT batch_operator_batch_code_site_code_key UNIQUE (operator, batch_code, site_code),
    CONSTRAINT batch_face_value_cents_check CHECK ((face_value_cents > 0)),
    CONSTRAINT batch_voucher_count_check CHECK ((voucher_count > 0))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON batch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE cap_month (
    person_ref uuid NOT NULL,
    month_on date NOT NULL,
    cap_cents bigint NOT NULL,
    used_cents bigint NOT NULL,
    CONSTRAINT cap_month_pkey PRIMARY KEY (person_ref, month_on),
    CONSTRAINT cap_held CHECK ((used_cents <= cap_cents)),
    CONSTRAINT cap_month_month_on_check CHECK ((EXTRACT(day FROM month_on) = (1)::numeric)),
    CONSTRAINT cap_month_used_cents_check CHECK ((used_cents >= 0))
) WITH (fillfactor=70);

CREATE TABLE cap_rule (
    from_on date NOT NULL,
    until_on date DEFAULT 'infinity'::date NOT NULL,
    counts text NOT NULL,
    CONSTRAINT cap_rule_pkey PRIMARY KEY (from_on),
    CONSTRAINT cap_rule_check CHECK ((from_on < until_on)),
    CONSTRAINT cap_rule_counts_check CHECK ((counts = ANY (ARRAY['price'::text, 'face_value'::text]))),
    CONSTRAINT cap_rule_daterange_excl EXCLUDE USING gist (daterange(from_on, until_on) WITH &&)
);

CREATE TABLE cash_line (
    cash_line_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    business_date date NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    amount_cents bigint NOT NULL,
    sale_id uuid NOT NULL,
    CONSTRAINT cash_line_pkey PRIMARY KEY (cash_line_id),
    CONSTRAINT cash_line_sale_id_key UNIQUE (sale_id),
    CONSTRAINT cash_line_amount_cents_check CHECK ((amount_cents <> 0)),
    CONSTRAINT cash_line_kind_check CHECK ((kind = 'sale'::text)),
    CONSTRAINT cash_line_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES sale(sale_id),
    CONSTRAINT cash_line_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON cash_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE command_answer (
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    answer json,
    answered_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT command_answer_pkey PRIMARY KEY (key),
    CONSTRAINT command_answer_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

CREATE TABLE entitlement (
    person_ref uuid NOT NULL,
    from_on date NOT NULL,
    until_on date NOT NULL,
    monthly_cap_cents bigint NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT entitlement_pkey PRIMARY KEY (person_ref),
    CONSTRAINT entitlement_monthly_cap_cents_check CHECK ((monthly_cap_cents >= 0))
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

CREATE TABLE journal (
    till_id uuid NOT NULL,
    sequence bigint NOT NULL,
    kind text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    business_date date NOT NULL,
    site_code text NOT NULL,
    total_cents bigint NOT NULL,
    record text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT journal_pkey PRIMARY KEY (till_id, sequence),
    CONSTRAINT journal_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT journal_kind_check CHECK ((kind = 'ticket'::text)),
    CONSTRAINT journal_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT journal_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE lot (
    lot_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    site_code text NOT NULL,
    offer_code text NOT NULL,
    face_value_cents bigint NOT NULL,
    use_by date NOT NULL,
    first_position bigint NOT NULL,
    next_position bigint NOT NULL,
    end_position bigint NOT NULL,
    state text DEFAULT 'available'::text NOT NULL,
    CONSTRAINT lot_pkey PRIMARY KEY (lot_id),
    CONSTRAINT lot_check CHECK (((first_position <= next_position) AND (next_position <= end_position))),
    CONSTRAINT lot_check1 CHECK ((first_position < end_position)),
    CONSTRAINT lot_check2 CHECK (((state = 'sold_out'::text) = (next_position = end_position))),
    CONSTRAINT lot_face_value_cents_check CHECK ((face_value_cents > 0)),
    CONSTRAINT lot_state_check CHECK ((state = ANY (ARRAY['available'::text, 'sold_out'::text]))),
    CONSTRAINT lot_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batch(batch_id),
    CONSTRAINT lot_offer_code_fkey FOREIGN KEY (offer_code) REFERENCES offer(offer_code),
    CONSTRAINT lot_batch_id_int8range_excl EXCLUDE USING gist (batch_id WITH =, int8range(first_position, end_position) WITH &&)
) WITH (fillfactor=50);
CREATE INDEX lot_on_sale ON lot USING btree (site_code, offer_code, use_by) WHERE (state = 'available'::text);

CREATE TABLE offer (
    offer_code text NOT NULL,
    operator text NOT NULL,
    label text NOT NULL,
    data_mb integer,
    CONSTRAINT offer_pkey PRIMARY KEY (offer_code),
    CONSTRAINT offer_data_mb_check CHECK ((data_mb > 0)),
    CONSTRAINT offer_offer_code_check CHECK ((offer_code ~ '^[a-z0-9-]{2,40}$'::text))
);

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

CREATE TABLE reveal (
    reveal_id uuid NOT NULL,
    sale_id uuid NOT NULL,
    revealed_by uuid NOT NULL,
    revealed_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    CONSTRAINT reveal_pkey PRIMARY KEY (reveal_id),
    CONSTRAINT reveal_reason_check CHECK ((reason = 'retry'::text)),
    CONSTRAINT reveal_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES sale(sale_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON reveal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE sale (
    sale_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    ticket_no bigint NOT NULL,
    person_ref uuid NOT NULL,
    sold_by uuid NOT NULL,
    sold_at timestamp with time zone NOT NULL,
    business_date date NOT NULL,
    tender text NOT NULL,
    total_cents bigint NOT NULL,
    tendered_cents bigint NOT NULL,
    change_cents bigint NOT NULL,
    cap_left_cents bigint NOT NULL,
    CONSTRAINT sale_pkey PRIMARY KEY (sale_id),
    CONSTRAINT sale_key_once UNIQUE (key),
    CONSTRAINT sale_till_id_ticket_no_key UNIQUE (till_id, ticket_no),
    CONSTRAINT sale_cap_left_cents_check CHECK ((cap_left_cents >= 0)),
    CONSTRAINT sale_check CHECK ((((tendered_cents - change_cents) = total_cents) AND (change_cents >= 0))),
    CONSTRAINT sale_tender_check CHECK ((tender = 'cash'::text)),
    CONSTRAINT sale_total_cents_check CHECK ((total_cents > 0)),
    CONSTRAINT sale_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON sale FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE sale_line (
    sale_id uuid NOT NULL,
    line_no integer NOT NULL,
    offer_code text NOT NULL,
    operator text NOT NULL,
    quantity integer NOT NULL,
    price_cents bigint NOT NULL,
    face_value_cents bigint NOT NULL,
    CONSTRAINT sale_line_pkey PRIMARY KEY (sale_id, line_no),
    CONSTRAINT sale_line_face_value_cents_check CHECK ((face_value_cents > 0)),
    CONSTRAINT sale_line_price_cents_check CHECK ((price_cents > 0)),
    CONSTRAINT sale_line_quantity_check CHECK ((quantity > 0)),
    CONSTRAINT sale_line_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES sale(sale_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON sale_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE sale_voucher (
    batch_id uuid NOT NULL,
    position bigint NOT NULL,
    sale_id uuid NOT NULL,
    line_no integer NOT NULL,
    CONSTRAINT sale_voucher_pkey PRIMARY KEY (batch_id, "position"),
    CONSTRAINT sale_voucher_batch_id_position_fkey FOREIGN KEY (batch_id, "position") REFERENCES voucher(batch_id, "position"),
    CONSTRAINT sale_voucher_sale_id_line_no_fkey FOREIGN KEY (sale_id, line_no) REFERENCES sale_line(sale_id, line_no)
);
CREATE INDEX sale_voucher_by_sale ON sale_voucher USING btree (sale_id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON sale_voucher FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE site (
    site_code text NOT NULL,
    name text NOT NULL,
    CONSTRAINT site_pkey PRIMARY KEY (site_code)
);

CREATE TABLE tariff (
    offer_code text NOT NULL,
    from_on date NOT NULL,
    until_on date DEFAULT 'infinity'::date NOT NULL,
    price_cents bigint NOT NULL,
    face_value_cents bigint NOT NULL,
    CONSTRAINT tariff_pkey PRIMARY KEY (offer_code, from_on),
    CONSTRAINT tariff_check CHECK ((from_on < until_on)),
    CONSTRAINT tariff_face_value_cents_check CHECK ((face_value_cents > 0)),
    CONSTRAINT tariff_price_cents_check CHECK ((price_cents > 0)),
    CONSTRAINT tariff_offer_code_fkey FOREIGN KEY (offer_code) REFERENCES offer(offer_code),
    CONSTRAINT tariff_offer_code_daterange_excl EXCLUDE USING gist (offer_code WITH =, daterange(from_on, until_on) WITH &&)
);

CREATE TABLE till (
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    name text NOT NULL,
    state text DEFAULT 'active'::text NOT NULL,
    last_sequence bigint DEFAULT 0 NOT NULL,
    last_hash bytea DEFAULT '\x'::bytea NOT NULL,
    told_sequence bigint DEFAULT 0 NOT NULL,
    CONSTRAINT till_pkey PRIMARY KEY (till_id),
    CONSTRAINT till_check CHECK (((last_sequence = 0) = (last_hash = '\x'::bytea))),
    CONSTRAINT till_last_sequence_check CHECK ((last_sequence >= 0)),
    CONSTRAINT till_state_check CHECK ((state = ANY (ARRAY['active'::text, 'revoked'::text])))
) WITH (fillfactor=50);

CREATE TABLE voucher (
    batch_id uuid NOT NULL,
    position bigint NOT NULL,
    operator text NOT NULL,
    serial text NOT NULL,
    pin_key_id text NOT NULL,
    pin_sealed bytea NOT NULL,
    pin_index bytea NOT NULL,
    CONSTRAINT voucher_pkey PRIMARY KEY (batch_id, "position"),
    CONSTRAINT voucher_pin_once UNIQUE (pin_index),
    CONSTRAINT voucher_serial_once UNIQUE (operator, serial),
    CONSTRAINT voucher_position_check CHECK (("position" > 0)),
    CONSTRAINT voucher_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batch(batch_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON voucher FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
