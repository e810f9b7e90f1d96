-- A second factor (TOTP, RFC 6238): once somebody has one, it is asked for at each sign-in.

CREATE TABLE second_factor (
    user_id      uuid        PRIMARY KEY REFERENCES account,
    key_id       text        NOT NULL,   -- of RELAIS_FACTOR_KEYS: what the secret is sealed with
    sealed       bytea       NOT NULL,
    begun_at     timestamptz NOT NULL,
    confirmed_at timestamptz CHECK (confirmed_at >= begun_at),   -- NULL: shown, not yet proven
    last_step    bigint      NOT NULL DEFAULT 0   -- codes of this half minute and before are used up
);

-- For the day the telephone is lost: each opens once.
CREATE TABLE recovery_code (
    user_id     uuid  NOT NULL REFERENCES account,
    code_digest bytea NOT NULL,
    used_at     timestamptz,
    PRIMARY KEY (user_id, code_digest)
);

CREATE TABLE rule (              -- one setting of the house, by date of effect
    name    text NOT NULL CHECK (name IN (
        'second_factor_roles')), -- roles, by commas, that may do nothing without a second factor
    from_on date NOT NULL,
    value   text NOT NULL,
    PRIMARY KEY (name, from_on)
);
INSERT INTO rule VALUES ('second_factor_roles', '2020-01-01', '');
