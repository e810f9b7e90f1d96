-- Mails wait here, in the transaction that gave the reason for them, until they are sent.  Address
-- and words are kept no longer than that: what stays says what was sent, when, and about what.

CREATE TABLE mail (
    mail_id    uuid        PRIMARY KEY,
    kind       text        NOT NULL CHECK (kind <> ''),
    about      text        NOT NULL CHECK (about <> ''),   -- what it is about: never who
    to_address text,
    content    bytea,
    filed_at   timestamptz NOT NULL,
    state      text        NOT NULL DEFAULT 'waiting'
                           CHECK (state IN ('waiting', 'sent', 'failed', 'withdrawn')),
    try_at     timestamptz NOT NULL,
    tries      integer     NOT NULL DEFAULT 0 CHECK (tries >= 0),
    trouble    text        NOT NULL DEFAULT '',            -- why the last try failed, as a code
    ended_at   timestamptz,
    CHECK ((state = 'waiting') = (ended_at IS NULL)),
    CHECK ((state = 'waiting') = (to_address IS NOT NULL)),
    CHECK ((to_address IS NULL) = (content IS NULL))
);
-- serves: take_due
CREATE INDEX mail_waiting ON mail (try_at) WHERE state = 'waiting';
-- serves: withdraw
CREATE INDEX mail_about ON mail (about) WHERE state = 'waiting';
