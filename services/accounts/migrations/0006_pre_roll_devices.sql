-- A device's token is rolled with a code, as the device was enrolled: the till reads it in, and the
-- token of before is refused.

ALTER TABLE device ADD COLUMN token_from timestamptz;   -- its token was issued at this instant
UPDATE device SET token_from = enrolled_at;
-- Filled in for rows of the code of before, which does not know the column.
CREATE FUNCTION begin_token() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.token_from := COALESCE(NEW.token_from, NEW.enrolled_at);
    RETURN NEW;
END
$$;
CREATE TRIGGER device_has_a_token BEFORE INSERT ON device
   FOR EACH ROW EXECUTE FUNCTION begin_token();
ALTER TABLE device ALTER COLUMN token_from SET NOT NULL,
                   ADD CHECK (token_from >= enrolled_at);

-- NULL: the code enrols a new device.
ALTER TABLE enrolment ADD COLUMN rolls_device_id uuid REFERENCES device;
ALTER TABLE enrolment_use DROP CONSTRAINT enrolment_use_device_id_key;
