-- Mediation: cases, mandates, debt lines, offers, plans, and the history of each case.
-- Every rule of the domain that a row can break stands here a second time.

CREATE TABLE entitlement (       -- projection of referrals.entitlement.opened, .renewed
    person_ref uuid   PRIMARY KEY,
    from_on    date   NOT NULL,
    until_on   date   NOT NULL,      -- exclusive
    sequence   bigint NOT NULL       -- an older fact never overwrites a newer one
);

CREATE TABLE debt_case (
    case_id         uuid        PRIMARY KEY,
    site_code       text        NOT NULL,
    person_ref      uuid        NOT NULL,
    status          text        NOT NULL DEFAULT 'opened'
                    CHECK (status IN ('opened', 'mandated', 'analysed', 'negotiating', 'closed')),
    outcome         text
                    CHECK (outcome IN ('limitation_accepted', 'fee_recomputed', 'full_waiver',
                                       'partial_waiver', 'plan', 'refund', 'line_restored',
                                       'refused', 'withdrawn', 'inadmissible')),
    opened_on       date        NOT NULL,
    closed_at       timestamptz,
    -- over-indebtedness file admissible since this day (C. conso. L722-5)
    admissible_on   date,
    CHECK ((status = 'closed') = (outcome IS NOT NULL)),
    CHECK ((status = 'closed') = (closed_at IS NOT NULL))
);
CREATE INDEX debt_case_of_person ON debt_case (person_ref);

CREATE TABLE mandate (
    mandate_id       uuid   PRIMARY KEY,
    case_id          uuid   NOT NULL REFERENCES debt_case,
    operators        text[] NOT NULL CHECK (cardinality(operators) > 0),
    signed_on        date   NOT NULL,
    until_on         date   NOT NULL,      -- exclusive
    client_reference text   NOT NULL DEFAULT '',
    revoked_on       date   CHECK (revoked_on >= signed_on),
    CHECK (signed_on < until_on)
);
CREATE INDEX mandate_of_case ON mandate (case_id);

CREATE TABLE debt_line (
    line_id       uuid   PRIMARY KEY,
    case_id       uuid   NOT NULL REFERENCES debt_case,
    operator      text   NOT NULL,
    kind          text   NOT NULL
                  CHECK (kind IN ('service', 'termination_fee', 'equipment', 'collection_fee')),
    label         text   NOT NULL DEFAULT '',
    claimed_cents bigint NOT NULL CHECK (claimed_cents > 0),
    due_cents     bigint CHECK (due_cents BETWEEN 0 AND claimed_cents),
    agreed_cents  bigint CHECK (agreed_cents BETWEEN 0 AND claimed_cents),
    due_on        date   NOT NULL,
    born_on       date   NOT NULL CHECK (born_on <= due_on),
    added_on      date   NOT NULL,
    CHECK (kind <> 'collection_fee' OR (due_cents IS NOT NULL AND due_cents = 0))
);
CREATE INDEX debt_line_of_case ON debt_line (case_id);

CREATE TABLE line_event (
    line_id     uuid    NOT NULL REFERENCES debt_line,
    position    integer NOT NULL CHECK (position > 0),
    kind        text    NOT NULL
                CHECK (kind IN ('payment', 'acknowledgement', 'plan_request', 'court_claim',
                                'reminder', 'formal_notice', 'mediation')),
    happened_on date    NOT NULL,
    until_on    date    CHECK (until_on >= happened_on),
    PRIMARY KEY (line_id, position),
    CHECK (until_on IS NULL OR kind IN ('mediation', 'court_claim'))
);

CREATE TABLE offer (
    offer_id         uuid   PRIMARY KEY,
    case_id          uuid   NOT NULL REFERENCES debt_case,
    operator         text   NOT NULL,
    kind             text   NOT NULL
                     CHECK (kind IN ('plan_request', 'waiver_request', 'recomputation',
                                     'limitation_claim')),
    maker            text   NOT NULL CHECK (maker IN ('association', 'operator')),
    amount_cents     bigint NOT NULL CHECK (amount_cents >= 0),
    made_on          date   NOT NULL,
    state            text   NOT NULL DEFAULT 'made'
                     CHECK (state IN ('made', 'accepted', 'refused', 'countered')),
    counter_to       uuid   UNIQUE REFERENCES offer,
    override_reason  text   CHECK (override_reason <> ''),
    answered_on      date   CHECK (answered_on >= made_on),
    person_signed_on date,
    CHECK ((state = 'made') = (answered_on IS NULL)),
    -- nobody but the person agrees to pay
    CHECK (state <> 'accepted' OR amount_cents = 0 OR person_signed_on IS NOT NULL),
    CHECK (kind <> 'plan_request' OR amount_cents > 0)
);
CREATE INDEX offer_of_case ON offer (case_id);

