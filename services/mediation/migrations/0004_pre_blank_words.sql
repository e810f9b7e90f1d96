-- Words about a person may be blanked when the person is erased, of a closed case as well; nothing
-- else of a row changes.

DROP TRIGGER mandate_of_open_case ON mandate;
CREATE TRIGGER mandate_of_open_case
   BEFORE INSERT OR UPDATE OF mandate_id, case_id, operators, signed_on, until_on, revoked_on
       ON mandate
   FOR EACH ROW EXECUTE FUNCTION check_case_is_open();
CREATE TRIGGER mandate_words_are_only_blanked BEFORE UPDATE OF client_reference ON mandate
   FOR EACH ROW WHEN (NEW.client_reference <> '') EXECUTE FUNCTION refuse_change();

DROP TRIGGER debt_line_of_open_case ON debt_line;
DROP TRIGGER debt_line_settles_once ON debt_line;
CREATE TRIGGER debt_line_of_open_case
   BEFORE INSERT OR UPDATE OF line_id, case_id, operator, kind, claimed_cents, due_cents,
       agreed_cents, due_on, born_on, added_on ON debt_line
   FOR EACH ROW EXECUTE FUNCTION check_case_is_open();
CREATE TRIGGER debt_line_settles_once
   BEFORE UPDATE OF line_id, case_id, operator, kind, claimed_cents, due_cents, agreed_cents,
       due_on, born_on, added_on ON debt_line
   FOR EACH ROW EXECUTE FUNCTION check_line_settled_once();
CREATE TRIGGER debt_line_words_are_only_blanked BEFORE UPDATE OF label ON debt_line
   FOR EACH ROW WHEN (NEW.label <> '') EXECUTE FUNCTION refuse_change();

DROP TRIGGER offer_of_open_case ON offer;
DROP TRIGGER offer_answered_once ON offer;
CREATE TRIGGER offer_of_open_case
   BEFORE INSERT OR UPDATE OF offer_id, case_id, operator, kind, maker, amount_cents, made_on,
       state, counter_to, answered_on, person_signed_on ON offer
   FOR EACH ROW EXECUTE FUNCTION check_case_is_open();
CREATE TRIGGER offer_answered_once
   BEFORE UPDATE OF offer_id, case_id, operator, kind, maker, amount_cents, made_on, state,
       counter_to, answered_on, person_signed_on ON offer
   FOR EACH ROW EXECUTE FUNCTION check_offer_answered_once();
CREATE TRIGGER offer_words_are_only_blanked BEFORE UPDATE OF override_reason ON offer
   FOR EACH ROW WHEN (NEW.override_reason IS NOT NULL) EXECUTE FUNCTION refuse_change();

DROP TRIGGER case_event_is_kept ON case_event;
CREATE TRIGGER case_event_is_kept
   BEFORE DELETE OR UPDATE OF position, case_id, step, happened_at, user_id ON case_event
   FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER case_event_words_are_only_blanked BEFORE UPDATE OF details ON case_event
   FOR EACH ROW
   WHEN (NEW.details <> OLD.details - ARRAY['override_reason', 'left_open_reason'])
   EXECUTE FUNCTION refuse_change();
