-- Devices, each step of their lives, and what lets nobody sell one that was not wiped and tested.

CREATE TABLE site (              -- projection of accounts.site.opened
    site_code text   PRIMARY KEY,
    name      text   NOT NULL,
    address   text   NOT NULL,
    sequence  bigint NOT NULL    -- an older fact never overwrites a newer one
);

CREATE TABLE entitlement (       -- projection of referrals.entitlement.opened, .renewed
    person_ref uuid   PRIMARY KEY,
    from_on    date   NOT NULL,
    until_on   date   NOT NULL,  -- exclusive
    sequence   bigint NOT NULL   -- an older fact never overwrites a newer one
);

-- Dated settings ------------------------------------------------------------------------------

CREATE TABLE price (
    price_id    integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    condition   text    NOT NULL CHECK (condition IN ('used', 'new')),
    grade       text    NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    price_cents bigint  NOT NULL CHECK (price_cents > 0),
    from_on     date    NOT NULL,
    until_on    date    CHECK (until_on > from_on),   -- exclusive
    UNIQUE (price_id, condition, grade, price_cents),   -- serves: the foreign key of sale
    EXCLUDE USING gist (condition WITH =, grade WITH =, daterange(from_on, until_on) WITH &&)
);

INSERT INTO price (condition, grade, price_cents, from_on)
SELECT asked.condition, grade, asked.price_cents, DATE '2022-01-01'
  FROM (VALUES ('used', 6000), ('new', 10000)) AS asked (condition, price_cents)
 CROSS JOIN unnest(ARRAY['A', 'B', 'C', 'D']) AS grade;

-- The functions that a test of each kind of device covers, all of them.
CREATE TABLE function_check (
    kind     text    NOT NULL CHECK (kind IN ('phone', 'laptop', 'desktop', 'tablet')),
    name     text    NOT NULL CHECK (name ~ '^[a-z_]{1,40}$'),
    place    integer NOT NULL,
    from_on  date    NOT NULL DEFAULT '2022-01-01',
    until_on date    CHECK (until_on > from_on),   -- exclusive
    PRIMARY KEY (kind, name, from_on)
);

INSERT INTO function_check (kind, place, name)
SELECT kind, place, name
  FROM (VALUES
        ('phone', 'power_on screen touch battery charging microphone speaker camera buttons'
                  ' wifi bluetooth mobile_network'),
        ('laptop', 'power_on screen keyboard touchpad battery charging storage usb speaker camera'
                   ' wifi'),
        ('desktop', 'power_on video_output usb network storage sound cooling'),
        ('tablet', 'power_on screen touch battery charging speaker microphone camera buttons wifi')
       ) AS list (kind, names)
 CROSS JOIN LATERAL unnest(string_to_array(names, ' ')) WITH ORDINALITY AS part (name, place);

CREATE TABLE blocked_imei (
    imei       text        PRIMARY KEY CHECK (imei ~ '^[0-9]{15}$'),
    reason     text        NOT NULL,
    blocked_by uuid        NOT NULL,
    blocked_at timestamptz NOT NULL
);

-- The life cycle: the same lines as TRANSITIONS in domain/device.py.
CREATE TABLE transition (
    from_state text NOT NULL,
    step       text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, step, to_state)
);

INSERT INTO transition (from_state, step, to_state)
SELECT from_state, step, to_state
  FROM unnest(ARRAY['received', 'wipe_failed', 'wiped', 'test_failed', 'tested']) AS from_state
 CROSS JOIN (VALUES ('wipe', 'wiped'), ('fail_wipe', 'wipe_failed'), ('destroy', 'destroyed'))
         AS wiping (step, to_state)
 UNION ALL
SELECT from_state, step, to_state
  FROM unnest(ARRAY['wiped', 'test_failed', 'tested']) AS from_state
 CROSS JOIN (VALUES ('test', 'tested'), ('fail_test', 'test_failed')) AS testing (step, to_state)
 UNION ALL
SELECT from_state, 'retire', 'end_of_life'
  FROM unnest(ARRAY['wiped', 'test_failed', 'tested', 'ready', 'destroyed']) AS from_state
 UNION ALL
