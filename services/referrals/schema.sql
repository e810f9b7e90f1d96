-- What the migrations of referrals add up to. Made by deploy/schema.py.

CREATE OR REPLACE FUNCTION add_pseudonym()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO pseudonym (person_ref, last_contact_at) VALUES (NEW.person_ref, NEW.known_since);
    RETURN NULL;
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
       AND (until_on IS NULL OR CURRENT_DATE < until_on);
    IF OLD.at >= date_trunc('month', now()) - make_interval(months => kept_months) THEN
        RAISE EXCEPTION 'access % is kept for % months', OLD.access_id, kept_months
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$function$;

CREATE OR REPLACE FUNCTION keep_erasure()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF OLD.erased_at IS NOT NULL AND NEW.erased_at IS DISTINCT FROM OLD.erased_at THEN
        RAISE EXCEPTION 'person % stays erased', OLD.person_ref
              USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.erased_at IS NOT NULL
       AND EXISTS (SELECT FROM person WHERE person_ref = NEW.person_ref) THEN
        RAISE EXCEPTION 'person % has an identity and cannot be erased', OLD.person_ref
              USING ERRCODE = 'restrict_violation';
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

CREATE OR REPLACE FUNCTION refuse_other_lives()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
           ('submitted', 'seen'), ('submitted', 'accepted'), ('submitted', 'refused'),
           ('submitted', 'lapsed'), ('submitted', 'revoked'),
           ('seen', 'accepted'), ('seen', 'refused'), ('seen', 'lapsed'), ('seen', 'revoked'),
           ('provisional', 'accepted'), ('provisional', 'lapsed')) THEN
        RAISE EXCEPTION 'a referral does not go from % to %', OLD.state, NEW.state
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE TABLE access (
    access_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    person_ref uuid NOT NULL,
    what text NOT NULL,
    why text DEFAULT ''::text NOT NULL,
    by_user_id uuid NOT NULL,
    by_role text NOT NULL,
    site_codes text[] NOT NULL,
    fields text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT access_pkey PRIMARY KEY (access_id),
    CONSTRAINT access_what_check CHECK ((what ~ '^[a-z][a-z_]{2,39}$'::text)),
    CONSTRAINT access_why_check CHECK ((length(why) <= 80)),
    CONSTRAINT access_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym(person_ref)
);
CREATE INDEX access_by_time ON access USING brin (at);
CREATE INDEX access_of_person ON access USING btree (person_ref, access_id DESC);
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

CREATE TABLE convention (
    convention_id uuid NOT NULL,
    structure_id uuid NOT NULL,
    reference text NOT NULL,
    from_on date NOT NULL,
    until_on date,
    added_at timestamp with time zone NOT NULL,
    added_by uuid NOT NULL,
    ended_by uuid,
    CONSTRAINT convention_pkey PRIMARY KEY (convention_id),
    CONSTRAINT convention_check CHECK ((until_on >= from_on)),
    CONSTRAINT convention_reference_check CHECK ((reference <> ''::text)),
    CONSTRAINT convention_structure_id_fkey FOREIGN KEY (structure_id) REFERENCES structure(structure_id),
    CONSTRAINT one_convention_a_day EXCLUDE USING gist (structure_id WITH =, daterange(from_on, until_on) WITH &&)
);

