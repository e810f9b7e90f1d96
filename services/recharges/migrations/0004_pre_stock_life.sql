-- The whole life of a voucher.  A lot's state is that of the vouchers that are left of it; a
-- voucher that goes another way than its neighbours gets a lot of its own.

ALTER TABLE batch DROP CONSTRAINT batch_file_sha256_key;
ALTER TABLE batch ADD CONSTRAINT batch_file_once UNIQUE (file_sha256);
ALTER TABLE batch ADD COLUMN received_by uuid;            -- null: by the command line
DROP TRIGGER append_only ON batch;
ALTER TABLE batch ADD COLUMN state text NOT NULL DEFAULT 'active'
    CHECK (state IN ('received', 'active', 'frozen', 'recalled'));
CREATE TRIGGER append_only
    BEFORE DELETE OR TRUNCATE OR UPDATE OF batch_id, operator, batch_code, site_code, file_sha256,
                                           voucher_count, face_value_cents, received_at, received_by
    ON batch FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE lot DROP CONSTRAINT lot_state_check;
ALTER TABLE lot DROP CONSTRAINT lot_check2;
ALTER TABLE lot
    ADD COLUMN held_by uuid,               -- the card sale, lease, transfer or refund that holds it
    ADD COLUMN taking integer NOT NULL DEFAULT 1 CHECK (taking > 0),   -- 2: sold, given back, on sale again
    ADD CONSTRAINT lot_state_known CHECK (state IN (
        'quarantined', 'available', 'reserved', 'leased', 'in_transfer', 'frozen', 'damaged',
        'lost', 'expired', 'sold_out', 'disputed', 'refunded_by_operator')),
    -- nothing is left of a lot in these three states
    ADD CONSTRAINT lot_left CHECK ((state IN ('sold_out', 'disputed', 'refunded_by_operator'))
                                   = (next_position = end_position)),
    ADD CONSTRAINT lot_holder CHECK ((state IN ('reserved', 'leased', 'in_transfer'))
                                     = (held_by IS NOT NULL));
-- serves: lock_held_lots
CREATE INDEX lot_held ON lot (held_by) WHERE held_by IS NOT NULL;
-- serves: lock_outdated_lots
CREATE INDEX lot_by_use_by ON lot (use_by) WHERE state IN ('available', 'quarantined', 'frozen');

-- A lot's state goes only where domain/stock.py says, whoever writes; a test compares the two.  The
-- sold part of a lot that is cut is a lot that is sold out, whatever the rest was.
CREATE FUNCTION hold_states() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'sold_out' AND NEW.end_position <= OLD.next_position
       AND OLD.state NOT IN ('disputed', 'refunded_by_operator') THEN
        RETURN NEW;
    END IF;
    IF NOT (CASE OLD.state
           WHEN 'quarantined' THEN NEW.state IN ('available', 'frozen', 'damaged', 'lost', 'expired')
           WHEN 'available'   THEN NEW.state IN ('sold_out', 'reserved', 'leased', 'in_transfer',
                                                 'quarantined', 'frozen', 'damaged', 'lost',
                                                 'expired')
           WHEN 'reserved'    THEN NEW.state IN ('available', 'sold_out', 'frozen', 'expired')
           WHEN 'leased'      THEN NEW.state IN ('available', 'quarantined', 'sold_out', 'frozen',
                                                 'expired')
           WHEN 'in_transfer' THEN NEW.state IN ('available', 'lost', 'frozen', 'expired')
           WHEN 'frozen'      THEN NEW.state IN ('available', 'quarantined', 'damaged', 'lost',
                                                 'expired')
           WHEN 'damaged'     THEN NEW.state IN ('quarantined')
           WHEN 'lost'        THEN NEW.state IN ('quarantined')
           WHEN 'sold_out'    THEN NEW.state IN ('available', 'frozen', 'expired', 'disputed')
           WHEN 'disputed'    THEN NEW.state IN ('sold_out', 'refunded_by_operator')
           ELSE false END) THEN
        RAISE EXCEPTION 'vouchers that are % do not become %', OLD.state, NEW.state
              USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_state_follows';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER lot_state_follows BEFORE UPDATE OF state ON lot
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION hold_states();
CREATE TRIGGER recall_is_final BEFORE UPDATE OF state ON batch
    FOR EACH ROW WHEN (OLD.state = 'recalled' AND NEW.state <> 'recalled')
    EXECUTE FUNCTION refuse_change();

-- Conservation: the lots of a batch never overlap (EXCLUDE) and add up to it, at every commit.
CREATE FUNCTION hold_conservation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_batch uuid := coalesce(NEW.batch_id, OLD.batch_id);
    told      bigint;
    held      bigint;
