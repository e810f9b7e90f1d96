"""A mediation case: one person's telecom debts, from the door to an outcome.

    status        verbs allowed (and what the case becomes)
    opened        record_mandate (mandated), record_over_indebtedness, close (closed)
    mandated      add_line (analysed), record_mandate, revoke_mandate, record_over_indebtedness,
                  close (closed)
    analysed      make_offer (negotiating), add_line, record_mandate, revoke_mandate,
                  record_over_indebtedness, close (closed)
    negotiating   answer_offer, settle_last_line (closed), make_offer, add_line, record_mandate,
                  revoke_mandate, record_over_indebtedness, close (closed)
    closed        —

Lines, offers and their acceptance also need a mandate in force on that day for the operator: a
revocation stops the case without a status of its own.  The case closes by itself when an agreement
settles its last open line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import NotFound, Refusal
from services.mediation.domain import closing, debt_line, mandate, offer
from services.mediation.domain import entitlement as rights
from services.mediation.domain.closing import Outcome, outcome_of
from services.mediation.domain.debt_line import DebtLine
from services.mediation.domain.entitlement import Entitlement
from services.mediation.domain.limitation import Event
from services.mediation.domain.limitation_law import EventKind
from services.mediation.domain.mandate import Mandate
from services.mediation.domain.offer import Maker, Offer
from services.mediation.domain.plan import Plan


class Status(StrEnum):
    """Where a case stands."""

    OPENED = "opened"
    MANDATED = "mandated"
    ANALYSED = "analysed"
    NEGOTIATING = "negotiating"
    CLOSED = "closed"


class Verb(StrEnum):
    """What may be done to a case."""

    RECORD_MANDATE = "record_mandate"
    REVOKE_MANDATE = "revoke_mandate"
    RECORD_OVER_INDEBTEDNESS = "record_over_indebtedness"
    ADD_LINE = "add_line"
    MAKE_OFFER = "make_offer"
    ANSWER_OFFER = "answer_offer"
    SETTLE_LAST_LINE = "settle_last_line"
    CLOSE = "close"


_OF_ANY_OPEN_CASE = (Verb.RECORD_OVER_INDEBTEDNESS,)
_OF_ANY_MANDATED_CASE = (*_OF_ANY_OPEN_CASE, Verb.RECORD_MANDATE, Verb.REVOKE_MANDATE)


def _staying(status: Status, verbs: Iterable[Verb]) -> dict[Verb, Status]:
    return dict.fromkeys(verbs, status)


TRANSITIONS: Mapping[Status, Mapping[Verb, Status]] = {
    Status.OPENED: _staying(Status.OPENED, _OF_ANY_OPEN_CASE)
    | {Verb.RECORD_MANDATE: Status.MANDATED, Verb.CLOSE: Status.CLOSED},
    Status.MANDATED: _staying(Status.MANDATED, _OF_ANY_MANDATED_CASE)
    | {Verb.ADD_LINE: Status.ANALYSED, Verb.CLOSE: Status.CLOSED},
    Status.ANALYSED: _staying(Status.ANALYSED, (*_OF_ANY_MANDATED_CASE, Verb.ADD_LINE))
    | {Verb.MAKE_OFFER: Status.NEGOTIATING, Verb.CLOSE: Status.CLOSED},
    Status.NEGOTIATING: _staying(
        Status.NEGOTIATING,
        (*_OF_ANY_MANDATED_CASE, Verb.ADD_LINE, Verb.MAKE_OFFER, Verb.ANSWER_OFFER),
    )
    | {Verb.SETTLE_LAST_LINE: Status.CLOSED, Verb.CLOSE: Status.CLOSED},
    Status.CLOSED: {},
}


class CaseClosed(Refusal):
    """This case is closed: nothing can be added or changed."""

    code = "mediation.case.closed"


class OutOfTurn(Refusal):
    """This case is not that far yet: first a mandate, then the lines, then an offer."""

    code = "mediation.case.out_of_turn"


class OpenAlready(Refusal):
    """This person has an open case at this site already: {case_id}."""

    code = "mediation.case.open_already"


class AdmissibleLater(Refusal):
    """An over-indebtedness file cannot be admissible on {admissible_on}, which is still to come."""

    code = "mediation.case.admissible_later"


class UnknownCase(NotFound):
    """There is no such case."""

    code = "mediation.case.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case with everything that was written down in it."""

    case_id: UUID
    site_code: str
    person_ref: UUID
    opened_on: date
    status: Status = Status.OPENED
    outcome: Outcome | None = None
    over_indebtedness_admissible_on: date | None = None
    mandates: tuple[Mandate, ...] = ()
    lines: tuple[DebtLine, ...] = ()
    offers: tuple[Offer, ...] = ()

    @property
    def claimed_cents(self) -> Cents:
        """What the operators claim."""
        return debt_line.total_claimed_cents(self.lines)

    @property
    def due_cents(self) -> Cents:
        """What is due by our figures, or claimed where we have none yet."""
        return debt_line.total_owed_cents(self.lines)

    @property
    def agreed_cents(self) -> Cents:
        """What was agreed on the lines that are settled."""
        return Cents(sum(line.agreed_cents or 0 for line in self.lines))

    @property
    def saved_cents(self) -> Cents:
        """What the settled lines cost less than was claimed."""
        settled = (line for line in self.lines if line.agreed_cents is not None)
        return Cents(debt_line.total_claimed_cents(settled) - self.agreed_cents)

    def lines_of(self, wanted: Offer) -> tuple[DebtLine, ...]:
        """Return the lines that an offer is about."""
        return tuple(line for line in self.lines if line.line_id in wanted.line_ids)


