"""What mediators ask of their cases and what they are answered."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from chassis.shapes import Answer, Body, Page
from kernel.money import Cents
from services.mediation.api.calculators import (
    Amount,
    Cut,
    Day,
    Events,
    InstalmentShown,
    LimitationShown,
    PaidAmount,
    cents,
    show_instalments,
    show_limitation,
)
from services.mediation.domain import case as cases
from services.mediation.domain import closing, debt_line, mandate, offer
from services.mediation.domain.limitation_law import EventKind, LineKind
from services.mediation.domain.plan import Plan, plan_of

SiteCode = Annotated[str, Field(pattern=r"^[a-z0-9-]{2,40}$")]
Operator = Annotated[str, Field(pattern=r"^[a-z0-9-]{2,32}$")]
Label = Annotated[str, Field(max_length=120)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class OpenCase(Body):
    """A mediator opens a case for a person who has an entitlement in force."""

    person_ref: UUID
    site_code: SiteCode
    over_indebtedness_admissible_on: Day | None = None


class RecordOverIndebtedness(Body):
    """The person's over-indebtedness file is admissible since a day."""

    admissible_on: Day


class RecordMandate(Body):
    """The person has signed a mandate; it covers every day before `until_on`."""

    operators: Annotated[tuple[Operator, ...], Field(min_length=1, max_length=20)]
    signed_on: Day
    until_on: Day
    client_reference: Annotated[str, Field(max_length=64)] = ""


class Nothing(Body):
    """An empty body: the route says it all."""


class AddLine(Body):
    """An operator claims a sum; `due_cents` is our own figure, when it is known."""

    operator: Operator
    kind: LineKind
    claimed_cents: PaidAmount
    due_cents: Amount | None = None
    due_on: Day
    #: When the debt arose, if that was before it fell due.
    born_on: Day | None = None
    label: Label = ""
    events: Events = ()


class _Terms(Cut):
    """A sum, and for a sum above nothing how it is to be paid; one instalment unless said."""

    amount_cents: Amount
    first_due_on: Day | None = None

    def plan(self) -> Plan | None:
        """Work out the instalments, when a first day is named."""
        if self.first_due_on is None or self.amount_cents == 0:
            return None
        one = 1 if self.monthly_max_cents is None else None
        return plan_of(
            Cents(self.amount_cents),
            first_due_on=self.first_due_on,
            instalment_count=self.instalments or one,
            monthly_max_cents=cents(self.monthly_max_cents),
        )


class MakeOffer(_Terms):
    """We propose something to an operator, for the lines named or all its open lines."""

    operator: Operator
    kind: offer.Kind
    line_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=200)] | None = None
    #: Site managers and administrators only: why a line near or past its limit is acknowledged.
    override_reason: Reason | None = None


class CounterTerms(_Terms):
    """What the other side proposes instead."""


class AnswerOffer(Body):
    """What was answered to an offer; a plan that is accepted needs the person's signature."""

    answer: offer.Answer
    answered_on: Day
    person_signed_on: Day | None = None
    counter: CounterTerms | None = None
    override_reason: Reason | None = None

    @model_validator(mode="after")
    def _counter_has_terms(self) -> Self:
        if (self.answer is offer.Answer.COUNTERED) != (self.counter is not None):
            raise ValueError("A counter-offer, and only that, says what is proposed instead.")
        return self


class CloseCase(Body):
    """A case ends by hand; where a line is settled and another open, say why that stays so."""

    outcome: closing.Outcome
    left_open_reason: Reason | None = None


class CasePage(Page[UUID]):
    """Which cases are listed: those of one site or of all the caller's, in one state or in any."""

    site_code: SiteCode | None = None
    state: cases.Status | None = None


class AccessPage(Page[int]):
    """The query of the accesses to a case, the newest first."""


class Access(Answer):
    """One look at a case: who, in which role, of which sites, and when."""

    access_id: int
    at: datetime
    what: str
    by_user_id: UUID
    by_role: str
    site_codes: list[str]


class CaseState(Answer):
    """Where a case stands."""

    case_id: UUID
    status: cases.Status
    outcome: closing.Outcome | None


class CaseListed(Answer):
    """One case of a list."""

    case_id: UUID
    site_code: str
    person_ref: UUID
    status: cases.Status
    outcome: closing.Outcome | None
    opened_on: date
    lines: int
    open_lines: int
    claimed_cents: int
    agreed_cents: int


class MandateRecorded(Answer):
    """A mandate, and where its case stands."""

    mandate_id: UUID
    case_id: UUID
    status: cases.Status
    state: mandate.State


