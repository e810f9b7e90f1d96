-- A way back in for whoever forgot their password: a token by e-mail, used once, for half an hour.

CREATE TABLE password_reset (
    reset_id     uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL REFERENCES account,
    token_digest bytea       NOT NULL UNIQUE,   -- the token itself is in the mail alone
    asked_at     timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL CHECK (expires_at > asked_at),
    ended_at     timestamptz,
    ended_why    text        CHECK (ended_why IN ('used', 'replaced')),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL))
);
CREATE UNIQUE INDEX password_reset_one_open ON password_reset (user_id) WHERE ended_at IS NULL;

ALTER TABLE throttle DROP CONSTRAINT throttle_kind_check,
    ADD CONSTRAINT throttle_kind_check
        CHECK (kind IN ('account', 'address', 'enrolment', 'reset'));