def open_case(
    case: Case,
    *,
    entitlements: Sequence[Entitlement],
    open_already: UUID | None,
    admissible_on: date | None,
) -> Case:
    """Open a case for a person who is entitled to help and has no other one open at the site."""
    rights.require(entitlements, day=case.opened_on)
    if open_already is not None:
        raise OpenAlready(case_id=open_already)
    if admissible_on is None:
        return case
    return record_over_indebtedness(case, admissible_on=admissible_on, day=case.opened_on)


def record_over_indebtedness(case: Case, *, admissible_on: date, day: date) -> Case:
    """Write down since when the person's over-indebtedness file is admissible."""
    moved = _move(case, Verb.RECORD_OVER_INDEBTEDNESS)
    if admissible_on > day:
        raise AdmissibleLater(admissible_on=admissible_on)
    return replace(moved, over_indebtedness_admissible_on=admissible_on)


def record_mandate(case: Case, signed: Mandate, *, day: date) -> Case:
    """Add a mandate that the person has signed."""
    moved = _move(case, Verb.RECORD_MANDATE)
    return replace(moved, mandates=(*case.mandates, mandate.check(signed, day=day)))


def revoke_mandate(case: Case, mandate_id: UUID, *, day: date) -> Case:
    """Take a mandate back, as the person may at any time."""
    moved = _move(case, Verb.REVOKE_MANDATE)
    known = next((each for each in case.mandates if each.mandate_id == mandate_id), None)
    if known is None:
        raise mandate.UnknownMandate
    revoked = mandate.revoke(known, day=day)
    return replace(
        moved, mandates=tuple(revoked if each is known else each for each in case.mandates)
    )


def add_line(case: Case, line: DebtLine, *, day: date) -> Case:
    """Write down a sum that an operator claims."""
    _require_mandate(case, line.operator, day=day)
    moved = _move(case, Verb.ADD_LINE)
    return replace(moved, lines=(*case.lines, debt_line.assess(line)))


def choose_lines(case: Case, *, operator: str, line_ids: frozenset[UUID] | None) -> frozenset[UUID]:
    """Return the open lines of an operator: those that are named, or all of them."""
    open_ids = frozenset(
        line.line_id
        for line in case.lines
        if line.operator == operator and line.state is debt_line.State.OPEN
    )
    if line_ids is None:
        return open_ids
    if not line_ids <= open_ids:
        raise debt_line.UnknownLine
    return line_ids


def make_offer(case: Case, made: Offer, *, plan: Plan | None) -> Case:
    """Propose something to an operator; asking for a plan or a waiver restarts the limitation."""
    _require_mandate(case, made.operator, day=made.made_on)
    moved = _move(case, Verb.MAKE_OFFER)
    for other in case.offers:
        if other.state is offer.State.MADE and other.line_ids & made.line_ids:
            raise offer.Pending
    return _with_proposal(moved, made, plan=plan)


def refuse_offer(case: Case, answered: Offer) -> Case:
    """Write down that an offer was refused."""
    return _with_offer(_move(case, Verb.ANSWER_OFFER), answered)