VALUES ('tested', 'grade', 'ready'), ('ready', 'grade', 'ready'), ('ready', 'sell', 'sold'),
       ('sold', 'open_repair', 'in_repair'), ('in_repair', 'close_repair', 'sold');

-- The law of what may follow what is changed by a migration, not by the service.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON transition FROM equipment;

-- Devices ---------------------------------------------------------------------------------------

CREATE TABLE lot (
    lot_id       uuid        PRIMARY KEY,
    lot_code     text        NOT NULL UNIQUE CHECK (length(lot_code) BETWEEN 1 AND 64),
    site_code    text        NOT NULL REFERENCES site,
    donor        text        NOT NULL,
    convention   text,
    received_on  date        NOT NULL,
    weight_grams bigint      NOT NULL CHECK (weight_grams > 0),
    entered_by   uuid        NOT NULL,
    entered_at   timestamptz NOT NULL
);

CREATE TABLE device (
    device_id uuid    PRIMARY KEY,
    lot_id    uuid    NOT NULL REFERENCES lot,
    site_code text    NOT NULL REFERENCES site,
    kind      text    NOT NULL CHECK (kind IN ('phone', 'laptop', 'desktop', 'tablet')),
    condition text    NOT NULL CHECK (condition IN ('used', 'new')),
    brand     text    NOT NULL,
    model     text    NOT NULL,
    imei      text    UNIQUE CHECK (imei ~ '^[0-9]{15}$'),
    serial    text    UNIQUE CHECK (serial = upper(serial) AND serial !~ '\s'),
    state     text    NOT NULL,
    step_no   integer NOT NULL,
    CHECK (CASE WHEN kind = 'phone' THEN imei IS NOT NULL
                WHEN kind = 'tablet' THEN num_nonnulls(imei, serial) > 0
                ELSE serial IS NOT NULL AND imei IS NULL
            END),
    UNIQUE (device_id, condition)   -- serves: the foreign key of sale
);

-- serves: list_devices
CREATE INDEX device_at_site ON device (site_code, state, device_id);

-- Everything that ever happened to a device.  The foreign keys let a step start only where the one
-- before it ended, and end only where the life cycle says: no row here skips a wipe or a test.
CREATE TABLE device_step (
    device_id   uuid        NOT NULL REFERENCES device,
    step_no     integer     NOT NULL CHECK (step_no > 0),
    previous_no integer     NOT NULL GENERATED ALWAYS AS (step_no - 1) STORED,
    step        text        NOT NULL,
    from_state  text,
    to_state    text        NOT NULL,
    site_code   text        NOT NULL,
    taken_by    uuid        NOT NULL,
    taken_at    timestamptz NOT NULL,
    PRIMARY KEY (device_id, step_no),
    UNIQUE (device_id, step_no, to_state),   -- serves: the next step, and device
    UNIQUE (device_id, step_no, step),       -- serves: what is written down about a step
    FOREIGN KEY (from_state, step, to_state) REFERENCES transition,
    FOREIGN KEY (device_id, previous_no, from_state)
        REFERENCES device_step (device_id, step_no, to_state),
    CHECK ((step_no = 1) = (from_state IS NULL)),
    CHECK (from_state IS NOT NULL OR (step = 'receive' AND to_state = 'received'))
);

-- A device's state is where its last step ended; a device and its first step need each other.
ALTER TABLE device
    ADD FOREIGN KEY (device_id, step_no, state)
        REFERENCES device_step (device_id, step_no, to_state)
        DEFERRABLE INITIALLY DEFERRED;

CREATE TABLE wipe (
    wipe_id        uuid    PRIMARY KEY,
    device_id      uuid    NOT NULL,
    step_no        integer NOT NULL,
    step           text    NOT NULL CHECK (step IN ('wipe', 'fail_wipe', 'destroy')),
    passed         boolean NOT NULL CHECK (passed = (step <> 'fail_wipe')),
    method         text    NOT NULL CHECK (method IN ('clear', 'purge', 'destroy')),
    tool           text    NOT NULL,
    certificate_no text,
    storage_serial text,
    performed_on   date    NOT NULL,
    CHECK (method <> 'destroy' OR storage_serial IS NOT NULL),
    CHECK (step <> 'destroy' OR method = 'destroy'),
    FOREIGN KEY (device_id, step_no, step) REFERENCES device_step (device_id, step_no, step),
    UNIQUE (device_id, step_no, passed)   -- serves: the foreign key of sale
);

