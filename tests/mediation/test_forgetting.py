"""What mediation holds on a person, and what is left of it once they are erased."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row

from chassis import idempotency, personal
from chassis.auth import Caller
from chassis.forgotten import NO_WORDS, PersonErased, WordsRefused
from kernel.refusal import Refusal
from services.mediation import handlers
from services.mediation.api import cases as api
from tests.erasures import forget
from tests.fix_stack import FreshSchema, Schema, TxOf
from tests.mediation.doing import (
    TODAY,
    a_call,
    a_line,
    an_offer,
    entitle,
    mandated,
    opened,
)

DESK = Caller(user_id=uuid4(), role="mediator", site_codes=frozenset({"saint-denis"}))

PERSON, OTHER = uuid4(), uuid4()
YEAR = timedelta(days=365)
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
            idempotency.claim(tx, key=key, request_hash=b"x", caller=DESK)
            answer = f'{{"line_id": "{mentioned}", "label": "{LABEL}"}}'
            idempotency.keep(tx, key=key, status=201, answer=answer)

        counts = personal.blank_words(tx, [PERSON], service="mediation")

        assert counts["stored_answers"] == 1
        with pytest.raises(idempotency.AnswerErased):
            idempotency.claim(tx, key="mine", request_hash=b"x", caller=DESK)
        assert idempotency.claim(tx, key="other", request_hash=b"x", caller=DESK) is not None
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


class TestWhoeverIsForgotten:
    def test_has_nothing_opened_for_them_under_any_reference_or_after_a_late_fact(
        self, tx: Any
    ) -> None:
        forget(tx, PERSON, OTHER, service="mediation")
        entitle(tx, person=PERSON, sequence=9)

        for person in (PERSON, OTHER):
            with pytest.raises(PersonErased):
                opened(tx, person=person)
        for statement in (
            "DELETE FROM forgotten_person",
            "UPDATE forgotten_person SET person_ref = NULL",
        ):
            with pytest.raises(errors.InsufficientPrivilege), tx.transaction():
                tx.execute(statement)

    def test_has_what_was_under_way_ended_without_words(self, tx: Any) -> None:
        case_id = mandated(tx, person=PERSON)
        a_line(tx, case_id, label=LABEL)
        offer_id = an_offer(tx, case_id).offer_id
        forget(tx, PERSON, service="mediation")

        mandate = api.RecordMandate(
            operators=("sfr",), signed_on=TODAY, until_on=TODAY + YEAR, client_reference=LABEL
        )
        acts: tuple[Callable[[], object], ...] = (
            lambda: a_line(tx, case_id, label=LABEL),
            lambda: an_offer(tx, case_id),
            lambda: handlers.record_mandate(tx, a_call(), case_id, mandate),
        )
        for act in acts:
            with pytest.raises(PersonErased):
                act()
        refused = api.AnswerOffer(answer="refused", answered_on=TODAY)
        handlers.answer_offer(tx, a_call(), offer_id, refused)
        with pytest.raises(WordsRefused):
            self.close(tx, case_id, reason=REASON)
        assert self.close(tx, case_id, reason=NO_WORDS).status == "closed"

    def close(self, tx: Any, case_id: UUID, *, reason: str) -> api.CaseState:
        body = api.CloseCase(outcome="withdrawn", left_open_reason=reason)
        return handlers.close_case(tx, a_call(), case_id, body)

    def test_is_gone_over_again_when_that_is_told_again(self, tx: Any) -> None:
        case_id = a_case(tx, PERSON)

        first = forget(tx, PERSON, service="mediation")
        again = forget(tx, PERSON, service="mediation")
        tx.execute(
            "INSERT INTO case_event (case_id, step, happened_at, user_id, details)"
            " VALUES (%s, 'closed', now(), %s, %s)",
            (case_id, uuid4(), f'{{"left_open_reason": "{REASON}"}}'),
        )
        last = forget(tx, PERSON, service="mediation")

        assert (first["lines"], first["steps"]) == (1, 1)
        assert set(again.values()) == {0}
        assert (last["lines"], last["steps"]) == (0, 1)
        assert "Pimprenelle" not in str(personal.find_held(tx, [PERSON], service="mediation"))


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("mediation")


def connect(schema: Schema) -> Any:
    options = "-c search_path=mediation,public"
    return psycopg.connect(schema.url, row_factory=dict_row, options=options)


def wait_for_a_lock(tx: Any) -> None:
    waiting = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    until = time.monotonic() + 10.0
    while tx.execute(waiting).fetchone() is None:
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)


class TestAtOnce:
    """What somebody writes while a person is being forgotten: blanked with the rest, or refused."""

    def test_words_that_came_first_are_blanked(self, schema: Schema) -> None:
        person = uuid4()
        with connect(schema) as tx:
            entitle(tx, person=person)
            case_id = mandated(tx, person=person)
        with connect(schema) as writing, ThreadPoolExecutor(1) as pool:
            a_line(writing, case_id, label=LABEL)
            forgetting = pool.submit(self.forget, schema, person)
            wait_for_a_lock(writing)
            writing.commit()

            assert forgetting.result()["lines"] == 1

    def test_words_that_come_second_are_refused(self, schema: Schema) -> None:
        person = uuid4()
        with connect(schema) as tx:
            entitle(tx, person=person)
            case_id = mandated(tx, person=person)
        with connect(schema) as forgetting, ThreadPoolExecutor(1) as pool:
            forget(forgetting, person, service="mediation")
            writing = pool.submit(self.write, schema, case_id)
            wait_for_a_lock(forgetting)
            forgetting.commit()

            assert isinstance(writing.result(), PersonErased)

    def forget(self, schema: Schema, person: UUID) -> dict[str, int]:
        with connect(schema) as tx:
            return forget(tx, person, service="mediation")

    def write(self, schema: Schema, case_id: UUID) -> Refusal | None:
        try:
            with connect(schema) as tx:
                a_line(tx, case_id, label=LABEL)
        except Refusal as refusal:
            return refusal
        return None
