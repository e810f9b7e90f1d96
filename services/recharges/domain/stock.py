"""Voucher stock: lots, and which vouchers a sale takes.

A lot is a contiguous range of a delivered batch's vouchers, at one site, of one offer and one
use-by day.  Its pointer runs from the first voucher to the last; what is behind it is sold.

State       what may happen
available   vouchers are taken from it until its use-by day -> available | sold_out
sold_out    nothing: every voucher of it is sold
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import Refusal


class State(StrEnum):
    """Where a lot stands in its life."""

    AVAILABLE = "available"
    SOLD_OUT = "sold_out"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.AVAILABLE: frozenset({State.AVAILABLE, State.SOLD_OUT}),
    State.SOLD_OUT: frozenset(),
}


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


def soonest_first(lots: Iterable[Lot]) -> list[Lot]:
    """Order lots as they are sold: soonest use-by day first, then the older lot."""
    return sorted(lots, key=lambda lot: (lot.use_by, lot.lot_id))


def take(
    lots: Sequence[Lot], *, offer_code: str, quantity: int
) -> tuple[tuple[Pick, ...], tuple[Lot, ...]]:
    """Take vouchers from lots in the order given; return them and the lots as they then stand.

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
            )
            for place in range(count)
        )
        after.append(replace(lot, next_position=lot.next_position + count) if count else lot)
    return tuple(picks), tuple(after)
