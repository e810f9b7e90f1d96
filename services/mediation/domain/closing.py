"""How a case may end, by how its lines stand.

    standing         may be closed by hand as
    no_line          refund, line_restored, withdrawn, inadmissible
    open             refund, line_restored, refused, withdrawn, inadmissible
    waiting          withdrawn
    agreed           the outcome of one of its agreements, with a reason why the rest stays open
    agreed_waiting   —

A case is `waiting` while an offer waits for its answer: whoever wants to end it writes the answer
down first, unless the person withdraws.  It is `agreed` when one line is settled and another is
open: what was agreed stands, so the case can be neither withdrawn nor refused as a whole.  A case
whose lines are all settled has closed by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from kernel.refusal import Refusal
from services.mediation.domain import debt_line, offer
from services.mediation.domain.debt_line import DebtLine
from services.mediation.domain.offer import Kind, Offer


class Outcome(StrEnum):
    """How a case ended."""

    LIMITATION_ACCEPTED = "limitation_accepted"
    FEE_RECOMPUTED = "fee_recomputed"
    FULL_WAIVER = "full_waiver"
    PARTIAL_WAIVER = "partial_waiver"
    PLAN = "plan"
    REFUND = "refund"
    LINE_RESTORED = "line_restored"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    INADMISSIBLE = "inadmissible"


#: What a mediator may say at closing; the others follow from an agreement.
BY_HAND = frozenset(
    {
        Outcome.REFUND,
        Outcome.LINE_RESTORED,
        Outcome.REFUSED,
        Outcome.WITHDRAWN,
        Outcome.INADMISSIBLE,
    }
)


class Standing(StrEnum):
    """How the lines and offers of a case stand when somebody wants to close it."""

    NO_LINE = "no_line"
    OPEN = "open"
    WAITING = "waiting"
    AGREED = "agreed"
    AGREED_WAITING = "agreed_waiting"


CLOSINGS: Mapping[Standing, frozenset[Outcome]] = {
    Standing.NO_LINE: BY_HAND - {Outcome.REFUSED},
    Standing.OPEN: BY_HAND,
    Standing.WAITING: frozenset({Outcome.WITHDRAWN}),
    Standing.AGREED: frozenset(Outcome) - BY_HAND,
    Standing.AGREED_WAITING: frozenset(),
}


class OutcomeNotByHand(Refusal):
    """This outcome follows from an accepted offer and cannot be chosen. Allowed: {allowed}."""

    code = "mediation.case.outcome_not_by_hand"


class NothingRefused(Refusal):
    """This case has no line that anybody could have refused. Allowed: {allowed}."""

    code = "mediation.case.nothing_refused"


class OfferWaits(Refusal):
    """An offer of this case waits for its answer: write the answer down first, or close the case
    as withdrawn."""

    code = "mediation.case.offer_waits"


class AgreementWaits(Refusal):
    """A line of this case is settled, and an offer for another one waits for its answer: write the
    answer down first."""

    code = "mediation.case.agreement_waits"


class AgreementStands(Refusal):
    """A line of this case is settled, and what was agreed stands: with another line still open,
    the case can only be closed as what was agreed. Allowed: {allowed}."""

    code = "mediation.case.agreement_stands"


class ReasonMissing(Refusal):
    """Say in `left_open_reason` why the lines that are still open stay so: {open_lines}."""

    code = "mediation.case.reason_missing"


def standing_of(lines: Iterable[DebtLine], offers: Iterable[Offer]) -> Standing:
    """Say how lines and offers stand."""
    states = {line.state for line in lines}
    waiting = any(each.state is offer.State.MADE for each in offers)
    if debt_line.State.SETTLED in states:
        return Standing.AGREED_WAITING if waiting else Standing.AGREED
    if waiting:
        return Standing.WAITING
    return Standing.OPEN if states else Standing.NO_LINE


def check(
    outcome: Outcome,
    *,
    lines: Sequence[DebtLine],
    offers: Sequence[Offer],
    left_open_reason: str | None,
) -> None:
    """Refuse an outcome that says something else than the lines do."""
    standing = standing_of(lines, offers)
    allowed = CLOSINGS[standing]
    if standing is Standing.AGREED:
        allowed &= {
            outcome_of(each, lines=[line for line in lines if line.line_id in each.line_ids])
            for each in offers
            if each.state is offer.State.ACCEPTED
        }
    if outcome not in allowed:
        raise _refusal(standing, outcome, allowed=allowed)
    open_count = sum(line.state is debt_line.State.OPEN for line in lines)
    if standing is Standing.AGREED and left_open_reason is None:
        raise ReasonMissing(open_lines=open_count)


def _refusal(standing: Standing, outcome: Outcome, *, allowed: frozenset[Outcome]) -> Refusal:
    listed = ", ".join(sorted(allowed))
    if standing is Standing.AGREED_WAITING:
        return AgreementWaits()
    if standing is Standing.AGREED:
        return AgreementStands(allowed=listed)
    if standing is Standing.WAITING:
        return OfferWaits()
    return (
        NothingRefused(allowed=listed)
        if outcome is Outcome.REFUSED
        else OutcomeNotByHand(allowed=listed)
    )


def outcome_of(accepted: Offer, *, lines: Sequence[DebtLine]) -> Outcome:
    """Say what an accepted offer makes of the lines it is about."""
    if accepted.kind is Kind.PLAN_REQUEST:
        return Outcome.PLAN
    if accepted.kind is Kind.RECOMPUTATION:
        return Outcome.FEE_RECOMPUTED
    if accepted.amount_cents == 0:
        claimed_limited = accepted.kind is Kind.LIMITATION_CLAIM
        return Outcome.LIMITATION_ACCEPTED if claimed_limited else Outcome.FULL_WAIVER
    claimed_cents = debt_line.total_claimed_cents(lines)
    return Outcome.PARTIAL_WAIVER if accepted.amount_cents < claimed_cents else Outcome.PLAN
