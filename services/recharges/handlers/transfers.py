"""Vouchers sent from one site to another: out of stock here, in stock there once counted."""

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from chassis.http import Call, Paged
from kernel.period import business_date
from kernel.refusal import Forbidden, NotFound, Refusal
from services.recharges import events
from services.recharges.api import transfers as api
from services.recharges.domain import stock
from services.recharges.domain.delivery import SiteUnknown
from services.recharges.domain.stock import Lot, State
from services.recharges.handlers import telling
from services.recharges.handlers.batches import find_serials
from services.recharges.store import SQL, lots, moves
from services.recharges.store.moves import Act


class TransferUnknown(NotFound):
    """There is no transfer {transfer_id}."""

    code = "recharges.transfer.unknown"


class TransferNotYours(Forbidden):
    """This transfer goes from {from_site} to {to_site}, where you do not work."""

    code = "recharges.transfer.not_yours"


class TransferEnded(Refusal):
    """This transfer has been received or cancelled before."""

    code = "recharges.transfer.ended"


class TransferToItself(Refusal):
    """Vouchers are sent to another site than the one they leave."""

    code = "recharges.transfer.same_site"


class ReceivedBySender(Refusal):
    """Who sent these vouchers cannot receive them: somebody of the other site does."""

    code = "recharges.transfer.second_person_needed"


class NotInTransfer(Refusal):
    """The voucher {serial} is not in this transfer."""

    code = "recharges.transfer.not_in_it"


def send_vouchers(tx: Transaction, asked: api.SendVouchers, *, call: Call) -> api.TransferShown:
    """Take vouchers out of a site's stock, soonest use-by first, and put them on their way."""
    call.caller.require_site(asked.from_site)
    if asked.from_site == asked.to_site:
        raise TransferToItself()
    for site_code in (asked.from_site, asked.to_site):
        if tx.execute(SQL["find_site"], {"site_code": site_code}).fetchone() is None:
            raise SiteUnknown(site_code=site_code)
    wanted: Counter[str] = Counter()
    for line in asked.lines:
        wanted[line.offer_code] += line.quantity
    transfer_id = call.new_id()
    tx.execute(
        SQL["save_transfer"],
        {
            "transfer_id": transfer_id,
            "from_site": asked.from_site,
            "to_site": asked.to_site,
            "count": wanted.total(),
            "sent_at": call.now,
            "sent_by": call.caller.user_id,
        },
    )
    on_sale = lots.lock_available_offers(
        tx, site_code=asked.from_site, offer_codes=wanted, on=business_date(call.now)
    )
    chosen = [
        part
        for offer_code, quantity in wanted.items()
        for part in stock.carve(on_sale[offer_code], offer_code=offer_code, quantity=quantity)
    ]
    sent = lots.hold(tx, chosen, state=State.IN_TRANSFER, held_by=transfer_id, new_id=call.new_id)
    act = _act(call, transfer_id)
    moves.record(tx, "sent", sent, act=act)
    row = _find(tx, "find_transfer", transfer_id)
    fact = events.TransferSent(
        site_code=row["from_site"], **_places(row), **telling.amounts(tx, sent)
    )
    telling.tell(tx, fact, subject=transfer_id, act=act)
    return _shown(row)


def receive_vouchers(
    tx: Transaction, transfer_id: UUID, asked: api.ReceiveVouchers, *, call: Call
) -> api.TransferReceived:
    """Count a transfer in: what arrived goes on sale here, what is missing is lost there."""
    row = _lock_open(tx, transfer_id, at="to_site", call=call)
    if row["sent_by"] == call.caller.user_id:
        raise ReceivedBySender()
    shortage = _cut_missing(tx, transfer_id, asked.missing_serials, call=call)
    act = _act(call, transfer_id)
    missing = [lot for _, lot in shortage]
    moves.record(tx, "missing", missing, act=act)
    telling.tell_written_off(tx, missing, cause="missing", act=act)
    lots.move(tx, missing, state=State.LOST)
    arrived = lots.give_back(tx, lots.held(tx, transfer_id), site_code=row["to_site"])
    arrived_count = moves.record(tx, "arrived", arrived, act=act)
    _end(tx, transfer_id, "received", call=call, missing=row["count"] - arrived_count)
    fact = events.TransferReceived(
        site_code=row["to_site"],
        missing=telling.amounts(tx, missing)["offers"],
        **_places(row),
        **telling.amounts(tx, arrived),
    )
    telling.tell(tx, fact, subject=transfer_id, act=act)
    by_offer: dict[str, list[str]] = defaultdict(list)
    for serial, lot in shortage:
        by_offer[lot.offer_code].append(serial)
    return api.TransferReceived(
        transfer_id=transfer_id,
        state="received",
        arrived=arrived_count,
        missing=len(shortage),
        shortage=[
            api.Shortage(offer_code=offer_code, missing=len(serials), serials=serials)
            for offer_code, serials in sorted(by_offer.items())
        ],
    )


