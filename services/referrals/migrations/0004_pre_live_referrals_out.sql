-- What becomes of a referral when nobody answers, what a person who came by themselves may buy, who
-- may refer in whose name and since when, and by what a site decides.

-- Where to send people; accounts tells it with the name.
ALTER TABLE site ADD COLUMN address text NOT NULL DEFAULT '';

ALTER TABLE rule DROP CONSTRAINT rule_name_check;
ALTER TABLE rule ADD CONSTRAINT rule_name_check CHECK (name IN (
    'referral_months', 'entitlement_months', 'monthly_cap_cents', 'renewals_max',
    'convention_required', 'accreditation_required', 'answer_working_days', 'walk_in_months',
    'reminder_days'));
-- 0 is no, 1 is yes: a network that begins has not signed everything with everybody yet.
INSERT INTO rule (name, from_on, until_on, value)
VALUES ('convention_required',    '2010-01-01', NULL, 0),
       ('accreditation_required', '2010-01-01', NULL, 0),
       ('answer_working_days',    '2010-01-01', NULL, 5),
       ('walk_in_months',         '2010-01-01', NULL, 1),
       ('reminder_days',          '2010-01-01', NULL, 30);

-- An association that has no SIRET number is in the national directory of associations.
ALTER TABLE structure ADD COLUMN rna text UNIQUE CHECK (rna ~ '^W[0-9][0-9A-Z][0-9]{7}$');

-- What a structure signed; half-open, and no day has two.
CREATE TABLE convention (
    convention_id uuid        PRIMARY KEY,
    structure_id  uuid        NOT NULL REFERENCES structure,
    reference     text        NOT NULL CHECK (reference <> ''),
    from_on       date        NOT NULL,
    until_on      date,
    added_at      timestamptz NOT NULL,
    added_by      uuid        NOT NULL,
    ended_by      uuid,
    CHECK (until_on >= from_on),
    CONSTRAINT one_convention_a_day
       EXCLUDE USING gist (structure_id WITH =, daterange(from_on, until_on) WITH &&)
);

-- A referrer as we may write to them, and since when they know how to refer.
ALTER TABLE worker
    ADD COLUMN email      text CHECK (email LIKE '%_@_%'),
    ADD COLUMN email_at   timestamptz,
    ADD COLUMN language   text NOT NULL DEFAULT 'fr' CHECK (language IN ('fr', 'en')),
    ADD COLUMN trained_on date,
    ALTER COLUMN structure_id DROP NOT NULL,
    ADD CONSTRAINT worker_email_has_its_instant CHECK ((email IS NULL) = (email_at IS NULL));

-- For which structure a referrer works, one at a time; what is over stays.
CREATE TABLE employment (
    employment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       uuid   NOT NULL REFERENCES worker,
    structure_id  uuid   NOT NULL REFERENCES structure,
    from_on       date   NOT NULL,
    until_on      date,
    added_by      uuid,  -- nobody knows of those who were there before this table
    ended_by      uuid,
    CHECK (until_on >= from_on),
    CHECK (ended_by IS NULL OR until_on IS NOT NULL),
    CONSTRAINT one_structure_a_day
       EXCLUDE USING gist (user_id WITH =, daterange(from_on, until_on) WITH &&)
);
-- serves: list_workers, list_correspondents
CREATE INDEX employment_of_structure ON employment (structure_id, from_on DESC);
INSERT INTO employment (user_id, structure_id, from_on)
SELECT user_id, structure_id, (now() AT TIME ZONE 'Europe/Paris')::date
  FROM worker;

-- A person who came by themselves has no referrer until one confirms; the structure is the one that
-- was asked to.
ALTER TABLE referral
    ALTER COLUMN referrer_id DROP NOT NULL,
    ADD COLUMN walk_in boolean NOT NULL DEFAULT false,
    ADD COLUMN revocation_reason text,
    DROP CONSTRAINT referral_state_check,
    ADD CONSTRAINT referral_state_check CHECK (state IN (
        'submitted', 'seen', 'provisional', 'accepted', 'refused', 'lapsed', 'revoked')),
    ADD CONSTRAINT referral_has_a_referrer
        CHECK (referrer_id IS NOT NULL OR (walk_in AND state IN ('provisional', 'lapsed'))),
    ADD CONSTRAINT referral_provisional_is_a_walk_in CHECK (state <> 'provisional' OR walk_in),
    ADD CONSTRAINT referral_revocation_has_a_reason
        CHECK ((state = 'revoked') = (revocation_reason IS NOT NULL));
