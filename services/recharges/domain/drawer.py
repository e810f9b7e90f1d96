"""A till's drawer: who holds which cash, from the float to the blind count.

State     what may happen
open      sales, movements, handovers; a count -> closed | counted
counted   the gap is too large for one person: a second one approves -> closed
closed    nothing: the Z is printed once
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
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


def account(
    session: Mapping[str, Any],
    *,
    handovers: Iterable[Mapping[str, Any]],
    movements: Iterable[Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what the journal keeps of a counted drawer: who held it, what moved, who approved.

    What rows from before their columns do not know is left out.
    """
    told: dict[str, Any] = {
        **{name: session[name] for name in _TOLD},
        "handovers": [
            {
                "handed_at": each["at"],
                "handed_by": each["handed_by"],
                **{name: each[name] for name in _TOLD_OF_HANDOVER},
            }
            for each in handovers
        ],
        "movements": [
            {
                "moved_at": each["recorded_at"],
                "moved_by": each["recorded_by"],
                "amount_cents": each["amount_cents"],
                "purpose": each["purpose"],
                "reason": each["reason"],
            }
            for each in movements
        ],
    }
    if session["approved_by"] is not None:
        told["approval"] = {
            "approved_by": session["approved_by"],
            "approved_at": session["approved_at"],
            "reason": session["reason"],
        }
    written: dict[str, Any] = _written(told)
    return written


_TOLD = ("opening", "opened_at", "opened_by", "held_by", "float_cents", "expected_cents",
         "counted_cents", "gap_cents", "counted_at", "counted_by")  # fmt: skip
_TOLD_OF_HANDOVER = ("from_user", "to_user", "counted_cents", "expected_cents")


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _written(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_written(each) for each in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value) if isinstance(value, UUID) else value


def account_faults(told: Mapping[str, Any]) -> Iterator[str]:
    """Say where what the journal keeps of a drawer contradicts itself."""
    if told["gap_cents"] != told["counted_cents"] - told["expected_cents"]:
        yield "the gap of the drawer is not what was counted less what was expected"
    holder = told["opened_by"]
    for each in told["handovers"]:
        if each["from_user"] != holder:
            yield "the drawer was handed over by somebody who did not hold it"
        holder = each["to_user"]
    if holder != told["held_by"]:
        yield "the drawer was held by somebody to whom nobody gave it"
    approval = told.get("approval")
    if approval is not None and approval["approved_by"] == told["counted_by"]:
        yield "the gap was approved by the person who counted"
