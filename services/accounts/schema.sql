-- What the migrations of accounts add up to. Made by deploy/schema.py.

CREATE OR REPLACE FUNCTION begin_token()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.token_from := COALESCE(NEW.token_from, NEW.enrolled_at);
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

CREATE OR REPLACE FUNCTION refuse_unknown_site()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.site_codes) AS named (site_code)
                WHERE NOT EXISTS (SELECT FROM site WHERE site.site_code = named.site_code)) THEN
        RAISE EXCEPTION 'an account names a site that does not exist'
              USING ERRCODE = 'foreign_key_violation';
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

CREATE TABLE account (
    user_id uuid NOT NULL,
    email text NOT NULL,
    display_name text NOT NULL,
    role text NOT NULL,
    site_codes text[] NOT NULL,
    operator text,
    password_hash text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    disabled_at timestamp with time zone,
    volunteer boolean DEFAULT false NOT NULL,
    access_from timestamp with time zone,
    password_set_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT account_pkey PRIMARY KEY (user_id),
    CONSTRAINT account_email_key UNIQUE (email),
    CONSTRAINT account_display_name_check CHECK ((display_name <> ''::text)),
    CONSTRAINT account_email_check CHECK (((email = lower(email)) AND (email ~~ '%_@_%'::text))),
    CONSTRAINT account_password_hash_check CHECK ((password_hash ~~ '$argon2id$%'::text)),
    CONSTRAINT account_role_check CHECK ((role = ANY (ARRAY['till_operator'::text, 'mediator'::text, 'operator_partner'::text, 'referrer'::text, 'site_manager'::text, 'admin'::text]))),
    CONSTRAINT partner_has_operator CHECK (((role = 'operator_partner'::text) = (operator IS NOT NULL))),
    CONSTRAINT role_goes_with_sites CHECK (
CASE
    WHEN (role = ANY (ARRAY['till_operator'::text, 'mediator'::text, 'site_manager'::text])) THEN (cardinality(site_codes) > 0)
    WHEN (role = ANY (ARRAY['operator_partner'::text, 'referrer'::text])) THEN (cardinality(site_codes) = 0)
    ELSE true
END),
    CONSTRAINT volunteer_works_at_sites CHECK (((NOT volunteer) OR (role = ANY (ARRAY['till_operator'::text, 'mediator'::text, 'site_manager'::text]))))
);
CREATE INDEX account_site_codes ON account USING gin (site_codes);
CREATE TRIGGER account_names_known_sites BEFORE INSERT OR UPDATE OF site_codes ON account FOR EACH ROW EXECUTE FUNCTION refuse_unknown_site();

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
    till_id uuid NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by uuid,
    token_from timestamp with time zone NOT NULL,
    CONSTRAINT device_pkey PRIMARY KEY (device_id),
    CONSTRAINT device_check CHECK ((revoked_at >= enrolled_at)),
    CONSTRAINT device_check1 CHECK (((revoked_at IS NULL) = (revoked_by IS NULL))),
    CONSTRAINT device_check2 CHECK ((token_from >= enrolled_at)),
    CONSTRAINT device_revoked_by_fkey FOREIGN KEY (revoked_by) REFERENCES account(user_id),
    CONSTRAINT device_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE UNIQUE INDEX device_one_per_till ON device USING btree (till_id) WHERE (revoked_at IS NULL);
CREATE TRIGGER device_has_a_token BEFORE INSERT ON device FOR EACH ROW EXECUTE FUNCTION begin_token();

