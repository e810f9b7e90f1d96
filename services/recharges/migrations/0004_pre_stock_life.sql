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
-- serves: lots_held_by
CREATE INDEX lot_held ON lot (held_by) WHERE held_by IS NOT NULL;

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

CREATE TABLE stock_move (        -- who changed the state of which vouchers, and why
    move_id    uuid        PRIMARY KEY,
    moved_at   timestamptz NOT NULL,
    moved_by   uuid,                     -- null: by the clock or the command line
    what       text        NOT NULL CHECK (what IN ('received', 'released', 'quarantined', 'frozen',
                   'unfrozen', 'recalled', 'damaged', 'lost', 'found', 'expired', 'sent',
                   'arrived', 'missing')),
    why        text        NOT NULL DEFAULT '',
    batch_id   uuid        NOT NULL REFERENCES batch,
    site_code  text        NOT NULL,
    offer_code text        NOT NULL,
    first_position bigint  NOT NULL,
    end_position   bigint  NOT NULL,
    CHECK (first_position < end_position)
);
CREATE INDEX stock_move_of_batch ON stock_move (batch_id);

CREATE TABLE transfer (          -- vouchers on their way from one site to another
    transfer_id uuid        PRIMARY KEY,
    from_site   text        NOT NULL REFERENCES site,
    to_site     text        NOT NULL REFERENCES site,
    state       text        NOT NULL CHECK (state IN ('sent', 'received')),   -- sent -> received
    count       bigint      NOT NULL CHECK (count > 0),
    sent_at     timestamptz NOT NULL,
    sent_by     uuid        NOT NULL,
    received_at timestamptz,
    received_by uuid,
    missing     bigint CHECK (missing BETWEEN 0 AND count),
    CHECK (from_site <> to_site),
    CHECK ((state = 'received') = (received_at IS NOT NULL AND received_by IS NOT NULL
                                   AND missing IS NOT NULL))
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
