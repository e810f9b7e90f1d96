-- Offline tills hold leased vouchers and allowances of cap; two people who are one share a cap.

CREATE TABLE lease (
    lease_id    uuid        PRIMARY KEY,
    till_id     uuid        NOT NULL REFERENCES till,
    site_code   text        NOT NULL,
    offer_code  text        NOT NULL REFERENCES offer,
    price_cents bigint      NOT NULL,
    state       text        NOT NULL CHECK (state IN ('open',       -- -> returned | revoked
                                                      'returned',   -- what was not sold is back
                                                      'revoked')),  -- the device is lost
    count       bigint      NOT NULL CHECK (count > 0),
    sold        bigint      NOT NULL DEFAULT 0 CHECK (sold BETWEEN 0 AND count),
    leased_at   timestamptz NOT NULL,
    leased_by   uuid        NOT NULL,
    expires_at  timestamptz NOT NULL,
    ended_at    timestamptz,
    CHECK ((state = 'open') = (ended_at IS NULL))
);
CREATE INDEX lease_of_till ON lease (till_id) WHERE state = 'open';

CREATE TABLE lease_allowance (   -- cap set aside for a person who may buy at this till offline
    lease_id      uuid   NOT NULL REFERENCES lease,
    person_ref    uuid   NOT NULL,
    month_on      date   NOT NULL,
    allowed_cents bigint NOT NULL CHECK (allowed_cents >= 0),
    used_cents    bigint NOT NULL DEFAULT 0 CHECK (used_cents BETWEEN 0 AND allowed_cents),
    PRIMARY KEY (lease_id, person_ref)
);

CREATE TABLE offline_ticket (    -- what an offline till sent up, accepted or not, word for word
    till_id       uuid        NOT NULL REFERENCES till,
    sequence      bigint      NOT NULL CHECK (sequence > 0),
    hash          bytea       NOT NULL CHECK (length(hash) = 32),
    previous_hash bytea       NOT NULL,
    record        text        NOT NULL,
    sale_id       uuid        NOT NULL UNIQUE REFERENCES sale,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (till_id, sequence)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offline_ticket
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE offline_refusal (   -- what was sent and not accepted: kept as evidence
    refusal_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    till_id     uuid        NOT NULL REFERENCES till,
    sequence    bigint      NOT NULL,
    code        text        NOT NULL,
    record      text        NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offline_refusal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE till
    ADD COLUMN offline_sequence bigint NOT NULL DEFAULT 0,      -- head of the device's own chain
    ADD COLUMN offline_hash     bytea  NOT NULL DEFAULT '\x',
    ADD COLUMN frozen_at        timestamptz,                    -- a fork or a break was found
    ADD COLUMN frozen_why       text;

-- A merge is an alias: nothing is moved, so undoing it is exact.  A person's cap is counted over
-- all that are the same person.
CREATE TABLE person_merge (      -- as referrals told it
    person_ref  uuid    PRIMARY KEY,
    merged_into uuid    NOT NULL,
    sequence    bigint  NOT NULL,
    merged      boolean NOT NULL,          -- false: undone
    CHECK (person_ref <> merged_into)
);
CREATE TABLE person_alias (      -- what the merges that stand add up to: each to the last of its chain
    person_ref uuid PRIMARY KEY,
    same_as    uuid NOT NULL,
    CHECK (person_ref <> same_as)
);
CREATE INDEX person_alias_of ON person_alias (same_as);