CREATE TABLE offer_line (
    offer_id uuid NOT NULL REFERENCES offer,
    line_id  uuid NOT NULL REFERENCES debt_line,
    PRIMARY KEY (offer_id, line_id)
);
CREATE INDEX offer_line_of_line ON offer_line (line_id);

CREATE TABLE instalment (
    offer_id     uuid    NOT NULL REFERENCES offer,
    position     integer NOT NULL CHECK (position > 0),
    due_on       date    NOT NULL,
    amount_cents bigint  NOT NULL CHECK (amount_cents > 0),
    PRIMARY KEY (offer_id, position)
);

CREATE TABLE case_event (        -- who did what, for ever
    position    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id     uuid        NOT NULL REFERENCES debt_case,
    step        text        NOT NULL,
    happened_at timestamptz NOT NULL,
    user_id     uuid        NOT NULL,
    details     jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX case_event_of_case ON case_event (case_id);

-- Histories and plans are written once; nothing of a case is ever deleted.
CREATE TRIGGER case_event_is_kept BEFORE UPDATE OR DELETE ON case_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER line_event_is_kept BEFORE UPDATE OR DELETE ON line_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER instalment_is_kept BEFORE UPDATE OR DELETE ON instalment
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER offer_line_is_kept BEFORE UPDATE OR DELETE ON offer_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER debt_case_is_kept BEFORE DELETE ON debt_case
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER mandate_is_kept BEFORE DELETE ON mandate
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER debt_line_is_kept BEFORE DELETE ON debt_line
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER offer_is_kept BEFORE DELETE ON offer
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A case moves forward along its table and never leaves 'closed'.
CREATE FUNCTION check_case_move() RETURNS trigger
LANGUAGE plpgsql AS $$
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
$$;
CREATE TRIGGER debt_case_moves BEFORE UPDATE ON debt_case
    FOR EACH ROW EXECUTE FUNCTION check_case_move();

-- Nothing is added to a closed case or changed in it.
CREATE FUNCTION check_case_is_open() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM debt_case WHERE case_id = NEW.case_id AND status = 'closed') THEN
        RAISE EXCEPTION 'case % is closed', NEW.case_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER mandate_of_open_case BEFORE INSERT OR UPDATE ON mandate
    FOR EACH ROW EXECUTE FUNCTION check_case_is_open();
CREATE TRIGGER debt_line_of_open_case BEFORE INSERT OR UPDATE ON debt_line
    FOR EACH ROW EXECUTE FUNCTION check_case_is_open();
CREATE TRIGGER offer_of_open_case BEFORE INSERT OR UPDATE ON offer
    FOR EACH ROW EXECUTE FUNCTION check_case_is_open();

-- No line and no offer without a mandate in force that day for that operator.
CREATE FUNCTION check_mandate() RETURNS trigger
LANGUAGE plpgsql AS $$
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
$$;
CREATE TRIGGER debt_line_has_mandate BEFORE INSERT ON debt_line
    FOR EACH ROW EXECUTE FUNCTION check_mandate();
CREATE TRIGGER offer_has_mandate BEFORE INSERT ON offer
    FOR EACH ROW EXECUTE FUNCTION check_mandate();

-- What was claimed stays; what was agreed is agreed once.
CREATE FUNCTION check_line_settled_once() RETURNS trigger
LANGUAGE plpgsql AS $$
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
$$;
CREATE TRIGGER debt_line_settles_once BEFORE UPDATE ON debt_line
    FOR EACH ROW EXECUTE FUNCTION check_line_settled_once();

-- An offer is answered once, and its terms stay.
CREATE FUNCTION check_offer_answered_once() RETURNS trigger
LANGUAGE plpgsql AS $$
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
$$;
CREATE TRIGGER offer_answered_once BEFORE UPDATE ON offer
    FOR EACH ROW EXECUTE FUNCTION check_offer_answered_once();

-- At commit: the instalments of an offer are its amount, and so is what its lines agreed to; a
-- line waits for the answer to one offer at a time.
CREATE FUNCTION check_offer_adds_up() RETURNS trigger
LANGUAGE plpgsql AS $$
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
$$;
CREATE CONSTRAINT TRIGGER offer_adds_up AFTER INSERT OR UPDATE ON offer
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION check_offer_adds_up();
