-- What the migrations of accounts add up to. Made by deploy/schema.py.

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
END)
);
CREATE INDEX account_site_codes ON account USING gin (site_codes);
CREATE TRIGGER account_names_known_sites BEFORE INSERT OR UPDATE OF site_codes ON account FOR EACH ROW EXECUTE FUNCTION refuse_unknown_site();

CREATE TABLE account_change (
    change_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    user_id uuid NOT NULL,
    change text NOT NULL,
    by_user_id uuid,
    CONSTRAINT account_change_pkey PRIMARY KEY (change_id),
    CONSTRAINT account_change_change_check CHECK ((change = ANY (ARRAY['created'::text, 'disabled'::text]))),
    CONSTRAINT account_change_by_user_id_fkey FOREIGN KEY (by_user_id) REFERENCES account(user_id),
    CONSTRAINT account_change_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(user_id)
);
CREATE TRIGGER account_change_is_written_once BEFORE DELETE OR UPDATE ON account_change FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE command_answer (
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status integer,
    answer json,
    answered_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT command_answer_pkey PRIMARY KEY (key),
    CONSTRAINT command_answer_key_check CHECK (((length(key) >= 1) AND (length(key) <= 200)))
);

CREATE TABLE device (
    device_id uuid NOT NULL,
    till_id uuid NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    revoked_by uuid,
    CONSTRAINT device_pkey PRIMARY KEY (device_id),
    CONSTRAINT device_check CHECK ((revoked_at >= enrolled_at)),
    CONSTRAINT device_check1 CHECK (((revoked_at IS NULL) = (revoked_by IS NULL))),
    CONSTRAINT device_revoked_by_fkey FOREIGN KEY (revoked_by) REFERENCES account(user_id),
    CONSTRAINT device_till_id_fkey FOREIGN KEY (till_id) REFERENCES till(till_id)
);
CREATE UNIQUE INDEX device_one_per_till ON device USING btree (till_id) WHERE (revoked_at IS NULL);

CREATE TABLE enrolment (
    enrolment_id uuid NOT NULL,
    code_digest bytea NOT NULL,
    site_code text NOT NULL,
    till_name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    created_by uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT enrolment_pkey PRIMARY KEY (enrolment_id),
    CONSTRAINT enrolment_code_digest_key UNIQUE (code_digest),
    CONSTRAINT enrolment_check CHECK ((expires_at > created_at)),
    CONSTRAINT enrolment_till_name_check CHECK ((till_name <> ''::text)),
    CONSTRAINT enrolment_created_by_fkey FOREIGN KEY (created_by) REFERENCES account(user_id),
    CONSTRAINT enrolment_site_code_fkey FOREIGN KEY (site_code) REFERENCES site(site_code)
);
CREATE TRIGGER enrolment_is_written_once BEFORE DELETE OR UPDATE ON enrolment FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE enrolment_use (
    enrolment_id uuid NOT NULL,
    device_id uuid NOT NULL,
    used_at timestamp with time zone NOT NULL,
    CONSTRAINT enrolment_use_pkey PRIMARY KEY (enrolment_id),
    CONSTRAINT enrolment_use_device_id_key UNIQUE (device_id),
    CONSTRAINT enrolment_use_device_id_fkey FOREIGN KEY (device_id) REFERENCES device(device_id),
    CONSTRAINT enrolment_use_enrolment_id_fkey FOREIGN KEY (enrolment_id) REFERENCES enrolment(enrolment_id)
);
CREATE TRIGGER enrolment_use_is_written_once BEFORE DELETE OR UPDATE ON enrolment_use FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    ending text NOT NULL,
    handled_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (consumer, event_id),
    CONSTRAINT inbox_ending_check CHECK ((ending = ANY (ARRAY['applied'::text, 'refused'::text, 'superseded'::text])))
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

CREATE TABLE sign_in_event (
    event_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    at timestamp with time zone NOT NULL,
    user_id uuid,
    address text NOT NULL,
    ending text NOT NULL,
    CONSTRAINT sign_in_event_pkey PRIMARY KEY (event_id),
    CONSTRAINT sign_in_event_check CHECK (((ending = 'failed'::text) OR (user_id IS NOT NULL))),
    CONSTRAINT sign_in_event_ending_check CHECK ((ending = ANY (ARRAY['passed'::text, 'failed'::text]))),
    CONSTRAINT sign_in_event_user_id_fkey FOREIGN KEY (user_id) REFERENCES account(user_id)
);
CREATE TRIGGER sign_in_event_is_written_once BEFORE DELETE OR UPDATE ON sign_in_event FOR EACH ROW EXECUTE FUNCTION refuse_change();

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
    CONSTRAINT throttle_kind_check CHECK ((kind = ANY (ARRAY['account'::text, 'address'::text, 'enrolment'::text]))),
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