BEGIN
    SELECT voucher_count INTO told FROM batch WHERE batch_id = the_batch;
    SELECT sum(end_position - first_position) INTO held FROM lot WHERE batch_id = the_batch;
    IF held IS DISTINCT FROM told THEN
        RAISE EXCEPTION 'the lots of batch % hold % vouchers, % were received', the_batch, held, told
              USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_conserved';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER batch_conserved
    AFTER INSERT OR DELETE OR UPDATE OF first_position, end_position, batch_id ON lot
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold_conservation();

-- A voucher that was sold, given back unseen and sold again is taken a second time.
ALTER TABLE sale_voucher ADD COLUMN taking integer NOT NULL DEFAULT 1 CHECK (taking > 0);
ALTER TABLE sale_voucher DROP CONSTRAINT sale_voucher_pkey;
ALTER TABLE sale_voucher ADD PRIMARY KEY (batch_id, position, taking);

CREATE TABLE transfer (          -- vouchers on their way from one site to another
    transfer_id uuid        PRIMARY KEY,
    from_site   text        NOT NULL REFERENCES site,
    to_site     text        NOT NULL REFERENCES site,
    state       text        NOT NULL CHECK (state IN ('sent',         -- -> received | cancelled
                                                      'received',     -- counted at the other site
                                                      'cancelled')),  -- sent by mistake: back in stock
    count       bigint      NOT NULL CHECK (count > 0),
    sent_at     timestamptz NOT NULL,
    sent_by     uuid        NOT NULL,
    ended_at    timestamptz,
    ended_by    uuid,
    missing     bigint CHECK (missing BETWEEN 0 AND count),
    CHECK (from_site <> to_site),
    CHECK ((state = 'sent') = (ended_at IS NULL) AND (state = 'sent') = (ended_by IS NULL)),
    CHECK ((state = 'received') = (missing IS NOT NULL)),
    CONSTRAINT received_by_another CHECK (state <> 'received' OR ended_by <> sent_by)
);
CREATE INDEX transfer_from ON transfer (from_site);
CREATE INDEX transfer_to ON transfer (to_site);

CREATE TABLE stock_move (        -- who changed the state of which vouchers, and why
    move_id    uuid        PRIMARY KEY,
    moved_at   timestamptz NOT NULL,
    moved_by   uuid,                     -- null: by the clock or the command line
    what       text        NOT NULL CHECK (what IN ('received', 'released', 'quarantined', 'frozen',
                   'unfrozen', 'recalled', 'damaged', 'lost', 'found', 'expired', 'sent',
                   'arrived', 'missing', 'returned')),
    why        text        NOT NULL DEFAULT '',
    transfer_id uuid       REFERENCES transfer,
    batch_id   uuid        NOT NULL REFERENCES batch,
    site_code  text        NOT NULL,
    offer_code text        NOT NULL,
    first_position bigint  NOT NULL,
    end_position   bigint  NOT NULL,
    CHECK (first_position < end_position),
    CHECK ((what IN ('sent', 'arrived', 'missing', 'returned')) = (transfer_id IS NOT NULL))
);
CREATE INDEX stock_move_of_batch ON stock_move (batch_id);
CREATE INDEX stock_move_of_transfer ON stock_move (transfer_id) WHERE transfer_id IS NOT NULL;

CREATE TABLE stock_day (         -- how many vouchers a site had sold at the end of a day: the pace
    site_code  text   NOT NULL,
    offer_code text   NOT NULL,
    on_day     date   NOT NULL,
    sold       bigint NOT NULL CHECK (sold >= 0),
    PRIMARY KEY (site_code, offer_code, on_day)
);

CREATE TABLE stock_alert (       -- open until what it warns of has passed: told once per crossing
    alert_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    site_code  text        NOT NULL,
    offer_code text        NOT NULL,
    kind       text        NOT NULL CHECK (kind IN ('cover', 'use_by_60', 'use_by_30', 'use_by_7')),
    use_by     date,                     -- of the lots that end; null for cover
    count      bigint      NOT NULL,     -- vouchers left
    raised_at  timestamptz NOT NULL,
    cleared_at timestamptz,
    CHECK ((kind = 'cover') = (use_by IS NULL))
);
CREATE UNIQUE INDEX stock_alert_once ON stock_alert
    (site_code, offer_code, kind, coalesce(use_by, 'infinity'::date)) WHERE cleared_at IS NULL;

DO $$
DECLARE journalled text;
BEGIN
    FOREACH journalled IN ARRAY ARRAY['stock_move']
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', journalled);
    END LOOP;
END
$$;
