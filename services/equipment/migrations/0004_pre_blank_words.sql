-- Words about a person may be blanked when the person is erased; nothing else of a row changes.

DROP TRIGGER repair_is_append_only ON repair;
CREATE TRIGGER repair_is_append_only
   BEFORE DELETE OR UPDATE OF repair_id, device_id, step_no, step, opened_on, due_on,
       under_guarantee ON repair
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER repair_words_are_only_blanked BEFORE UPDATE OF fault ON repair
   FOR EACH ROW WHEN (NEW.fault <> '') EXECUTE FUNCTION refuse_change();