CREATE TABLE enrolment (
    enrolment_id uuid NOT NULL,
    code_digest bytea NOT NULL,
    site_code text NOT NULL,
    till_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    rolls_device_id uuid,
    CONSTRAINT enrolment_pkey PRIMARY KEY (enrolment_id),
    CONSTRAINT enrolment_code_digest_key UNIQUE (code_digest),
    CONSTRAINT enrolment_check CHECK ((expires_at > created_at)),
    CONSTRAINT enrolment_till_name_check CHECK ((till_name <> ''::text)),
    CONSTRAINT enrolment_created_by_fkey FOREIGN KEY (created_by) REFERENCES account(user_id),
    CONSTRAINT enrolment_rolls_device_id_fkey FOREIGN KEY (rolls_device_id) REFERENCES device(device_id),
    CONSTRAINT enrolment_site_code_fkey FOREIGN KEY (site_code) REFERENCES site(site_code)
);
CREATE TRIGGER enrolment_is_written_once BEFORE DELETE OR UPDATE ON enrolment FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE enrolment_use (
    enrolment_id uuid NOT NULL,
    device_id uuid NOT NULL,
    used_at timestamp with time zone NOT NULL,
    CONSTRAINT enrolment_use_pkey PRIMARY KEY (enrolment_id),
    CONSTRAINT enrolment_use_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(device_id),
    CONSTRAINT enrolment_use_enrolment_id_fkey FOREIGN KEY (enrolment_id) REFERENCES enrolment(enrolment_id)
);
CREATE TRIGGER enrolment_use_is_written_once BEFORE DELETE OR UPDATE ON enrolment_use FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE familiar_place (
    user_id uuid NOT NULL,
    line bytea NOT NULL,
    signed_in_at timestamp with time zone NOT NULL,
    CONSTRAINT familiar_place_pkey PRIMARY KEY (user_id, line),
    CONSTRAINT familiar_place_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(user_id)
);
CREATE INDEX familiar_place_since ON familiar_place USING btree (signed_in_at);

CREATE TABLE forgotten_person (
    person_ref uuid NOT NULL,
    forgotten_at timestamp with time zone NOT NULL,
    CONSTRAINT forgotten_person_pkey PRIMARY KEY (person_ref)
);

