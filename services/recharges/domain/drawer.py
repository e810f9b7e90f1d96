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
from kernel.refusal import Refusal

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawer:
    """A till's session that is not closed."""

    drawer_session_id: UUID
    opened_on: date
    counted: bool


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
