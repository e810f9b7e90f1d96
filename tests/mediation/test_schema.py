"""The schema keeps the rules of a case a second time, whoever writes."""

from datetime import date
from uuid import UUID, uuid4

import psycopg
import pytest

from chassis.db import Transaction
from services.mediation import handlers, store
from services.mediation.api import cases as api
from services.mediation.domain.case import (
    TRANSITIONS,
    Status,
)
from tests.mediation.doing import (
    NOON,
    TODAY,
    a_call,
    a_line,
    commit_check,
    mandated,
    negotiated,
    opened,
)


class TestTheSchemaKeepsTheRules:
    @pytest.mark.parametrize("to", list(Status))
    @pytest.mark.parametrize("frm", list(Status))
    def test_a_case_moves_only_as_its_table_says(
        self, tx: Transaction, frm: Status, to: Status
    ) -> None:
        case_id = _case_in(tx, frm)
        allowed = to in TRANSITIONS[frm].values() or (frm is to and frm is not Status.CLOSED)
        if allowed:
            _set_status(tx, case_id, to)
        else:
            with pytest.raises(psycopg.IntegrityError):
                _set_status(tx, case_id, to)

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM debt_case",
            "DELETE FROM mandate",
            "DELETE FROM debt_line",
            "DELETE FROM offer",
            "UPDATE case_event SET step = 'closed'",
            "DELETE FROM case_event",
            "UPDATE instalment SET amount_cents = 1",
            "DELETE FROM line_event",
            "DELETE FROM offer_line",
            "UPDATE debt_case SET site_code = 'marseille'",
            "UPDATE debt_case SET outcome = 'plan'",
            "UPDATE debt_line SET claimed_cents = 1",
            "UPDATE debt_line SET agreed_cents = 32001",
            "UPDATE debt_line SET due_cents = 32001",
            "UPDATE debt_line SET kind = 'collection_fee'",
            "UPDATE offer SET amount_cents = 1",
            "UPDATE offer SET state = 'accepted', answered_on = '2026-11-20'",
            "UPDATE offer SET state = 'refused'",
            "UPDATE mandate SET until_on = signed_on",
            "UPDATE mandate SET revoked_on = '2026-11-19'",
        ],
    )
    def test_refuses_what_would_break_a_rule(self, tx: Transaction, statement: str) -> None:
        negotiated(tx)
        with pytest.raises(psycopg.IntegrityError):
            tx.execute(statement)

    def test_refuses_a_line_without_a_mandate(self, tx: Transaction) -> None:
        case_id = mandated(tx)
        line = {
            "line_id": uuid4(),
            "case_id": case_id,
            "kind": "service",
            "label": "",
            "claimed_cents": 1,
            "due_cents": None,
            "due_on": TODAY,
            "born_on": TODAY,
        }
        for operator, added_on in (("free", TODAY), ("sfr", date(2027, 11, 20))):
            with pytest.raises(psycopg.IntegrityError), tx.transaction():
                tx.execute(
                    store.SQL["add_line"], line | {"operator": operator, "added_on": added_on}
                )

    def test_refuses_an_offer_whose_instalments_are_not_its_amount(self, tx: Transaction) -> None:
        _, offer_id = negotiated(tx)
        tx.execute("INSERT INTO instalment VALUES (%s, 5, '2027-05-05', 1)", (offer_id,))
        with pytest.raises(psycopg.errors.CheckViolation):
            commit_check(tx)

    def test_refuses_an_acceptance_that_settles_another_sum(self, tx: Transaction) -> None:
        negotiated(tx)
        tx.execute(
            "UPDATE offer SET state = 'accepted', answered_on = made_on, person_signed_on = made_on"
        )
        tx.execute("UPDATE debt_line SET agreed_cents = 31999")
        with pytest.raises(psycopg.errors.CheckViolation):
            commit_check(tx)

    def test_refuses_a_second_offer_that_waits_for_the_same_line(self, tx: Transaction) -> None:
        case_id, offer_id = negotiated(tx)
        other = uuid4()
        tx.execute(
            "INSERT INTO offer (offer_id, case_id, operator, kind, maker, amount_cents, made_on)"
            " VALUES (%s, %s, 'sfr', 'waiver_request', 'association', 0, %s)",
            (other, case_id, TODAY),
        )
        tx.execute(
            "INSERT INTO offer_line SELECT %s, line_id FROM offer_line WHERE offer_id = %s",
            (other, offer_id),
        )
        with pytest.raises(psycopg.errors.CheckViolation):
            commit_check(tx)

    def test_refuses_anything_new_in_a_closed_case(self, tx: Transaction) -> None:
        case_id, _ = negotiated(tx)
        handlers.close_case(tx, a_call(), case_id, api.CloseCase(outcome="withdrawn"))
        for statement in (
            "UPDATE debt_line SET agreed_cents = 0",
            "UPDATE offer SET state = 'refused', answered_on = made_on",
            "UPDATE mandate SET revoked_on = until_on",
        ):
            with pytest.raises(psycopg.IntegrityError), tx.transaction():
                tx.execute(statement)


def _case_in(tx: Transaction, status: Status) -> UUID:
    if status is Status.OPENED:
        return opened(tx)
    if status is Status.MANDATED:
        return mandated(tx)
    if status is Status.ANALYSED:
        case_id = mandated(tx)
        a_line(tx, case_id)
        return case_id
    case_id, _ = negotiated(tx)
    if status is Status.CLOSED:
        handlers.close_case(tx, a_call(), case_id, api.CloseCase(outcome="withdrawn"))
    return case_id


def _set_status(tx: Transaction, case_id: UUID, status: Status) -> None:
    closed = status is Status.CLOSED
    tx.execute(
        "UPDATE debt_case SET status = %s, outcome = %s, closed_at = %s WHERE case_id = %s",
        (status, "refused" if closed else None, NOON if closed else None, case_id),
    )