CREATE TABLE criterion_answer (
    referral_id uuid NOT NULL,
    criterion text NOT NULL,
    figures jsonb NOT NULL,
    at timestamp with time zone NOT NULL,
    by_user_id uuid NOT NULL,
    CONSTRAINT criterion_answer_pkey PRIMARY KEY (referral_id),
    CONSTRAINT criterion_answer_criterion_check CHECK ((criterion <> ''::text)),
    CONSTRAINT criterion_answer_referral_id_fkey FOREIGN KEY (referral_id) REFERENCES referral(referral_id)
);
CREATE TRIGGER criterion_answer_is_not_changed BEFORE UPDATE ON criterion_answer FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE employment (
    employment_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    user_id uuid NOT NULL,
    structure_id uuid NOT NULL,
    from_on date NOT NULL,
    until_on date,
    added_by uuid,
    ended_by uuid,
    CONSTRAINT employment_pkey PRIMARY KEY (employment_id),
    CONSTRAINT employment_check CHECK ((until_on >= from_on)),
    CONSTRAINT employment_check1 CHECK (((ended_by IS NULL) OR (until_on IS NOT NULL))),
    CONSTRAINT employment_structure_id_fkey FOREIGN KEY (structure_id) REFERENCES structure(structure_id),
    CONSTRAINT employment_user_id_fkey FOREIGN KEY (user_id) REFERENCES worker(user_id),
    CONSTRAINT one_structure_a_day EXCLUDE USING gist (user_id WITH =, daterange(from_on, until_on) WITH &&)
);
CREATE INDEX employment_of_structure ON employment USING btree (structure_id, from_on DESC);

CREATE TABLE entitlement (
    entitlement_id uuid NOT NULL,
    person_ref uuid NOT NULL,
    from_on date NOT NULL,
    until_on date NOT NULL,
    monthly_cap_cents integer NOT NULL,
    renewal_count integer DEFAULT 0 NOT NULL,
    provisional boolean DEFAULT false NOT NULL,
    ended_at timestamp with time zone,
    CONSTRAINT entitlement_pkey PRIMARY KEY (entitlement_id),
    CONSTRAINT entitlement_check CHECK ((until_on > from_on)),
    CONSTRAINT entitlement_monthly_cap_cents_check CHECK ((monthly_cap_cents >= 0)),
    CONSTRAINT entitlement_provisional_is_not_renewed CHECK (((NOT provisional) OR (renewal_count = 0))),
    CONSTRAINT entitlement_renewal_count_check CHECK ((renewal_count >= 0)),
    CONSTRAINT entitlement_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym(person_ref),
    CONSTRAINT one_entitlement_a_day EXCLUDE USING gist (person_ref WITH =, daterange(from_on, until_on) WITH &&)
);
CREATE INDEX entitlement_running ON entitlement USING btree (until_on) WHERE (ended_at IS NULL);