def _cut_missing(
    tx: Transaction, transfer_id: UUID, serials: tuple[str, ...], *, call: Call
) -> list[tuple[str, Lot]]:
    """Cut the missing vouchers out of a transfer, each with its serial."""
    if not serials:
        return []
    sent = {
        row["serial"]: row["offer_code"]
        for row in tx.execute(SQL["vouchers_of_transfer"], {"transfer_id": transfer_id})
    }
    wanted: dict[str, list[str]] = defaultdict(list)
    for serial in dict.fromkeys(serials):
        if serial not in sent:
            raise NotInTransfer(serial=serial)
        wanted[sent[serial]].append(serial)
    places = {
        serial: place
        for offer_code, named in wanted.items()
        for serial, place in find_serials(tx, named, offer_code=offer_code).items()
    }
    cut = lots.cut_out_each(tx, list(places.values()), new_id=call.new_id)
    return list(zip(places, cut, strict=True))


def cancel_transfer(tx: Transaction, transfer_id: UUID, *, call: Call) -> api.TransferShown:
    """Take back what was sent by mistake, as long as the other site has not counted it in."""
    row = _lock_open(tx, transfer_id, at="from_site", call=call)
    back = lots.release(tx, transfer_id)
    act = _act(call, transfer_id)
    moves.record(tx, "returned", back, act=act)
    _end(tx, transfer_id, "cancelled", call=call, missing=None)
    fact = events.TransferCancelled(
        site_code=row["from_site"], **_places(row), **telling.amounts(tx, back)
    )
    telling.tell(tx, fact, subject=transfer_id, act=act)
    return _shown(_find(tx, "find_transfer", transfer_id))


def list_transfers(
    tx: Transaction, asked: api.TransfersAsked, *, call: Call
) -> Paged[api.TransferShown]:
    """List the transfers from and to a site, the latest first."""
    call.caller.require_site(asked.site_code)
    wanted = asked.model_dump() | {"count_max": asked.limit + 1}
    found = [_shown(row) for row in tx.execute(SQL["find_transfers"], wanted)]
    return Paged.cut(found, limit=asked.limit, key=lambda each: each.transfer_id)


def show_transfer(tx: Transaction, transfer_id: UUID, *, call: Call) -> api.TransferContents:
    """Show a transfer with all its serials, to those who sent it and those who count it."""
    row = _find(tx, "find_transfer", transfer_id)
    if not any(call.caller.works_at(row[end]) for end in ("from_site", "to_site")):
        raise TransferNotYours(from_site=row["from_site"], to_site=row["to_site"])
    lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in tx.execute(SQL["vouchers_of_transfer"], {"transfer_id": transfer_id}):
        lines[each["offer_code"]].append(each)
    return api.TransferContents(
        **_shown(row).model_dump(),
        lines=[
            api.OfferSent(
                offer_code=offer_code,
                quantity=len(sent),
                serials=[each["serial"] for each in sent],
                missing_serials=[each["serial"] for each in sent if each["missing"]],
            )
            for offer_code, sent in lines.items()
        ],
    )


def _find(tx: Transaction, query: str, transfer_id: UUID) -> dict[str, Any]:
    row = tx.execute(SQL[query], {"transfer_id": transfer_id}).fetchone()
    if row is None:
        raise TransferUnknown(transfer_id=transfer_id)
    return row


def _lock_open(tx: Transaction, transfer_id: UUID, *, at: str, call: Call) -> dict[str, Any]:
    row = _find(tx, "lock_transfer", transfer_id)
    call.caller.require_site(row[at])  # before a word about how it stands
    if row["state"] != "sent":
        raise TransferEnded()
    return row


def _end(
    tx: Transaction, transfer_id: UUID, state: api.TransferState, *, call: Call, missing: int | None
) -> None:
    tx.execute(
        SQL["end_transfer"],
        {
            "transfer_id": transfer_id,
            "state": state,
            "ended_at": call.now,
            "ended_by": call.caller.user_id,
            "missing": missing,
        },
    )


def _act(call: Call, transfer_id: UUID) -> Act:
    return Act(at=call.now, by=call.caller.user_id, new_id=call.new_id, transfer_id=transfer_id)


def _places(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("transfer_id", "from_site", "to_site")}


def _shown(row: dict[str, Any]) -> api.TransferShown:
    return api.TransferShown(
        **{name: value for name, value in row.items() if name != "count"}, vouchers=row["count"]
    )
