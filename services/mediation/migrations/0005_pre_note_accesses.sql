-- Who read whose debts, beside `case_event`, which says who changed them.

-- A value holds from its day until the next one's.
CREATE TABLE rule (
    name    text    NOT NULL CHECK (name = 'access_months'),
    from_on date    NOT NULL,
    value   integer NOT NULL CHECK (value >= 0),
    PRIMARY KEY (name, from_on)
);
INSERT INTO rule (name, from_on, value) VALUES ('access_months', '2010-01-01', 12);

-- One row for each case of each request.
CREATE TABLE access (
    access_id  bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         timestamptz NOT NULL,
    case_id    uuid        NOT NULL REFERENCES debt_case,
    what       text        NOT NULL CHECK (what IN ('case_shown', 'cases_listed')),
    by_user_id uuid        NOT NULL,
    by_role    text        NOT NULL,
    site_codes text[]      NOT NULL
);
-- serves: list_accesses, held_accesses, drop_accesses
CREATE INDEX access_of_case ON access (case_id, access_id DESC);
CREATE INDEX access_by_time ON access USING brin (at);

-- Written once, and kept for as long as the rule of the day says, to the end of that month.
CREATE FUNCTION keep_accesses() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    kept_months integer;
BEGIN
    SELECT value INTO kept_months
      FROM rule
     WHERE name = 'access_months' AND from_on <= CURRENT_DATE
     ORDER BY from_on DESC
     LIMIT 1;
    IF OLD.at >= date_trunc('month', now()) - make_interval(months => kept_months) THEN
        RAISE EXCEPTION 'access % is kept for % months', OLD.access_id, kept_months
              USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER access_is_written_once BEFORE UPDATE ON access
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER access_is_kept BEFORE DELETE ON access
   FOR EACH ROW EXECUTE FUNCTION keep_accesses();