CREATE TABLE entitlement_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    entitlement_id uuid NOT NULL,
    change text NOT NULL,
    referral_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    by_user_id uuid,
    until_on date NOT NULL,
    monthly_cap_cents integer NOT NULL,
    CONSTRAINT entitlement_change_pkey PRIMARY KEY (change_id),
    CONSTRAINT entitlement_change_by_somebody_or_the_calendar CHECK (((by_user_id IS NULL) = (change = ANY (ARRAY['reminded'::text, 'ended'::text])))),
    CONSTRAINT entitlement_change_change_check CHECK ((change = ANY (ARRAY['opened'::text, 'confirmed'::text, 'renewed'::text, 'reminded'::text, 'ended'::text]))),
    CONSTRAINT entitlement_change_entitlement_id_fkey FOREIGN KEY (entitlement_id) REFERENCES entitlement(entitlement_id),
    CONSTRAINT entitlement_change_referral_id_fkey FOREIGN KEY (referral_id) REFERENCES referral(referral_id)
);
CREATE INDEX change_of_entitlement ON entitlement_change USING btree (entitlement_id, change_id DESC);
CREATE UNIQUE INDEX a_referral_opens_or_renews_once ON entitlement_change USING btree (referral_id) WHERE (change = ANY (ARRAY['opened'::text, 'renewed'::text]));
CREATE UNIQUE INDEX an_end_is_reminded_of_once ON entitlement_change USING btree (entitlement_id, until_on) WHERE (change = 'reminded'::text);
CREATE UNIQUE INDEX entitlement_confirmed_once ON entitlement_change USING btree (entitlement_id) WHERE (change = 'confirmed'::text);
CREATE UNIQUE INDEX entitlement_ended_once ON entitlement_change USING btree (entitlement_id) WHERE (change = 'ended'::text);
CREATE UNIQUE INDEX entitlement_opened_once ON entitlement_change USING btree (entitlement_id) WHERE (change = 'opened'::text);
CREATE TRIGGER entitlement_change_is_written_once BEFORE DELETE OR UPDATE ON entitlement_change FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE erasure (
    erasure_id uuid NOT NULL,
    person_ref uuid NOT NULL,
    person_refs uuid[] NOT NULL,
    reason text NOT NULL,
    services text[] NOT NULL,
    erased_at timestamp with time zone NOT NULL,
    erased_by uuid,
    traces bytea[] NOT NULL,
    CONSTRAINT erasure_pkey PRIMARY KEY (erasure_id),
    CONSTRAINT erasure_check CHECK ((person_ref = ANY (person_refs))),
    CONSTRAINT erasure_check1 CHECK (((erased_by IS NULL) = (reason = 'retention_over'::text))),
    CONSTRAINT erasure_reason_check CHECK ((reason = ANY (ARRAY['asked_by_person'::text, 'entered_by_mistake'::text, 'retention_over'::text]))),
    CONSTRAINT erasure_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym(person_ref)
);
CREATE INDEX erasure_of_person ON erasure USING gin (person_refs);
CREATE TRIGGER erasure_is_kept BEFORE DELETE OR UPDATE OF erasure_id, person_ref, person_refs, reason, services, erased_at, erased_by ON erasure FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER traces_are_only_dropped BEFORE UPDATE OF traces ON erasure FOR EACH ROW WHEN ((new.traces <> '{}'::bytea[])) EXECUTE FUNCTION refuse_change();

CREATE TABLE erasure_receipt (
    erasure_id uuid NOT NULL,
    service text NOT NULL,
    acknowledged_at timestamp with time zone NOT NULL,
    counts jsonb NOT NULL,
    CONSTRAINT erasure_receipt_pkey PRIMARY KEY (erasure_id, service),
    CONSTRAINT erasure_receipt_erasure_id_fkey FOREIGN KEY (erasure_id) REFERENCES erasure(erasure_id)
);
CREATE TRIGGER erasure_receipt_is_written_once BEFORE DELETE OR UPDATE ON erasure_receipt FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE export (
    export_id uuid NOT NULL,
    person_refs uuid[] NOT NULL,
    services text[] NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    asked_by uuid NOT NULL,
    answer_until timestamp with time zone NOT NULL,
    private_key bytea,
    ready_at timestamp with time zone,
    document bytea,
    CONSTRAINT export_pkey PRIMARY KEY (export_id),
    CONSTRAINT export_check CHECK (((ready_at IS NULL) = (document IS NULL))),
    CONSTRAINT export_person_refs_check CHECK ((cardinality(person_refs) > 0)),
    CONSTRAINT key_gone_once_ready CHECK (((ready_at IS NULL) = (private_key IS NOT NULL)))
);
CREATE INDEX export_of_person ON export USING gin (person_refs);

CREATE TABLE export_part (
    export_id uuid NOT NULL,
    service text NOT NULL,
    part integer NOT NULL,
    part_count integer NOT NULL,
    box bytea NOT NULL,
    CONSTRAINT export_part_pkey PRIMARY KEY (export_id, service, part),
    CONSTRAINT export_part_check CHECK (((part >= 1) AND (part <= part_count))),
    CONSTRAINT export_part_export_id_fkey FOREIGN KEY (export_id) REFERENCES export(export_id) ON DELETE CASCADE
);

