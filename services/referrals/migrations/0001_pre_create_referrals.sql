-- The first schema of referrals: who is sent where, by whom, and what they may buy.

-- The reception points, as accounts told of them.
CREATE TABLE site (
    site_code text        PRIMARY KEY,
    name      text        NOT NULL,
    opened_at timestamptz NOT NULL
);

-- Figures that change with the years; for each name, no day has two values.
CREATE TABLE rule (
    name     text    NOT NULL CHECK (name IN ('referral_months', 'entitlement_months',
                                              'monthly_cap_cents', 'renewals_max')),
    from_on  date    NOT NULL,
    until_on date,
    value    integer NOT NULL CHECK (value >= 0),
    CHECK (until_on > from_on),
    CONSTRAINT one_value_a_day
       EXCLUDE USING gist (name WITH =, daterange(from_on, until_on) WITH &&)
);
INSERT INTO rule (name, from_on, until_on, value)
VALUES ('referral_months',    '2010-01-01', NULL,         3),
       ('entitlement_months', '2010-01-01', '2013-04-01', 6),
       ('entitlement_months', '2013-04-01', NULL,         9),
       ('monthly_cap_cents',  '2010-01-01', NULL,         3000),
       ('renewals_max',       '2010-01-01', NULL,         1);

CREATE TABLE structure (
    structure_id uuid        PRIMARY KEY,
    name         text        NOT NULL CHECK (name <> ''),
    kind         text        NOT NULL CHECK (kind IN ('ccas', 'mission_locale', 'association',
                                 'landlord', 'france_travail', 'department', 'other')),
    siret        text        UNIQUE CHECK (siret ~ '^[0-9]{14}$'),
    created_at   timestamptz NOT NULL
);

-- Which user of accounts refers people in the name of which structure.
CREATE TABLE worker (
    user_id      uuid PRIMARY KEY,
    structure_id uuid NOT NULL REFERENCES structure
);

-- Identity: here and in no other table, schema, fact or log.
CREATE TABLE person (
    person_ref  uuid        PRIMARY KEY,
    given_name  text        NOT NULL CHECK (given_name <> ''),
    family_name text        NOT NULL CHECK (family_name <> ''),
    name_key    text        NOT NULL CHECK (name_key <> ''),
    birth_date  date        NOT NULL,
    phone       text        CHECK (phone ~ '^\+[1-9][0-9]{7,14}$'),
    email       text        CHECK (email LIKE '%_@_%'),
    known_since timestamptz NOT NULL,
    CONSTRAINT one_person_per_name UNIQUE (name_key, birth_date),
    CONSTRAINT one_person_per_phone UNIQUE (phone, birth_date)
);

CREATE TABLE referral (
    referral_id         uuid        PRIMARY KEY,
    code                text        NOT NULL UNIQUE
                                    CHECK (code ~ '^[2-9A-HJKMNP-Z]{4}-[2-9A-HJKMNP-Z]{4}$'),
    person_ref          uuid        NOT NULL REFERENCES person,
    site_code           text        NOT NULL REFERENCES site,
    referrer_id         uuid        NOT NULL,
    structure_id        uuid        REFERENCES structure,
    situation           text        NOT NULL CHECK (situation IN ('exclusion', 'integration',
                                        'budget')),
    needs               text[]      NOT NULL CHECK (cardinality(needs) BETWEEN 1 AND 7 AND needs <@
                                        ARRAY['recharge', 'sim', 'phone', 'computer', 'internet',
                                              'workshop', 'mediation']),
    monthly_spend_cents integer     NOT NULL CHECK (monthly_spend_cents BETWEEN 0 AND 100000),
    has_mobile          boolean     NOT NULL,
    has_computer        boolean     NOT NULL,
    has_internet        boolean     NOT NULL,
    submitted_at        timestamptz NOT NULL,
    expires_on          date        NOT NULL,
    state               text        NOT NULL CHECK (state IN ('submitted', 'seen', 'accepted',
                                        'refused')),
    refusal_code        text        CHECK (refusal_code IN ('not_eligible', 'no_place', 'duplicate',
                                        'unreachable', 'other')),
    refusal_reason      text,
    CHECK ((state = 'refused') = (refusal_reason IS NOT NULL)),
    CHECK ((refusal_reason IS NULL) = (refusal_code IS NULL))
);
-- serves: list_referrals of a site, of a referrer
CREATE INDEX referral_of_site ON referral (site_code, referral_id DESC);
CREATE INDEX referral_of_referrer ON referral (referrer_id, referral_id DESC);
-- serves: add_first_visits
CREATE INDEX referral_of_person ON referral (person_ref);

-- The life cycle a second time: an answered referral stays as it was answered.
CREATE FUNCTION refuse_other_lives() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
           ('submitted', 'seen'), ('submitted', 'accepted'), ('submitted', 'refused'),
           ('seen', 'accepted'), ('seen', 'refused')) THEN
        RAISE EXCEPTION 'a referral does not go from % to %', OLD.state, NEW.state
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER referral_lives_one_life BEFORE UPDATE OF state ON referral
   FOR EACH ROW EXECUTE FUNCTION refuse_other_lives();

-- The history that the referrer and the site read.
CREATE TABLE referral_step (
    position    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    referral_id uuid        NOT NULL REFERENCES referral,
    step        text        NOT NULL CHECK (step IN ('submitted', 'seen', 'accepted', 'refused',
                                'renewed')),
    at          timestamptz NOT NULL,
    by_user_id  uuid        NOT NULL,
    by_role     text        NOT NULL,
    UNIQUE (referral_id, step)
);
CREATE TRIGGER referral_step_is_written_once BEFORE UPDATE OR DELETE ON referral_step
   FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The earliest sale after an acceptance; facts come in any order, so an earlier one may replace it.
CREATE TABLE first_visit (
    referral_id uuid        PRIMARY KEY REFERENCES referral,
    at          timestamptz NOT NULL
);

-- Half-open periods; nobody has two entitlements on one day, anywhere in the network.
CREATE TABLE entitlement (
    entitlement_id    uuid    PRIMARY KEY,
    person_ref        uuid    NOT NULL REFERENCES person,
    from_on           date    NOT NULL,
    until_on          date    NOT NULL,
    monthly_cap_cents integer NOT NULL CHECK (monthly_cap_cents >= 0),
    renewal_count     integer NOT NULL DEFAULT 0 CHECK (renewal_count >= 0),
    CHECK (until_on > from_on),
    CONSTRAINT one_entitlement_a_day
       EXCLUDE USING gist (person_ref WITH =, daterange(from_on, until_on) WITH &&)
);

-- How an entitlement came to be what it is; a referral serves for one opening or one renewal.
CREATE TABLE entitlement_change (
    change_id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    entitlement_id    uuid        NOT NULL REFERENCES entitlement,
    change            text        NOT NULL CHECK (change IN ('opened', 'renewed')),
    referral_id       uuid        NOT NULL UNIQUE REFERENCES referral,
    at                timestamptz NOT NULL,
    by_user_id        uuid        NOT NULL,
    until_on          date        NOT NULL,
    monthly_cap_cents integer     NOT NULL
);
CREATE UNIQUE INDEX entitlement_opened_once ON entitlement_change (entitlement_id)
 WHERE change = 'opened';
CREATE TRIGGER entitlement_change_is_written_once BEFORE UPDATE OR DELETE ON entitlement_change
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
