"""What mediation holds on a person, and what is left of it once they are erased."""

from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from chassis import idempotency, personal
from services.mediation import handlers
from services.mediation.api import cases as api
from tests.fix_stack import TxOf
from tests.mediation.doing import (
    a_call,
    a_line,
    an_offer,
    entitle,
    mandated,
)

PERSON, OTHER = uuid4(), uuid4()
LABEL, REASON = "Facture Pimprenelle", "Madame Pimprenelle insiste"


@pytest.fixture
def tx(tx_of: TxOf) -> psycopg.Connection[dict[str, Any]]:
    opened = tx_of("mediation")
    for person in (PERSON, OTHER):
        entitle(opened, person=person)
    return opened


def a_case(tx: Any, person: UUID) -> UUID:
    case_id = mandated(tx, person=person)
    a_line(tx, case_id, label=LABEL)
    an_offer(tx, case_id, role="site_manager", override_reason=REASON)
    body = api.CloseCase(outcome="withdrawn", left_open_reason=REASON)
    handlers.close_case(tx, a_call(), case_id, body)
    return case_id


class TestHeld:
    def test_is_all_of_the_person_and_nothing_of_another(self, tx: Any) -> None:
        mine, theirs = a_case(tx, PERSON), a_case(tx, OTHER)

        held = personal.find_held(tx, [PERSON], service="mediation")

        assert [row["case_id"] for row in held["cases"]] == [mine]
        assert [row["label"] for row in held["lines"]] == [LABEL]
        assert [row["override_reason"] for row in held["offers"]] == [REASON]
        assert len(held["offers"][0]["instalments"]) == 4
        assert [row["step"] for row in held["steps"]][-1] == "closed"
        assert str(theirs) not in str(held)
        assert held["entitlements"][0]["person_ref"] == PERSON


class TestForgotten:
    def test_are_the_words_about_a_person_of_a_closed_case_too(self, tx: Any) -> None:
        case_id, theirs = a_case(tx, PERSON), a_case(tx, OTHER)
        before = handlers.show_case(tx, a_call(), theirs)

        counts = personal.blank_words(tx, [PERSON], service="mediation")

        assert counts == {
            "mandates": 0,
            "lines": 1,
            "offers": 1,
            "steps": 1,
            "stored_answers": 0,
        }
        held = personal.find_held(tx, [PERSON], service="mediation")
        assert "Pimprenelle" not in str(held)
        assert held["lines"][0]["claimed_cents"] == 32_000, "the books stay"
        assert handlers.show_case(tx, a_call(), case_id).status == "closed"
        assert handlers.show_case(tx, a_call(), theirs) == before
        assert set(personal.blank_words(tx, [PERSON], service="mediation").values()) == {0}

    def test_are_the_answers_that_repeat_them(self, tx: Any) -> None:
        case_id = a_case(tx, PERSON)
        line = personal.find_held(tx, [PERSON], service="mediation")["lines"][0]["line_id"]
        for key, mentioned in (("mine", line), ("other", uuid4())):
            idempotency.claim(tx, key=key, request_hash=b"x")
            answer = f'{{"line_id": "{mentioned}", "label": "{LABEL}"}}'
            idempotency.keep(tx, key=key, status=201, answer=answer)

        counts = personal.blank_words(tx, [PERSON], service="mediation")

        assert counts["stored_answers"] == 1
        with pytest.raises(idempotency.AnswerErased):
            idempotency.claim(tx, key="mine", request_hash=b"x")
        assert idempotency.claim(tx, key="other", request_hash=b"x") is not None
        assert case_id

    def test_are_only_taken_away_never_replaced(self, tx: Any) -> None:
        a_case(tx, PERSON)
        for statement in (
            "UPDATE debt_line SET label = 'autre'",
            "UPDATE mandate SET client_reference = 'autre'",
            "UPDATE offer SET override_reason = 'autre'",
            'UPDATE case_event SET details = \'{"outcome": "plan"}\'',
            "UPDATE debt_line SET claimed_cents = 1",
            "UPDATE case_event SET step = 'opened'",
        ):
            with pytest.raises(errors.RestrictViolation), tx.transaction():
                tx.execute(statement)
