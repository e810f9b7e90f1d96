-- Whose tokens are refused although they have not expired, as accounts tells it.

CREATE TABLE access_ended (
    subject_id    uuid        PRIMARY KEY,   -- a session, a user or a device
    kind          text        NOT NULL CHECK (kind IN ('session', 'user', 'device')),
    issued_before timestamptz NOT NULL,      -- tokens of an earlier instant are refused
    expires_at    timestamptz NOT NULL       -- the last of them expires: the row is forgotten
);
