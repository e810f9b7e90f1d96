"""Batches and single vouchers: released, frozen, recalled, set aside, damaged, lost, found."""

from typing import Any
from uuid import UUID

from chassis.auth import OtherSite, RoleNotAllowed
from chassis.columns import column
from chassis.db import Transaction
from chassis.http import Call, Paged
from kernel.period import business_date
from kernel.refusal import NotFound
from services.recharges.api import stock as api
from services.recharges.domain import batch, stock
from services.recharges.domain.batch import BatchState, Verb
from services.recharges.domain.stock import Lot, State
from services.recharges.handlers import stock as counts
from services.recharges.handlers import telling
from services.recharges.store import SQL, lots, moves
from services.recharges.store.moves import Act

#: What becomes of a batch's lots, and how it is recorded.  What is held by a sale, a lease or a
#: transfer follows when it comes back; what is in quarantine needs its second person still.
_VERBS: dict[Verb, tuple[set[State], State, str]] = {
    "freeze": ({State.AVAILABLE}, State.FROZEN, "frozen"),
    "unfreeze": ({State.FROZEN}, State.AVAILABLE, "unfrozen"),
    "recall": ({State.AVAILABLE, State.QUARANTINED}, State.FROZEN, "recalled"),
}
_CHANGES = {
    "quarantined": (State.QUARANTINED, {State.AVAILABLE, State.FROZEN}),
    "damaged": (State.DAMAGED, {State.AVAILABLE, State.QUARANTINED, State.FROZEN}),
    "lost": (State.LOST, {State.AVAILABLE, State.QUARANTINED, State.FROZEN}),
    "found": (State.QUARANTINED, {State.LOST}),
}


class SerialUnknown(NotFound):
    """There is no voucher {serial} of {offer_code} at this site."""

    code = "recharges.stock.serial_unknown"


def list_batches(tx: Transaction, asked: api.BatchesAsked, *, call: Call) -> Paged[api.BatchShown]:
    """List a site's deliveries in the order in which they came."""
    call.caller.require_site(asked.site_code)
    wanted = asked.model_dump() | {"count_max": asked.limit + 1}
    found = [api.BatchShown(**row) for row in tx.execute(SQL["find_batches"], wanted)]
    return Paged.cut(found, limit=asked.limit, key=lambda each: each.batch_id)


def show_batch(tx: Transaction, batch_id: UUID, *, call: Call) -> api.BatchAccount:
    """Show where every voucher of a batch is, and what was done to them."""
    row = tx.execute(SQL["find_batch"], {"batch_id": batch_id}).fetchone()
    if row is None:
        raise batch.BatchUnknown(batch_id=batch_id)
    counted = counts.count_vouchers(tx, on=business_date(call.now), batch_id=batch_id)
    if not call.caller.site_codes & {each.site_code for each in counted}:
        call.caller.require_site(row["site_code"])
    moved = tx.execute(SQL["moves_of_batch"], {"batch_id": batch_id})
    return api.BatchAccount(
        **row,
        conserved=sum(each.count for each in counted) == row["vouchers"],
        counts=counted,
        moves=[api.StockMoved(**each) for each in moved],
    )


def release_batch(tx: Transaction, batch_id: UUID, *, call: Call) -> api.BatchChanged:
    """Let what is in quarantine at the caller's sites be sold: a second person says so."""
    row = _lock_batch(tx, batch_id)
    state = BatchState(row["state"])
    waiting = _lock_lots(tx, batch_id, {State.QUARANTINED})
    if state is BatchState.RECEIVED or not waiting:
        call.caller.require_site(row["site_code"])
    here = [lot for lot in waiting if call.caller.works_at(lot.site_code)]
    if waiting and not here:
        raise OtherSite(site_code=waiting[0].site_code)
    wanted = batch.after(state, "release")
    if not here:
        raise batch.NothingToRelease()
    _require_second_person(tx, row, here, call=call)
    _set_state(tx, batch_id, wanted)
    # What waited past its use-by day is the clock's to take off the shelf.
    today = business_date(call.now)
    back = lots.give_back(tx, [lot for lot in here if lot.use_by >= today])
    act = Act(at=call.now, by=call.caller.user_id, new_id=call.new_id)
    released = moves.record(tx, "released", back, act=act)
    return api.BatchChanged(batch_id=batch_id, state=wanted, vouchers=released)


def _require_second_person(
    tx: Transaction, row: dict[str, Any], waiting: list[Lot], *, call: Call
) -> None:
    """Who received, set aside or had leased it in person does not release it."""
    set_aside = tx.execute(
        SQL["was_set_aside_by"],
        {
            "batch_id": row["batch_id"],
            "user_id": call.caller.user_id,
            "lot_ids": column(lot.lot_id for lot in waiting),
        },
    ).fetchall()[0]["so"]
    if set_aside or row["received_by"] == call.caller.user_id:
        raise batch.ReleasedAlone()