CREATE TABLE first_visit (
    referral_id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT first_visit_pkey PRIMARY KEY (referral_id),
    CONSTRAINT first_visit_referral_id_fkey FOREIGN KEY (referral_id) REFERENCES referral(referral_id)
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

CREATE TABLE person (
    person_ref uuid NOT NULL,
    given_name text NOT NULL,
    family_name text NOT NULL,
    name_key text NOT NULL,
    birth_date date NOT NULL,
    phone text,
    email text,
    known_since timestamp with time zone NOT NULL,
    match_keys text[] DEFAULT '{}'::text[] NOT NULL,
    keyed_by integer DEFAULT 0 NOT NULL,
    namesake boolean DEFAULT false NOT NULL,
    CONSTRAINT person_pkey PRIMARY KEY (person_ref),
    CONSTRAINT person_email_check CHECK ((email ~~ '%_@_%'::text)),
    CONSTRAINT person_family_name_check CHECK ((family_name <> ''::text)),
    CONSTRAINT person_given_name_check CHECK ((given_name <> ''::text)),
    CONSTRAINT person_name_key_check CHECK ((name_key <> ''::text)),
    CONSTRAINT person_phone_check CHECK ((phone ~ '^\+[1-9][0-9]{7,14}$'::text))
);
CREATE INDEX person_by_birth_date ON person USING btree (birth_date);
CREATE INDEX person_by_keyed_by ON person USING btree (keyed_by);
CREATE INDEX person_by_match_keys ON person USING gin (match_keys);
CREATE INDEX person_by_phone_end ON person USING btree (reverse(phone) text_pattern_ops);
CREATE INDEX person_by_words ON person USING gin (((' '::text || name_key)) gin_trgm_ops);
CREATE UNIQUE INDEX one_person_per_name ON person USING btree (name_key, birth_date) WHERE (NOT namesake);
CREATE TRIGGER person_has_a_pseudonym AFTER INSERT ON person FOR EACH ROW EXECUTE FUNCTION add_pseudonym();

CREATE TABLE person_alias (
    person_ref uuid NOT NULL,
    same_as uuid NOT NULL,
    CONSTRAINT person_alias_pkey PRIMARY KEY (person_ref),
    CONSTRAINT person_alias_check CHECK ((person_ref <> same_as))
);
CREATE INDEX person_alias_of ON person_alias USING btree (same_as);

CREATE TABLE person_merge (
    merge_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    person_ref uuid NOT NULL,
    merged_into uuid NOT NULL,
    merged_at timestamp with time zone NOT NULL,
    merged_by uuid NOT NULL,
    unmerged_at timestamp with time zone,
    unmerged_by uuid,
    merged boolean DEFAULT (unmerged_at IS NULL) NOT NULL,
    CONSTRAINT person_merge_pkey PRIMARY KEY (merge_id),
    CONSTRAINT person_merge_check CHECK ((person_ref <> merged_into)),
    CONSTRAINT person_merge_check1 CHECK (((unmerged_at IS NULL) = (unmerged_by IS NULL))),
    CONSTRAINT person_merge_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES pseudonym(person_ref),
    CONSTRAINT person_merge_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym(person_ref)
);
CREATE INDEX person_merge_into ON person_merge USING btree (merged_into) WHERE merged;
CREATE UNIQUE INDEX person_merged_once ON person_merge USING btree (person_ref) WHERE (unmerged_at IS NULL);

CREATE TABLE pseudonym (
    person_ref uuid NOT NULL,
    last_contact_at timestamp with time zone NOT NULL,
    erased_at timestamp with time zone,
    CONSTRAINT pseudonym_pkey PRIMARY KEY (person_ref)
);
CREATE INDEX pseudonym_stale ON pseudonym USING btree (last_contact_at) WHERE (erased_at IS NULL);
CREATE TRIGGER pseudonym_is_kept BEFORE DELETE ON pseudonym FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER pseudonym_stays_erased BEFORE UPDATE ON pseudonym FOR EACH ROW EXECUTE FUNCTION keep_erasure();

CREATE TABLE referral (
    referral_id uuid NOT NULL,
    code text NOT NULL,
    person_ref uuid NOT NULL,
    site_code text NOT NULL,
    referrer_id uuid,
    structure_id uuid,
    situation text NOT NULL,
    needs text[] NOT NULL,
    monthly_spend_cents integer NOT NULL,
    has_mobile boolean NOT NULL,
    has_computer boolean NOT NULL,
    has_internet boolean NOT NULL,
    submitted_at timestamp with time zone NOT NULL,
    expires_on date NOT NULL,
    state text NOT NULL,
    refusal_code text,
    refusal_reason text,
    walk_in boolean DEFAULT false NOT NULL,
    revocation_reason text,
    CONSTRAINT referral_pkey PRIMARY KEY (referral_id),
    CONSTRAINT referral_code_key UNIQUE (code),
    CONSTRAINT referral_check CHECK (((state = 'refused'::text) = (refusal_reason IS NOT NULL))),
    CONSTRAINT referral_check1 CHECK (((refusal_reason IS NULL) = (refusal_code IS NULL))),
    CONSTRAINT referral_code_check CHECK ((code ~ '^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$'::text)),
    CONSTRAINT referral_has_a_referrer CHECK (((referrer_id IS NOT NULL) OR (walk_in AND (state = ANY (ARRAY['provisional'::text, 'lapsed'::text]))))),
    CONSTRAINT referral_monthly_spend_cents_check CHECK (((monthly_spend_cents >= 0) AND (monthly_spend_cents <= 100000))),
    CONSTRAINT referral_needs_check CHECK ((((cardinality(needs) >= 1) AND (cardinality(needs) <= 7)) AND (needs <@ ARRAY['recharge'::text, 'sim'::text, 'phone'::text, 'computer'::text, 'internet'::text, 'workshop'::text, 'mediation'::text]))),
    CONSTRAINT referral_provisional_is_a_walk_in CHECK (((state <> 'provisional'::text) OR walk_in)),
    CONSTRAINT referral_refusal_code_check CHECK ((refusal_code = ANY (ARRAY['not_eligible'::text, 'no_place'::text, 'duplicate'::text, 'unreachable'::text, 'other'::text]))),
    CONSTRAINT referral_revocation_has_a_reason CHECK (((state = 'revoked'::text) = (revocation_reason IS NOT NULL))),
    CONSTRAINT referral_situation_check CHECK ((situation = ANY (ARRAY['exclusion'::text, 'integration'::text, 'budget'::text]))),
    CONSTRAINT referral_state_check CHECK ((state = ANY (ARRAY['submitted'::text, 'seen'::text, 'provisional'::text, 'accepted'::text, 'refused'::text, 'lapsed'::text, 'revoked'::text]))),
    CONSTRAINT referral_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym(person_ref),
    CONSTRAINT referral_site_code_fkey FOREIGN KEY (site_code) REFERENCES site(site_code),
    CONSTRAINT referral_structure_id_fkey FOREIGN KEY (structure_id) REFERENCES structure(structure_id)
);
CREATE INDEX referral_of_person ON referral USING btree (person_ref);
CREATE INDEX referral_of_referrer ON referral USING btree (referrer_id, referral_id DESC);
CREATE INDEX referral_of_site ON referral USING btree (site_code, referral_id DESC);
CREATE INDEX referral_of_structure ON referral USING btree (structure_id, referral_id DESC);
CREATE INDEX referral_revoked ON referral USING btree (referral_id) WHERE (state = 'revoked'::text);
CREATE INDEX referral_unanswered ON referral USING btree (expires_on) WHERE (state = ANY (ARRAY['submitted'::text, 'seen'::text, 'provisional'::text]));
CREATE TRIGGER referral_lives_one_life BEFORE UPDATE OF state ON referral FOR EACH ROW EXECUTE FUNCTION refuse_other_lives();

CREATE TABLE referral_step (
    position bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    referral_id uuid NOT NULL,
    step text NOT NULL,
    at timestamp with time zone NOT NULL,
    by_user_id uuid,
    by_role text,
    CONSTRAINT referral_step_pkey PRIMARY KEY ("position"),
    CONSTRAINT referral_step_referral_id_step_key UNIQUE (referral_id, step),
    CONSTRAINT referral_step_by_somebody_or_the_calendar CHECK ((((by_user_id IS NULL) = (by_role IS NULL)) AND ((by_user_id IS NULL) = (step = ANY (ARRAY['lapsed'::text, 'ended'::text]))))),
    CONSTRAINT referral_step_step_check CHECK ((step = ANY (ARRAY['submitted'::text, 'seen'::text, 'provisional'::text, 'accepted'::text, 'refused'::text, 'lapsed'::text, 'revoked'::text, 'renewed'::text, 'ended'::text]))),
    CONSTRAINT referral_step_referral_id_fkey FOREIGN KEY (referral_id) REFERENCES referral(referral_id)
);
CREATE TRIGGER referral_step_is_written_once BEFORE DELETE OR UPDATE ON referral_step FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE restriction (
    restriction_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    person_ref uuid NOT NULL,
    ground text NOT NULL,
    at timestamp with time zone NOT NULL,
    by_user_id uuid NOT NULL,
    lifted_at timestamp with time zone,
    lifted_by uuid,
    lifted_why text,
    informed_on date,
    CONSTRAINT restriction_pkey PRIMARY KEY (restriction_id),
    CONSTRAINT restriction_check CHECK ((num_nulls(lifted_at, lifted_by, lifted_why, informed_on) = ANY (ARRAY[0, 4]))),
    CONSTRAINT restriction_ground_check CHECK ((ground = ANY (ARRAY['accuracy_contested'::text, 'unlawful'::text, 'needed_for_claim'::text, 'objected'::text]))),
    CONSTRAINT restriction_lifted_why_check CHECK ((lifted_why = ANY (ARRAY['settled'::text, 'withdrawn'::text, 'no_longer_needed'::text]))),
    CONSTRAINT restriction_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym(person_ref)
);
CREATE UNIQUE INDEX restriction_stands ON restriction USING btree (person_ref) WHERE (lifted_at IS NULL);
CREATE TRIGGER restriction_is_kept BEFORE DELETE ON restriction FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER restriction_is_lifted_once BEFORE UPDATE ON restriction FOR EACH ROW WHEN ((old.lifted_at IS NOT NULL)) EXECUTE FUNCTION refuse_change();

CREATE TABLE retention_notice (
    person_ref uuid NOT NULL,
    last_contact_at timestamp with time zone NOT NULL,
    noticed_at timestamp with time zone NOT NULL,
    erase_on date NOT NULL,
    mailed boolean NOT NULL,
    CONSTRAINT retention_notice_pkey PRIMARY KEY (person_ref, last_contact_at),
    CONSTRAINT retention_notice_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES pseudonym(person_ref)
);
CREATE INDEX retention_notice_due ON retention_notice USING btree (erase_on);
CREATE TRIGGER retention_notice_is_written_once BEFORE DELETE OR UPDATE ON retention_notice FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE rule (
    name text NOT NULL,
    from_on date NOT NULL,
    until_on date,
    value integer NOT NULL,
    CONSTRAINT rule_check CHECK ((until_on > from_on)),
    CONSTRAINT rule_name_check CHECK ((name ~ '^[a-z][a-z_]{2,39}$'::text)),
    CONSTRAINT rule_value_check CHECK ((value >= 0)),
    CONSTRAINT one_value_a_day EXCLUDE USING gist (name WITH =, daterange(from_on, until_on) WITH &&)
);

CREATE TABLE site (
    site_code text NOT NULL,
    name text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    CONSTRAINT site_pkey PRIMARY KEY (site_code)
);

CREATE TABLE site_criterion (
    site_code text NOT NULL,
    from_on date NOT NULL,
    until_on date,
    criterion text NOT NULL,
    threshold_day_cents integer,
    set_at timestamp with time zone NOT NULL,
    set_by uuid NOT NULL,
    CONSTRAINT site_criterion_pkey PRIMARY KEY (site_code, from_on),
    CONSTRAINT site_criterion_check CHECK ((until_on > from_on)),
    CONSTRAINT site_criterion_check1 CHECK (((criterion = 'reste_a_vivre'::text) = (threshold_day_cents IS NOT NULL))),
    CONSTRAINT site_criterion_criterion_check CHECK ((criterion = ANY (ARRAY['none'::text, 'reste_a_vivre'::text, 'manual'::text]))),
    CONSTRAINT site_criterion_threshold_day_cents_check CHECK ((threshold_day_cents > 0)),
    CONSTRAINT site_criterion_site_code_fkey FOREIGN KEY (site_code) REFERENCES site(site_code),
    CONSTRAINT one_criterion_a_day EXCLUDE USING gist (site_code WITH =, daterange(from_on, until_on) WITH &&)
);

CREATE TABLE structure (
    structure_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    siret text,
    created_at timestamp with time zone NOT NULL,
    rna text,
    CONSTRAINT structure_pkey PRIMARY KEY (structure_id),
    CONSTRAINT structure_rna_key UNIQUE (rna),
    CONSTRAINT structure_siret_key UNIQUE (siret),
    CONSTRAINT structure_kind_check CHECK ((kind = ANY (ARRAY['ccas'::text, 'mission_locale'::text, 'association'::text, 'landlord'::text, 'france_travail'::text, 'department'::text, 'other'::text]))),
    CONSTRAINT structure_name_check CHECK ((name <> ''::text)),
    CONSTRAINT structure_rna_check CHECK ((rna ~ '^W[0-9][0-9A-Z][0-9]{7}$'::text)),
    CONSTRAINT structure_siret_check CHECK ((siret ~ '^[0-9]{14}$'::text))
);

CREATE TABLE told_apart (
    person_ref uuid NOT NULL,
    other_ref uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    by_user_id uuid NOT NULL,
    CONSTRAINT told_apart_pkey PRIMARY KEY (person_ref, other_ref),
    CONSTRAINT told_apart_check CHECK ((person_ref < other_ref)),
    CONSTRAINT told_apart_other_ref_fkey FOREIGN KEY (other_ref) REFERENCES person(person_ref) ON DELETE CASCADE,
    CONSTRAINT told_apart_person_ref_fkey FOREIGN KEY (person_ref) REFERENCES person(person_ref) ON DELETE CASCADE
);
CREATE INDEX told_apart_from ON told_apart USING btree (other_ref);

CREATE TABLE told_case (
    case_id uuid NOT NULL,
    person_ref uuid NOT NULL,
    opened_on date,
    closed_on date,
    CONSTRAINT told_case_pkey PRIMARY KEY (case_id)
);
CREATE INDEX told_case_open ON told_case USING btree (person_ref) WHERE (closed_on IS NULL);

CREATE TABLE told_user (
    user_id uuid NOT NULL,
    role text NOT NULL,
    disabled_at timestamp with time zone,
    sequence bigint DEFAULT 0 NOT NULL,
    CONSTRAINT told_user_pkey PRIMARY KEY (user_id)
);

CREATE TABLE worker (
    user_id uuid NOT NULL,
    email text,
    email_at timestamp with time zone,
    language text DEFAULT 'fr'::text NOT NULL,
    trained_on date,
    CONSTRAINT worker_pkey PRIMARY KEY (user_id),
    CONSTRAINT worker_email_check CHECK ((email ~~ '%_@_%'::text)),
    CONSTRAINT worker_email_has_its_instant CHECK (((email IS NULL) = (email_at IS NULL))),
    CONSTRAINT worker_language_check CHECK ((language = ANY (ARRAY['fr'::text, 'en'::text])))
);
