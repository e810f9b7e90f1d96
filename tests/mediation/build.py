"""Cases, lines, mandates and offers as tests need them: whole, and different where it matters."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from kernel.money import Cents
from services.mediation.domain import case as cases
from services.mediation.domain import offer as offers
from services.mediation.domain.case import Case, Status
from services.mediation.domain.closing import Outcome
from services.mediation.domain.debt_line import DebtLine
from services.mediation.domain.entitlement import Entitlement
from services.mediation.domain.limitation import Event
from services.mediation.domain.limitation_law import LineKind
from services.mediation.domain.mandate import Mandate
from services.mediation.domain.offer import Kind, Maker, Offer
from services.mediation.domain.plan import Plan, plan_of

TODAY = date(2026, 11, 21)
ENTITLED = Entitlement(person_ref=UUID(int=8), from_on=date(2026, 9, 1), until_on=date(2027, 6, 1))
FIRST_DUE_ON = date(2026, 12, 5)


def uid(number: int) -> UUID:
    """A recognisable id."""
    return UUID(int=number)


def a_mandate(
    *,
    number: int = 1,
    operators: Sequence[str] = ("sfr",),
    signed_on: date = date(2026, 11, 1),
    until_on: date = date(2027, 11, 1),
) -> Mandate:
    return Mandate(
        mandate_id=uid(number),
        operators=frozenset(operators),
        signed_on=signed_on,
        until_on=until_on,
    )


def a_line(
    *,
    number: int = 10,
    operator: str = "sfr",
    kind: LineKind = LineKind.SERVICE,
    claimed_cents: int = 32_000,
    due_cents: int | None = None,
    due_on: date = date(2026, 9, 10),
    born_on: date | None = None,
    events: Sequence[Event] = (),
) -> DebtLine:
    return DebtLine(
        line_id=uid(number),
        operator=operator,
        kind=kind,
        claimed_cents=Cents(claimed_cents),
        due_cents=None if due_cents is None else Cents(due_cents),
        due_on=due_on,
        born_on=born_on or due_on,
        events=tuple(events),
    )


def an_offer(
    *,
    number: int = 100,
    kind: Kind = Kind.PLAN_REQUEST,
    lines: Sequence[DebtLine] = (),
    operator: str = "sfr",
    amount_cents: int = 32_000,
    made_on: date = TODAY,
    override_reason: str | None = None,
) -> Offer:
    return Offer(
        offer_id=uid(number),
        operator=operator,
        kind=kind,
        maker=Maker.ASSOCIATION,
        line_ids=frozenset(line.line_id for line in lines or (a_line(),)),
        amount_cents=Cents(amount_cents),
        made_on=made_on,
        override_reason=override_reason,
    )


def a_plan(*, amount_cents: int = 32_000, count: int = 4) -> Plan:
    return plan_of(Cents(amount_cents), first_due_on=FIRST_DUE_ON, instalment_count=count)


def an_opened_case() -> Case:
    opened = Case(case_id=uid(7), site_code="saint-denis", person_ref=uid(8), opened_on=TODAY)
    return cases.open_case(opened, entitlements=[ENTITLED], open_already=None, admissible_on=None)


def a_case(*lines: DebtLine, mandate: Mandate | None = None) -> Case:
    """A case with a mandate and lines, one of 320 euros unless said otherwise."""
    case = cases.record_mandate(an_opened_case(), mandate or a_mandate(), day=TODAY)
    for line in lines or (a_line(),):
        case = cases.add_line(case, line, day=TODAY)
    return case


def a_negotiation(*lines: DebtLine, offer: Offer | None = None) -> Case:
    """A case whose offer waits for its answer."""
    case = a_case(*lines)
    made = offer or an_offer(lines=case.lines)
    plan = a_plan(amount_cents=made.amount_cents) if made.amount_cents else None
    return cases.make_offer(case, made, plan=plan)


def in_status(status: Status) -> Case:
    """A case in one status, with what that status needs."""
    if status is Status.OPENED:
        return an_opened_case()
    if status is Status.MANDATED:
        return cases.record_mandate(an_opened_case(), a_mandate(), day=TODAY)
    if status is Status.ANALYSED:
        return a_case()
    if status is Status.NEGOTIATING:
        return a_negotiation()
    return cases.close(a_negotiation(), outcome=Outcome.WITHDRAWN)


def answered(
    offer: Offer, said: offers.Answer, *, on: date = TODAY, signed_on: date | None = TODAY
) -> Offer:
    return offers.answer(offer, said, answered_on=on, day=TODAY, person_signed_on=signed_on)


def accepted(case: Case, *, override_reason: str | None = None) -> Case:
    """The case after its last offer was accepted."""
    yes = answered(case.offers[-1], offers.Answer.ACCEPTED)
    return cases.accept_offer(case, yes, override_reason=override_reason, day=TODAY)


def over_indebted(case: Case, *, admissible_on: date) -> Case:
    return replace(case, over_indebtedness_admissible_on=admissible_on)
