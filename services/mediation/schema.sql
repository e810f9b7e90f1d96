-- What the migrations of mediation add up to. Made by deploy/schema.py.

CREATE OR REPLACE FUNCTION check_case_is_open()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM debt_case WHERE case_id = NEW.case_id AND status = 'closed') THEN
        RAISE EXCEPTION 'case % is closed', NEW.case_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION check_case_move()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF (NEW.site_code, NEW.person_ref, NEW.opened_on)
       IS DISTINCT FROM (OLD.site_code, OLD.person_ref, OLD.opened_on)
       OR OLD.status = 'closed'
       OR (OLD.status, NEW.status) NOT IN (
            ('opened', 'opened'), ('opened', 'mandated'), ('opened', 'closed'),
            ('mandated', 'mandated'), ('mandated', 'analysed'), ('mandated', 'closed'),
            ('analysed', 'analysed'), ('analysed', 'negotiating'), ('analysed', 'closed'),
            ('negotiating', 'negotiating'), ('negotiating', 'closed'))
    THEN
        RAISE EXCEPTION 'case %: % cannot become %', OLD.case_id, OLD.status, NEW.status
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION check_case_outcome()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.outcome IN ('refund', 'line_restored', 'refused', 'withdrawn', 'inadmissible')
       AND EXISTS (SELECT FROM debt_line
                    WHERE case_id = NEW.case_id AND agreed_cents IS NOT NULL)
    THEN
        RAISE EXCEPTION 'case %: a line is settled, so it cannot end as %',
                        NEW.case_id, NEW.outcome
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION check_line_settled_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.agreed_cents IS NOT NULL
       OR (NEW.case_id, NEW.operator, NEW.kind, NEW.claimed_cents, NEW.due_on, NEW.born_on)
          IS DISTINCT FROM
          (OLD.case_id, OLD.operator, OLD.kind, OLD.claimed_cents, OLD.due_on, OLD.born_on)
    THEN
        RAISE EXCEPTION 'line % is settled once and claims what it claims', OLD.line_id
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION check_mandate()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    that_day date := CASE TG_TABLE_NAME
                     WHEN 'offer' THEN (to_jsonb(NEW) ->> 'made_on')::date
                     ELSE (to_jsonb(NEW) ->> 'added_on')::date
                     END;
BEGIN
    IF NOT EXISTS (SELECT
                     FROM mandate
                    WHERE case_id = NEW.case_id
                      AND NEW.operator = ANY (operators)
                      AND signed_on <= that_day AND that_day < until_on
                      AND (revoked_on IS NULL OR that_day < revoked_on))
    THEN
        RAISE EXCEPTION 'no mandate of case % covers % on %', NEW.case_id, NEW.operator, that_day
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION check_offer_adds_up()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    planned_cents bigint;
    settled_cents bigint;
    state_now     text;      -- the row may have changed since the change that this check is for
BEGIN
    SELECT state INTO state_now FROM offer WHERE offer_id = NEW.offer_id;
    SELECT COALESCE(sum(amount_cents), 0) INTO planned_cents
      FROM instalment WHERE offer_id = NEW.offer_id;
    SELECT COALESCE(sum(agreed_cents), 0) INTO settled_cents
      FROM debt_line JOIN offer_line USING (line_id) WHERE offer_id = NEW.offer_id;
    IF planned_cents <> NEW.amount_cents
       OR (state_now = 'accepted' AND settled_cents <> NEW.amount_cents)
    THEN
        RAISE EXCEPTION 'offer % of %: planned %, settled %',
                        NEW.offer_id, NEW.amount_cents, planned_cents, settled_cents
              USING ERRCODE = 'check_violation';
    END IF;
    IF state_now = 'made' AND EXISTS (
        SELECT
          FROM offer_line AS mine
          JOIN offer_line AS theirs ON theirs.line_id = mine.line_id
                                   AND theirs.offer_id <> mine.offer_id
          JOIN offer ON offer.offer_id = theirs.offer_id AND offer.state = 'made'
         WHERE mine.offer_id = NEW.offer_id)
    THEN
        RAISE EXCEPTION 'offer %: another one for the same line waits', NEW.offer_id
              USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION check_offer_answered_once()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.state <> 'made'
       OR (NEW.case_id, NEW.operator, NEW.kind, NEW.maker, NEW.amount_cents, NEW.made_on)
          IS DISTINCT FROM
          (OLD.case_id, OLD.operator, OLD.kind, OLD.maker, OLD.amount_cents, OLD.made_on)
    THEN
        RAISE EXCEPTION 'offer % is answered once and keeps its terms', OLD.offer_id
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE OR REPLACE FUNCTION keep_accesses()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    kept_months integer;
BEGIN
    SELECT value INTO kept_months
      FROM rule
     WHERE name = 'access_months' AND from_on <= CURRENT_DATE
     ORDER BY from_on DESC
     LIMIT 1;
    IF OLD.at >= date_trunc('month', now()) - make_interval(months => kept_months) THEN
        RAISE EXCEPTION 'access % is kept for % months', OLD.access_id, kept_months
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
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

