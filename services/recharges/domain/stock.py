"""Voucher stock: lots, their life, and which vouchers a sale takes.

A lot is a contiguous range of a delivered batch's vouchers, at one site, of one offer and one
use-by day.  Its pointer runs from the first voucher to the last; what is behind it is sold, and
revealed once its PIN was shown.  What is left of a lot is in the lot's state; a voucher that goes
another way than its neighbours is split off into a lot of its own (docs/decisions/0003, 0008).

State                 what it means, and where it may go
quarantined           received, not yet released by a second person, or set aside in doubt
                      -> available | frozen | damaged | lost | expired
available             on sale at its site until its use-by day, while its batch is active
                      -> sold_out | reserved | leased | in_transfer | quarantined | frozen | damaged
                      | lost | expired
reserved              held for a card payment -> available | sold_out | frozen
leased                held by an offline till -> available | quarantined | sold_out | frozen
in_transfer           on its way to another site -> available | lost | frozen
frozen                its batch is frozen or recalled, or its device was lost
                      -> available | quarantined | damaged | lost | expired
damaged, lost         counted, never sold; what was lost may be found -> quarantined
expired               past its use-by day, taken off the shelf by the clock (end)
sold_out              sold; given back unseen -> available | frozen, complained of -> disputed
disputed              the operator is asked whether it was used -> sold_out | refunded_by_operator
refunded_by_operator  the operator took it back (end)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import Refusal


class State(StrEnum):
    """Where what is left of a lot stands in its life."""

    QUARANTINED = "quarantined"
    AVAILABLE = "available"
    RESERVED = "reserved"
    LEASED = "leased"
    IN_TRANSFER = "in_transfer"
    FROZEN = "frozen"
    DAMAGED = "damaged"
    LOST = "lost"
    EXPIRED = "expired"
    SOLD_OUT = "sold_out"
    DISPUTED = "disputed"
    REFUNDED = "refunded_by_operator"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUARANTINED: frozenset(
        {State.AVAILABLE, State.FROZEN, State.DAMAGED, State.LOST, State.EXPIRED}
    ),
    State.AVAILABLE: frozenset(
        {
            State.AVAILABLE,
            State.SOLD_OUT,
            State.RESERVED,
            State.LEASED,
            State.IN_TRANSFER,
            State.QUARANTINED,
            State.FROZEN,
            State.DAMAGED,
            State.LOST,
            State.EXPIRED,
        }
    ),
    State.RESERVED: frozenset({State.AVAILABLE, State.SOLD_OUT, State.FROZEN}),
    State.LEASED: frozenset({State.AVAILABLE, State.QUARANTINED, State.SOLD_OUT, State.FROZEN}),
    State.IN_TRANSFER: frozenset({State.AVAILABLE, State.LOST, State.FROZEN}),
    State.FROZEN: frozenset(
        {State.AVAILABLE, State.QUARANTINED, State.DAMAGED, State.LOST, State.EXPIRED}
    ),
    State.DAMAGED: frozenset({State.QUARANTINED}),
    State.LOST: frozenset({State.QUARANTINED}),
    State.EXPIRED: frozenset(),
    State.SOLD_OUT: frozenset({State.AVAILABLE, State.FROZEN, State.DISPUTED}),
    State.DISPUTED: frozenset({State.SOLD_OUT, State.REFUNDED}),
    State.REFUNDED: frozenset(),
}
#: Nothing is left of a lot in these: its pointer stands at its end.
TAKEN = frozenset({State.SOLD_OUT, State.DISPUTED, State.REFUNDED})
#: A card sale, a lease or a transfer holds a lot in these.
HELD = frozenset({State.RESERVED, State.LEASED, State.IN_TRANSFER})


class VouchersTooFew(Refusal):
    """Only {left} vouchers of {offer_code} at this site can be changed so;
    {quantity} were named.
    """

    code = "recharges.stock.vouchers_too_few"


class StateRefused(Refusal):
    """These vouchers are {state}: they cannot become {wanted}."""

    code = "recharges.stock.state_refused"


class NoVoucherLeft(Refusal):
    """This site has {left} vouchers left for {offer_code}; {quantity} were asked for."""

    code = "recharges.stock.no_voucher_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """What is left of a range of vouchers: positions `next_position` up to `end_position`."""

    lot_id: UUID
    batch_id: UUID
    site_code: str
    offer_code: str
    face_value_cents: Cents
    use_by: date
    next_position: int
    end_position: int
    first_position: int = 0
    taking: int = 1
    state: State = State.AVAILABLE
    held_by: UUID | None = None

    @property
    def left(self) -> int:
        """How many vouchers are left."""
        return self.end_position - self.next_position


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One voucher taken from a lot, by its place in its batch."""

    lot_id: UUID
    batch_id: UUID
    position: int
    face_value_cents: Cents
    use_by: date
    taking: int = 1


def require_move(state: State, wanted: State) -> None:
    """Refuse a change of state that the table does not list."""
    if wanted not in TRANSITIONS[state]:
        raise StateRefused(state=state, wanted=wanted)


