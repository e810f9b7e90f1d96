-- A handover binds; a Z names who approved a gap and when; papers are printed once and then copied.

-- What a sale locks anyway says who may use the drawer: whom a handover named, else any of the staff.
ALTER TABLE till
    ADD COLUMN drawer_held_by uuid,
    ADD CONSTRAINT till_held_drawer CHECK (drawer_held_by IS NULL OR drawer_session_id IS NOT NULL);
UPDATE till
   SET drawer_held_by = session.held_by
  FROM drawer_session AS session
 WHERE session.drawer_session_id = till.drawer_session_id
   AND EXISTS (SELECT FROM drawer_handover AS handed
                WHERE handed.drawer_session_id = session.drawer_session_id);

-- Null in what is older than these columns.
ALTER TABLE drawer_handover ADD COLUMN handed_by uuid;   -- the holder, or a supervisor in their stead
ALTER TABLE drawer_session ADD COLUMN approved_at timestamptz;

CREATE TABLE paper_copy (        -- a refund's receipt or a closing, each time it was printed
    till_id    uuid        NOT NULL REFERENCES till,
    kind       text        NOT NULL CHECK (kind IN ('ticket', 'grand_total')),
    sequence   bigint      NOT NULL,   -- of the journal's record that it shows
    copy_no    integer     NOT NULL CHECK (copy_no >= 0),   -- 0: the original; then DUPLICATA n
    printed_at timestamptz NOT NULL,
    printed_by uuid        NOT NULL,
    reason     text,
    PRIMARY KEY (till_id, kind, sequence, copy_no),
    FOREIGN KEY (till_id, kind, sequence) REFERENCES journal (till_id, kind, sequence),
    CHECK ((copy_no = 0) = (reason IS NULL) AND reason <> '')
);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON paper_copy
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
