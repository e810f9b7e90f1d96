-- Card sales: reserve, pay, reveal.  Refunds that know what became of the voucher.

DROP TRIGGER append_only ON sale;
ALTER TABLE sale DROP CONSTRAINT sale_tender_check;
ALTER TABLE sale ADD CONSTRAINT sale_tender_known CHECK (tender IN ('cash', 'card'));
ALTER TABLE sale ADD COLUMN drawer_session_id uuid;
ALTER TABLE sale ADD CONSTRAINT sale_at_the_till_of_its_session
    FOREIGN KEY (drawer_session_id, till_id) REFERENCES drawer_session (drawer_session_id, till_id);
-- serves: find_takings
CREATE INDEX sale_by_card ON sale (drawer_session_id) WHERE tender = 'card';
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sale
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE card_sale (         -- a sale that waits for its card payment; then sale has it too
    sale_id       uuid        PRIMARY KEY,
    key           text        NOT NULL UNIQUE,
    request_hash  bytea       NOT NULL,
    till_id       uuid        NOT NULL REFERENCES till,
    site_code     text        NOT NULL,
    person_ref    uuid        NOT NULL,
    sold_by       uuid        NOT NULL,
    ordered_at    timestamptz NOT NULL,
    month_on      date        NOT NULL,   -- whose cap it uses
    lines         jsonb       NOT NULL,   -- offers, prices and face values as they were agreed
    total_cents   bigint      NOT NULL CHECK (total_cents > 0),
    counted_cents bigint      NOT NULL CHECK (counted_cents >= 0),   -- of the cap
    cap_left_cents bigint     NOT NULL CHECK (cap_left_cents >= 0),
    state         text        NOT NULL CHECK (state IN (
        'reserved',     -- vouchers held, no payment known to Stripe yet -> pending | voided
        'pending',      -- a payment intent waits for the card           -> paid | voided
        'paid',         -- verified, booked as a sale                    (end)
        'voided')),     -- declined, given up or too late: all given back (end)
    intent_id     text UNIQUE,
    client_secret text,
    why           text NOT NULL DEFAULT '',   -- why it was voided, or the last decline
    look_at       timestamptz NOT NULL,       -- when the sweeper asks Stripe again
    looks         integer     NOT NULL DEFAULT 0,
    settled_at    timestamptz,
    CHECK ((state IN ('paid', 'voided')) = (settled_at IS NOT NULL)),
    CHECK (state NOT IN ('pending', 'paid') OR intent_id IS NOT NULL)
);
CREATE INDEX card_sale_waiting ON card_sale (look_at) WHERE state IN ('reserved', 'pending');

CREATE TABLE stripe_event (      -- each event once, whatever Stripe repeats
    event_id    text        PRIMARY KEY,
    type        text        NOT NULL,
    object_id   text        NOT NULL,
    created_at  timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    -- applied | nothing_to_do | unknown_object | differs | given_back
    outcome     text        NOT NULL
);

CREATE TABLE dispute (           -- the cardholder's bank takes the money back
    dispute_id  text        PRIMARY KEY,
    sale_id     uuid        NOT NULL REFERENCES sale,
    amount_cents bigint     NOT NULL CHECK (amount_cents > 0),
    state       text        NOT NULL CHECK (state IN ('open', 'won', 'lost')),
    reason      text        NOT NULL,
    opened_at   timestamptz NOT NULL,
    settled_at  timestamptz
);

CREATE TABLE refund (
    refund_id    uuid        PRIMARY KEY,
    sale_id      uuid        NOT NULL REFERENCES sale,
    till_id      uuid        NOT NULL REFERENCES till,
    site_code    text        NOT NULL,
    amount_cents bigint      NOT NULL CHECK (amount_cents > 0),
    tender       text        NOT NULL CHECK (tender IN ('cash', 'card')),
    vouchers     text        NOT NULL CHECK (vouchers IN ('returned', 'refunded_by_operator')),
    state        text        NOT NULL CHECK (state IN (
        'asked',        -- the PIN was seen: the operator must say that it was not used -> granted | denied
        'granted',      -- the money may go back: by card at once, or cash             -> done
        'done',         -- money returned, ticket in the journal                       (end)
        'denied')),     -- the operator says no                                        (end)
    reason       text        NOT NULL CHECK (reason <> ''),
    asked_at     timestamptz NOT NULL,
    asked_by     uuid        NOT NULL,
    answered_at  timestamptz,
    answered_by  uuid,
    answer       text        NOT NULL DEFAULT '',
    stripe_refund_id text UNIQUE,
    look_at      timestamptz,
    ticket_no    bigint,
    done_at      timestamptz,
    CHECK ((state = 'done') = (done_at IS NOT NULL AND ticket_no IS NOT NULL))
);
CREATE INDEX refund_of_sale ON refund (sale_id);
CREATE INDEX refund_waiting ON refund (look_at) WHERE state = 'granted';

CREATE TABLE refund_voucher (    -- a voucher's sale is given back once, unless it was denied
    refund_id uuid    NOT NULL REFERENCES refund,
    batch_id  uuid    NOT NULL,
    position  bigint  NOT NULL,
    taking    integer NOT NULL,
    denied    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (refund_id, batch_id, position),
    FOREIGN KEY (batch_id, position, taking) REFERENCES sale_voucher (batch_id, position, taking)
);
CREATE UNIQUE INDEX refund_voucher_once ON refund_voucher (batch_id, position, taking)
    WHERE NOT denied;

ALTER TABLE cash_line ADD FOREIGN KEY (refund_id) REFERENCES refund;
