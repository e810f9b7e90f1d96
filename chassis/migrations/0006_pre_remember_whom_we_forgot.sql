-- Whom this service has forgotten.  The pseudonym stays in its books, and nothing is written about it
-- or opened for it any more (chassis/forgotten.py).

CREATE TABLE forgotten_person (
    person_ref   uuid        PRIMARY KEY,
    forgotten_at timestamptz NOT NULL
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_schema()) THEN
        EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON forgotten_person FROM %I',
                       current_schema());
    END IF;
END
$$;