class LineAdded(Answer):
    """A line, its limitation as of today, and where its case stands."""

    line_id: UUID
    case_id: UUID
    status: cases.Status
    due_cents: int | None
    limitation: LimitationShown


class OfferMade(Answer):
    """An offer that waits for its answer."""

    offer_id: UUID
    case_id: UUID
    status: cases.Status
    amount_cents: int
    instalments: list[InstalmentShown]


class OfferAnswered(Answer):
    """An answered offer, and what became of its case."""

    offer_id: UUID
    state: offer.State
    counter_offer_id: UUID | None
    case_id: UUID
    status: cases.Status
    outcome: closing.Outcome | None
    agreed_cents: int
    saved_cents: int


class MandateShown(Answer):
    """A mandate as it stands today."""

    mandate_id: UUID
    operators: list[str]
    signed_on: date
    until_on: date
    revoked_on: date | None
    client_reference: str
    state: mandate.State


class EventShown(Answer):
    """Something that happened to a line."""

    kind: EventKind
    on: date
    until: date | None


class LineShown(Answer):
    """A line as it stands today."""

    line_id: UUID
    operator: str
    kind: LineKind
    label: str
    claimed_cents: int
    due_cents: int | None
    agreed_cents: int | None
    due_on: date
    born_on: date
    state: debt_line.State
    events: list[EventShown]
    limitation: LimitationShown


class OfferShown(Answer):
    """An offer as it stands today."""

    offer_id: UUID
    operator: str
    kind: offer.Kind
    maker: offer.Maker
    state: offer.State
    line_ids: list[UUID]
    amount_cents: int
    made_on: date
    counter_to: UUID | None
    override_reason: str | None
    answered_on: date | None
    person_signed_on: date | None
    instalments: list[InstalmentShown]


class StepShown(Answer):
    """One step of a case's history."""

    step: str
    at: datetime
    by: UUID


class CaseShown(Answer):
    """A case with everything in it, as of today."""

    case_id: UUID
    site_code: str
    person_ref: UUID
    status: cases.Status
    outcome: closing.Outcome | None
    opened_on: date
    over_indebtedness_admissible_on: date | None
    claimed_cents: int
    due_cents: int
    agreed_cents: int
    saved_cents: int
    mandates: list[MandateShown]
    lines: list[LineShown]
    offers: list[OfferShown]
    history: list[StepShown]

    @classmethod
    def of(cls, case: cases.Case, *, day: date, language: str, history: list[StepShown]) -> Self:
        """Show a case as it stands on a day."""
        return cls(
            case_id=case.case_id,
            site_code=case.site_code,
            person_ref=case.person_ref,
            status=case.status,
            outcome=case.outcome,
            opened_on=case.opened_on,
            over_indebtedness_admissible_on=case.over_indebtedness_admissible_on,
            claimed_cents=case.claimed_cents,
            due_cents=case.due_cents,
            agreed_cents=case.agreed_cents,
            saved_cents=case.saved_cents,
            mandates=[_mandate_shown(each, day=day) for each in case.mandates],
            lines=[_line_shown(each, day=day, language=language) for each in case.lines],
            offers=[_offer_shown(each) for each in case.offers],
            history=history,
        )


def _mandate_shown(each: mandate.Mandate, *, day: date) -> MandateShown:
    return MandateShown(
        mandate_id=each.mandate_id,
        operators=sorted(each.operators),
        signed_on=each.signed_on,
        until_on=each.until_on,
        revoked_on=each.revoked_on,
        client_reference=each.client_reference,
        state=each.state_on(day),
    )


def _line_shown(line: debt_line.DebtLine, *, day: date, language: str) -> LineShown:
    return LineShown(
        line_id=line.line_id,
        operator=line.operator,
        kind=line.kind,
        label=line.label,
        claimed_cents=line.claimed_cents,
        due_cents=line.due_cents,
        agreed_cents=line.agreed_cents,
        due_on=line.due_on,
        born_on=line.born_on,
        state=line.state,
        events=[EventShown(kind=e.kind, on=e.on, until=e.until_on) for e in line.events],
        limitation=show_limitation(line.limitation_on(day), language=language),
    )


def _offer_shown(each: offer.Offer) -> OfferShown:
    return OfferShown(
        offer_id=each.offer_id,
        operator=each.operator,
        kind=each.kind,
        maker=each.maker,
        state=each.state,
        line_ids=sorted(each.line_ids),
        amount_cents=each.amount_cents,
        made_on=each.made_on,
        counter_to=each.counter_to,
        override_reason=each.override_reason,
        answered_on=each.answered_on,
        person_signed_on=each.person_signed_on,
        instalments=show_instalments(each.instalments),
    )