CREATE TABLE access (
    access_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    case_id uuid NOT NULL,
    what text NOT NULL,
    by_user_id uuid NOT NULL,
    by_role text NOT NULL,
    site_codes text[] NOT NULL,
    CONSTRAINT access_pkey PRIMARY KEY (access_id),
    CONSTRAINT access_what_check CHECK ((what = ANY (ARRAY['case_shown'::text, 'cases_listed'::text]))),
    CONSTRAINT access_case_id_fkey FOREIGN KEY (case_id) REFERENCES debt_case(case_id)
);
CREATE INDEX access_by_time ON access USING brin (at);
CREATE INDEX access_of_case ON access USING btree (case_id, access_id DESC);
CREATE TRIGGER access_is_kept BEFORE DELETE ON access FOR EACH ROW EXECUTE FUNCTION keep_accesses();
CREATE TRIGGER access_is_written_once BEFORE UPDATE ON access FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE access_ended (
    subject_id uuid NOT NULL,
    kind text NOT NULL,
    issued_before timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT access_ended_pkey PRIMARY KEY (subject_id),
    CONSTRAINT access_ended_kind_check CHECK ((kind = ANY (ARRAY['session'::text, 'user'::text, 'device'::text])))
);

CREATE TABLE case_event (
    position bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    case_id uuid NOT NULL,
    step text NOT NULL,
    happened_at timestamp with time zone NOT NULL,
    user_id uuid NOT NULL,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT case_event_pkey PRIMARY KEY ("position"),
    CONSTRAINT case_event_case_id_fkey FOREIGN KEY (case_id) REFERENCES debt_case(case_id)
);
CREATE INDEX case_event_of_case ON case_event USING btree (case_id);
CREATE TRIGGER case_event_is_kept BEFORE DELETE OR UPDATE OF "position", case_id, step, happened_at, user_id ON case_event FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER case_event_words_are_only_blanked BEFORE UPDATE OF details ON case_event FOR EACH ROW WHEN ((new.details <> (old.details - ARRAY['override_reason'::text, 'left_open_reason'::text]))) EXECUTE FUNCTION refuse_change();

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

