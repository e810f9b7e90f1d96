"""What mediators ask of the calculators and what they are answered."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self

from babel.numbers import format_decimal
from pydantic import Field, model_validator

from chassis import texts
from chassis.shapes import Answer, Body
from kernel.money import Cents
from services.mediation.domain.late_interest import InterestFlag, LateInterest
from services.mediation.domain.limitation import Event, Flag, Limitation
from services.mediation.domain.limitation_law import EventKind, LineKind
from services.mediation.domain.plan import Instalment, Plan, PlanFlag, plan_of
from services.mediation.domain.rule import Basis
from services.mediation.domain.termination_fee import Contract, FeeFlag, TerminationFee

#: Far from the ends of the calendar, so that no sum of years falls off it.
Day = Annotated[date, Field(ge=date(1990, 1, 1), le=date(2100, 12, 31), strict=True)]
#: Ten million euros: far above any telecom debt, far below what overflows.
CENTS_MAX = 1_000_000_000
Amount = Annotated[int, Field(ge=0, le=CENTS_MAX, strict=True)]
PaidAmount = Annotated[int, Field(ge=1, le=CENTS_MAX, strict=True)]
Count = Annotated[int, Field(ge=0, le=1_200, strict=True)]
PaidCount = Annotated[int, Field(ge=1, le=1_200, strict=True)]


class BasisShown(Answer):
    """One step of a computation: its rule, the article it rests on, and a sentence to read."""

    rule: str
    article: str
    text: str
    values: dict[str, Any]


class EventAsked(Body):
    """Something that happened to a debt line; only a mediation or a court claim has an `until`."""

    kind: EventKind
    on: Day
    until: Day | None = None

    def event(self) -> Event:
        """Return it as the rules know it."""
        return Event(kind=self.kind, on=self.on, until_on=self.until)


Events = Annotated[tuple[EventAsked, ...], Field(max_length=200)]


class LineAsked(Body):
    """The debt line whose limitation is asked about."""

    kind: LineKind
    due_on: Day


class AskLimitation(Body):
    """Until when may a debt line be claimed, as seen on a day?"""

    line: LineAsked
    events: Events = ()
    on: Day


class LimitationShown(Answer):
    """An aid, to be confirmed by the mediator; `last_live_day` is null when nothing is due."""

    limited: bool
    last_live_day: date | None
    flags: list[Flag]
    basis: list[BasisShown]


class AskTerminationFee(Body):
    """How much may an operator ask for ending a contract early?"""

    monthly_cents: Amount
    commitment_months: Count
    elapsed_months: Count
    signed_on: Day
    subsidised_handset: bool
    over_indebted: bool | None = None

    def contract(self) -> Contract:
        """Return it as the rules know it."""
        return Contract(**self.model_dump() | {"over_indebted": bool(self.over_indebted)})


class TerminationFeeShown(Answer):
    """The most that may be asked, by usual practice and by the reading that asks for most."""

    fee_cents: int
    strict_reading_cents: int
    flags: list[FeeFlag]
    basis: list[BasisShown]


class Cut(Body):
    """How a sum is cut into instalments: so many, or as few as a monthly maximum allows."""

    instalments: PaidCount | None = None
    monthly_max_cents: PaidAmount | None = None

    @model_validator(mode="after")
    def _not_both(self) -> Self:
        if self.instalments is not None and self.monthly_max_cents is not None:
            raise ValueError("Give either instalments or monthly_max_cents, and only one.")
        return self


class AskPlan(Cut):
    """Into which instalments can a debt be cut?"""

    debt_cents: PaidAmount
    first_due_on: Day

    @model_validator(mode="after")
    def _not_neither(self) -> Self:
        if self.instalments is None and self.monthly_max_cents is None:
            raise ValueError("Give either instalments or monthly_max_cents, and only one.")
        return self

    def plan(self) -> Plan:
        """Work it out."""
        return plan_of(
            Cents(self.debt_cents),
            first_due_on=self.first_due_on,
            instalment_count=self.instalments,
            monthly_max_cents=cents(self.monthly_max_cents),
        )


class InstalmentShown(Answer):
    """One payment of a plan."""

    due_on: date
    amount_cents: int


class PlanShown(Answer):
    """The instalments, whose sum is the debt."""

    instalments: list[InstalmentShown]
    flags: list[PlanFlag]
    basis: list[BasisShown]


class AskLateInterest(Body):
    """How much interest ran from the formal notice until the day before `until_on`?"""

    principal_cents: Amount
    from_on: Day
    until_on: Day


class LateInterestShown(Answer):
    """Interest at the legal rate of each half-year, until a day that may be earlier than asked."""

    interest_cents: int
    interest_until_on: date
    flags: list[InterestFlag]
    basis: list[BasisShown]


def show_limitation(found: Limitation, *, language: str) -> LimitationShown:
    """Show a limitation in the person's language."""
    return LimitationShown(
        limited=found.limited,
        last_live_day=found.last_live_on,
        flags=list(found.flags),
        basis=show_basis(found.basis, language=language),
    )


def show_fee(found: TerminationFee, *, language: str) -> TerminationFeeShown:
    """Show a termination fee in the person's language."""
    return TerminationFeeShown(
        fee_cents=found.fee_cents,
        strict_reading_cents=found.strict_reading_cents,
        flags=list(found.flags),
        basis=show_basis(found.basis, language=language),
    )


def show_late_interest(found: LateInterest, *, language: str) -> LateInterestShown:
    """Show late interest in the person's language."""
    return LateInterestShown(
        interest_cents=found.interest_cents,
        interest_until_on=found.until_on,
        flags=list(found.flags),
        basis=show_basis(found.basis, language=language),
    )


def show_plan(found: Plan, *, language: str) -> PlanShown:
    """Show a plan in the person's language."""
    return PlanShown(
        instalments=show_instalments(found.instalments),
        flags=list(found.flags),
        basis=show_basis(found.basis, language=language),
    )


def show_instalments(instalments: Sequence[Instalment]) -> list[InstalmentShown]:
    """Show the instalments of a plan."""
    return [
        InstalmentShown(due_on=each.due_on, amount_cents=each.amount_cents) for each in instalments
    ]


def show_basis(basis: Sequence[Basis], *, language: str) -> list[BasisShown]:
    """Show the steps of a computation, each with its sentence."""
    return [
        BasisShown(
            rule=step.rule,
            # An article of French law is a name in French; a rule of our own has words.
            article=texts.translate(step.article, language=language, service="mediation"),
            text=texts.say(
                step.sentence,
                _with_decimals(step.values, language=language),
                language=language,
                service="mediation",
            ),
            values=dict(step.values),
        )
        for step in basis
    ]


def _with_decimals(values: Mapping[str, object], *, language: str) -> dict[str, object]:
    return {
        name: format_decimal(value, locale=language) if isinstance(value, Decimal) else value
        for name, value in values.items()
    }


def cents(amount_cents: int | None) -> Cents | None:
    """Take a number of cents as an amount, if there is one."""
    return None if amount_cents is None else Cents(amount_cents)
