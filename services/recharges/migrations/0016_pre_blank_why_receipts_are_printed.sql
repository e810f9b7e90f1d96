-- Why the receipt of a refund was printed again is blanked when the person is erased.

DROP TRIGGER append_only ON paper_copy;
CREATE TRIGGER append_only
   BEFORE UPDATE OF till_id, kind, sequence, copy_no, printed_at, printed_by
       OR DELETE OR TRUNCATE ON paper_copy
   FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER words_are_only_blanked BEFORE UPDATE OF reason ON paper_copy
   FOR EACH ROW WHEN (NEW.reason IS DISTINCT FROM '-') EXECUTE FUNCTION refuse_change();
