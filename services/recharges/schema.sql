-- What the migrations of recharges add up to. Made by deploy/schema.py.

CREATE OR REPLACE FUNCTION follow_last_closing()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION hold_conservation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    the_batch uuid := coalesce(NEW.batch_id, OLD.batch_id);
    told      bigint;
    held      bigint;
BEGIN
    SELECT voucher_count INTO told FROM batch WHERE batch_id = the_batch;
    SELECT sum(end_position - first_position) INTO held FROM lot WHERE batch_id = the_batch;
    IF held IS DISTINCT FROM told THEN
        RAISE EXCEPTION 'the lots of batch % hold % vouchers, % were received', the_batch, held, told
              USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_conserved';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION hold_states()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.state = 'sold_out' AND NEW.end_position <= OLD.next_position
       AND OLD.state NOT IN ('disputed', 'refunded_by_operator') THEN
        RETURN NEW;
    END IF;
    IF NOT (CASE OLD.state
           WHEN 'quarantined' THEN NEW.state IN ('available', 'frozen', 'damaged', 'lost', 'expired')
           WHEN 'available'   THEN NEW.state IN ('sold_out', 'reserved', 'leased', 'in_transfer',
                                                 'quarantined', 'frozen', 'damaged', 'lost',
                                                 'expired')
           WHEN 'reserved'    THEN NEW.state IN ('available', 'sold_out', 'frozen')
           WHEN 'leased'      THEN NEW.state IN ('available', 'quarantined', 'sold_out', 'frozen')
           WHEN 'in_transfer' THEN NEW.state IN ('available', 'lost', 'frozen')
           WHEN 'frozen'      THEN NEW.state IN ('available', 'quarantined', 'damaged', 'lost',
                                                 'expired')
           WHEN 'damaged'     THEN NEW.state IN ('quarantined')
           WHEN 'lost'        THEN NEW.state IN ('quarantined')
           WHEN 'sold_out'    THEN NEW.state IN ('available', 'frozen', 'disputed')
           WHEN 'disputed'    THEN NEW.state IN ('sold_out', 'refunded_by_operator')
           ELSE false END) THEN
        RAISE EXCEPTION 'vouchers that are % do not become %', OLD.state, NEW.state
              USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_state_follows';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION keep_count()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION keep_what_was_seen_sold()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    -- A sale in cash has shown its PINs by itself, one by card since its first reveal.
    IF EXISTS (
        SELECT
          FROM sale_voucher AS sold
          JOIN sale ON sale.sale_id = sold.sale_id
          LEFT JOIN refund_voucher AS given_back
                 ON given_back.batch_id = sold.batch_id
                AND given_back.position = sold.position
                AND given_back.taking = sold.taking
                AND NOT given_back.denied
          LEFT JOIN refund ON refund.refund_id = given_back.refund_id
         WHERE sold.batch_id = OLD.batch_id
           AND sold.position >= OLD.first_position
           AND sold.position < OLD.end_position
           AND sold.taking = OLD.taking
           AND (sale.tender = 'cash'
                OR refund.vouchers IS DISTINCT FROM 'returned'
                OR EXISTS (SELECT FROM reveal
                            WHERE reveal.sale_id = sold.sale_id
                              AND reveal.revealed_at < refund.asked_at))) THEN
        RAISE EXCEPTION 'vouchers of batch % that were seen, or not given back, stay sold',
                        OLD.batch_id
              USING ERRCODE = 'check_violation', CONSTRAINT = 'seen_stays_sold';
    END IF;
    RETURN NEW;
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

CREATE TABLE access_ended (
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    issued_before timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT access_ended_pkey PRIMARY KEY (subject_id),
    CONSTRAINT access_ended_kind_check CHECK ((kind = ANY (ARRAY['session'::text, 'user'::text, 'device'::text])))
);