CREATE TABLE identity (
    issuer text NOT NULL,
    subject text NOT NULL,
    user_id uuid NOT NULL,
    linked_at timestamp with time zone NOT NULL,
    CONSTRAINT identity_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT identity_issuer_user_id_key UNIQUE (issuer, user_id),
    CONSTRAINT identity_issuer_check CHECK ((issuer <> ''::text)),
    CONSTRAINT identity_subject_check CHECK ((subject <> ''::text)),
    CONSTRAINT identity_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(user_id)
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

CREATE TABLE log_entry (
    sequence bigint NOT NULL,
    record text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT log_entry_pkey PRIMARY KEY (sequence),
    CONSTRAINT log_entry_hash_key UNIQUE (hash),
    CONSTRAINT log_entry_hash_check CHECK ((length(hash) = 32)),
    CONSTRAINT log_entry_sequence_check CHECK ((sequence > 0))
);
CREATE TRIGGER log_entry_is_written_once BEFORE DELETE OR UPDATE ON log_entry FOR EACH ROW EXECUTE FUNCTION refuse_change();

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

CREATE TABLE oidc_flow_used (
    flow_digest bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT oidc_flow_used_pkey PRIMARY KEY (flow_digest)
);
CREATE INDEX oidc_flow_used_expires_at ON oidc_flow_used USING btree (expires_at);

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

CREATE TABLE password_reset (
    reset_id uuid NOT NULL,
    user_id uuid NOT NULL,
    token_digest bytea NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_why text,
    CONSTRAINT password_reset_pkey PRIMARY KEY (reset_id),
    CONSTRAINT password_reset_token_digest_key UNIQUE (token_digest),
    CONSTRAINT password_reset_check CHECK ((expires_at > asked_at)),
    CONSTRAINT password_reset_check1 CHECK (((ended_at IS NULL) = (ended_why IS NULL))),
    CONSTRAINT password_reset_ended_why_check CHECK ((ended_why = ANY (ARRAY['used'::text, 'replaced'::text]))),
    CONSTRAINT password_reset_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(user_id)
);
CREATE UNIQUE INDEX password_reset_one_open ON password_reset USING btree (user_id) WHERE (ended_at IS NULL);

CREATE TABLE recovery_code (
    user_id uuid NOT NULL,
    code_digest bytea NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT recovery_code_pkey PRIMARY KEY (user_id, code_digest),
    CONSTRAINT recovery_code_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(user_id)
);

CREATE TABLE rule (
    name text NOT NULL,
    from_on date NOT NULL,
    value text NOT NULL,
    CONSTRAINT rule_pkey PRIMARY KEY (name, from_on),
    CONSTRAINT rule_name_check CHECK ((name = 'second_factor_roles'::text))
);

CREATE TABLE second_factor (
    user_id uuid NOT NULL,
    key_id text NOT NULL,
    sealed bytea NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint DEFAULT 0 NOT NULL,
    CONSTRAINT second_factor_pkey PRIMARY KEY (user_id),
    CONSTRAINT second_factor_check CHECK ((confirmed_at >= begun_at)),
    CONSTRAINT second_factor_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(user_id)
);

CREATE TABLE session (
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    device text NOT NULL,
    network text NOT NULL,
    way text NOT NULL,
    began_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_why text,
    ended_by uuid,
    CONSTRAINT session_pkey PRIMARY KEY (session_id),
    CONSTRAINT session_check CHECK ((expires_at > began_at)),
    CONSTRAINT session_check1 CHECK (((ended_at IS NULL) = (ended_why IS NULL))),
    CONSTRAINT session_check2 CHECK ((ended_at > began_at)),
    CONSTRAINT session_ended_why_check CHECK ((ended_why = ANY (ARRAY['signed_out'::text, 'revoked'::text, 'user_disabled'::text, 'user_changed'::text, 'password_changed'::text, 'password_reset'::text, 'second_factor_changed'::text]))),
    CONSTRAINT session_way_check CHECK ((way = ANY (ARRAY['password'::text, 'second_factor'::text, 'oidc'::text]))),
    CONSTRAINT session_ended_by_fkey FOREIGN KEY (ended_by) REFERENCES account(user_id),
    CONSTRAINT session_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(user_id)
);
CREATE INDEX session_of_user ON session USING btree (user_id, session_id DESC);

CREATE TABLE site (
    site_code text NOT NULL,
    name text NOT NULL,
    address text NOT NULL,
    open boolean DEFAULT true NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    CONSTRAINT site_pkey PRIMARY KEY (site_code),
    CONSTRAINT site_name_check CHECK ((name <> ''::text)),
    CONSTRAINT site_site_code_check CHECK ((site_code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'::text))
);

CREATE TABLE throttle (
    kind text NOT NULL,
    subject bytea NOT NULL,
    failure_count integer DEFAULT 0 NOT NULL,
    pending_count integer DEFAULT 0 NOT NULL,
    failed_at timestamp with time zone,
    pending_at timestamp with time zone,
    touched_at timestamp with time zone NOT NULL,
    CONSTRAINT throttle_pkey PRIMARY KEY (kind, subject),
    CONSTRAINT throttle_failure_count_check CHECK ((failure_count >= 0)),
    CONSTRAINT throttle_kind_check CHECK ((kind = ANY (ARRAY['account'::text, 'address'::text, 'enrolment'::text, 'provider_address'::text, 'reset'::text, 'reset_address'::text]))),
    CONSTRAINT throttle_pending_count_check CHECK ((pending_count >= 0))
);
CREATE INDEX throttle_touched_at ON throttle USING btree (touched_at);

CREATE TABLE till (
    till_id uuid NOT NULL,
    site_code text NOT NULL,
    till_name text NOT NULL,
    CONSTRAINT till_pkey PRIMARY KEY (till_id),
    CONSTRAINT till_site_code_till_name_key UNIQUE (site_code, till_name),
    CONSTRAINT till_till_name_check CHECK ((till_name <> ''::text)),
    CONSTRAINT till_site_code_fkey FOREIGN KEY (site_code) REFERENCES site(site_code)
);
