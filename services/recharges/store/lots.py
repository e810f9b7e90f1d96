"""Lots as rows: locked, cut in pieces, held, sold, given back, moved to another state.

Locks are taken in one order everywhere: tills, caps, batches, lots, each by its key.  Whoever cuts
a lot or gives one back keeps its batch as it stands until the end; whoever freezes, recalls or
releases a batch locks it first and then sees every lot that it has become.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from chassis.columns import column
from chassis.db import Transaction
from kernel.refusal import NotFound
from services.recharges.domain import stock
from services.recharges.domain.stock import Lot, Pick, State
from services.recharges.store import SQL

#: A lot that was cut while we waited for it is looked for again; it cannot be cut for ever.
_LOOKS_MAX = 20


class VoucherUnknown(NotFound):
    """There is no voucher {position} in the batch {batch_id}."""

    code = "recharges.stock.voucher_unknown"


def lock_available(tx: Transaction, *, site_code: str, offer_code: str, on: date) -> list[Lot]:
    """Lock a site's lots of an offer that are on sale on a day, soonest use-by first."""
    offers = lock_available_offers(tx, site_code=site_code, offer_codes=[offer_code], on=on)
    return offers[offer_code]


def lock_available_offers(
    tx: Transaction, *, site_code: str, offer_codes: Collection[str], on: date
) -> dict[str, list[Lot]]:
    """Lock a site's lots of several offers at once, so that they are locked in order."""
    rows = tx.execute(
        SQL["lock_available_lots"],
        {"site_code": site_code, "offer_codes": column(offer_codes), "on": on},
    )
    lots = stock.soonest_first(lot_from(row) for row in rows)
    return {code: [lot for lot in lots if lot.offer_code == code] for code in offer_codes}


def hold(
    tx: Transaction,
    chosen: Sequence[tuple[Lot, int, int]],
    *,
    state: State,
    held_by: UUID,
    new_id: Callable[[], UUID],
) -> list[Lot]:
    """Cut ranges out of locked lots and hold them: reserved, leased or in transfer.

    `chosen` is what `stock.carve` returns.  Returns the pieces.
    """
    return move(tx, carve_out(tx, chosen, new_id=new_id), state=state, held_by=held_by)


def carve_out(
    tx: Transaction, chosen: Sequence[tuple[Lot, int, int]], *, new_id: Callable[[], UUID]
) -> list[Lot]:
    """Cut ranges out of locked lots; return the pieces, still in the state of their lots."""
    cut: list[Lot] = []
    after: list[Lot] = []
    for lot, first, end in chosen:
        piece, pieces = stock.split(lot, first=first, end=end, new_ids=[new_id(), new_id()])
        cut.append(piece)
        after += pieces
    write(tx, after, before=[lot for lot, _, _ in chosen])
    return cut


def held(tx: Transaction, held_by: UUID) -> list[Lot]:
    """Lock what a card sale, a lease or a transfer holds."""
    return [lot_from(row) for row in tx.execute(SQL["lock_held_lots"], {"held_by": held_by})]


def release(tx: Transaction, held_by: UUID) -> list[Lot]:
    """Give back what is left of what somebody holds; see `give_back`."""
    batches = tx.execute(SQL["find_batches_held"], {"held_by": held_by}).fetchall()
    keep_batches(tx, (row["batch_id"] for row in batches))
    return give_back(tx, held(tx, held_by))


def give_back(tx: Transaction, lots: Sequence[Lot], *, site_code: str | None = None) -> list[Lot]:
    """Put locked lots back on the shelf: on sale, or frozen where their batch is not active.

    Nobody sells what is past its use-by day, and the clock takes it off.  Lots that were sold are
    given back unseen, and are taken once more when they are sold again.
    """
    active = keep_batches(tx, (lot.batch_id for lot in lots))
    back = [
        replace(
            stock.moved(lot, State.AVAILABLE if active[lot.batch_id] else State.FROZEN),
            site_code=site_code or lot.site_code,
        )
        for lot in lots
    ]
    write(tx, back, before=lots)
    return back


def sell_held(tx: Transaction, lots: Sequence[Lot]) -> list[Pick]:
    """Sell all that is left of locked lots, held or cut out; return the vouchers, soonest first.

    Called before `save_sales`, which then finds their pointers where it puts them.
    """
    left = stock.soonest_first(lot for lot in lots if lot.left)
    picks, _ = stock.take(left, offer_code="", quantity=sum(lot.left for lot in left))
    move(tx, left, state=State.SOLD_OUT)
    return list(picks)


def cut_out_each(
    tx: Transaction, places: Sequence[tuple[UUID, int]], *, new_id: Callable[[], UUID]
) -> list[Lot]:
    """Make a lot of each of these vouchers, wherever it lies, and lock it; in the order given.

    They are named by batch and position.  Cut several at once rather than one by one: their lots
    are then locked in order.
    """
    cut = _cut(tx, places, new_id=new_id, whole_runs=False)
    found = {(lot.batch_id, lot.first_position): lot for lot in cut}
    return [found[place] for place in places]