CREATE TABLE batch (
    batch_id uuid NOT NULL,
    operator text NOT NULL,
    batch_code text NOT NULL,
    site_code text NOT NULL,
    file_sha256 bytea NOT NULL,
    voucher_count bigint NOT NULL,
    face_value_cents bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    received_by uuid,
    state text DEFAULT 'active'::text NOT NULL,
    CONSTRAINT batch_pkey PRIMARY KEY (batch_id),
    CONSTRAINT batch_file_once UNIQUE (file_sha256),
    CONSTRAINT batch_operator_batch_code_site_code_key UNIQUE (operator, batch_code, site_code),
    CONSTRAINT batch_face_value_cents_check CHECK ((face_value_cents > 0)),
    CONSTRAINT batch_state_check CHECK ((state = ANY (ARRAY['received'::text, 'active'::text, 'frozen'::text, 'recalled'::text]))),
    CONSTRAINT batch_voucher_count_check CHECK ((voucher_count > 0))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OF batch_id, operator, batch_code, site_code, file_sha256, voucher_count, face_value_cents, received_at, received_by OR TRUNCATE ON batch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER recall_is_final BEFORE UPDATE OF state ON batch FOR EACH ROW WHEN (((old.state = 'recalled'::text) AND (new.state <> 'recalled'::text))) EXECUTE FUNCTION refuse_change();

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

CREATE TABLE card_sale (
    sale_id uuid NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    person_ref uuid NOT NULL,
    sold_by uuid NOT NULL,
    ordered_at timestamp with time zone NOT NULL,
    month_on date NOT NULL,
    lines jsonb NOT NULL,
    total_cents bigint NOT NULL,
    counted_cents bigint NOT NULL,
    cap_left_cents bigint NOT NULL,
    state text NOT NULL,
    intent_id text,
    client_secret text,
    why text DEFAULT ''::text NOT NULL,
    look_at timestamp with time zone NOT NULL,
    looks integer DEFAULT 0 NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT card_sale_pkey PRIMARY KEY (sale_id),
    CONSTRAINT card_sale_intent_id_key UNIQUE (intent_id),
    CONSTRAINT card_sale_key_key UNIQUE (key),
    CONSTRAINT card_sale_cap_left_cents_check CHECK ((cap_left_cents >= 0)),
    CONSTRAINT card_sale_check CHECK (((state = ANY (ARRAY['paid'::text, 'voided'::text])) = (settled_at IS NOT NULL))),
    CONSTRAINT card_sale_check1 CHECK (((state <> ALL (ARRAY['pending'::text, 'paid'::text])) OR (intent_id IS NOT NULL))),
    CONSTRAINT card_sale_counted_cents_check CHECK ((counted_cents >= 0)),
    CONSTRAINT card_sale_state_check CHECK ((state = ANY (ARRAY['reserved'::text, 'pending'::text, 'paid'::text, 'voided'::text]))),
    CONSTRAINT card_sale_total_cents_check CHECK ((total_cents > 0)),
    CONSTRAINT card_sale_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE INDEX card_sale_waiting ON card_sale USING btree (look_at) WHERE (state = ANY (ARRAY['reserved'::text, 'pending'::text]));

CREATE TABLE cash_line (
    cash_line_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    business_date date NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    amount_cents bigint NOT NULL,
    sale_id uuid,
    drawer_session_id uuid,
    refund_id uuid,
    recorded_by uuid,
    reason text,
    purpose text,
    CONSTRAINT cash_line_pkey PRIMARY KEY (cash_line_id),
    CONSTRAINT cash_line_refund_id_key UNIQUE (refund_id),
    CONSTRAINT cash_line_sale_id_key UNIQUE (sale_id),
    CONSTRAINT cash_line_amount_cents_check CHECK ((amount_cents <> 0)),
    CONSTRAINT cash_line_kind CHECK (
CASE kind
    WHEN 'sale'::text THEN ((amount_cents > 0) AND (sale_id IS NOT NULL) AND (refund_id IS NULL))
    WHEN 'refund'::text THEN ((amount_cents < 0) AND (sale_id IS NULL) AND (refund_id IS NOT NULL))
    WHEN 'in'::text THEN ((amount_cents > 0) AND (num_nulls(sale_id, refund_id) = 2) AND (reason <> ''::text))
    WHEN 'out'::text THEN ((amount_cents < 0) AND (num_nulls(sale_id, refund_id) = 2) AND (reason <> ''::text))
    ELSE false
END),
    CONSTRAINT cash_line_purpose CHECK (((purpose IS NULL) OR ((purpose = ANY (ARRAY['safe'::text, 'bank'::text, 'expense'::text])) AND (kind = ANY (ARRAY['in'::text, 'out'::text]))))),
    CONSTRAINT cash_line_at_the_till_of_its_session FOREIGN KEY (drawer_session_id, till_id) REFERENCES drawer_session(drawer_session_id, till_id),
    CONSTRAINT cash_line_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES refund(refund_id),
    CONSTRAINT cash_line_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES sale(sale_id),
    CONSTRAINT cash_line_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE INDEX cash_line_of_session ON cash_line USING btree (drawer_session_id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON cash_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE closing (
    closing_id uuid NOT NULL,
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    period text NOT NULL,
    period_on date NOT NULL,
    closing_no bigint NOT NULL,
    from_sequence bigint NOT NULL,
    until_sequence bigint NOT NULL,
    ticket_count bigint NOT NULL,
    sold_cents bigint NOT NULL,
    refunded_cents bigint NOT NULL,
    real_cents bigint NOT NULL,
    absolute_cents bigint NOT NULL,
    perpetual_real_cents bigint NOT NULL,
    perpetual_absolute_cents bigint NOT NULL,
    cash_cents bigint NOT NULL,
    card_cents bigint NOT NULL,
    late jsonb NOT NULL,
    drawer_session_id uuid,
    record_sequence bigint NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    closed_by uuid,
    CONSTRAINT closing_pkey PRIMARY KEY (closing_id),
    CONSTRAINT closing_till_id_period_closing_no_key UNIQUE (till_id, period, closing_no),
    CONSTRAINT closing_check CHECK (((until_sequence - from_sequence) = ticket_count)),
    CONSTRAINT closing_check1 CHECK (((real_cents = (sold_cents - refunded_cents)) AND (absolute_cents = (sold_cents + refunded_cents)))),
    CONSTRAINT closing_check2 CHECK (((cash_cents + card_cents) = real_cents)),
    CONSTRAINT closing_closing_no_check CHECK ((closing_no > 0)),
    CONSTRAINT closing_from_sequence_check CHECK ((from_sequence > 0)),
    CONSTRAINT closing_period_check CHECK ((period = ANY (ARRAY['day'::text, 'month'::text, 'year'::text]))),
    CONSTRAINT closing_refunded_cents_check CHECK ((refunded_cents >= 0)),
    CONSTRAINT closing_sold_cents_check CHECK ((sold_cents >= 0)),
    CONSTRAINT closing_drawer_session_id_fkey FOREIGN KEY (drawer_session_id) REFERENCES drawer_session(drawer_session_id),
    CONSTRAINT closing_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE INDEX closing_of_period ON closing USING btree (till_id, period, period_on);
CREATE UNIQUE INDEX closing_once_a_session ON closing USING btree (drawer_session_id) WHERE (drawer_session_id IS NOT NULL);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON closing FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER closing_follows BEFORE INSERT ON closing FOR EACH ROW EXECUTE FUNCTION follow_last_closing();

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

CREATE TABLE device_chain (
    device_id uuid NOT NULL,
    till_id uuid NOT NULL,
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    sold_at timestamp with time zone NOT NULL,
    CONSTRAINT device_chain_pkey PRIMARY KEY (device_id),
    CONSTRAINT device_chain_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT device_chain_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT device_chain_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);

CREATE TABLE dispute (
    dispute_id text NOT NULL,
    sale_id uuid NOT NULL,
    amount_cents bigint NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT dispute_pkey PRIMARY KEY (dispute_id),
    CONSTRAINT dispute_amount_cents_check CHECK ((amount_cents > 0)),
    CONSTRAINT dispute_state_check CHECK ((state = ANY (ARRAY['open'::text, 'won'::text, 'lost'::text]))),
    CONSTRAINT dispute_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES sale(sale_id)
);

CREATE TABLE drawer_handover (
    handover_id uuid NOT NULL,
    drawer_session_id uuid NOT NULL,
    from_user uuid NOT NULL,
    to_user uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    counted jsonb NOT NULL,
    counted_cents bigint NOT NULL,
    expected_cents bigint NOT NULL,
    handed_by uuid,
    CONSTRAINT drawer_handover_pkey PRIMARY KEY (handover_id),
    CONSTRAINT drawer_handover_check CHECK ((from_user <> to_user)),
    CONSTRAINT drawer_handover_drawer_session_id_fkey FOREIGN KEY (drawer_session_id) REFERENCES drawer_session(drawer_session_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON drawer_handover FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE drawer_session (
    drawer_session_id uuid NOT NULL,
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    business_date date NOT NULL,
    state text NOT NULL,
    opening text NOT NULL,
    float jsonb NOT NULL,
    float_cents bigint NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    opened_by uuid NOT NULL,
    held_by uuid NOT NULL,
    counted jsonb,
    counted_cents bigint,
    counted_at timestamp with time zone,
    counted_by uuid,
    expected_cents bigint,
    gap_cents bigint,
    closed_at timestamp with time zone,
    approved_by uuid,
    reason text,
    approved_at timestamp with time zone,
    CONSTRAINT drawer_session_pkey PRIMARY KEY (drawer_session_id),
    CONSTRAINT drawer_session_of_its_till UNIQUE (drawer_session_id, till_id),
    CONSTRAINT approved_by_another CHECK ((approved_by <> counted_by)),
    CONSTRAINT drawer_session_check CHECK (((state = 'open'::text) = (counted_cents IS NULL))),
    CONSTRAINT drawer_session_check1 CHECK (((state = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT drawer_session_check2 CHECK ((num_nulls(counted, counted_cents, counted_at, counted_by, expected_cents, gap_cents) = ANY (ARRAY[0, 6]))),
    CONSTRAINT drawer_session_counted_cents_check CHECK ((counted_cents >= 0)),
    CONSTRAINT drawer_session_float_cents_check CHECK ((float_cents >= 0)),
    CONSTRAINT drawer_session_opening_check CHECK ((opening = ANY (ARRAY['counted'::text, 'by_sale'::text]))),
    CONSTRAINT drawer_session_state_check CHECK ((state = ANY (ARRAY['open'::text, 'counted'::text, 'closed'::text]))),
    CONSTRAINT gap_is_counted_less_expected CHECK ((gap_cents = (counted_cents - expected_cents))),
    CONSTRAINT drawer_session_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE INDEX drawer_session_of_till ON drawer_session USING btree (till_id, business_date);
CREATE UNIQUE INDEX drawer_session_one_open ON drawer_session USING btree (till_id) WHERE (state <> 'closed'::text);
CREATE TRIGGER drawer_count_kept BEFORE DELETE OR UPDATE ON drawer_session FOR EACH ROW EXECUTE FUNCTION keep_count();

CREATE TABLE entitlement (
    person_ref uuid NOT NULL,
    from_on date NOT NULL,
    until_on date NOT NULL,
    monthly_cap_cents bigint NOT NULL,
    sequence bigint NOT NULL,
    CONSTRAINT entitlement_pkey PRIMARY KEY (person_ref),
    CONSTRAINT entitlement_monthly_cap_cents_check CHECK ((monthly_cap_cents >= 0))
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
    key_id text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT journal_pkey PRIMARY KEY (till_id, kind, sequence),
    CONSTRAINT journal_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT journal_kind_known CHECK ((kind = ANY (ARRAY['ticket'::text, 'duplicate'::text, 'grand_total'::text, 'event'::text, 'archive'::text]))),
    CONSTRAINT journal_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT journal_signed CHECK ((length(signature) =
CASE
    WHEN (key_id = ''::text) THEN 0
    ELSE 64
END)),
    CONSTRAINT journal_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON journal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE journal_key (
    key_id text NOT NULL,
    public_key bytea NOT NULL,
    first_used_at timestamp with time zone NOT NULL,
    CONSTRAINT journal_key_pkey PRIMARY KEY (key_id),
    CONSTRAINT journal_key_public_key_check CHECK ((length(public_key) = 32))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON journal_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE lease (
    lease_id uuid NOT NULL,
    till_id uuid NOT NULL,
    device_id uuid NOT NULL,
    site_code text NOT NULL,
    offer_code text NOT NULL,
    price_cents bigint NOT NULL,
    state text NOT NULL,
    count bigint NOT NULL,
    sold bigint DEFAULT 0 NOT NULL,
    leased_at timestamp with time zone NOT NULL,
    leased_by uuid NOT NULL,
    by_device boolean DEFAULT false NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    warned_at timestamp with time zone,
    ended_at timestamp with time zone,
    chain_id uuid,
    CONSTRAINT lease_pkey PRIMARY KEY (lease_id),
    CONSTRAINT lease_chain_is_its_takers CHECK (((chain_id IS NULL) OR (by_device = (chain_id = device_id)))),
    CONSTRAINT lease_check CHECK (((sold >= 0) AND (sold <= count))),
    CONSTRAINT lease_check1 CHECK (((state = 'open'::text) = (ended_at IS NULL))),
    CONSTRAINT lease_check2 CHECK ((leased_at < expires_at)),
    CONSTRAINT lease_count_check CHECK ((count > 0)),
    CONSTRAINT lease_price_cents_check CHECK ((price_cents > 0)),
    CONSTRAINT lease_state_check CHECK ((state = ANY (ARRAY['open'::text, 'returned'::text, 'revoked'::text]))),
    CONSTRAINT lease_offer_code_fkey FOREIGN KEY (offer_code) REFERENCES offer(offer_code),
    CONSTRAINT lease_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE INDEX lease_of_device ON lease USING btree (device_id) WHERE (state = 'open'::text);
CREATE INDEX lease_of_till ON lease USING btree (till_id) WHERE (state = 'open'::text);

CREATE TABLE lease_allowance (
    lease_id uuid NOT NULL,
    person_ref uuid NOT NULL,
    month_on date NOT NULL,
    allowed_cents bigint NOT NULL,
    used_cents bigint DEFAULT 0 NOT NULL,
    CONSTRAINT lease_allowance_pkey PRIMARY KEY (lease_id, person_ref),
    CONSTRAINT lease_allowance_allowed_cents_check CHECK ((allowed_cents >= 0)),
    CONSTRAINT lease_allowance_check CHECK (((used_cents >= 0) AND (used_cents <= allowed_cents))),
    CONSTRAINT lease_allowance_lease_id_fkey FOREIGN KEY (lease_id) REFERENCES lease(lease_id),
    CONSTRAINT lease_allowance_person_ref_month_on_fkey FOREIGN KEY (person_ref, month_on) REFERENCES cap_month(person_ref, month_on)
);

CREATE TABLE lease_range (
    lease_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    first_position bigint NOT NULL,
    end_position bigint NOT NULL,
    CONSTRAINT lease_range_pkey PRIMARY KEY (lease_id, batch_id, first_position),
    CONSTRAINT lease_range_check CHECK ((first_position < end_position)),
    CONSTRAINT lease_range_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batch(batch_id),
    CONSTRAINT lease_range_lease_id_fkey FOREIGN KEY (lease_id) REFERENCES lease(lease_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON lease_range FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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
    held_by uuid,
    taking integer DEFAULT 1 NOT NULL,
    CONSTRAINT lot_pkey PRIMARY KEY (lot_id),
    CONSTRAINT lot_check CHECK (((first_position <= next_position) AND (next_position <= end_position))),
    CONSTRAINT lot_check1 CHECK ((first_position < end_position)),
    CONSTRAINT lot_face_value_cents_check CHECK ((face_value_cents > 0)),
    CONSTRAINT lot_holder CHECK (((state = ANY (ARRAY['reserved'::text, 'leased'::text, 'in_transfer'::text])) = (held_by IS NOT NULL))),
    CONSTRAINT lot_left CHECK (((state = ANY (ARRAY['sold_out'::text, 'disputed'::text, 'refunded_by_operator'::text])) = (next_position = end_position))),
    CONSTRAINT lot_state_known CHECK ((state = ANY (ARRAY['quarantined'::text, 'available'::text, 'reserved'::text, 'leased'::text, 'in_transfer'::text, 'frozen'::text, 'damaged'::text, 'lost'::text, 'expired'::text, 'sold_out'::text, 'disputed'::text, 'refunded_by_operator'::text]))),
    CONSTRAINT lot_taking_check CHECK ((taking > 0)),
    CONSTRAINT lot_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batch(batch_id),
    CONSTRAINT lot_offer_code_fkey FOREIGN KEY (offer_code) REFERENCES offer(offer_code),
    CONSTRAINT lot_batch_id_int8range_excl EXCLUDE USING gist (batch_id WITH =, int8range(first_position, end_position) WITH &&)
) WITH (fillfactor=50);
CREATE INDEX lot_by_use_by ON lot USING btree (use_by) WHERE (state = ANY (ARRAY['available'::text, 'quarantined'::text, 'frozen'::text]));
CREATE INDEX lot_held ON lot USING btree (held_by) WHERE (held_by IS NOT NULL);
CREATE INDEX lot_on_sale ON lot USING btree (site_code, offer_code, use_by) WHERE (state = 'available'::text);
CREATE CONSTRAINT TRIGGER batch_conserved AFTER INSERT OR DELETE OR UPDATE OF first_position, end_position, batch_id ON lot DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold_conservation();
CREATE TRIGGER lot_state_follows BEFORE UPDATE OF state ON lot FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION hold_states();
CREATE TRIGGER seen_stays_sold BEFORE UPDATE OF state ON lot FOR EACH ROW WHEN (((old.state = 'sold_out'::text) AND (new.state = ANY (ARRAY['available'::text, 'frozen'::text])))) EXECUTE FUNCTION keep_what_was_seen_sold();

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

CREATE TABLE offer (
    offer_code text NOT NULL,
    operator text NOT NULL,
    label text NOT NULL,
    data_mb integer,
    CONSTRAINT offer_pkey PRIMARY KEY (offer_code),
    CONSTRAINT offer_data_mb_check CHECK ((data_mb > 0)),
    CONSTRAINT offer_offer_code_check CHECK ((offer_code ~ '^[a-z0-9-]{2,40}$'::text))
);

CREATE TABLE offline_refusal (
    refusal_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    till_id uuid NOT NULL,
    device_id uuid NOT NULL,
    sequence bigint NOT NULL,
    code text NOT NULL,
    hash bytea NOT NULL,
    previous_hash bytea NOT NULL,
    record text NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT offline_refusal_pkey PRIMARY KEY (refusal_id),
    CONSTRAINT offline_refusal_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE UNIQUE INDEX offline_refusal_once ON offline_refusal USING btree (device_id, sequence, code, hash);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON offline_refusal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE offline_ticket (
    device_id uuid NOT NULL,
    sequence bigint NOT NULL,
    till_id uuid NOT NULL,
    hash bytea NOT NULL,
    previous_hash bytea NOT NULL,
    record text NOT NULL,
    sale_id uuid NOT NULL,
    lease_id uuid NOT NULL,
    received_at timestamp with time zone NOT NULL,
    CONSTRAINT offline_ticket_pkey PRIMARY KEY (device_id, sequence),
    CONSTRAINT offline_ticket_sale_id_key UNIQUE (sale_id),
    CONSTRAINT offline_ticket_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT offline_ticket_sequence_check CHECK ((sequence > 0)),
    CONSTRAINT offline_ticket_lease_id_fkey FOREIGN KEY (lease_id) REFERENCES lease(lease_id),
    CONSTRAINT offline_ticket_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES sale(sale_id),
    CONSTRAINT offline_ticket_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON offline_ticket FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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

CREATE TABLE paper_copy (
    till_id uuid NOT NULL,
    kind text NOT NULL,
    sequence bigint NOT NULL,
    copy_no integer NOT NULL,
    printed_at timestamp with time zone NOT NULL,
    printed_by uuid NOT NULL,
    reason text,
    CONSTRAINT paper_copy_pkey PRIMARY KEY (till_id, kind, sequence, copy_no),
    CONSTRAINT paper_copy_check CHECK ((((copy_no = 0) = (reason IS NULL)) AND (reason <> ''::text))),
    CONSTRAINT paper_copy_copy_no_check CHECK ((copy_no >= 0)),
    CONSTRAINT paper_copy_kind_check CHECK ((kind = ANY (ARRAY['ticket'::text, 'grand_total'::text]))),
    CONSTRAINT paper_copy_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id),
    CONSTRAINT paper_copy_till_id_kind_sequence_fkey FOREIGN KEY (till_id, kind, sequence) REFERENCES journal(till_id, kind, sequence)
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OF till_id, kind, sequence, copy_no, printed_at, printed_by OR TRUNCATE ON paper_copy FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER words_are_only_blanked BEFORE UPDATE OF reason ON paper_copy FOR EACH ROW WHEN ((new.reason IS DISTINCT FROM '-'::text)) EXECUTE FUNCTION refuse_change();

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

CREATE TABLE pin_key (
    key_id text NOT NULL,
    wrapped_by text NOT NULL,
    wrapped bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT pin_key_pkey PRIMARY KEY (key_id),
    CONSTRAINT pin_key_key_id_check CHECK ((key_id ~ '^[A-Za-z0-9_-]{1,40}$'::text))
);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OF key_id, made_at OR TRUNCATE ON pin_key FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE refund (
    refund_id uuid NOT NULL,
    sale_id uuid NOT NULL,
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    amount_cents bigint NOT NULL,
    tender text NOT NULL,
    vouchers text NOT NULL,
    state text NOT NULL,
    reason text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    asked_by uuid NOT NULL,
    answered_at timestamp with time zone,
    answered_by uuid,
    answer text DEFAULT ''::text NOT NULL,
    stripe_refund_id text,
    look_at timestamp with time zone,
    ticket_no bigint,
    done_at timestamp with time zone,
    CONSTRAINT refund_pkey PRIMARY KEY (refund_id),
    CONSTRAINT refund_stripe_refund_id_key UNIQUE (stripe_refund_id),
    CONSTRAINT refund_amount_cents_check CHECK ((amount_cents > 0)),
    CONSTRAINT refund_check CHECK (((state = 'done'::text) = ((done_at IS NOT NULL) AND (ticket_no IS NOT NULL)))),
    CONSTRAINT refund_reason_check CHECK ((reason <> ''::text)),
    CONSTRAINT refund_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'granted'::text, 'done'::text, 'denied'::text]))),
    CONSTRAINT refund_tender_check CHECK ((tender = ANY (ARRAY['cash'::text, 'card'::text]))),
    CONSTRAINT refund_vouchers_check CHECK ((vouchers = ANY (ARRAY['returned'::text, 'refunded_by_operator'::text]))),
    CONSTRAINT refund_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES sale(sale_id),
    CONSTRAINT refund_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE INDEX refund_of_sale ON refund USING btree (sale_id);
CREATE INDEX refund_waiting ON refund USING btree (look_at) WHERE (state = 'granted'::text);

CREATE TABLE refund_voucher (
    refund_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    position bigint NOT NULL,
    taking integer NOT NULL,
    denied boolean DEFAULT false NOT NULL,
    CONSTRAINT refund_voucher_pkey PRIMARY KEY (refund_id, batch_id, "position"),
    CONSTRAINT refund_voucher_batch_id_position_taking_fkey FOREIGN KEY (batch_id, "position", taking) REFERENCES sale_voucher(batch_id, "position", taking),
    CONSTRAINT refund_voucher_refund_id_fkey FOREIGN KEY (refund_id) REFERENCES refund(refund_id)
);
CREATE UNIQUE INDEX refund_voucher_once ON refund_voucher USING btree (batch_id, "position", taking) WHERE (NOT denied);

CREATE TABLE reveal (
    reveal_id uuid NOT NULL,
    sale_id uuid NOT NULL,
    revealed_by uuid NOT NULL,
    revealed_at timestamp with time zone NOT NULL,
    reason text NOT NULL,
    kind text DEFAULT 'retry'::text NOT NULL,
    till_id uuid,
    copy_no integer,
    CONSTRAINT reveal_pkey PRIMARY KEY (reveal_id),
    CONSTRAINT reveal_copy CHECK (((kind = 'reprint'::text) = (copy_no IS NOT NULL))),
    CONSTRAINT reveal_copy_no_check CHECK ((copy_no > 0)),
    CONSTRAINT reveal_kind_check CHECK ((kind = ANY (ARRAY['first'::text, 'retry'::text, 'reprint'::text]))),
    CONSTRAINT reveal_sale_id_fkey FOREIGN KEY (sale_id) REFERENCES sale(sale_id)
);
CREATE UNIQUE INDEX reveal_copy_once ON reveal USING btree (sale_id, copy_no);
CREATE UNIQUE INDEX reveal_first_once ON reveal USING btree (sale_id) WHERE (kind = 'first'::text);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OF reveal_id, sale_id, revealed_by, revealed_at, kind, till_id, copy_no OR TRUNCATE ON reveal FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER words_are_only_blanked BEFORE UPDATE OF reason ON reveal FOR EACH ROW WHEN ((new.reason <> '-'::text)) EXECUTE FUNCTION refuse_change();

CREATE TABLE rule (
    name text NOT NULL,
    from_on date NOT NULL,
    until_on date DEFAULT 'infinity'::date NOT NULL,
    value text NOT NULL,
    CONSTRAINT rule_pkey PRIMARY KEY (name, from_on),
    CONSTRAINT rule_check CHECK ((from_on < until_on)),
    CONSTRAINT rule_name_check CHECK ((name = ANY (ARRAY['cap_counts'::text, 'drawer_opening'::text, 'gap_alone_max_cents'::text, 'cash_out_alone_max_cents'::text, 'card_minutes_max'::text, 'lease_vouchers_max'::text, 'lease_hours_max'::text, 'offline_skew_minutes_max'::text]))),
    CONSTRAINT rule_name_daterange_excl EXCLUDE USING gist (name WITH =, daterange(from_on, until_on) WITH &&)
);

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
    drawer_session_id uuid,
    CONSTRAINT sale_pkey PRIMARY KEY (sale_id),
    CONSTRAINT sale_key_once UNIQUE (key),
    CONSTRAINT sale_till_id_ticket_no_key UNIQUE (till_id, ticket_no),
    CONSTRAINT sale_cap_left_cents_check CHECK ((cap_left_cents >= 0)),
    CONSTRAINT sale_check CHECK ((((tendered_cents - change_cents) = total_cents) AND (change_cents >= 0))),
    CONSTRAINT sale_tender_known CHECK ((tender = ANY (ARRAY['cash'::text, 'card'::text]))),
    CONSTRAINT sale_total_cents_check CHECK ((total_cents > 0)),
    CONSTRAINT sale_at_the_till_of_its_session FOREIGN KEY (drawer_session_id, till_id) REFERENCES drawer_session(drawer_session_id, till_id),
    CONSTRAINT sale_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE INDEX sale_by_card ON sale USING btree (drawer_session_id) WHERE (tender = 'card'::text);
CREATE INDEX sale_by_day ON sale USING brin (business_date) WITH (pages_per_range='32');
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
    taking integer DEFAULT 1 NOT NULL,
    CONSTRAINT sale_voucher_pkey PRIMARY KEY (batch_id, "position", taking),
    CONSTRAINT sale_voucher_taking_check CHECK ((taking > 0)),
    CONSTRAINT sale_voucher_batch_id_position_fkey FOREIGN KEY (batch_id, "position") REFERENCES voucher(batch_id, "position"),
    CONSTRAINT sale_voucher_sale_id_line_no_fkey FOREIGN KEY (sale_id, line_no) REFERENCES sale_line(sale_id, line_no)
);
CREATE INDEX sale_voucher_by_sale ON sale_voucher USING btree (sale_id);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON sale_voucher FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE site (
    site_code text NOT NULL,
    name text NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    CONSTRAINT site_pkey PRIMARY KEY (site_code)
);

CREATE TABLE staff_name (
    user_id uuid NOT NULL,
    name text NOT NULL,
    noted_at timestamp with time zone NOT NULL,
    CONSTRAINT staff_name_pkey PRIMARY KEY (user_id),
    CONSTRAINT staff_name_name_check CHECK (((length(name) >= 1) AND (length(name) <= 80)))
);

CREATE TABLE stock_alert (
    alert_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    site_code text NOT NULL,
    offer_code text NOT NULL,
    kind text NOT NULL,
    use_by date,
    count bigint NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    cleared_at timestamp with time zone,
    CONSTRAINT stock_alert_pkey PRIMARY KEY (alert_id),
    CONSTRAINT stock_alert_check CHECK (((kind = 'cover'::text) = (use_by IS NULL))),
    CONSTRAINT stock_alert_kind_check CHECK ((kind = ANY (ARRAY['cover'::text, 'use_by_60'::text, 'use_by_30'::text, 'use_by_7'::text])))
);
CREATE UNIQUE INDEX stock_alert_once ON stock_alert USING btree (site_code, offer_code, kind, COALESCE(use_by, 'infinity'::date)) WHERE (cleared_at IS NULL);

CREATE TABLE stock_day (
    site_code text NOT NULL,
    offer_code text NOT NULL,
    on_day date NOT NULL,
    sold bigint NOT NULL,
    CONSTRAINT stock_day_pkey PRIMARY KEY (site_code, offer_code, on_day),
    CONSTRAINT stock_day_sold_check CHECK ((sold >= 0))
);

CREATE TABLE stock_move (
    move_id uuid NOT NULL,
    moved_at timestamp with time zone NOT NULL,
    moved_by uuid,
    what text NOT NULL,
    why text DEFAULT ''::text NOT NULL,
    transfer_id uuid,
    batch_id uuid NOT NULL,
    site_code text NOT NULL,
    offer_code text NOT NULL,
    first_position bigint NOT NULL,
    end_position bigint NOT NULL,
    CONSTRAINT stock_move_pkey PRIMARY KEY (move_id),
    CONSTRAINT stock_move_check CHECK ((first_position < end_position)),
    CONSTRAINT stock_move_check1 CHECK (((what = ANY (ARRAY['sent'::text, 'arrived'::text, 'missing'::text, 'returned'::text])) = (transfer_id IS NOT NULL))),
    CONSTRAINT stock_move_what_check CHECK ((what = ANY (ARRAY['received'::text, 'released'::text, 'quarantined'::text, 'frozen'::text, 'unfrozen'::text, 'recalled'::text, 'damaged'::text, 'lost'::text, 'found'::text, 'expired'::text, 'sent'::text, 'arrived'::text, 'missing'::text, 'returned'::text]))),
    CONSTRAINT stock_move_batch_id_fkey FOREIGN KEY (batch_id) REFERENCES batch(batch_id),
    CONSTRAINT stock_move_transfer_id_fkey FOREIGN KEY (transfer_id) REFERENCES transfer(transfer_id)
);
CREATE INDEX stock_move_of_batch ON stock_move USING btree (batch_id);
CREATE INDEX stock_move_of_transfer ON stock_move USING btree (transfer_id) WHERE (transfer_id IS NOT NULL);
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON stock_move FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE stripe_event (
    event_id text NOT NULL,
    type text NOT NULL,
    object_id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    outcome text NOT NULL,
    CONSTRAINT stripe_event_pkey PRIMARY KEY (event_id)
);

CREATE TABLE supply_rule (
    operator text NOT NULL,
    from_on date NOT NULL,
    until_on date DEFAULT 'infinity'::date NOT NULL,
    quarantined boolean NOT NULL,
    lead_time_days integer NOT NULL,
    CONSTRAINT supply_rule_pkey PRIMARY KEY (operator, from_on),
    CONSTRAINT supply_rule_check CHECK ((from_on < until_on)),
    CONSTRAINT supply_rule_lead_time_days_check CHECK ((lead_time_days > 0)),
    CONSTRAINT supply_rule_operator_daterange_excl EXCLUDE USING gist (operator WITH =, daterange(from_on, until_on) WITH &&)
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
    drawer_session_id uuid,
    drawer_opened_on date,
    drawer_counted boolean DEFAULT false NOT NULL,
    device_id uuid,
    frozen_at timestamp with time zone,
    frozen_why text,
    drawer_held_by uuid,
    CONSTRAINT till_pkey PRIMARY KEY (till_id),
    CONSTRAINT till_check CHECK (((last_sequence = 0) = (last_hash = '\x'::bytea))),
    CONSTRAINT till_drawer CHECK (((drawer_session_id IS NULL) = (drawer_opened_on IS NULL))),
    CONSTRAINT till_held_drawer CHECK (((drawer_held_by IS NULL) OR (drawer_session_id IS NOT NULL))),
    CONSTRAINT till_last_sequence_check CHECK ((last_sequence >= 0)),
    CONSTRAINT till_state_check CHECK ((state = ANY (ARRAY['active'::text, 'revoked'::text]))),
    CONSTRAINT till_drawer_session_id_fkey FOREIGN KEY (drawer_session_id) REFERENCES drawer_session(drawer_session_id)
) WITH (fillfactor=50);

CREATE TABLE transfer (
    transfer_id uuid NOT NULL,
    from_site text NOT NULL,
    to_site text NOT NULL,
    state text NOT NULL,
    count bigint NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    sent_by uuid NOT NULL,
    ended_at timestamp with time zone,
    ended_by uuid,
    missing bigint,
    CONSTRAINT transfer_pkey PRIMARY KEY (transfer_id),
    CONSTRAINT received_by_another CHECK (((state <> 'received'::text) OR (ended_by <> sent_by))),
    CONSTRAINT transfer_check CHECK (((missing >= 0) AND (missing <= count))),
    CONSTRAINT transfer_check1 CHECK ((from_site <> to_site)),
    CONSTRAINT transfer_check2 CHECK ((((state = 'sent'::text) = (ended_at IS NULL)) AND ((state = 'sent'::text) = (ended_by IS NULL)))),
    CONSTRAINT transfer_check3 CHECK (((state = 'received'::text) = (missing IS NOT NULL))),
    CONSTRAINT transfer_count_check CHECK ((count > 0)),
    CONSTRAINT transfer_state_check CHECK ((state = ANY (ARRAY['sent'::text, 'received'::text, 'cancelled'::text]))),
    CONSTRAINT transfer_from_site_fkey FOREIGN KEY (from_site) REFERENCES site(site_code),
    CONSTRAINT transfer_to_site_fkey FOREIGN KEY (to_site) REFERENCES site(site_code)
);
CREATE INDEX transfer_from ON transfer USING btree (from_site);
CREATE INDEX transfer_to ON transfer USING btree (to_site);

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
CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OF batch_id, "position", operator, serial, pin_index OR TRUNCATE ON voucher FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