def counter_offer(case: Case, answered: Offer, counter: Offer, *, plan: Plan | None) -> Case:
    """Write down a counter-offer, which waits for the other side's answer."""
    _require_mandate(case, answered.operator, day=counter.made_on)
    moved = _with_offer(_move(case, Verb.ANSWER_OFFER), answered)
    return _with_proposal(moved, counter, plan=plan)


def accept_offer(case: Case, answered: Offer, *, override_reason: str | None, day: date) -> Case:
    """Settle the lines of an accepted offer; the last one settled closes the case."""
    _require_mandate(case, answered.operator, day=day)
    moved = _with_offer(_move(case, Verb.ANSWER_OFFER), answered)
    targets = case.lines_of(answered)
    if answered.amount_cents > 0:
        _gate_over_indebtedness(case, targets)
        offer.pass_limitation_gate(
            targets, day=day, override_reason=override_reason or answered.override_reason
        )
    settled = debt_line.share_out(targets, agreed_cents=answered.amount_cents)
    moved = _with_lines(moved, settled)
    if any(line.state is debt_line.State.OPEN for line in moved.lines):
        return moved
    closed = _move(moved, Verb.SETTLE_LAST_LINE)
    return replace(closed, outcome=outcome_of(answered, lines=targets))


def close(case: Case, *, outcome: Outcome, left_open_reason: str | None = None) -> Case:
    """Close a case that has not closed by itself, as what its lines say (see closing.py)."""
    moved = _move(case, Verb.CLOSE)
    closing.check(outcome, lines=case.lines, offers=case.offers, left_open_reason=left_open_reason)
    return replace(moved, outcome=outcome)


def find_offer(case: Case, offer_id: UUID) -> Offer:
    """Return an offer of this case that is open to an answer, or say why there is none."""
    _refuse_closed(case)
    for each in case.offers:
        if each.offer_id == offer_id:
            return each
    raise offer.UnknownOffer


def counter_of(answered: Offer, *, offer_id: UUID, amount_cents: Cents) -> Offer:
    """Return the operator's counter-offer: about the same lines, asked the same way."""
    maker = Maker.OPERATOR if answered.maker is Maker.ASSOCIATION else Maker.ASSOCIATION
    return Offer(
        offer_id=offer_id,
        operator=answered.operator,
        kind=answered.kind,
        maker=maker,
        line_ids=answered.line_ids,
        amount_cents=amount_cents,
        made_on=answered.answered_on or answered.made_on,
        counter_to=answered.offer_id,
        override_reason=answered.override_reason,
    )


def _refuse_closed(case: Case) -> None:
    if case.status is Status.CLOSED:
        raise CaseClosed


def _require_mandate(case: Case, operator: str, *, day: date) -> None:
    _refuse_closed(case)
    mandate.require(case.mandates, operator=operator, day=day)


def _gate_over_indebtedness(case: Case, lines: Sequence[DebtLine]) -> None:
    offer.pass_over_indebtedness_gate(lines, admissible_on=case.over_indebtedness_admissible_on)


def _move(case: Case, verb: Verb) -> Case:
    _refuse_closed(case)
    status = TRANSITIONS[case.status].get(verb)
    if status is None:
        raise OutOfTurn
    return replace(case, status=status)


def _with_proposal(case: Case, made: Offer, *, plan: Plan | None) -> Case:
    targets = case.lines_of(made)
    proposed = offer.propose(made, lines=targets, plan=plan)
    case = replace(case, offers=(*case.offers, proposed))
    if made.maker is Maker.OPERATOR:  # what they propose acknowledges nothing on our side
        return case
    if made.amount_cents > 0:
        _gate_over_indebtedness(case, targets)
    if made.kind not in offer.ACKNOWLEDGING:
        return case
    offer.pass_limitation_gate(targets, day=made.made_on, override_reason=made.override_reason)
    return _with_event(case, made, EventKind.PLAN_REQUEST)


def _with_offer(case: Case, changed: Offer) -> Case:
    return replace(
        case,
        offers=tuple(
            changed if each.offer_id == changed.offer_id else each for each in case.offers
        ),
    )


def _with_lines(case: Case, changed: Iterable[DebtLine]) -> Case:
    by_id = {line.line_id: line for line in changed}
    return replace(case, lines=tuple(by_id.get(line.line_id, line) for line in case.lines))


def _with_event(case: Case, made: Offer, kind: EventKind) -> Case:
    event = Event(kind=kind, on=made.made_on)
    touched = (replace(line, events=(*line.events, event)) for line in case.lines_of(made))
    return _with_lines(case, touched)
