-- What the code keeps, the database keeps too, whoever writes: a drawer session ends in one Z, and a
-- sold voucher is on sale again only where a refund says that nobody had seen its PIN.

CREATE UNIQUE INDEX closing_once_a_session ON closing (drawer_session_id)
    WHERE drawer_session_id IS NOT NULL;

CREATE FUNCTION keep_what_was_seen_sold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A sale in cash has shown its PINs by itself, one by card since its first reveal.
    IF EXISTS (
        SELECT
          FROM sale_voucher AS sold
          JOIN sale ON sale.sale_id = sold.sale_id
          LEFT JOIN refund_voucher AS given_back
                 ON given_back.batch_id = sold.batch_id
                AND given_back.position = sold.position
                AND given_back.taking = sold.taking
                AND NOT given_back.denied
          LEFT JOIN refund ON refund.refund_id = given_back.refund_id
         WHERE sold.batch_id = OLD.batch_id
           AND sold.position >= OLD.first_position
           AND sold.position < OLD.end_position
           AND sold.taking = OLD.taking
           AND (sale.tender = 'cash'
                OR refund.vouchers IS DISTINCT FROM 'returned'
                OR EXISTS (SELECT FROM reveal
                            WHERE reveal.sale_id = sold.sale_id
                              AND reveal.revealed_at < refund.asked_at))) THEN
        RAISE EXCEPTION 'vouchers of batch % that were seen, or not given back, stay sold',
                        OLD.batch_id
              USING ERRCODE = 'check_violation', CONSTRAINT = 'seen_stays_sold';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER seen_stays_sold BEFORE UPDATE OF state ON lot
   FOR EACH ROW WHEN (OLD.state = 'sold_out' AND NEW.state IN ('available', 'frozen'))
   EXECUTE FUNCTION keep_what_was_seen_sold();