CREATE TABLE functional_test (
    test_id         uuid    PRIMARY KEY,
    device_id       uuid    NOT NULL,
    step_no         integer NOT NULL,
    step            text    NOT NULL CHECK (step IN ('test', 'fail_test')),
    passed          boolean NOT NULL CHECK (passed = (step = 'test')),
    checks          jsonb   NOT NULL CHECK (jsonb_typeof(checks) = 'object'),
    battery_percent integer CHECK (battery_percent BETWEEN 0 AND 100),
    performed_on    date    NOT NULL,
    -- One function that does not work, and the test is not passed; "ok" is no way to say true.
    CHECK (passed = NOT jsonb_path_exists(checks, '$.* ? (@ == false)')),
    CHECK (NOT jsonb_path_exists(checks, '$.* ? (@.type() != "boolean")')),
    FOREIGN KEY (device_id, step_no, step) REFERENCES device_step (device_id, step_no, step),
    UNIQUE (device_id, step_no, passed)   -- serves: the foreign key of sale
);

CREATE FUNCTION refuse_incomplete_test() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1
                 FROM function_check AS needed
                 JOIN device USING (kind)
                WHERE device.device_id = NEW.device_id
                  AND needed.from_on <= NEW.performed_on
                  AND (needed.until_on IS NULL OR NEW.performed_on < needed.until_on)
                  AND NOT NEW.checks ? needed.name) THEN
        RAISE EXCEPTION 'the test of device % does not cover every function', NEW.device_id
              USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER functional_test_is_complete BEFORE INSERT ON functional_test
   FOR EACH ROW EXECUTE FUNCTION refuse_incomplete_test();

CREATE TABLE grading (
    device_id uuid    NOT NULL,
    step_no   integer NOT NULL,
    step      text    NOT NULL DEFAULT 'grade' CHECK (step = 'grade'),
    grade     text    NOT NULL CHECK (grade IN ('A', 'B', 'C', 'D')),
    PRIMARY KEY (device_id, step_no),
    FOREIGN KEY (device_id, step_no, step) REFERENCES device_step (device_id, step_no, step),
    UNIQUE (device_id, step_no, grade)   -- serves: the foreign key of sale
);

-- A sale names the passed wipe, the passed test and the grade it rests on, in that order; without
-- them there is no such row.
CREATE TABLE sale (
    sale_id         uuid        PRIMARY KEY,
    device_id       uuid        NOT NULL UNIQUE,   -- a device is sold once
    step_no         integer     NOT NULL,
    step            text        NOT NULL DEFAULT 'sell' CHECK (step = 'sell'),
    wipe_step_no    integer     NOT NULL,
    wipe_passed     boolean     NOT NULL DEFAULT true CHECK (wipe_passed),
    test_step_no    integer     NOT NULL,
    test_passed     boolean     NOT NULL DEFAULT true CHECK (test_passed),
    grade_step_no   integer     NOT NULL,
    site_code       text        NOT NULL REFERENCES site,
    person_ref      uuid        NOT NULL,
    entitled_from   date        NOT NULL,
    entitled_until  date        NOT NULL,
    condition       text        NOT NULL,
    grade           text        NOT NULL,
    price_id        integer     NOT NULL,
    price_cents     bigint      NOT NULL,
    tender          text        NOT NULL CHECK (tender = 'cash'),
    tendered_cents  bigint      NOT NULL CHECK (tendered_cents >= price_cents),
    change_cents    bigint      NOT NULL CHECK (change_cents = tendered_cents - price_cents),
    business_date   date        NOT NULL,
    sold_at         timestamptz NOT NULL,
    sold_by         uuid        NOT NULL,
    CHECK (wipe_step_no < test_step_no AND test_step_no < grade_step_no
           AND grade_step_no < step_no),
    CHECK (entitled_from <= business_date AND business_date < entitled_until),
    CHECK (business_date = (sold_at AT TIME ZONE 'Europe/Paris')::date),
    FOREIGN KEY (device_id, step_no, step) REFERENCES device_step (device_id, step_no, step),
    FOREIGN KEY (device_id, wipe_step_no, wipe_passed) REFERENCES wipe (device_id, step_no, passed),
    FOREIGN KEY (device_id, test_step_no, test_passed)
        REFERENCES functional_test (device_id, step_no, passed),
    FOREIGN KEY (device_id, grade_step_no, grade) REFERENCES grading (device_id, step_no, grade),
    FOREIGN KEY (device_id, condition) REFERENCES device (device_id, condition),
    FOREIGN KEY (price_id, condition, grade, price_cents)
        REFERENCES price (price_id, condition, grade, price_cents)
);

