-- The peer: the same work on the same tables, as one SQL function per sale, called by pgbench.
-- It has no rules to refuse by, no HTTP, no token, no encryption and nobody to tell, and it takes
-- vouchers from a sequence, which nobody waits for.

CREATE FUNCTION sell(the_key text, the_till uuid, the_person uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    this_sale  uuid := gen_random_uuid();
    this_till  till%ROWTYPE;
    this_lot   lot%ROWTYPE;
    this_day   date := (now() AT TIME ZONE 'Europe/Paris')::date;
    place      bigint;
    serial_no  text;
    record     text;
    digest     bytea;
BEGIN
    PERFORM FROM sale WHERE key = the_key;
    IF FOUND THEN
        RETURN 0;
    END IF;
    SELECT * INTO this_till FROM till WHERE till_id = the_till FOR UPDATE;
    PERFORM FROM entitlement
      WHERE person_ref = the_person AND from_on <= this_day AND this_day < until_on;
    INSERT INTO cap_month (person_ref, month_on, cap_cents, used_cents)
    VALUES (the_person, date_trunc('month', this_day)::date, 100000000, 0)
        ON CONFLICT DO NOTHING;
    UPDATE cap_month SET used_cents = used_cents + 250
     WHERE person_ref = the_person AND month_on = date_trunc('month', this_day)::date
       AND used_cents + 250 <= cap_cents;
    SELECT * INTO this_lot FROM lot
     WHERE site_code = this_till.site_code AND offer_code = 'sfr-15' AND state = 'available'
       AND use_by >= this_day
     ORDER BY use_by LIMIT 1;
    place := nextval('voucher_of_' || this_till.site_code);
    SELECT serial INTO serial_no FROM voucher
     WHERE batch_id = this_lot.batch_id AND position = place;
    record := '{"kind":"ticket","lines":[{"offer_code":"sfr-15","price_cents":250,"serials":["'
              || serial_no || '"]}],"sale_id":"' || this_sale || '","sequence":'
              || this_till.last_sequence + 1 || ',"total_cents":250}';
    digest := sha256(this_till.last_hash || convert_to(record, 'UTF8'));
    INSERT INTO sale VALUES (this_sale, the_key, sha256(the_key::bytea), the_till,
        this_till.site_code, this_till.last_sequence + 1, the_person, the_till, now(), this_day,
        'cash', 250, 500, 250, 0);
    INSERT INTO sale_line VALUES (this_sale, 1, 'sfr-15', 'sfr', 1, 250, 1500);
    INSERT INTO sale_voucher VALUES (this_lot.batch_id, place, this_sale, 1, 1);
    INSERT INTO cash_line (till_id, site_code, business_date, recorded_at, kind, amount_cents,
                           sale_id)
    VALUES (the_till, this_till.site_code, this_day, now(), 'sale', 250, this_sale);
    INSERT INTO journal VALUES (the_till, this_till.last_sequence + 1, 'ticket', now(), this_day,
        this_till.site_code, 250, record, this_till.last_hash, digest,
        'none', digest || digest);
    UPDATE till SET last_sequence = last_sequence + 1, last_hash = digest
     WHERE till_id = the_till;
    INSERT INTO outbox (event_id, type, subject, sequence, site, occurred_at, data)
    VALUES (gen_random_uuid(), 'recharges.sale.completed.v1', this_sale::text, 1,
            this_till.site_code, now(),
            jsonb_build_object('sale_id', this_sale, 'till_id', the_till, 'person_ref', the_person,
                'ticket_no', this_till.last_sequence + 1, 'business_date', this_day,
                'tender', 'cash', 'total_cents', 250,
                'lines', jsonb_build_array(jsonb_build_object('offer_code', 'sfr-15',
                    'operator', 'sfr', 'quantity', 1, 'price_cents', 250,
                    'face_value_cents', 1500, 'serials', jsonb_build_array(serial_no)))));
    RETURN this_till.last_sequence + 1;
END
$$;
