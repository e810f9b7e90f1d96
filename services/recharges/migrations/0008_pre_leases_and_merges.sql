-- Offline tills hold leased vouchers and allowances of cap; two people who are one share a cap.

ALTER TABLE till
    ADD COLUMN device_id  uuid,            -- the device that sells there now, or did last
    ADD COLUMN frozen_at  timestamptz,     -- a fork or a break was found
    ADD COLUMN frozen_why text;

CREATE TABLE lease (
    lease_id    uuid        PRIMARY KEY,
    till_id     uuid        NOT NULL REFERENCES till,
    device_id   uuid        NOT NULL,      -- whose chain its sales stand in
    site_code   text        NOT NULL,
    offer_code  text        NOT NULL REFERENCES offer,
    price_cents bigint      NOT NULL CHECK (price_cents > 0),
    state       text        NOT NULL CHECK (state IN ('open',       -- -> returned | revoked
                                                      'returned',   -- what was not sold is back
                                                      'revoked')),  -- the device is lost
    count       bigint      NOT NULL CHECK (count > 0),
    sold        bigint      NOT NULL DEFAULT 0 CHECK (sold BETWEEN 0 AND count),
    leased_at   timestamptz NOT NULL,
    leased_by   uuid        NOT NULL,
    by_device   boolean     NOT NULL DEFAULT false,  -- true: the device itself; a person may know PINs
    expires_at  timestamptz NOT NULL,
    warned_at   timestamptz,               -- it had expired and nothing was heard of it
    ended_at    timestamptz,
    CHECK ((state = 'open') = (ended_at IS NULL)),
    CHECK (leased_at < expires_at)
);
-- serves: open_leases, leases_of_till, expired_leases
CREATE INDEX lease_of_till ON lease (till_id) WHERE state = 'open';
-- serves: leases_of_devices
CREATE INDEX lease_of_device ON lease (device_id) WHERE state = 'open';

CREATE TABLE lease_range (       -- which vouchers were leased; those of a lost device are still found
    lease_id       uuid   NOT NULL REFERENCES lease,
    batch_id       uuid   NOT NULL REFERENCES batch,
    first_position bigint NOT NULL,
    end_position   bigint NOT NULL,
    PRIMARY KEY (lease_id, batch_id, first_position),
    CHECK (first_position < end_position)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON lease_range
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE lease_allowance (   -- cap set aside for a person who may buy at this till offline
    lease_id       uuid   NOT NULL REFERENCES lease,
    person_ref     uuid   NOT NULL,        -- as the till knows them, and as cap_month counts them
    month_on       date   NOT NULL,
    allowed_cents  bigint NOT NULL CHECK (allowed_cents >= 0),
    used_cents     bigint NOT NULL DEFAULT 0 CHECK (used_cents BETWEEN 0 AND allowed_cents),
    PRIMARY KEY (lease_id, person_ref),    -- what is not used goes back when the lease ends
    FOREIGN KEY (person_ref, month_on) REFERENCES cap_month (person_ref, month_on)
);

CREATE TABLE device_chain (      -- the head of each device's own chain of offline sales
    device_id uuid        PRIMARY KEY,
    till_id   uuid        NOT NULL REFERENCES till,
    sequence  bigint      NOT NULL CHECK (sequence > 0),
    hash      bytea       NOT NULL CHECK (length(hash) = 32),
    sold_at   timestamptz NOT NULL
);

CREATE TABLE offline_ticket (    -- what an offline till sent up and was accepted, word for word
    device_id     uuid        NOT NULL,
    sequence      bigint      NOT NULL CHECK (sequence > 0),
    till_id       uuid        NOT NULL REFERENCES till,
    hash          bytea       NOT NULL CHECK (length(hash) = 32),
    previous_hash bytea       NOT NULL,
    record        text        NOT NULL,
    sale_id       uuid        NOT NULL UNIQUE REFERENCES sale,
    lease_id      uuid        NOT NULL REFERENCES lease,
    received_at   timestamptz NOT NULL,
    PRIMARY KEY (device_id, sequence)
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offline_ticket
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE offline_refusal (   -- what was sent and not accepted: kept as evidence
    refusal_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    till_id     uuid        NOT NULL REFERENCES till,
    device_id   uuid        NOT NULL,
    sequence    bigint      NOT NULL,
    code        text        NOT NULL,
    hash        bytea       NOT NULL,
    previous_hash bytea     NOT NULL,
    record      text        NOT NULL,
    received_at timestamptz NOT NULL
);
-- serves: keep_refused (what is sent again is kept once)
CREATE UNIQUE INDEX offline_refusal_once ON offline_refusal (device_id, sequence, code, hash);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON offline_refusal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A merge is an alias: nothing is moved, so undoing it is exact.  A person's cap is counted over
-- all that are the same person.
CREATE TABLE person_merge (      -- as referrals told it
    person_ref  uuid    PRIMARY KEY,
    merged_into uuid    NOT NULL,
    sequence    bigint  NOT NULL,
    merged      boolean NOT NULL,          -- false: undone
    CHECK (person_ref <> merged_into)
);
-- serves: resolve_aliases
CREATE INDEX person_merge_into ON person_merge (merged_into) WHERE merged;
CREATE TABLE person_alias (      -- what the merges that stand add up to: each to the last of its chain
    person_ref uuid PRIMARY KEY,
    same_as    uuid NOT NULL,
    CHECK (person_ref <> same_as)
);
CREATE INDEX person_alias_of ON person_alias (same_as);