CREATE TABLE debt_case (
    case_id uuid NOT NULL,
    site_code text NOT NULL,
    person_ref uuid NOT NULL,
    status text DEFAULT 'opened'::text NOT NULL,
    outcome text,
    opened_on date NOT NULL,
    closed_at timestamp with time zone,
    admissible_on date,
    CONSTRAINT debt_case_pkey PRIMARY KEY (case_id),
    CONSTRAINT debt_case_check CHECK (((status = 'closed'::text) = (outcome IS NOT NULL))),
    CONSTRAINT debt_case_check1 CHECK (((status = 'closed'::text) = (closed_at IS NOT NULL))),
    CONSTRAINT debt_case_outcome_check CHECK ((outcome = ANY (ARRAY['limitation_accepted'::text, 'fee_recomputed'::text, 'full_waiver'::text, 'partial_waiver'::text, 'plan'::text, 'refund'::text, 'line_restored'::text, 'refused'::text, 'withdrawn'::text, 'inadmissible'::text]))),
    CONSTRAINT debt_case_status_check CHECK ((status = ANY (ARRAY['opened'::text, 'mandated'::text, 'analysed'::text, 'negotiating'::text, 'closed'::text])))
);
CREATE INDEX debt_case_of_person ON debt_case USING btree (person_ref);
CREATE INDEX debt_case_of_site ON debt_case USING btree (site_code, case_id);
CREATE TRIGGER debt_case_is_kept BEFORE DELETE ON debt_case FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER debt_case_moves BEFORE UPDATE ON debt_case FOR EACH ROW EXECUTE FUNCTION check_case_move();
CREATE TRIGGER debt_case_outcome BEFORE UPDATE ON debt_case FOR EACH ROW WHEN ((new.status = 'closed'::text)) EXECUTE FUNCTION check_case_outcome();

CREATE TABLE debt_line (
    line_id uuid NOT NULL,
    case_id uuid NOT NULL,
    operator text NOT NULL,
    kind text NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    claimed_cents bigint NOT NULL,
    due_cents bigint,
    agreed_cents bigint,
    due_on date NOT NULL,
    born_on date NOT NULL,
    added_on date NOT NULL,
    CONSTRAINT debt_line_pkey PRIMARY KEY (line_id),
    CONSTRAINT debt_line_check CHECK (((due_cents >= 0) AND (due_cents <= claimed_cents))),
    CONSTRAINT debt_line_check1 CHECK (((agreed_cents >= 0) AND (agreed_cents <= claimed_cents))),
    CONSTRAINT debt_line_check2 CHECK ((born_on <= due_on)),
    CONSTRAINT debt_line_check3 CHECK (((kind <> 'collection_fee'::text) OR ((due_cents IS NOT NULL) AND (due_cents = 0)))),
    CONSTRAINT debt_line_claimed_cents_check CHECK ((claimed_cents > 0)),
    CONSTRAINT debt_line_kind_check CHECK ((kind = ANY (ARRAY['service'::text, 'termination_fee'::text, 'equipment'::text, 'collection_fee'::text]))),
    CONSTRAINT debt_line_case_id_fkey FOREIGN KEY (case_id) REFERENCES debt_case(case_id)
);
CREATE INDEX debt_line_of_case ON debt_line USING btree (case_id);
CREATE TRIGGER debt_line_has_mandate BEFORE INSERT ON debt_line FOR EACH ROW EXECUTE FUNCTION check_mandate();
CREATE TRIGGER debt_line_is_kept BEFORE DELETE ON debt_line FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER debt_line_of_open_case BEFORE INSERT OR UPDATE OF line_id, case_id, operator, kind, claimed_cents, due_cents, agreed_cents, due_on, born_on, added_on ON debt_line FOR EACH ROW EXECUTE FUNCTION check_case_is_open();
CREATE TRIGGER debt_line_settles_once BEFORE UPDATE OF line_id, case_id, operator, kind, claimed_cents, due_cents, agreed_cents, due_on, born_on, added_on ON debt_line FOR EACH ROW EXECUTE FUNCTION check_line_settled_once();
CREATE TRIGGER debt_line_words_are_only_blanked BEFORE UPDATE OF label ON debt_line FOR EACH ROW WHEN ((new.label <> ''::text)) EXECUTE FUNCTION refuse_change();

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

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    ending text NOT NULL,
    handled_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id),
    CONSTRAINT inbox_ending_check CHECK ((ending = ANY (ARRAY['applied'::text, 'refused'::text, 'superseded'::text])))
);