CREATE FUNCTION refuse_sale_elsewhere() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1
                     FROM device
                    WHERE device_id = NEW.device_id
                      AND site_code = NEW.site_code) THEN
        RAISE EXCEPTION 'device % is not at %', NEW.device_id, NEW.site_code
              USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER sale_where_the_device_is BEFORE INSERT ON sale
   FOR EACH ROW EXECUTE FUNCTION refuse_sale_elsewhere();

-- What a sold device is covered by, from one step of its life to the next that changes it.  Each
-- `until` is the last day covered (docs/rules/guarantee.md).
CREATE TABLE guarantee (
    device_id         uuid    NOT NULL REFERENCES sale (device_id),
    step_no           integer NOT NULL,
    sold_on           date    NOT NULL,
    handover_on       date    NOT NULL,
    starts_on         date    NOT NULL CHECK (starts_on = greatest(sold_on, handover_on)),
    commercial_until  date    NOT NULL CHECK (commercial_until > starts_on),
    presumption_until date    NOT NULL CHECK (presumption_until BETWEEN starts_on AND legal_until),
    legal_until       date    NOT NULL CHECK (legal_until > starts_on),
    suspended_days    integer NOT NULL CHECK (suspended_days >= 0),
    PRIMARY KEY (device_id, step_no),
    FOREIGN KEY (device_id, step_no) REFERENCES device_step
);

CREATE TABLE repair (
    repair_id       uuid    PRIMARY KEY,
    device_id       uuid    NOT NULL,
    step_no         integer NOT NULL,
    step            text    NOT NULL DEFAULT 'open_repair' CHECK (step = 'open_repair'),
    opened_on       date    NOT NULL,
    due_on          date    NOT NULL CHECK (due_on > opened_on),
    fault           text    NOT NULL,
    under_guarantee boolean NOT NULL,
    FOREIGN KEY (device_id, step_no, step) REFERENCES device_step (device_id, step_no, step),
    UNIQUE (repair_id, device_id, opened_on),   -- serves: the foreign key of repair_closing
    UNIQUE (device_id, step_no)                 -- serves: list_repairs
);

CREATE TABLE repair_closing (
    repair_id uuid    PRIMARY KEY,
    device_id uuid    NOT NULL,
    step_no   integer NOT NULL,
    step      text    NOT NULL DEFAULT 'close_repair' CHECK (step = 'close_repair'),
    opened_on date    NOT NULL,
    closed_on date    NOT NULL CHECK (closed_on >= opened_on),
    FOREIGN KEY (repair_id, device_id, opened_on) REFERENCES repair (repair_id, device_id, opened_on),
    FOREIGN KEY (device_id, step_no, step) REFERENCES device_step (device_id, step_no, step)
);

-- The recycler's slip of a device that nobody can use any more (WEEE).
CREATE TABLE end_of_life (
    device_id    uuid    PRIMARY KEY,
    step_no      integer NOT NULL,
    step         text    NOT NULL DEFAULT 'retire' CHECK (step = 'retire'),
    slip_no      text    NOT NULL,
    weight_grams bigint  NOT NULL CHECK (weight_grams > 0),
    collected_on date    NOT NULL,
    reason       text    NOT NULL,
    FOREIGN KEY (device_id, step_no, step) REFERENCES device_step (device_id, step_no, step)
);

-- What has happened stays written.
DO $$
DECLARE
    history text;
BEGIN
    FOREACH history IN ARRAY ARRAY['lot', 'device_step', 'wipe', 'functional_test', 'grading',
                                   'sale', 'guarantee', 'repair', 'repair_closing', 'end_of_life']
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I'
                       ' FOR EACH ROW EXECUTE FUNCTION refuse_change()',
                       history || '_is_append_only', history);
    END LOOP;
END
$$;
