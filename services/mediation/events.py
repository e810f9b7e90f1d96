"""What mediation tells, and what it reads of what others tell.  Field names are promises.

No fact holds a name, a number or a label: the operators' euros and the people's stay pseudonymous.
"""

from datetime import date
from typing import Any, ClassVar, Self
from uuid import UUID

from pydantic import Field

from chassis.facts import Fact, Heard
from services.mediation.domain.case import Case
from services.mediation.domain.closing import Outcome
from services.mediation.domain.debt_line import total_claimed_cents
from services.mediation.domain.entitlement import Entitlement
from services.mediation.domain.offer import Answer, Kind, Maker, Offer

_CASE: dict[str, Any] = {
    "case_id": "0192f0a0-0000-7000-8000-000000000001",
    "person_ref": "0192f0a0-0000-7000-8000-000000000002",
}
_OFFER: dict[str, Any] = _CASE | {
    "offer_id": "0192f0a0-0000-7000-8000-000000000003",
    "operator": "sfr",
}


class CaseOpened(Fact):
    """A mediator has opened a case for a person."""

    TYPE: ClassVar[str] = "mediation.case.opened.v1"
    SAMPLE: ClassVar[dict[str, Any]] = _CASE | {"opened_on": "2026-11-21"}

    case_id: UUID
    person_ref: UUID
    opened_on: date

    @classmethod
    def of(cls, case: Case) -> Self:
        """Say it of a case."""
        return cls(case_id=case.case_id, person_ref=case.person_ref, opened_on=case.opened_on)


class OfferMade(Fact):
    """One side proposes to settle lines of one operator."""

    TYPE: ClassVar[str] = "mediation.offer.made.v1"
    SAMPLE: ClassVar[dict[str, Any]] = _OFFER | {
        "kind": "plan_request",
        "maker": "association",
        "claimed_cents": 47500,
        "amount_cents": 17500,
        "instalments": 6,
        "made_on": "2026-11-21",
        "counter_to": None,
    }

    case_id: UUID
    person_ref: UUID
    offer_id: UUID
    operator: str
    kind: Kind
    maker: Maker
    claimed_cents: int
    amount_cents: int
    instalments: int
    made_on: date
    counter_to: UUID | None

    @classmethod
    def of(cls, case: Case, made: Offer) -> Self:
        """Say it of an offer of a case."""
        return cls(
            case_id=case.case_id,
            person_ref=case.person_ref,
            offer_id=made.offer_id,
            operator=made.operator,
            kind=made.kind,
            maker=made.maker,
            claimed_cents=total_claimed_cents(case.lines_of(made)),
            amount_cents=made.amount_cents,
            instalments=len(made.instalments),
            made_on=made.made_on,
            counter_to=made.counter_to,
        )


class OfferAnswered(Fact):
    """The other side has answered an offer."""

    TYPE: ClassVar[str] = "mediation.offer.answered.v1"
    SAMPLE: ClassVar[dict[str, Any]] = _OFFER | {
        "answer": "accepted",
        "answered_on": "2026-11-21",
    }

    case_id: UUID
    person_ref: UUID
    offer_id: UUID
    operator: str
    answer: Answer
    answered_on: date

    @classmethod
    def of(cls, case: Case, answered: Offer, *, day: date) -> Self:
        """Say it of an offer that was answered, on a day unless it names its own."""
        return cls(
            case_id=case.case_id,
            person_ref=case.person_ref,
            offer_id=answered.offer_id,
            operator=answered.operator,
            answer=Answer(answered.state),
            answered_on=answered.answered_on or day,
        )


class PlanAgreed(Fact):
    """An operator and a person agree on a sum and on when it is paid."""

    TYPE: ClassVar[str] = "mediation.plan.agreed.v1"
    SAMPLE: ClassVar[dict[str, Any]] = _OFFER | {
        "claimed_cents": 47500,
        "agreed_cents": 17500,
        "instalments": 6,
        "first_due_on": "2026-12-05",
        "last_due_on": "2027-05-05",
    }

    case_id: UUID
    person_ref: UUID
    offer_id: UUID
    operator: str
    claimed_cents: int
    agreed_cents: int
    instalments: int
    first_due_on: date
    last_due_on: date

    @classmethod
    def of(cls, case: Case, accepted: Offer) -> Self:
        """Say it of an accepted offer that has instalments."""
        return cls(
            case_id=case.case_id,
            person_ref=case.person_ref,
            offer_id=accepted.offer_id,
            operator=accepted.operator,
            claimed_cents=total_claimed_cents(case.lines_of(accepted)),
            agreed_cents=accepted.amount_cents,
            instalments=len(accepted.instalments),
            first_due_on=accepted.instalments[0].due_on,
            last_due_on=accepted.instalments[-1].due_on,
        )


class CaseClosed(Fact):
    """A case has ended; `saved_cents` is what its settled lines cost less than was claimed."""

    TYPE: ClassVar[str] = "mediation.case.closed.v1"
    SAMPLE: ClassVar[dict[str, Any]] = _CASE | {
        "outcome": "plan",
        "claimed_cents": 47500,
        "due_cents": 17500,
        "agreed_cents": 17500,
        "saved_cents": 30000,
        "closed_on": "2026-11-21",
    }

    case_id: UUID
    person_ref: UUID
    outcome: Outcome
    claimed_cents: int
    due_cents: int
    agreed_cents: int
    saved_cents: int
    closed_on: date

    @classmethod
    def of(cls, case: Case, *, day: date) -> Self:
        """Say it of a case that was closed on a day."""
        return cls(
            case_id=case.case_id,
            person_ref=case.person_ref,
            outcome=Outcome(str(case.outcome)),
            claimed_cents=case.claimed_cents,
            due_cents=case.due_cents,
            agreed_cents=case.agreed_cents,
            saved_cents=case.saved_cents,
            closed_on=day,
        )


class EntitlementTold(Heard):
    """What we read of a person's entitlement, opened or renewed; `until` is exclusive."""

    TYPE: ClassVar[str] = "referrals.entitlement.opened.v1"

    person_ref: UUID
    from_on: date = Field(alias="from")
    until_on: date = Field(alias="until")

    def entitlement(self) -> Entitlement:
        """Return it as the rules know it."""
        return Entitlement(**self.model_dump())
