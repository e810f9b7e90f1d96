-- One address is a whole reception point's: what strangers do there is not to keep out those who sign
-- in there every day.

-- From where somebody has lately signed in with their password.
CREATE TABLE familiar_place (
    user_id      uuid        NOT NULL REFERENCES account,
    line         bytea       NOT NULL,   -- as `throttle.subject` of an address: its digest
    signed_in_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, line)
);
-- serves: forget_old_places
CREATE INDEX familiar_place_since ON familiar_place (signed_in_at);

-- Resets asked for, and sign-ins by a provider, are counted by address apart from passwords.
ALTER TABLE throttle DROP CONSTRAINT throttle_kind_check,
    ADD CONSTRAINT throttle_kind_check
        CHECK (kind IN ('account', 'address', 'enrolment', 'provider_address', 'reset',
                        'reset_address'));
