-- What the migrations of settlement add up to. Made by deploy/schema.py.

CREATE OR REPLACE FUNCTION add_to_days()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'settlement', 'public'
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION refuse_bare_entry()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
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

CREATE OR REPLACE FUNCTION refuse_unequal_entry()
 RETURNS trigger
 LANGUAGE plpgsql
 SET enable_seqscan TO 'off'
AS $function$
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
$function$;

CREATE TABLE access_ended (
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    issued_before timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT access_ended_pkey PRIMARY KEY (subject_id),
    CONSTRAINT access_ended_kind_check CHECK ((kind = ANY (ARRAY['session'::text, 'user'::text, 'device'::text])))
);

CREATE TABLE anchor (
    till_id uuid NOT NULL,
    kind text NOT NULL,
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    closing_id uuid NOT NULL,
    told_at timestamp with time zone NOT NULL,
    CONSTRAINT anchor_pkey PRIMARY KEY (till_id, kind, sequence),
    CONSTRAINT anchor_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT anchor_kind_check CHECK (((length(kind) >= 1) AND (length(kind) <= 40))),
    CONSTRAINT anchor_sequence_check CHECK ((sequence > 0))
);
CREATE TRIGGER anchor_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON anchor FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

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

CREATE TABLE day_total (
    operator text NOT NULL,
    booked_on date NOT NULL,
    site_code text NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    amount_cents bigint NOT NULL,
    item_count bigint NOT NULL,
    transfer_count bigint NOT NULL,
    offer_code text DEFAULT ''::text NOT NULL,
    CONSTRAINT day_total_pkey PRIMARY KEY (operator, booked_on, site_code, debit, credit, offer_code),
    CONSTRAINT day_total_amount_cents_check CHECK ((amount_cents >= 0)),
    CONSTRAINT day_total_item_count_check CHECK ((item_count >= 0)),
    CONSTRAINT day_total_transfer_count_check CHECK ((transfer_count > 0))
) WITH (fillfactor=70);
CREATE TRIGGER day_total_is_kept BEFORE DELETE OR TRUNCATE ON day_total FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE day_total ENABLE ROW LEVEL SECURITY;
CREATE POLICY day_total_seen ON day_total USING (((operator = ( SELECT current_setting('relais.operator'::text, true) AS current_setting)) OR (( SELECT current_setting('relais.operator'::text, true) AS current_setting) = '*'::text)));

