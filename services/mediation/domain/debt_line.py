"""A debt line: one sum that an operator claims, with a limitation of its own.

    state      verb      becomes
    open       settle    settled
    settled    —

Three amounts stand side by side for ever: what the operator claimed, what is legally due by our
own figure, and what was agreed in the end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import NotFound, Refusal
from services.mediation.domain.limitation import Event, Limitation, limitation_of
from services.mediation.domain.limitation_law import FEE_DUE_CENTS, LineKind
from services.mediation.domain.rule import in_force


class State(StrEnum):
    """What a debt line is."""

    OPEN = "open"
    SETTLED = "settled"


class Verb(StrEnum):
    """What may be done to a debt line."""

    SETTLE = "settle"


TRANSITIONS: Mapping[State, Mapping[Verb, State]] = {
    State.OPEN: {Verb.SETTLE: State.SETTLED},
    State.SETTLED: {},
}


class NothingClaimed(Refusal):
    """A debt line claims at least one cent."""

    code = "mediation.line.nothing_claimed"


class DueAboveClaimed(Refusal):
    """What is due ({due_cents}) cannot exceed what is claimed ({claimed_cents})."""

    code = "mediation.line.due_above_claimed"


class FeeNotDue(Refusal):
    """A collection fee is not due without an enforceable title: {due_cents} cannot stand as due."""

    code = "mediation.line.fee_not_due"


class BornAfterDue(Refusal):
    """A debt born on {born_on} cannot have fallen due on {due_on}, before it."""

    code = "mediation.line.born_after_due"


class AgreedAboveClaimed(Refusal):
    """What is agreed ({agreed_cents}) cannot exceed what is claimed ({claimed_cents})."""

    code = "mediation.line.agreed_above_claimed"


class AlreadySettled(Refusal):
    """This line is settled already."""

    code = "mediation.line.settled"


class UnknownLine(NotFound):
    """This case has no such line of this operator."""

    code = "mediation.line.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtLine:
    """What an operator claims, since when, and what happened to it."""

    line_id: UUID
    operator: str
    kind: LineKind
    claimed_cents: Cents
    due_on: date
    #: The day the debt arose; over-indebtedness divides debts by it.
    born_on: date
    #: Our own figure; None until the mediator has worked it out.
    due_cents: Cents | None = None
    agreed_cents: Cents | None = None
    label: str = ""
    events: tuple[Event, ...] = ()

    @property
    def state(self) -> State:
        """Whether a sum has been agreed."""
        return State.OPEN if self.agreed_cents is None else State.SETTLED

    @property
    def owed_cents(self) -> Cents:
        """The most a person should pay: our figure, or the claim while we have none."""
        return self.claimed_cents if self.due_cents is None else self.due_cents

    def limitation_on(self, day: date) -> Limitation:
        """Work out the line's limitation as seen on a day."""
        return limitation_of(self.kind, due_on=self.due_on, events=self.events, on=day)


def assess(line: DebtLine) -> DebtLine:
    """Check a line that is being written down; a collection fee is due for nothing."""
    if line.claimed_cents < 1:
        raise NothingClaimed
    if line.born_on > line.due_on:
        raise BornAfterDue(born_on=line.born_on, due_on=line.due_on)
    if line.kind is LineKind.COLLECTION_FEE:
        fee = in_force(FEE_DUE_CENTS, day=line.due_on)
        if line.due_cents not in (None, fee.figure):
            raise FeeNotDue(due_cents=line.due_cents)
        line = replace(line, due_cents=Cents(fee.figure))
    if line.owed_cents > line.claimed_cents:
        raise DueAboveClaimed(due_cents=line.due_cents, claimed_cents=line.claimed_cents)
    line.limitation_on(line.due_on)  # refuses events that the law of limitation does not know
    return line


def settle(line: DebtLine, *, agreed_cents: Cents) -> DebtLine:
    """Write down what was agreed for a line."""
    if Verb.SETTLE not in TRANSITIONS[line.state]:
        raise AlreadySettled
    if agreed_cents > line.claimed_cents:
        raise AgreedAboveClaimed(agreed_cents=agreed_cents, claimed_cents=line.claimed_cents)
    return replace(line, agreed_cents=agreed_cents)


def share_out(lines: Sequence[DebtLine], *, agreed_cents: Cents) -> tuple[DebtLine, ...]:
    """Settle lines with one sum agreed for all: the oldest first (C. civ. 1342-10).

    Each line takes what is due on it; only what is agreed above that touches what is contested.
    """
    oldest_first = sorted(lines, key=lambda line: (line.due_on, line.line_id))
    shares: dict[UUID, int] = dict.fromkeys((line.line_id for line in lines), 0)
    left_cents = int(agreed_cents)
    for room in (_owed_cents, _contested_cents):
        for line in oldest_first:
            share_cents = min(left_cents, room(line))
            shares[line.line_id] += share_cents
            left_cents -= share_cents
    if left_cents:
        claimed_cents = total_claimed_cents(lines)
        raise AgreedAboveClaimed(agreed_cents=agreed_cents, claimed_cents=claimed_cents)
    return tuple(settle(line, agreed_cents=Cents(shares[line.line_id])) for line in lines)


def _owed_cents(line: DebtLine) -> int:
    return line.owed_cents


def _contested_cents(line: DebtLine) -> int:
    return line.claimed_cents - line.owed_cents


def total_claimed_cents(lines: Iterable[DebtLine]) -> Cents:
    """Add up what the operators claim."""
    return Cents(sum(line.claimed_cents for line in lines))


def total_owed_cents(lines: Iterable[DebtLine]) -> Cents:
    """Add up what a person should pay at most."""
    return Cents(sum(line.owed_cents for line in lines))
