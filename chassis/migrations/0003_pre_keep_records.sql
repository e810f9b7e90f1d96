-- What a service has told, heard and parked is proof: its own role may add to it and say what
-- became of it, and take nothing back.

DO $$
BEGIN
    -- A schema made for another purpose than a service (a benchmark's peer) has no role.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = current_schema()) THEN
        EXECUTE format('REVOKE DELETE, TRUNCATE ON outbox, inbox, parked_delivery FROM %I',
                       current_schema());
        EXECUTE format('REVOKE UPDATE ON outbox FROM %I', current_schema());
        EXECUTE format('GRANT UPDATE (published_at, attempts, next_attempt_at) ON outbox TO %I',
                       current_schema());
    END IF;
END
$$;