def change_batch(
    tx: Transaction, batch_id: UUID, verb: Verb, *, reason: str, call: Call
) -> api.BatchChanged:
    """Freeze, thaw or recall a batch wherever its vouchers are."""
    from_states, to_state, what = _VERBS[verb]
    row = _lock_batch(tx, batch_id)
    call.caller.require_site(row["site_code"])
    wanted = batch.after(BatchState(row["state"]), verb)
    _set_state(tx, batch_id, wanted)
    touched = _lock_lots(tx, batch_id, from_states, of_lost_devices=verb != "unfreeze")
    lots.move(tx, touched, state=to_state)
    act = Act(at=call.now, by=call.caller.user_id, new_id=call.new_id, why=reason)
    return api.BatchChanged(
        batch_id=batch_id, state=wanted, vouchers=moves.record(tx, what, touched, act=act)
    )


def change_vouchers(
    tx: Transaction, asked: api.ChangeVouchers, *, call: Call, supervisors: tuple[str, ...]
) -> api.VouchersChanged:
    """Set vouchers aside, or record that they are damaged, lost or found; refuse all or none."""
    call.caller.require_site(asked.site_code)
    # Whoever doubts a voucher sets it aside; what leaves the stock for good is a supervisor's word.
    if asked.change != "quarantined" and call.caller.role not in supervisors:
        raise RoleNotAllowed(role=call.caller.role, roles=supervisors)
    to_state, from_states = _CHANGES[asked.change]
    if asked.serials is not None:
        cut = _cut_serials(tx, asked, call=call)
        for lot in cut:
            if lot.state not in from_states:
                raise stock.StateRefused(state=lot.state, wanted=to_state)
    else:
        cut = _cut_so_many(tx, asked, from_states, call=call)
    lots.move(tx, cut, state=to_state)
    act = Act(at=call.now, by=call.caller.user_id, new_id=call.new_id, why=asked.reason)
    if asked.change == "found":
        telling.tell_found(tx, cut, site_code=asked.site_code, act=act)
    elif asked.change != "quarantined":
        telling.tell_written_off(tx, cut, cause=asked.change, act=act)
    return api.VouchersChanged(
        change=asked.change, vouchers=moves.record(tx, asked.change, cut, act=act)
    )


def _cut_serials(tx: Transaction, asked: api.ChangeVouchers, *, call: Call) -> list[Lot]:
    serials = list(dict.fromkeys(asked.serials or ()))
    found = find_serials(tx, serials, offer_code=asked.offer_code)
    cut = lots.cut_runs(tx, list(found.values()), new_id=call.new_id)
    elsewhere = {
        (lot.batch_id, position)
        for lot in cut
        if (lot.site_code, lot.offer_code) != (asked.site_code, asked.offer_code)
        for position in range(lot.first_position, lot.end_position)
    }
    for serial in serials:
        if found[serial] in elsewhere:
            raise SerialUnknown(serial=serial, offer_code=asked.offer_code)
    return cut


def find_serials(
    tx: Transaction, serials: list[str], *, offer_code: str
) -> dict[str, tuple[UUID, int]]:
    """Find where vouchers stand in their batches, by serial, or refuse the first unknown one."""
    rows = tx.execute(SQL["find_serials"], {"offer_code": offer_code, "serials": column(serials)})
    found = {row["serial"]: (row["batch_id"], row["position"]) for row in rows}
    for serial in serials:
        if serial not in found:
            raise SerialUnknown(serial=serial, offer_code=offer_code)
    return found


def _cut_so_many(
    tx: Transaction, asked: api.ChangeVouchers, from_states: set[State], *, call: Call
) -> list[Lot]:
    """Cut so many vouchers, those to be used soonest first: nobody says which they are."""
    count = asked.count or 0
    wanted = {
        "site_code": asked.site_code,
        "offer_code": asked.offer_code,
        "states": column(sorted(from_states)),
    }
    found = [lots.lot_from(row) for row in tx.execute(SQL["lock_lots_of_site"], wanted)]
    left = sum(lot.left for lot in found)
    if left < count:
        raise stock.VouchersTooFew(left=left, quantity=count, offer_code=asked.offer_code)
    chosen = stock.carve(stock.soonest_first(found), offer_code=asked.offer_code, quantity=count)
    return lots.carve_out(tx, chosen, new_id=call.new_id)


def _lock_batch(tx: Transaction, batch_id: UUID) -> dict[str, Any]:
    row = tx.execute(SQL["lock_batch"], {"batch_id": batch_id}).fetchone()
    if row is None:
        raise batch.BatchUnknown(batch_id=batch_id)
    return row


def _lock_lots(
    tx: Transaction, batch_id: UUID, states: set[State], *, of_lost_devices: bool = True
) -> list[Lot]:
    asked = {
        "batch_id": batch_id,
        "states": column(sorted(states)),
        "of_lost_devices": of_lost_devices,
    }
    return [lots.lot_from(row) for row in tx.execute(SQL["lock_lots_of_batch"], asked)]


def _set_state(tx: Transaction, batch_id: UUID, state: BatchState) -> None:
    tx.execute(SQL["change_batch"], {"batch_id": batch_id, "state": state})