-- serves: take_lapsed, count_overdue, list_referrals of what is overdue
CREATE INDEX referral_unanswered ON referral (expires_on)
 WHERE state IN ('submitted', 'seen', 'provisional');
-- serves: list_revoked
CREATE INDEX referral_revoked ON referral (referral_id) WHERE state = 'revoked';

CREATE OR REPLACE FUNCTION refuse_other_lives() RETURNS trigger
LANGUAGE plpgsql AS $$
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
$$;

-- What the calendar does, nobody does.
ALTER TABLE referral_step
    ALTER COLUMN by_user_id DROP NOT NULL,
    ALTER COLUMN by_role DROP NOT NULL,
    DROP CONSTRAINT referral_step_step_check,
    ADD CONSTRAINT referral_step_step_check CHECK (step IN (
        'submitted', 'seen', 'provisional', 'accepted', 'refused', 'lapsed', 'revoked', 'renewed',
        'ended')),
    ADD CONSTRAINT referral_step_by_somebody_or_the_calendar
        CHECK ((by_user_id IS NULL) = (by_role IS NULL)
               AND (by_user_id IS NULL) = (step IN ('lapsed', 'ended')));

ALTER TABLE entitlement
    ADD COLUMN provisional boolean NOT NULL DEFAULT false,
    ADD COLUMN ended_at timestamptz,  -- when its end was told
    ADD CONSTRAINT entitlement_provisional_is_not_renewed
        CHECK (NOT provisional OR renewal_count = 0);
-- serves: take_ended, take_to_remind
CREATE INDEX entitlement_running ON entitlement (until_on) WHERE ended_at IS NULL;

-- A referral opens or renews once; the same one may then be confirmed, reminded of, and end.
ALTER TABLE entitlement_change
    ALTER COLUMN by_user_id DROP NOT NULL,
    DROP CONSTRAINT entitlement_change_change_check,
    ADD CONSTRAINT entitlement_change_change_check
        CHECK (change IN ('opened', 'confirmed', 'renewed', 'reminded', 'ended')),
    ADD CONSTRAINT entitlement_change_by_somebody_or_the_calendar
        CHECK ((by_user_id IS NULL) = (change IN ('reminded', 'ended'))),
    DROP CONSTRAINT entitlement_change_referral_id_key;
CREATE UNIQUE INDEX a_referral_opens_or_renews_once ON entitlement_change (referral_id)
 WHERE change IN ('opened', 'renewed');
CREATE UNIQUE INDEX entitlement_confirmed_once ON entitlement_change (entitlement_id)
 WHERE change = 'confirmed';
CREATE UNIQUE INDEX entitlement_ended_once ON entitlement_change (entitlement_id)
 WHERE change = 'ended';
CREATE UNIQUE INDEX an_end_is_reminded_of_once ON entitlement_change (entitlement_id, until_on)
 WHERE change = 'reminded';
-- serves: find_latest_change, take_to_remind
CREATE INDEX change_of_entitlement ON entitlement_change (entitlement_id, change_id DESC);

-- By what a site decides whom it takes in; a site without a row on a day asks for nothing.
CREATE TABLE site_criterion (
    site_code           text        NOT NULL REFERENCES site,
    from_on             date        NOT NULL,
    until_on            date,
    criterion           text        NOT NULL
                                    CHECK (criterion IN ('none', 'reste_a_vivre', 'manual')),
    threshold_day_cents integer     CHECK (threshold_day_cents > 0),
    set_at              timestamptz NOT NULL,
    set_by              uuid        NOT NULL,
    PRIMARY KEY (site_code, from_on),
    CHECK (until_on > from_on),
    CHECK ((criterion = 'reste_a_vivre') = (threshold_day_cents IS NOT NULL)),
    CONSTRAINT one_criterion_a_day
       EXCLUDE USING gist (site_code WITH =, daterange(from_on, until_on) WITH &&)
);

-- What was answered to the criterion when somebody was taken in. It is never changed; it may be
-- deleted, for it says what a person lives on.
CREATE TABLE criterion_answer (
    referral_id uuid        PRIMARY KEY REFERENCES referral,
    criterion   text        NOT NULL CHECK (criterion <> ''),
    figures     jsonb       NOT NULL,
    at          timestamptz NOT NULL,
    by_user_id  uuid        NOT NULL
);
CREATE TRIGGER criterion_answer_is_not_changed BEFORE UPDATE ON criterion_answer
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
