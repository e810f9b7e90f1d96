"""An offer: what is proposed to settle lines of one operator, by us or, in answer, by them.

    state       answer      becomes
    made        accepted    accepted
    made        refused     refused
    made        countered   countered    (the counter-offer is an offer of its own)
    accepted, refused, countered   —

What acknowledges a debt passes two gates first.  A line that is limited, or nearly, is left alone
unless a supervisor says why not: asking for a plan restarts its limitation, and after the last
live day it may give up the defence (C. civ. 2240, 2251).  And a person whose over-indebtedness
file is admissible may not pay what was born before (C. conso. L722-5); nobody can lift that.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import NotFound, Refusal
from services.mediation.domain.debt_line import (
    DebtLine,
    total_claimed_cents,
    total_owed_cents,
)
from services.mediation.domain.limitation import Flag
from services.mediation.domain.plan import Instalment, Plan


class Kind(StrEnum):
    """What an offer asks the other side."""

    PLAN_REQUEST = "plan_request"
    WAIVER_REQUEST = "waiver_request"
    RECOMPUTATION = "recomputation"
    LIMITATION_CLAIM = "limitation_claim"


#: Asking for these acknowledges the debt (C. civ. 2240).
ACKNOWLEDGING = frozenset({Kind.PLAN_REQUEST, Kind.WAIVER_REQUEST})


class Maker(StrEnum):
    """Who makes an offer."""

    ASSOCIATION = "association"
    OPERATOR = "operator"


class State(StrEnum):
    """What an offer is."""

    MADE = "made"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    COUNTERED = "countered"


class Answer(StrEnum):
    """What may be said to an offer."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    COUNTERED = "countered"


TRANSITIONS: Mapping[State, Mapping[Answer, State]] = {
    State.MADE: {
        Answer.ACCEPTED: State.ACCEPTED,
        Answer.REFUSED: State.REFUSED,
        Answer.COUNTERED: State.COUNTERED,
    },
    State.ACCEPTED: {},
    State.REFUSED: {},
    State.COUNTERED: {},
}


class UnknownOffer(NotFound):
    """There is no such offer."""

    code = "mediation.offer.unknown"


class AlreadyAnswered(Refusal):
    """This offer has been answered already."""

    code = "mediation.offer.answered"


class NoLine(Refusal):
    """There is no open line of {operator} to make an offer for."""

    code = "mediation.offer.no_line"


class Pending(Refusal):
    """An offer for one of these lines still waits for its answer."""

    code = "mediation.offer.pending"


class AboveDue(Refusal):
    """An offer of {amount_cents} exceeds what is due on these lines: {due_cents}."""

    code = "mediation.offer.above_due"


class AboveClaimed(Refusal):
    """An offer of {amount_cents} exceeds what is claimed on these lines: {claimed_cents}."""

    code = "mediation.offer.above_claimed"


class PlanMissing(Refusal):
    """Say in how many instalments {amount_cents} is to be paid, and from which day."""

    code = "mediation.offer.plan_missing"


class NothingToPay(Refusal):
    """An offer of nothing has no instalments."""

    code = "mediation.offer.nothing_to_pay"


class PlanOfNothing(Refusal):
    """A plan is asked for a sum of at least one cent."""

    code = "mediation.offer.plan_of_nothing"


class LimitedDebtPaid(Refusal):
    """Whoever claims that a debt is limited offers nothing for it, not {amount_cents}."""

    code = "mediation.offer.limited_debt_paid"


class NotLimited(Refusal):
    """A line may still be claimed until {last_live_on}: its limitation cannot be claimed."""

    code = "mediation.offer.not_limited"


class LineLimited(Refusal):
    """A line is probably limited since {last_live_on}: this offer would acknowledge it. A
    supervisor may override, with a reason."""

    code = "mediation.offer.line_limited"


class LineNearLimit(Refusal):
    """A line is close to its limitation of {last_live_on}: this offer would restart it. A
    supervisor may override, with a reason."""

    code = "mediation.offer.line_near_limit"


class PaymentForbidden(Refusal):
    """The over-indebtedness file is admissible since {admissible_on}: nothing may be paid on a
    debt born before, on {born_on}."""

    code = "mediation.offer.payment_forbidden"


class NotSigned(Refusal):
    """The person has to sign the plan before it is agreed."""

    code = "mediation.offer.not_signed"


