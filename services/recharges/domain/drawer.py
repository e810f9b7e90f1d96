"""A till's drawer: who holds which cash, from the float to the blind count.

State     what may happen
open      sales, movements, handovers; a count -> closed | counted
counted   the gap is too large for one person: a second one approves -> closed
closed    nothing: the Z is printed once
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import Forbidden, NotFound, Refusal

#: Coins and notes of the euro, in cents; a drawer is counted in these and in nothing else.
DENOMINATIONS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


class State(StrEnum):
    """Where a drawer session stands in its life."""

    OPEN = "open"
    COUNTED = "counted"
    CLOSED = "closed"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.COUNTED, State.CLOSED}),
    State.COUNTED: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


class Opening(StrEnum):
    """How a drawer may be opened: a dated setting."""

    BY_SALE = "by_sale"
    COUNTED = "counted"


class DrawerNotOpen(Refusal):
    """The drawer of this till is not open. Please count its float first."""

    code = "recharges.drawer.not_open"


class DrawerOfAnotherDay(Refusal):
    """The drawer session of {opened_on} is still open. Please count and close it first."""

    code = "recharges.drawer.of_another_day"


class DrawerAwaitsApproval(Refusal):
    """The drawer has been counted and waits for a second person's approval."""

    code = "recharges.drawer.awaits_approval"


class DrawerOpenAlready(Refusal):
    """The drawer session of {opened_on} is open at this till. A till has one at a time."""

    code = "recharges.drawer.open_already"


class DrawerSessionUnknown(NotFound):
    """There is no drawer session {drawer_session_id}."""

    code = "recharges.drawer.unknown"


class DrawerCountedAlready(Refusal):
    """This drawer has been counted already, and a count is not changed."""

    code = "recharges.drawer.counted_already"


class CashOutNeedsSupervisor(Forbidden):
    """Only a supervisor takes more than {max_cents} out of a drawer."""

    code = "recharges.drawer.cash_out_needs_supervisor"


class ApprovalNotAwaited(Refusal):
    """This drawer does not wait for an approval."""

    code = "recharges.drawer.approval_not_awaited"


class ApprovalByTheCounter(Refusal):
    """Who counted a drawer does not approve the count. Please ask another person."""

    code = "recharges.drawer.approval_by_the_counter"


class DrawerHeldByAnother(Forbidden):
    """This drawer was handed over to somebody else. Only they, or a supervisor, can use it."""

    code = "recharges.drawer.held_by_another"


class HandoverNotYours(Refusal):
    """Somebody else holds this drawer. Only they, or a supervisor, can hand it over."""

    code = "recharges.drawer.handover_not_yours"


class HandoverToTheHolder(Refusal):
    """This person holds the drawer already."""

    code = "recharges.drawer.handover_to_the_holder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawer:
    """A till's session that is not closed."""

    drawer_session_id: UUID
    opened_on: date
    counted: bool
    #: Whom a handover named; until one does, whoever works at the site may use the drawer.
    held_by: UUID | None = None


def require_holder(held_by: UUID | None, *, by: UUID, is_supervisor: bool) -> None:
    """Refuse who has handed the drawer over, and everybody else but its holder."""
    if held_by is not None and by != held_by and not is_supervisor:
        raise DrawerHeldByAnother()


def require_selling(drawer: Drawer | None, *, opening: Opening, on: date, new_id: UUID) -> Drawer:
    """Return the session a sale of this day belongs to: the open one, or one that it opens."""
    if drawer is None:
        if opening is Opening.COUNTED:
            raise DrawerNotOpen()
        return Drawer(drawer_session_id=new_id, opened_on=on, counted=False)
    if drawer.counted:
        raise DrawerAwaitsApproval()
    if drawer.opened_on != on:
        raise DrawerOfAnotherDay(opened_on=drawer.opened_on)
    return drawer


def worth(pieces: Mapping[int, int]) -> Cents:
    """Return what a count of pieces by denomination comes to."""
    return Cents(sum(denomination * count for denomination, count in pieces.items()))


def move(state: State, to: State) -> State:
    """Return the next state of a session, or refuse what its life does not allow."""
    if to not in TRANSITIONS[state]:
        raise DrawerCountedAlready()
    return to


def needs_approval(gap_cents: int, *, alone_max_cents: int) -> bool:
    """Whether a gap, too much or too little, is too large for one person."""
    return abs(gap_cents) > alone_max_cents


def pieces(written: Mapping[str, int]) -> dict[int, int]:
    """Read a count as it is sent and stored: denominations are texts there, none is left out."""
    return {int(denomination): count for denomination, count in sorted(written.items(), key=_size)}


def _size(piece: tuple[str, int]) -> int:
    return -int(piece[0])