def cut_runs(
    tx: Transaction, places: Sequence[tuple[UUID, int]], *, new_id: Callable[[], UUID]
) -> list[Lot]:
    """Make lots of these vouchers alone, neighbours together."""
    return _cut(tx, places, new_id=new_id, whole_runs=True)


def _cut(
    tx: Transaction,
    places: Sequence[tuple[UUID, int]],
    *,
    new_id: Callable[[], UUID],
    whole_runs: bool,
) -> list[Lot]:
    keep_batches(tx, (batch_id for batch_id, _ in places))
    before = _lock_lots_at(tx, list(dict.fromkeys(places)))
    wanted: dict[UUID, set[int]] = defaultdict(set)
    for batch_id, position in places:
        wanted[batch_id].add(position)
    cut: list[Lot] = []
    after: list[Lot] = []
    for lot in before:
        inside = [
            position
            for position in wanted[lot.batch_id]
            if lot.first_position <= position < lot.end_position
        ]
        runs = stock.runs(lot, inside) if whole_runs else [(each, each + 1) for each in inside]
        rest = lot
        for first, end in sorted(runs):
            piece, pieces = stock.split(rest, first=first, end=end, new_ids=[new_id(), new_id()])
            cut.append(piece)
            after += pieces[:-1]
            rest = pieces[-1]
        after.append(rest)
    write(tx, after, before=before)
    return cut


def _lock_lots_at(tx: Transaction, places: Sequence[tuple[UUID, int]]) -> list[Lot]:
    wanted = {
        "batch_ids": column(batch_id for batch_id, _ in places),
        "positions": column(position for _, position in places),
    }
    for _ in range(_LOOKS_MAX):
        rows = tx.execute(SQL["lock_lots_at"], wanted).fetchall()
        if len(rows) == len(places):
            return list({row["lot_id"]: lot_from(row) for row in rows}.values())
    batch_id, position = places[0]
    raise VoucherUnknown(batch_id=batch_id, position=position)


def move(
    tx: Transaction, lots: Sequence[Lot], *, state: State, held_by: UUID | None = None
) -> list[Lot]:
    """Move what is left of locked lots to another state, or refuse; see `stock.TRANSITIONS`."""
    after = [stock.moved(lot, state, held_by=held_by) for lot in lots]
    write(tx, after, before=lots)
    return after


def join_pieces(tx: Transaction) -> int:
    """Join the pieces of one batch that are one lot again; return how many lots there are fewer.

    Every card payment, lease and transfer leaves pieces behind, and a sale locks all that are on
    sale.
    """
    found = tx.execute(SQL["find_batches_in_pieces"]).fetchone()
    if found is None:
        return 0
    before = [lot_from(row) for row in tx.execute(SQL["lock_free_lots_of_batch"], found)]
    after = stock.join(before)
    gone = {lot.lot_id for lot in before} - {lot.lot_id for lot in after}
    tx.execute(SQL["remove_lots"], {"lot_ids": column(gone)})
    write(tx, after, before=before)
    return len(gone)


def keep_batches(tx: Transaction, batch_ids: Iterable[UUID]) -> dict[UUID, bool]:
    """Keep batches as they stand until the end of the transaction; say which are active."""
    rows = tx.execute(SQL["keep_batches"], {"batch_ids": column(sorted(set(batch_ids)))})
    return {row["batch_id"]: row["state"] == "active" for row in rows}


def lot_from(row: dict[str, Any]) -> Lot:
    """Read a lot."""
    return Lot(**{**row, "state": State(row["state"])})


def write(tx: Transaction, lots: Iterable[Lot], *, before: Iterable[Lot]) -> None:
    """Write locked lots as they now are: those that were there change, the others are new."""
    known = {lot.lot_id: lot for lot in before}
    parts: dict[bool, list[Lot]] = defaultdict(list)
    for lot in lots:
        if known.get(lot.lot_id) != lot:
            parts[lot.lot_id in known].append(lot)
    # A lot makes room for the piece cut out of it before that piece is written.
    for is_known in (True, False):
        if parts[is_known]:
            tx.execute(SQL["change_lots" if is_known else "add_lots"], _columns(parts[is_known]))


def _columns(lots: Sequence[Lot]) -> dict[str, Any]:
    return {
        "lot_ids": column(lot.lot_id for lot in lots),
        "batch_ids": column(lot.batch_id for lot in lots),
        "site_codes": column(lot.site_code for lot in lots),
        "offer_codes": column(lot.offer_code for lot in lots),
        "face_values": column(lot.face_value_cents for lot in lots),
        "use_by": column(lot.use_by for lot in lots),
        "firsts": column(lot.first_position for lot in lots),
        "nexts": column(lot.next_position for lot in lots),
        "ends": column(lot.end_position for lot in lots),
        "states": column(lot.state for lot in lots),
        "holders": column(lot.held_by for lot in lots),
        "takings": column(lot.taking for lot in lots),
    }
