"""What a mediator does in a case, one handler after the other, on a real database."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.http import Call
from kernel.envelope import Envelope
from services.mediation import handlers
from services.mediation.api import cases as api

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
HERE, ELSEWHERE = "saint-denis", "marseille"
PERSON = UUID(int=42)


def a_call(*, role: str = "mediator", site: str = HERE, now: datetime = NOON) -> Call:
    caller = Caller(user_id=UUID(int=9), role=role, site_codes=frozenset({site}))
    return Call(now=now, caller=caller, address="127.0.0.1", language="fr", query={})


def entitle(
    tx: Transaction,
    *,
    person: UUID = PERSON,
    from_on: date = date(2026, 9, 1),
    until_on: date = date(2027, 6, 1),
    sequence: int = 1,
) -> None:
    told = Envelope(
        id=uuid4(),
        type="referrals.entitlement.opened.v1",
        subject=str(person),
        site=HERE,
        time=NOON,
        data={
            "person_ref": str(person),
            "from": from_on.isoformat(),
            "until": until_on.isoformat(),
            "monthly_cap_cents": 3_000,
        },
        sequence=sequence,
    )
    handlers.learn_entitlements(tx, [told])


def opened(tx: Transaction, *, person: UUID = PERSON, **more: Any) -> UUID:
    body = api.OpenCase(person_ref=person, site_code=HERE, **more)
    return handlers.open_case(tx, a_call(), body).case_id


def mandated(tx: Transaction, *operators: str, person: UUID = PERSON) -> UUID:
    case_id = opened(tx, person=person)
    body = api.RecordMandate(
        operators=operators or ("sfr",), signed_on=TODAY, until_on=date(2027, 11, 20)
    )
    handlers.record_mandate(tx, a_call(), case_id, body)
    return case_id


def a_line(tx: Transaction, case_id: UUID, *, ago_days: int = 100, **more: Any) -> UUID:
    values = {"operator": "sfr", "kind": "service", "claimed_cents": 32_000} | more
    body = api.AddLine(due_on=TODAY - timedelta(days=ago_days), **values)
    return handlers.add_line(tx, a_call(), case_id, body).line_id


def an_offer(
    tx: Transaction, case_id: UUID, *, role: str = "mediator", **more: Any
) -> api.OfferMade:
    values = {
        "operator": "sfr",
        "kind": "plan_request",
        "amount_cents": 32_000,
        "instalments": 4,
        "first_due_on": date(2026, 12, 5),
    } | more
    return handlers.make_offer(tx, a_call(role=role), case_id, api.MakeOffer(**values))


def negotiated(tx: Transaction) -> tuple[UUID, UUID]:
    case_id = mandated(tx)
    a_line(tx, case_id)
    return case_id, an_offer(tx, case_id).offer_id


def accept(tx: Transaction, offer_id: UUID, **more: Any) -> api.OfferAnswered:
    values = {"answer": "accepted", "answered_on": TODAY, "person_signed_on": TODAY} | more
    return handlers.answer_offer(tx, a_call(), offer_id, api.AnswerOffer(**values))


def facts(tx: Transaction) -> list[dict[str, Any]]:
    return tx.execute("SELECT type, subject, site, data FROM outbox ORDER BY position").fetchall()


def commit_check(tx: Transaction) -> None:
    """Run the checks that wait for the commit."""
    tx.execute("SET CONSTRAINTS ALL IMMEDIATE")
    tx.execute("SET CONSTRAINTS ALL DEFERRED")
