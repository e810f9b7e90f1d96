-- Sign-ins that can be listed and ended, and one chained log of everything that changes who may
-- do what.

ALTER TABLE account
    ADD COLUMN volunteer       boolean     NOT NULL DEFAULT false,
    -- Tokens issued earlier are refused; NULL: access was never ended.
    ADD COLUMN access_from     timestamptz,
    -- A sign-in that began with the password of before does not go through with it.
    ADD COLUMN password_set_at timestamptz NOT NULL DEFAULT now(),
    ADD CONSTRAINT volunteer_works_at_sites
        CHECK (NOT volunteer OR role IN ('till_operator', 'mediator', 'site_manager'));

-- "session" is a word of SQL's own, but a free one.
CREATE TABLE session (
    session_id uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL REFERENCES account,
    device     text        NOT NULL,   -- `Firefox, Windows`: the kind, never the whole signature
    network    text        NOT NULL,   -- the caller's address without its last part
    way        text        NOT NULL CHECK (way IN ('password', 'second_factor', 'oidc')),
    began_at   timestamptz NOT NULL,   -- its token was issued at this very instant
    seen_at    timestamptz NOT NULL,   -- here, to the hour: other services do not say
    expires_at timestamptz NOT NULL CHECK (expires_at > began_at),
    ended_at   timestamptz,
    ended_why  text        CHECK (ended_why IN ('signed_out', 'revoked', 'user_disabled',
                               'user_changed', 'password_changed', 'password_reset',
                               'second_factor_changed')),
    ended_by   uuid        REFERENCES account (user_id),
    CHECK ((ended_at IS NULL) = (ended_why IS NULL)),
    CHECK (ended_at > began_at)
);
-- serves: list_sessions, end_sessions_of
CREATE INDEX session_of_user ON session (user_id, session_id DESC);

-- Who did what to whose access.  A record is canonical JSON without a name, an e-mail address or a
-- whole network address; the hash chains it to the one before (kernel/chain.py).
CREATE TABLE log_entry (
    sequence      bigint PRIMARY KEY CHECK (sequence > 0),
    record        text   NOT NULL,
    previous_hash bytea  NOT NULL,
    hash          bytea  NOT NULL UNIQUE CHECK (length(hash) = 32)
);
CREATE TRIGGER log_entry_is_written_once BEFORE UPDATE OR DELETE ON log_entry
   FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What the histories of before say, in their order, as the first records of the log.
DO $$
DECLARE
    before   record;
    place    bigint := 0;
    previous bytea  := '';
    written  text;
BEGIN
    FOR before IN
        SELECT at, CASE change WHEN 'created' THEN 'user_created' ELSE 'user_disabled' END AS kind,
               user_id, by_user_id
          FROM account_change
         UNION ALL
        SELECT at, CASE ending WHEN 'passed' THEN 'signed_in' ELSE 'sign_in_failed' END,
               user_id, CASE ending WHEN 'passed' THEN user_id END
          FROM sign_in_event
         ORDER BY at
    LOOP
        place := place + 1;
        written := format('{"at":%s,"by_user_id":%s,"kind":%s,"sequence":%s,"user_id":%s}',
            to_json(to_char(before.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')),
            COALESCE(to_json(before.by_user_id)::text, 'null'), to_json(before.kind), place,
            COALESCE(to_json(before.user_id)::text, 'null'));
        INSERT INTO log_entry
        VALUES (place, written, previous, sha256(previous || convert_to(written, 'UTF8')));
        SELECT hash INTO previous FROM log_entry WHERE sequence = place;
    END LOOP;
END
$$;
