-- Recharges: tariff, voucher stock, tills, caps, sales, cash, journal.

CREATE TABLE site (              -- projection of accounts.site.opened
    site_code text PRIMARY KEY,
    name      text NOT NULL
);

CREATE TABLE till (              -- projection of accounts.device.enrolled, .revoked
    till_id       uuid   PRIMARY KEY,
    site_code     text   NOT NULL,
    name          text   NOT NULL,
    state         text   NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'revoked')),
    -- head of the till's journal: the next ticket is last_sequence + 1 and chains to last_hash
    last_sequence bigint NOT NULL DEFAULT 0 CHECK (last_sequence >= 0),
    last_hash     bytea  NOT NULL DEFAULT '\x' CHECK ((last_sequence = 0) = (last_hash = '\x'))
) WITH (fillfactor = 50);        -- updated at each batch of sales, never on an indexed column

CREATE TABLE entitlement (       -- projection of referrals.entitlement.opened, .renewed, .ended
    person_ref        uuid   PRIMARY KEY,
    from_on           date   NOT NULL,
    until_on          date   NOT NULL,   -- exclusive
    monthly_cap_cents bigint NOT NULL CHECK (monthly_cap_cents >= 0),
    sequence          bigint NOT NULL    -- an older fact never overwrites a newer one
);

CREATE TABLE offer (
    offer_code text    PRIMARY KEY CHECK (offer_code ~ '^[a-z0-9-]{2,40}$'),
    operator   text    NOT NULL,
    label      text    NOT NULL,
    data_mb    integer CHECK (data_mb > 0)
);

CREATE TABLE tariff (            -- what an offer costs and gives, by date of effect
    offer_code       text   NOT NULL REFERENCES offer,
    from_on          date   NOT NULL,
    until_on         date   NOT NULL DEFAULT 'infinity',   -- exclusive
    price_cents      bigint NOT NULL CHECK (price_cents > 0),
    face_value_cents bigint NOT NULL CHECK (face_value_cents > 0),
    PRIMARY KEY (offer_code, from_on),
    CHECK (from_on < until_on),
    EXCLUDE USING gist (offer_code WITH =, daterange(from_on, until_on) WITH &&)
);

CREATE TABLE cap_rule (          -- what the monthly cap counts, by date of effect
    from_on  date NOT NULL PRIMARY KEY,
    until_on date NOT NULL DEFAULT 'infinity',
    counts   text NOT NULL CHECK (counts IN ('price', 'face_value')),
    CHECK (from_on < until_on),
    EXCLUDE USING gist (daterange(from_on, until_on) WITH &&)
);

CREATE TABLE batch (             -- one delivered file: an operator's vouchers for one site
    batch_id         uuid        PRIMARY KEY,
    operator         text        NOT NULL,
    batch_code       text        NOT NULL,
    site_code        text        NOT NULL,
    file_sha256      bytea       NOT NULL UNIQUE,     -- the same file is not imported twice
    voucher_count    bigint      NOT NULL CHECK (voucher_count > 0),
    face_value_cents bigint      NOT NULL CHECK (face_value_cents > 0),
    received_at      timestamptz NOT NULL,
    UNIQUE (operator, batch_code, site_code)
);

CREATE TABLE voucher (           -- append-only: what becomes of a voucher is said by its lot
    batch_id   uuid   NOT NULL REFERENCES batch,
    position   bigint NOT NULL CHECK (position > 0),
    operator   text   NOT NULL,
    serial     text   NOT NULL,
    pin_key_id text   NOT NULL,
    pin_sealed bytea  NOT NULL,   -- AES-256-GCM, the operator and serial as associated data
    pin_index  bytea  NOT NULL,   -- HMAC: finds a duplicate PIN without knowing it
    PRIMARY KEY (batch_id, position),
    CONSTRAINT voucher_serial_once UNIQUE (operator, serial),
    CONSTRAINT voucher_pin_once UNIQUE (pin_index)
);

-- A lot is a contiguous range of a batch's vouchers at one site, of one offer and use-by day.
-- [first_position, next_position) is sold, [next_position, end_position) is left.  The lots of a
-- batch never overlap; together they are the batch.
CREATE TABLE lot (
    lot_id           uuid   PRIMARY KEY,
    batch_id         uuid   NOT NULL REFERENCES batch,
    site_code        text   NOT NULL,
    offer_code       text   NOT NULL REFERENCES offer,
    face_value_cents bigint NOT NULL CHECK (face_value_cents > 0),
    use_by           date   NOT NULL,
    first_position   bigint NOT NULL,
    next_position    bigint NOT NULL,
    end_position     bigint NOT NULL,
    state            text   NOT NULL DEFAULT 'available'
                     CHECK (state IN ('available',      -- on sale until its use-by day
                                      'sold_out')),     -- available -> sold_out
    CHECK (first_position <= next_position AND next_position <= end_position),
    CHECK (first_position < end_position),
    CHECK ((state = 'sold_out') = (next_position = end_position)),
    EXCLUDE USING gist (batch_id WITH =, int8range(first_position, end_position) WITH &&)
) WITH (fillfactor = 50);        -- next_position moves with each batch of sales, in place
-- serves: lock_lots, stock_by_state
CREATE INDEX lot_on_sale ON lot (site_code, offer_code, use_by) WHERE state = 'available';

