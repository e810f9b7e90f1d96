-- What every service's schema needs to speak and hear: outbox, inbox, parking, idempotency.

CREATE TABLE outbox (
    position        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id        uuid        NOT NULL UNIQUE,
    type            text        NOT NULL,
    subject         text        NOT NULL,
    sequence        bigint      NOT NULL CHECK (sequence > 0),
    site            text        NOT NULL,
    occurred_at     timestamptz NOT NULL,
    caused_by       uuid,
    traceparent     text,
    data            jsonb       NOT NULL,
    published_at    timestamptz,
    attempts        integer     NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,
    UNIQUE (subject, sequence)   -- two facts of one subject never claim the same place
) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 5000);

-- serves: claim_waiting (relay); stays small whatever the size of the archive
CREATE INDEX outbox_waiting ON outbox (position) WHERE published_at IS NULL;

CREATE TABLE inbox (
    consumer   text        NOT NULL,
    event_id   uuid        NOT NULL,
    type       text        NOT NULL,
    ending     text        NOT NULL CHECK (ending IN ('applied', 'refused', 'superseded')),
    handled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);

CREATE TABLE parked_delivery (
    parked_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consumer    text        NOT NULL,
    event_id    uuid,
    type        text,
    reason      text        NOT NULL,
    detail      text        NOT NULL DEFAULT '',
    body        bytea       NOT NULL,
    headers     jsonb       NOT NULL DEFAULT '{}',
    attempts    integer     NOT NULL DEFAULT 0,
    parked_at   timestamptz NOT NULL DEFAULT now(),
    state       text        NOT NULL DEFAULT 'parked' CHECK (state IN ('parked', 'replayed', 'discarded')),
    settled_at  timestamptz,
    settled_by  text,
    settled_why text,
    CHECK ((state = 'parked') = (settled_at IS NULL))
);
CREATE INDEX parked_delivery_open ON parked_delivery (parked_id) WHERE state = 'parked';

-- One row per command that changed something: the same key gives the same answer again.
CREATE TABLE command_answer (
    key          text        NOT NULL PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
    request_hash bytea       NOT NULL,
    status       integer,
    answer       jsonb,
    answered_at  timestamptz NOT NULL DEFAULT now()
);

-- Journals and histories are written once: attach this trigger to refuse every later change.
CREATE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only: % is refused', TG_TABLE_NAME, TG_OP
          USING ERRCODE = 'restrict_violation';
END
$$;