CREATE TABLE entry (
    fact_id uuid NOT NULL,
    operator text NOT NULL,
    kind text NOT NULL,
    document text NOT NULL,
    site_code text NOT NULL,
    booked_on date NOT NULL,
    declared_cents bigint NOT NULL,
    declared_face_value_cents bigint NOT NULL,
    declared_count integer NOT NULL,
    posted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT entry_pkey PRIMARY KEY (fact_id, operator),
    CONSTRAINT entry_document_kind_operator_key UNIQUE (document, kind, operator),
    CONSTRAINT entry_declared_count_check CHECK ((declared_count >= 0)),
    CONSTRAINT entry_declared_face_value_cents_check CHECK ((declared_face_value_cents >= 0)),
    CONSTRAINT entry_document_check CHECK (((length(document) >= 1) AND (length(document) <= 100))),
    CONSTRAINT entry_kind_check CHECK ((kind = ANY (ARRAY['batch_received'::text, 'sale_completed'::text, 'sale_refunded'::text, 'transfer_sent'::text, 'transfer_received'::text, 'transfer_cancelled'::text, 'voucher_written_off'::text, 'voucher_found'::text, 'till_opened'::text, 'cash_moved'::text, 'drawer_closed'::text, 'option_reported'::text, 'device_sold'::text]))),
    CONSTRAINT entry_operator_check CHECK ((operator ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
    CONSTRAINT entry_site_code_check CHECK ((site_code <> ''::text))
);
CREATE INDEX entry_of_operator ON entry USING btree (operator, booked_on);
CREATE TRIGGER entry_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON entry FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER entry_is_not_bare AFTER INSERT ON entry REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_bare_entry();
ALTER TABLE entry FORCE ROW LEVEL SECURITY;
CREATE POLICY entry_posted ON entry WITH CHECK ((( SELECT current_setting('relais.operator'::text, true) AS current_setting) = '*'::text));
CREATE POLICY entry_seen ON entry USING (((operator = ( SELECT current_setting('relais.operator'::text, true) AS current_setting)) OR (( SELECT current_setting('relais.operator'::text, true) AS current_setting) = '*'::text)));

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

CREATE TABLE transfer (
    fact_id uuid NOT NULL,
    operator text NOT NULL,
    position smallint NOT NULL,
    site_code text NOT NULL,
    booked_on date NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    amount_cents bigint NOT NULL,
    item_count integer NOT NULL,
    offer_code text DEFAULT ''::text NOT NULL,
    CONSTRAINT transfer_pkey PRIMARY KEY (fact_id, operator, "position"),
    CONSTRAINT transfer_amount_cents_check CHECK ((amount_cents >= 0)),
    CONSTRAINT transfer_check CHECK (((amount_cents > 0) OR (item_count > 0))),
    CONSTRAINT transfer_item_count_check CHECK ((item_count >= 0)),
    CONSTRAINT transfer_offer_of_credits CHECK (((offer_code = ''::text) OR ((debit ~~ 'credits%'::text) AND (credit ~~ 'credits%'::text)))),
    CONSTRAINT transfer_pair_check CHECK ((((((((((((((((((((((((((((((debit = 'credits_stock'::text) AND (credit = 'credits_given'::text)) OR ((debit = 'credits_sold'::text) AND (credit = 'credits_stock'::text))) OR ((debit = 'credits_stock'::text) AND (credit = 'credits_sold'::text))) OR ((debit = 'credits_given'::text) AND (credit = 'credits_sold'::text))) OR ((debit = 'credits_in_transit'::text) AND (credit = 'credits_stock'::text))) OR ((debit = 'credits_stock'::text) AND (credit = 'credits_in_transit'::text))) OR ((debit = 'credits_lost'::text) AND (credit = 'credits_in_transit'::text))) OR ((debit = 'credits_lost'::text) AND (credit = 'credits_stock'::text))) OR ((debit = 'credits_damaged'::text) AND (credit = 'credits_stock'::text))) OR ((debit = 'credits_expired'::text) AND (credit = 'credits_stock'::text))) OR ((debit = 'credits_stock'::text) AND (credit = 'credits_lost'::text))) OR ((debit = 'till_cash'::text) AND (credit = 'recharge_income'::text))) OR ((debit = 'card_receivable'::text) AND (credit = 'recharge_income'::text))) OR ((debit = 'recharge_income'::text) AND (credit = 'till_cash'::text))) OR ((debit = 'recharge_income'::text) AND (credit = 'card_receivable'::text))) OR ((debit = 'till_cash'::text) AND (credit = 'site_cash'::text))) OR ((debit = 'site_cash'::text) AND (credit = 'till_cash'::text))) OR ((debit = 'till_cash'::text) AND (credit = 'bank_deposits'::text))) OR ((debit = 'bank_deposits'::text) AND (credit = 'till_cash'::text))) OR ((debit = 'till_cash'::text) AND (credit = 'cash_expenses'::text))) OR ((debit = 'cash_expenses'::text) AND (credit = 'till_cash'::text))) OR ((debit = 'till_cash'::text) AND (credit = 'cash_differences'::text))) OR ((debit = 'cash_differences'::text) AND (credit = 'till_cash'::text))) OR ((debit = 'site_cash'::text) AND (credit = 'equipment_income'::text))) OR ((debit = 'card_receivable'::text) AND (credit = 'equipment_income'::text))) OR ((debit = 'option_receivable'::text) AND (credit = 'option_gifts'::text))) OR ((debit = 'option_gifts'::text) AND (credit = 'option_receivable'::text))) OR ((debit = 'till_cash'::text) AND (credit = 'equipment_income'::text)))),
    CONSTRAINT transfer_position_check CHECK (("position" > 0))
);
CREATE INDEX transfer_of_operator ON transfer USING btree (operator, booked_on);
CREATE TRIGGER transfer_adds_up AFTER INSERT ON transfer REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION refuse_unequal_entry();
CREATE TRIGGER transfer_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON transfer FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER transfer_totals_its_day AFTER INSERT ON transfer REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION add_to_days();
ALTER TABLE transfer FORCE ROW LEVEL SECURITY;
CREATE POLICY transfer_posted ON transfer WITH CHECK ((( SELECT current_setting('relais.operator'::text, true) AS current_setting) = '*'::text));
CREATE POLICY transfer_seen ON transfer USING (((operator = ( SELECT current_setting('relais.operator'::text, true) AS current_setting)) OR (( SELECT current_setting('relais.operator'::text, true) AS current_setting) = '*'::text)));