CREATE TABLE instalment (
    offer_id uuid NOT NULL,
    position integer NOT NULL,
    due_on date NOT NULL,
    amount_cents bigint NOT NULL,
    CONSTRAINT instalment_pkey PRIMARY KEY (offer_id, "position"),
    CONSTRAINT instalment_amount_cents_check CHECK ((amount_cents > 0)),
    CONSTRAINT instalment_position_check CHECK (("position" > 0)),
    CONSTRAINT instalment_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES offer(offer_id)
);
CREATE TRIGGER instalment_is_kept BEFORE DELETE OR UPDATE ON instalment FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE legal_rate (
    from_on date NOT NULL,
    until_on date NOT NULL,
    percent numeric(4,2) NOT NULL,
    article text NOT NULL,
    added_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT legal_rate_pkey PRIMARY KEY (from_on),
    CONSTRAINT legal_rate_article_check CHECK (((length(article) >= 3) AND (length(article) <= 200))),
    CONSTRAINT legal_rate_check CHECK ((until_on = ((from_on + '6 mons'::interval))::date)),
    CONSTRAINT legal_rate_from_on_check CHECK (((EXTRACT(day FROM from_on) = (1)::numeric) AND (EXTRACT(month FROM from_on) = ANY (ARRAY[(1)::numeric, (7)::numeric])))),
    CONSTRAINT legal_rate_percent_check CHECK ((percent > (0)::numeric))
);
CREATE TRIGGER legal_rate_is_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON legal_rate FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE line_event (
    line_id uuid NOT NULL,
    position integer NOT NULL,
    kind text NOT NULL,
    happened_on date NOT NULL,
    until_on date,
    CONSTRAINT line_event_pkey PRIMARY KEY (line_id, "position"),
    CONSTRAINT line_event_check CHECK ((until_on >= happened_on)),
    CONSTRAINT line_event_check1 CHECK (((until_on IS NULL) OR (kind = ANY (ARRAY['mediation'::text, 'court_claim'::text])))),
    CONSTRAINT line_event_kind_check CHECK ((kind = ANY (ARRAY['payment'::text, 'acknowledgement'::text, 'plan_request'::text, 'court_claim'::text, 'reminder'::text, 'formal_notice'::text, 'mediation'::text]))),
    CONSTRAINT line_event_position_check CHECK (("position" > 0)),
    CONSTRAINT line_event_line_id_fkey FOREIGN KEY (line_id) REFERENCES debt_line(line_id)
);
CREATE TRIGGER line_event_is_kept BEFORE DELETE OR UPDATE ON line_event FOR EACH ROW EXECUTE FUNCTION refuse_change();

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

CREATE TABLE mandate (
    mandate_id uuid NOT NULL,
    case_id uuid NOT NULL,
    operators text[] NOT NULL,
    signed_on date NOT NULL,
    until_on date NOT NULL,
    client_reference text DEFAULT ''::text NOT NULL,
    revoked_on date,
    CONSTRAINT mandate_pkey PRIMARY KEY (mandate_id),
    CONSTRAINT mandate_check CHECK ((revoked_on >= signed_on)),
    CONSTRAINT mandate_check1 CHECK ((signed_on < until_on)),
    CONSTRAINT mandate_operators_check CHECK ((cardinality(operators) > 0)),
    CONSTRAINT mandate_case_id_fkey FOREIGN KEY (case_id) REFERENCES debt_case(case_id)
);
CREATE INDEX mandate_of_case ON mandate USING btree (case_id);
CREATE TRIGGER mandate_is_kept BEFORE DELETE ON mandate FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER mandate_of_open_case BEFORE INSERT OR UPDATE OF mandate_id, case_id, operators, signed_on, until_on, revoked_on ON mandate FOR EACH ROW EXECUTE FUNCTION check_case_is_open();
CREATE TRIGGER mandate_words_are_only_blanked BEFORE UPDATE OF client_reference ON mandate FOR EACH ROW WHEN ((new.client_reference <> ''::text)) EXECUTE FUNCTION refuse_change();

