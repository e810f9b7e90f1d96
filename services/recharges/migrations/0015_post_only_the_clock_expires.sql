-- What somebody held and gives back goes on the shelf, past its use-by day too: the clock alone takes
-- it off, so that there is one place where vouchers expire and one that tells so.

CREATE OR REPLACE FUNCTION hold_states() RETURNS trigger LANGUAGE plpgsql AS $$
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
           WHEN 'reserved'    THEN NEW.state IN ('available', 'sold_out', 'frozen')
           WHEN 'leased'      THEN NEW.state IN ('available', 'quarantined', 'sold_out', 'frozen')
           WHEN 'in_transfer' THEN NEW.state IN ('available', 'lost', 'frozen')
           WHEN 'frozen'      THEN NEW.state IN ('available', 'quarantined', 'damaged', 'lost',
                                                 'expired')
           WHEN 'damaged'     THEN NEW.state IN ('quarantined')
           WHEN 'lost'        THEN NEW.state IN ('quarantined')
           WHEN 'sold_out'    THEN NEW.state IN ('available', 'frozen', 'disputed')
           WHEN 'disputed'    THEN NEW.state IN ('sold_out', 'refunded_by_operator')
           ELSE false END) THEN
        RAISE EXCEPTION 'vouchers that are % do not become %', OLD.state, NEW.state
              USING ERRCODE = 'check_violation', CONSTRAINT = 'lot_state_follows';
    END IF;
    RETURN NEW;
END
$$;