def moved(lot: Lot, state: State, *, held_by: UUID | None = None) -> Lot:
    """Return the lot with what is left of it in another state, or refuse.

    A lot that was sold and comes back starts again at its first voucher, as one taking more.
    """
    require_move(lot.state, state)
    if state in TAKEN:
        return replace(lot, state=state, held_by=None, next_position=lot.end_position)
    if lot.state in TAKEN:
        lot = replace(lot, next_position=lot.first_position, taking=lot.taking + 1)
    return replace(lot, state=state, held_by=held_by if state in HELD else None)


def soonest_first(lots: Iterable[Lot]) -> list[Lot]:
    """Order lots as they are sold: soonest use-by day first, then the older lot."""
    return sorted(lots, key=lambda lot: (lot.use_by, lot.lot_id))


def take(
    lots: Sequence[Lot], *, offer_code: str, quantity: int
) -> tuple[tuple[Pick, ...], tuple[Lot, ...]]:
    """Take vouchers from lots in the order given; return them and the lots as they then stand.

    The vouchers come soonest use-by first, then by their places in their batches: lots are cut
    again, those places stay, so that a sale is told again in the same order.
    Raises NoVoucherLeft when the lots hold fewer; nothing is taken then.
    """
    left = sum(lot.left for lot in lots)
    if left < quantity:
        raise NoVoucherLeft(offer_code=offer_code, left=left, quantity=quantity)
    picks: list[Pick] = []
    after: list[Lot] = []
    for lot in lots:
        count = min(lot.left, quantity - len(picks))
        picks += (
            Pick(
                lot_id=lot.lot_id,
                batch_id=lot.batch_id,
                position=lot.next_position + place,
                face_value_cents=lot.face_value_cents,
                use_by=lot.use_by,
                taking=lot.taking,
            )
            for place in range(count)
        )
        after.append(replace(lot, next_position=lot.next_position + count) if count else lot)
    picks.sort(key=lambda pick: (pick.use_by, pick.batch_id, pick.position))
    return tuple(picks), tuple(after)


def split(lot: Lot, *, first: int, end: int, new_ids: Sequence[UUID]) -> tuple[Lot, list[Lot]]:
    """Cut positions [first, end) out of a lot as a lot of their own.

    Returns the piece, and every lot that the old one has become: the piece among them.  The first
    of them keeps the lot's id, the others take `new_ids` (two are always enough).
    """
    if not lot.first_position <= first < end <= lot.end_position:
        raise ValueError(f"[{first}, {end}) is not within the lot")
    cuts = sorted({lot.first_position, first, end, lot.end_position})
    ids = [lot.lot_id, *new_ids]
    pieces = [
        _piece(lot, lot_id=lot_id, start=start, stop=stop)
        for lot_id, start, stop in zip(ids, cuts[:-1], cuts[1:], strict=False)
    ]
    (piece,) = (each for each in pieces if each.first_position == first)
    return piece, pieces


def runs(lot: Lot, positions: Iterable[int]) -> list[tuple[int, int]]:
    """Group positions of a lot into ranges [first, end): each all sold, or all left."""
    ranges: list[tuple[int, int]] = []
    for position in sorted(set(positions)):
        if ranges and ranges[-1][1] == position != lot.next_position:
            ranges[-1] = ranges[-1][0], position + 1
        else:
            ranges.append((position, position + 1))
    return ranges


def join(lots: Sequence[Lot]) -> list[Lot]:
    """Join neighbours that are as one lot: cut pieces that came to the same end, or came back.

    The lots are of one batch, in the order of their positions; the first of each group stays.
    """
    joined: list[Lot] = []
    for lot in lots:
        if joined and _are_one(joined[-1], lot):
            before = joined[-1]
            pointer = before if before.left else lot
            joined[-1] = replace(
                before, next_position=pointer.next_position, end_position=lot.end_position
            )
        else:
            joined.append(lot)
    return joined


def _are_one(lot: Lot, after: Lot) -> bool:
    alike = replace(
        lot,
        lot_id=after.lot_id,
        first_position=after.first_position,
        next_position=after.next_position,
        end_position=after.end_position,
    )
    sold_between = lot.left and after.next_position > after.first_position
    return (
        lot.end_position == after.first_position
        and alike == after
        and lot.state not in HELD
        and not sold_between
    )


def _piece(lot: Lot, *, lot_id: UUID, start: int, stop: int) -> Lot:
    """A piece that lies behind the pointer is sold; a piece of what is left is as the lot was."""
    sold = lot.state not in TAKEN and lot.next_position >= stop
    return replace(
        lot,
        lot_id=lot_id,
        first_position=start,
        next_position=min(max(lot.next_position, start), stop),
        end_position=stop,
        state=State.SOLD_OUT if sold else lot.state,
        held_by=None if sold else lot.held_by,
    )


def carve(lots: Sequence[Lot], *, offer_code: str, quantity: int) -> list[tuple[Lot, int, int]]:
    """Choose vouchers to hold from lots in the order given: (lot, first, end) for each lot touched.

    They come from a lot's end, so that its pointer stays where it is.  Raises NoVoucherLeft when
    the lots hold fewer.
    """
    left = sum(lot.left for lot in lots)
    if left < quantity:
        raise NoVoucherLeft(offer_code=offer_code, left=left, quantity=quantity)
    chosen: list[tuple[Lot, int, int]] = []
    for lot in lots:
        count = min(lot.left, quantity)
        if count:
            chosen.append((lot, lot.end_position - count, lot.end_position))
            quantity -= count
    return chosen