CREATE TABLE offer (
    offer_id uuid NOT NULL,
    case_id uuid NOT NULL,
    operator text NOT NULL,
    kind text NOT NULL,
    maker text NOT NULL,
    amount_cents bigint NOT NULL,
    made_on date NOT NULL,
    state text DEFAULT 'made'::text NOT NULL,
    counter_to uuid,
    override_reason text,
    answered_on date,
    person_signed_on date,
    CONSTRAINT offer_pkey PRIMARY KEY (offer_id),
    CONSTRAINT offer_counter_to_key UNIQUE (counter_to),
    CONSTRAINT offer_amount_cents_check CHECK ((amount_cents >= 0)),
    CONSTRAINT offer_check CHECK ((answered_on >= made_on)),
    CONSTRAINT offer_check1 CHECK (((state = 'made'::text) = (answered_on IS NULL))),
    CONSTRAINT offer_check2 CHECK (((state <> 'accepted'::text) OR (amount_cents = 0) OR (person_signed_on IS NOT NULL))),
    CONSTRAINT offer_check3 CHECK (((kind <> 'plan_request'::text) OR (amount_cents > 0))),
    CONSTRAINT offer_kind_check CHECK ((kind = ANY (ARRAY['plan_request'::text, 'waiver_request'::text, 'recomputation'::text, 'limitation_claim'::text]))),
    CONSTRAINT offer_maker_check CHECK ((maker = ANY (ARRAY['association'::text, 'operator'::text]))),
    CONSTRAINT offer_override_reason_check CHECK ((override_reason <> ''::text)),
    CONSTRAINT offer_state_check CHECK ((state = ANY (ARRAY['made'::text, 'accepted'::text, 'refused'::text, 'countered'::text]))),
    CONSTRAINT offer_case_id_fkey FOREIGN KEY (case_id) REFERENCES debt_case(case_id),
    CONSTRAINT offer_counter_to_fkey FOREIGN KEY (counter_to) REFERENCES offer(offer_id)
);
CREATE INDEX offer_of_case ON offer USING btree (case_id);
CREATE CONSTRAINT TRIGGER offer_adds_up AFTER INSERT OR UPDATE ON offer DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_offer_adds_up();
CREATE TRIGGER offer_answered_once BEFORE UPDATE OF offer_id, case_id, operator, kind, maker, amount_cents, made_on, state, counter_to, answered_on, person_signed_on ON offer FOR EACH ROW EXECUTE FUNCTION check_offer_answered_once();
CREATE TRIGGER offer_has_mandate BEFORE INSERT ON offer FOR EACH ROW EXECUTE FUNCTION check_mandate();
CREATE TRIGGER offer_is_kept BEFORE DELETE ON offer FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER offer_of_open_case BEFORE INSERT OR UPDATE OF offer_id, case_id, operator, kind, maker, amount_cents, made_on, state, counter_to, answered_on, person_signed_on ON offer FOR EACH ROW EXECUTE FUNCTION check_case_is_open();
CREATE TRIGGER offer_words_are_only_blanked BEFORE UPDATE OF override_reason ON offer FOR EACH ROW WHEN ((new.override_reason IS NOT NULL)) EXECUTE FUNCTION refuse_change();

CREATE TABLE offer_line (
    offer_id uuid NOT NULL,
    line_id uuid NOT NULL,
    CONSTRAINT offer_line_pkey PRIMARY KEY (offer_id, line_id),
    CONSTRAINT offer_line_line_id_fkey FOREIGN KEY (line_id) REFERENCES debt_line(line_id),
    CONSTRAINT offer_line_offer_id_fkey FOREIGN KEY (offer_id) REFERENCES offer(offer_id)
);
CREATE INDEX offer_line_of_line ON offer_line USING btree (line_id);
CREATE TRIGGER offer_line_is_kept BEFORE DELETE OR UPDATE ON offer_line FOR EACH ROW EXECUTE FUNCTION refuse_change();

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

CREATE TABLE rule (
    name text NOT NULL,
    from_on date NOT NULL,
    value integer NOT NULL,
    CONSTRAINT rule_pkey PRIMARY KEY (name, from_on),
    CONSTRAINT rule_name_check CHECK ((name = 'access_months'::text)),
    CONSTRAINT rule_value_check CHECK ((value >= 0))
);
