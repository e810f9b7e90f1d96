-- What a person may ask: to see all that the network holds on them, and that it be forgotten.  And
-- what nobody has to ask: that whoever has not come for long is forgotten.

INSERT INTO rule (name, from_on, value)
VALUES ('retention_months',      '2010-01-01', 24),
       ('retention_notice_days', '2010-01-01', 30),
       ('trace_months',          '2010-01-01', 12);

-- serves: list_stale
CREATE INDEX pseudonym_stale ON pseudonym (last_contact_at) WHERE erased_at IS NULL;

-- One export: the key that answers are sealed for while it waits, the document once it is ready.
-- Both are closed under a key of this service's settings.
CREATE TABLE export (
    export_id    uuid        PRIMARY KEY,
    person_refs  uuid[]      NOT NULL CHECK (cardinality(person_refs) > 0),
    services     text[]      NOT NULL,
    asked_at     timestamptz NOT NULL,
    asked_by     uuid        NOT NULL,
    answer_until timestamptz NOT NULL,
    private_key  bytea,
    ready_at     timestamptz,
    document     bytea,
    CHECK ((ready_at IS NULL) = (document IS NULL)),
    CONSTRAINT key_gone_once_ready CHECK ((ready_at IS NULL) = (private_key IS NOT NULL))
);
-- serves: find_export, delete_exports_of
CREATE INDEX export_of_person ON export USING gin (person_refs);

-- What services answered, as it came: sealed.
CREATE TABLE export_part (
    export_id  uuid    NOT NULL REFERENCES export ON DELETE CASCADE,
    service    text    NOT NULL,
    part       integer NOT NULL CHECK (part BETWEEN 1 AND part_count),
    part_count integer NOT NULL,
    box        bytea   NOT NULL,
    PRIMARY KEY (export_id, service, part)
);

-- One erasure, and who was asked to forget.  The traces are keyed digests of the names, the phone
-- and the e-mail that were erased: an audit looks for them; who has not the key learns nothing.
CREATE TABLE erasure (
    erasure_id  uuid        PRIMARY KEY,
    person_ref  uuid        NOT NULL REFERENCES pseudonym,
    person_refs uuid[]      NOT NULL CHECK (person_ref = ANY (person_refs)),
    reason      text        NOT NULL CHECK (reason IN ('asked_by_person', 'entered_by_mistake',
                                'retention_over')),
    services    text[]      NOT NULL,
    erased_at   timestamptz NOT NULL,
    erased_by   uuid,  -- nobody: the calendar
    traces      bytea[]     NOT NULL,
    CHECK ((erased_by IS NULL) = (reason = 'retention_over'))
);
CREATE INDEX erasure_of_person ON erasure USING gin (person_refs);
CREATE TRIGGER erasure_is_kept
   BEFORE DELETE OR UPDATE OF erasure_id, person_ref, person_refs, reason, services, erased_at,
       erased_by ON erasure
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER traces_are_only_dropped BEFORE UPDATE OF traces ON erasure
   FOR EACH ROW WHEN (NEW.traces <> '{}') EXECUTE FUNCTION refuse_change();

CREATE TABLE erasure_receipt (
    erasure_id      uuid        NOT NULL REFERENCES erasure,
    service         text        NOT NULL,
    acknowledged_at timestamptz NOT NULL,
    counts          jsonb       NOT NULL,
    PRIMARY KEY (erasure_id, service)
);
CREATE TRIGGER erasure_receipt_is_written_once BEFORE UPDATE OR DELETE ON erasure_receipt
   FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Mediation cases as their openings and closings were told, in any order: while one is open, the
-- person's claim is being defended and their data stay (GDPR, article 17, 3 e).
CREATE TABLE told_case (
    case_id    uuid PRIMARY KEY,
    person_ref uuid NOT NULL,
    opened_on  date,
    closed_on  date
);
-- serves: find_open_case
CREATE INDEX told_case_open ON told_case (person_ref) WHERE closed_on IS NULL;

-- Notice that a person's data will be erased; a contact since makes it void.
CREATE TABLE retention_notice (
    person_ref      uuid        NOT NULL REFERENCES pseudonym,
    last_contact_at timestamptz NOT NULL,
    noticed_at      timestamptz NOT NULL,
    erase_on        date        NOT NULL,
    mailed          boolean     NOT NULL,
    PRIMARY KEY (person_ref, last_contact_at)
);
CREATE INDEX retention_notice_due ON retention_notice (erase_on);
CREATE TRIGGER retention_notice_is_written_once BEFORE UPDATE OR DELETE ON retention_notice
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
