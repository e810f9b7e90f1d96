-- Words about a person may be blanked when the person is erased; nothing else of a row changes.

DROP TRIGGER append_only ON reveal;
CREATE TRIGGER append_only
   BEFORE UPDATE OF reveal_id, sale_id, revealed_by, revealed_at, kind, till_id, copy_no
       OR DELETE OR TRUNCATE ON reveal
   FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER words_are_only_blanked BEFORE UPDATE OF reason ON reveal
   FOR EACH ROW WHEN (NEW.reason <> '-') EXECUTE FUNCTION refuse_change();
