-- Settings with dates of effect, the keys that seal PINs and sign the journal.

CREATE TABLE rule (              -- one setting of the house, by date of effect
    name     text NOT NULL CHECK (name IN (
        'cap_counts',              -- price | face_value: what the monthly cap counts
        'drawer_opening',          -- by_sale: a first sale opens the drawer with an empty float;
                                   -- counted: no sale before the float was counted
        'gap_alone_max_cents',     -- a larger gap of the drawer needs a second person
        'cash_out_alone_max_cents',   -- a supervisor takes more than that out of a drawer
        'card_minutes_max',        -- how long vouchers are held for a card payment
        'lease_vouchers_max',      -- how many vouchers one offline till may hold of an offer
        'lease_hours_max',         -- how long
        'offline_skew_minutes_max')),   -- how far an offline till's clock may be off
    from_on  date NOT NULL,
    until_on date NOT NULL DEFAULT 'infinity',   -- exclusive
    value    text NOT NULL,
    PRIMARY KEY (name, from_on),
    CHECK (from_on < until_on),
    EXCLUDE USING gist (name WITH =, daterange(from_on, until_on) WITH &&)
);

INSERT INTO rule (name, from_on, until_on, value)
SELECT 'cap_counts', from_on, until_on, counts FROM cap_rule;
INSERT INTO rule (name, from_on, value)
VALUES ('drawer_opening',      '2020-01-01', 'by_sale'),
       ('gap_alone_max_cents', '2020-01-01', '500'),
       ('cash_out_alone_max_cents', '2020-01-01', '20000'),
       ('card_minutes_max',    '2020-01-01', '15'),
       ('lease_vouchers_max',  '2020-01-01', '100'),
       ('lease_hours_max',     '2020-01-01', '24'),
       ('offline_skew_minutes_max', '2020-01-01', '15');

CREATE TABLE supply_rule (       -- how an operator delivers, by date of effect
    operator       text    NOT NULL,
    from_on        date    NOT NULL,
    until_on       date    NOT NULL DEFAULT 'infinity',   -- exclusive
    quarantined    boolean NOT NULL,   -- a second person releases each delivery
    lead_time_days integer NOT NULL CHECK (lead_time_days > 0),
    PRIMARY KEY (operator, from_on),
    CHECK (from_on < until_on),
    EXCLUDE USING gist (operator WITH =, daterange(from_on, until_on) WITH &&)
);
INSERT INTO supply_rule (operator, from_on, quarantined, lead_time_days)
VALUES ('sfr', '2020-01-01', false, 10);

-- A key that seals PINs, itself sealed by a key of RELAIS_PIN_KEYS, which never touches the
-- database: turning the keys needs no restart.
CREATE TABLE pin_key (
    key_id     text        PRIMARY KEY CHECK (key_id ~ '^[A-Za-z0-9_-]{1,40}$'),
    wrapped_by text        NOT NULL,
    wrapped    bytea       NOT NULL,
    made_at    timestamptz NOT NULL
);
-- A lost key is lost PINs; only what wraps it changes.
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE OR UPDATE OF key_id, made_at ON pin_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE journal_key (       -- public halves of the keys that signed the journal
    key_id     text        PRIMARY KEY,
    public_key bytea       NOT NULL CHECK (length(public_key) = 32),
    first_used_at timestamptz NOT NULL
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON journal_key
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A PIN may be sealed anew under another key; nothing else of a voucher ever changes.
DROP TRIGGER append_only ON voucher;
CREATE TRIGGER append_only
    BEFORE DELETE OR TRUNCATE OR UPDATE OF batch_id, position, operator, serial, pin_index
    ON voucher FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
