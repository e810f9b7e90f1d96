-- The first schema of accounts: sites, those who sign in, tills and their devices.

CREATE TABLE site (
    site_code text        PRIMARY KEY CHECK (site_code ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    name      text        NOT NULL CHECK (name <> ''),
    address   text        NOT NULL,
    open      boolean     NOT NULL DEFAULT true,
    opened_at timestamptz NOT NULL
);

-- Somebody who signs in ("user" is a word of SQL's own).
CREATE TABLE account (
    user_id       uuid        PRIMARY KEY,
    email         text        NOT NULL UNIQUE CHECK (email = lower(email) AND email LIKE '%_@_%'),
    display_name  text        NOT NULL CHECK (display_name <> ''),
    role          text        NOT NULL CHECK (role IN ('till_operator', 'mediator',
                                  'operator_partner', 'referrer', 'site_manager', 'admin')),
    site_codes    text[]      NOT NULL,
    operator      text,
    password_hash text        NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    created_at    timestamptz NOT NULL,
    disabled_at   timestamptz,
    CONSTRAINT partner_has_operator CHECK ((role = 'operator_partner') = (operator IS NOT NULL)),
    CONSTRAINT role_goes_with_sites CHECK (
        CASE WHEN role IN ('till_operator', 'mediator', 'site_manager') THEN cardinality(site_codes) > 0
             WHEN role IN ('operator_partner', 'referrer') THEN cardinality(site_codes) = 0
             ELSE true
         END)
);
-- serves: list_users of a manager's sites
CREATE INDEX account_site_codes ON account USING gin (site_codes);

CREATE FUNCTION refuse_unknown_site() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM unnest(NEW.site_codes) AS named (site_code)
                WHERE NOT EXISTS (SELECT FROM site WHERE site.site_code = named.site_code)) THEN
        RAISE EXCEPTION 'an account names a site that does not exist'
              USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER account_names_known_sites BEFORE INSERT OR UPDATE OF site_codes ON account
   FOR EACH ROW EXECUTE FUNCTION refuse_unknown_site();

-- Who made or disabled whom; kept for ever.
CREATE TABLE account_change (
    change_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    user_id    uuid        NOT NULL REFERENCES account,
    change     text        NOT NULL CHECK (change IN ('created', 'disabled')),
    by_user_id uuid        REFERENCES account   -- NULL: from the command line
);
CREATE TRIGGER account_change_is_written_once BEFORE UPDATE OR DELETE ON account_change
   FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Every look at a password; user_id is NULL when nobody has the address that was typed.
CREATE TABLE sign_in_event (
    event_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    user_id  uuid        REFERENCES account,
    address  text        NOT NULL,
    ending   text        NOT NULL CHECK (ending IN ('passed', 'failed')),
    CHECK (ending = 'failed' OR user_id IS NOT NULL)
);
CREATE TRIGGER sign_in_event_is_written_once BEFORE UPDATE OR DELETE ON sign_in_event
   FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Wrong attempts per account and per address; the subject is a digest, so that what somebody typed
-- into the e-mail field by mistake is kept nowhere.
CREATE TABLE throttle (
    kind          text        NOT NULL CHECK (kind IN ('account', 'address', 'enrolment')),
    subject       bytea       NOT NULL,
    failure_count integer     NOT NULL DEFAULT 0 CHECK (failure_count >= 0),
    pending_count integer     NOT NULL DEFAULT 0 CHECK (pending_count >= 0),
    failed_at     timestamptz,
    pending_at    timestamptz,
    touched_at    timestamptz NOT NULL,
    PRIMARY KEY (kind, subject)
);
-- serves: forget_old_throttles
CREATE INDEX throttle_touched_at ON throttle (touched_at);

-- A till stays while its devices come and go: its journal and its drawer are under its id.
CREATE TABLE till (
    till_id   uuid PRIMARY KEY,
    site_code text NOT NULL REFERENCES site,
    till_name text NOT NULL CHECK (till_name <> ''),
    UNIQUE (site_code, till_name)
);

CREATE TABLE device (
    device_id   uuid        PRIMARY KEY,
    till_id     uuid        NOT NULL REFERENCES till,
    enrolled_at timestamptz NOT NULL,
    revoked_at  timestamptz,
    revoked_by  uuid        REFERENCES account (user_id),
    CHECK (revoked_at >= enrolled_at),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE UNIQUE INDEX device_one_per_till ON device (till_id) WHERE revoked_at IS NULL;

CREATE TABLE enrolment (
    enrolment_id uuid        PRIMARY KEY,
    code_digest  bytea       NOT NULL UNIQUE,
    site_code    text        NOT NULL REFERENCES site,
    till_name    text        NOT NULL CHECK (till_name <> ''),
    created_at   timestamptz NOT NULL,
    created_by   uuid        NOT NULL REFERENCES account (user_id),
    expires_at   timestamptz NOT NULL CHECK (expires_at > created_at)
);
CREATE TRIGGER enrolment_is_written_once BEFORE UPDATE OR DELETE ON enrolment
   FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A code is used once: its use is a row of its own, under the same key.
CREATE TABLE enrolment_use (
    enrolment_id uuid        PRIMARY KEY REFERENCES enrolment,
    device_id    uuid        NOT NULL UNIQUE REFERENCES device,
    used_at      timestamptz NOT NULL
);
CREATE TRIGGER enrolment_use_is_written_once BEFORE UPDATE OR DELETE ON enrolment_use
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