class AnsweredOutOfTime(Refusal):
    """An offer of {made_on} cannot have been answered on {answered_on}."""

    code = "mediation.offer.answered_out_of_time"


class DueBeforeMade(Refusal):
    """The first instalment of an offer of {made_on} cannot fall due on {first_due_on}."""

    code = "mediation.offer.due_before_made"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What one side proposes for lines of one operator."""

    offer_id: UUID
    operator: str
    kind: Kind
    maker: Maker
    line_ids: frozenset[UUID]
    amount_cents: Cents
    made_on: date
    instalments: tuple[Instalment, ...] = ()
    state: State = State.MADE
    counter_to: UUID | None = None
    #: Why a supervisor let it pass the limitation gate.
    override_reason: str | None = None
    answered_on: date | None = None
    person_signed_on: date | None = None


def propose(offer: Offer, *, lines: Sequence[DebtLine], plan: Plan | None) -> Offer:
    """Check the terms of an offer and take its instalments from a plan."""
    if not lines:
        raise NoLine(operator=offer.operator)
    _check_amount(offer, lines=lines)
    if offer.amount_cents == 0:
        if plan is not None:
            raise NothingToPay
        return offer
    if plan is None:
        raise PlanMissing(amount_cents=offer.amount_cents)
    first_due_on = plan.instalments[0].due_on
    if first_due_on < offer.made_on:
        raise DueBeforeMade(made_on=offer.made_on, first_due_on=first_due_on)
    return replace(offer, instalments=plan.instalments)


def _check_amount(offer: Offer, *, lines: Sequence[DebtLine]) -> None:
    claimed_cents, due_cents = total_claimed_cents(lines), total_owed_cents(lines)
    if offer.amount_cents > claimed_cents:
        raise AboveClaimed(amount_cents=offer.amount_cents, claimed_cents=claimed_cents)
    if offer.maker is Maker.ASSOCIATION and offer.amount_cents > due_cents:
        raise AboveDue(amount_cents=offer.amount_cents, due_cents=due_cents)
    if offer.maker is Maker.ASSOCIATION and offer.kind is Kind.LIMITATION_CLAIM:
        _check_limitation_claim(offer, lines=lines)
    if offer.kind is Kind.PLAN_REQUEST and offer.amount_cents == 0:
        raise PlanOfNothing


def _check_limitation_claim(offer: Offer, *, lines: Sequence[DebtLine]) -> None:
    if offer.amount_cents:
        raise LimitedDebtPaid(amount_cents=offer.amount_cents)
    for line in lines:
        limitation = line.limitation_on(offer.made_on)
        if not limitation.limited and Flag.NOT_DUE not in limitation.flags:
            raise NotLimited(last_live_on=limitation.last_live_on)


def answer(
    offer: Offer, said: Answer, *, answered_on: date, day: date, person_signed_on: date | None
) -> Offer:
    """Write down on a day what was answered to an offer; a plan needs the person's signature."""
    state = TRANSITIONS[offer.state].get(said)
    if state is None:
        raise AlreadyAnswered
    if not offer.made_on <= answered_on <= day:
        raise AnsweredOutOfTime(made_on=offer.made_on, answered_on=answered_on)
    if said is Answer.ACCEPTED and offer.amount_cents > 0:
        # We negotiate in the person's name, we never bind them in their place.
        if person_signed_on is None or person_signed_on > day:
            raise NotSigned
        return replace(
            offer, state=state, answered_on=answered_on, person_signed_on=person_signed_on
        )
    return replace(offer, state=state, answered_on=answered_on)


def pass_limitation_gate(
    lines: Iterable[DebtLine], *, day: date, override_reason: str | None
) -> None:
    """Refuse to acknowledge a line that is limited or nearly, unless a supervisor said why."""
    if override_reason is not None:
        return
    for line in lines:
        limitation = line.limitation_on(day)
        if limitation.limited:
            raise LineLimited(last_live_on=limitation.last_live_on)
        if Flag.NEAR_LIMIT in limitation.flags:
            raise LineNearLimit(last_live_on=limitation.last_live_on)


def pass_over_indebtedness_gate(lines: Iterable[DebtLine], *, admissible_on: date | None) -> None:
    """Refuse to pay what was born before the day the over-indebtedness file was admissible."""
    if admissible_on is None:
        return
    for line in lines:
        if line.born_on < admissible_on:
            raise PaymentForbidden(admissible_on=admissible_on, born_on=line.born_on)