CREATE TABLE cap_month (         -- what a person has used of the cap in a calendar month
    person_ref uuid   NOT NULL,
    month_on   date   NOT NULL CHECK (extract(day FROM month_on) = 1),
    cap_cents  bigint NOT NULL,
    used_cents bigint NOT NULL CHECK (used_cents >= 0),
    PRIMARY KEY (person_ref, month_on),
    CONSTRAINT cap_held CHECK (used_cents <= cap_cents)
) WITH (fillfactor = 70);

CREATE TABLE sale (              -- also the record of the first reveal: who, where, when
    sale_id        uuid        PRIMARY KEY,
    key            text        NOT NULL CONSTRAINT sale_key_once UNIQUE,   -- kept for ever
    request_hash   bytea       NOT NULL,
    till_id        uuid        NOT NULL REFERENCES till,
    site_code      text        NOT NULL,
    ticket_no      bigint      NOT NULL,
    person_ref     uuid        NOT NULL,
    sold_by        uuid        NOT NULL,
    sold_at        timestamptz NOT NULL,
    business_date  date        NOT NULL,
    tender         text        NOT NULL CHECK (tender IN ('cash')),
    total_cents    bigint      NOT NULL CHECK (total_cents > 0),
    tendered_cents bigint      NOT NULL,
    change_cents   bigint      NOT NULL,
    cap_left_cents bigint      NOT NULL CHECK (cap_left_cents >= 0),
    UNIQUE (till_id, ticket_no),
    CHECK (tendered_cents - change_cents = total_cents AND change_cents >= 0)
);

CREATE TABLE sale_line (
    sale_id          uuid    NOT NULL REFERENCES sale,
    line_no          integer NOT NULL,
    offer_code       text    NOT NULL,
    operator         text    NOT NULL,
    quantity         integer NOT NULL CHECK (quantity > 0),
    price_cents      bigint  NOT NULL CHECK (price_cents > 0),        -- of one
    face_value_cents bigint  NOT NULL CHECK (face_value_cents > 0),   -- of one
    PRIMARY KEY (sale_id, line_no)
);

CREATE TABLE sale_voucher (      -- the primary key is the promise: a voucher is sold once
    batch_id uuid    NOT NULL,
    position bigint  NOT NULL,
    sale_id  uuid    NOT NULL,
    line_no  integer NOT NULL,
    PRIMARY KEY (batch_id, position),
    FOREIGN KEY (batch_id, position) REFERENCES voucher,
    FOREIGN KEY (sale_id, line_no) REFERENCES sale_line
);
-- serves: vouchers_of_sales
CREATE INDEX sale_voucher_by_sale ON sale_voucher (sale_id);

CREATE TABLE reveal (            -- each time a PIN was shown again after the sale
    reveal_id   uuid        PRIMARY KEY,
    sale_id     uuid        NOT NULL REFERENCES sale,
    revealed_by uuid        NOT NULL,
    revealed_at timestamptz NOT NULL,
    reason      text        NOT NULL CHECK (reason IN ('retry'))
);

CREATE TABLE cash_line (         -- what went into and out of a till's drawer; change is not cash in
    cash_line_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    till_id       uuid        NOT NULL REFERENCES till,
    site_code     text        NOT NULL,
    business_date date        NOT NULL,
    recorded_at   timestamptz NOT NULL,
    kind          text        NOT NULL CHECK (kind IN ('sale')),
    amount_cents  bigint      NOT NULL CHECK (amount_cents <> 0),
    sale_id       uuid        NOT NULL UNIQUE REFERENCES sale
);

CREATE TABLE journal (           -- per till: gap-free, each record chained to the one before
    till_id       uuid        NOT NULL REFERENCES till,
    sequence      bigint      NOT NULL CHECK (sequence > 0),
    kind          text        NOT NULL CHECK (kind IN ('ticket')),
    recorded_at   timestamptz NOT NULL,
    business_date date        NOT NULL,
    site_code     text        NOT NULL,
    total_cents   bigint      NOT NULL,
    record        text        NOT NULL,   -- RFC 8785 canonical JSON, hashed as it stands here
    previous_hash bytea       NOT NULL,
    hash          bytea       NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (till_id, sequence)
);

DO $$
DECLARE journalled text;
BEGIN
    FOREACH journalled IN ARRAY ARRAY['batch', 'voucher', 'sale', 'sale_line', 'sale_voucher',
                                      'reveal', 'cash_line', 'journal']
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', journalled);
    END LOOP;
END
$$;

INSERT INTO offer (offer_code, operator, label, data_mb)
VALUES ('sfr-15',    'sfr', 'Recharge SFR 15 €',  NULL),
       ('sfr-500mo', 'sfr', 'Recharge SFR 500 Mo', 500);

-- March 2014 tariff, the default until a newer grid is known.
INSERT INTO tariff (offer_code, from_on, price_cents, face_value_cents)
VALUES ('sfr-15',    '2014-03-01', 250, 1500),
       ('sfr-500mo', '2014-03-01', 150, 500);

INSERT INTO cap_rule (from_on, counts) VALUES ('2013-04-01', 'price');
