"""Lending vouchers and cap to who sells offline, and taking back what was not used."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import forgotten, texts
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.money import Cents
from kernel.period import Month, business_date
from kernel.refusal import Refusal
from services.recharges.api import leases as api
from services.recharges.boxes import Boxes
from services.recharges.domain import cap, freeze, lease, stock
from services.recharges.domain.cap import Counts
from services.recharges.domain.journal import Event
from services.recharges.domain.lease import Share
from services.recharges.domain.sale import Offer, OfferUnknown, TillFrozen, TillRevoked
from services.recharges.domain.stock import State
from services.recharges.handlers.journalling import Pen, note
from services.recharges.seal import PinSeal
from services.recharges.store import SQL, keys, lots, moves
from services.recharges.store import leases as store
from services.recharges.store import selling as selling_store
from services.recharges.store.leases import People
from services.recharges.store.moves import Act

Row = dict[str, Any]
#: The role in a device's token: accounts gives it to no person.
DEVICE = "till_device"
#: Who may do for a till what neither its device nor a cashier may do alone.
SUPERVISORS = ("site_manager", "admin")


def require_access(till: Row, caller: Caller) -> None:
    """Refuse unless the caller works at the till's site, or is the device that sells there."""
    caller.require_site(till["site_code"])
    if caller.role == DEVICE and caller.user_id != till["device_id"]:
        raise lease.OtherDevice()


def own_chain(till: Row, caller: Caller) -> UUID:
    """Return the chain that the caller sells on at a till: a device has one, a person another."""
    if caller.role == DEVICE:
        return caller.user_id
    return lease.chain_of_person(caller.user_id, till_id=till["till_id"])


def require_sound(till: Row) -> None:
    """Refuse a till that sells nothing."""
    if till["state"] != "active":
        raise TillRevoked()
    if till["frozen_at"] is not None:
        raise TillFrozen()
    if till["device_id"] is None:
        raise lease.DeviceMissing()


def take_lease(
    tx: Transaction,
    till_id: UUID,
    asked: api.TakeLease,
    *,
    lease_id: UUID,
    caller: Caller,
    pins: PinSeal,
    pen: Pen,
) -> api.LeaseTaken:
    """Lend vouchers, with their PINs boxed, to who asks, and set cap aside for people."""
    till = store.lock_till(tx, till_id)
    require_access(till, caller)
    require_sound(till)
    rules = store.rules(tx, on=pen.today)
    expires_at = pen.now + timedelta(hours=int(rules["lease_hours_max"]))
    offer = _offer(tx, asked.offer_code, on=pen.today)
    _require_room(tx, till_id, asked, held_max=int(rules["lease_vouchers_max"]))
    month_on = Month.of(pen.today).first_on
    allowances = _set_aside(tx, asked, on=pen.today, until=business_date(expires_at))
    on_sale = lots.lock_available(
        tx,
        site_code=till["site_code"],
        offer_code=asked.offer_code,
        on=business_date(expires_at),
    )
    chosen = stock.carve(on_sale, offer_code=asked.offer_code, quantity=asked.quantity)
    pieces = lots.hold(tx, chosen, state=State.LEASED, held_by=lease_id, new_id=pen.new_id)
    row = {
        "lease_id": lease_id,
        "till_id": till_id,
        "device_id": till["device_id"],
        "chain_id": own_chain(till, caller),
        "site_code": till["site_code"],
        "offer_code": offer.offer_code,
        "price_cents": offer.price_cents,
        "count": asked.quantity,
        "leased_at": pen.now,
        "leased_by": caller.user_id,
        "by_device": caller.role == DEVICE,
        "expires_at": expires_at,
    }
    aside = {person_ref: cents for person_ref, cents in allowances.items() if cents}
    store.add(tx, row, pieces=pieces, allowances=aside, month_on=month_on)
    details: Row = {"lease_id": str(lease_id), "device_id": str(till["device_id"])}
    details |= {"offer_code": offer.offer_code, "count": asked.quantity}
    note(tx, till, Event.LEASE_TAKEN, details, pen=pen)
    return _taken(tx, row, allowances=allowances, month_on=month_on, rules=rules, pins=pins)


def _taken(
    tx: Transaction,
    row: Row,
    *,
    allowances: dict[UUID, Cents],
    month_on: date,
    rules: dict[str, str],
    pins: PinSeal,
) -> api.LeaseTaken:
    head = store.end_of_chain(tx, row["chain_id"])
    return api.LeaseTaken(
        lease_id=row["lease_id"],
        offer_code=row["offer_code"],
        price_cents=row["price_cents"],
        expires_at=row["expires_at"],
        key=Boxes(pins, row["lease_id"]).key,
        vouchers=_boxed(tx, row["lease_id"], pins=pins),
        allowances=[
            api.Allowance(
                person_ref=person_ref, month=str(Month.of(month_on)), allowed_cents=allowed
            )
            for person_ref, allowed in allowances.items()
        ],
        cap_counts=Counts(rules["cap_counts"]).value,
        chain=api.ChainHead(sequence=head.sequence, hash=head.hash.hex()),
    )


def _offer(tx: Transaction, offer_code: str, *, on: date) -> Offer:
    for offer in selling_store.find_offers(tx, on=on):
        if offer.offer_code == offer_code:
            return offer
    raise OfferUnknown(offer_code=offer_code)


def _require_room(tx: Transaction, till_id: UUID, asked: api.TakeLease, *, held_max: int) -> None:
    wanted = {"till_id": till_id, "offer_code": asked.offer_code}
    (row,) = tx.execute(SQL["open_leases"], wanted).fetchall()
    lease.require_room(
        held=row["held"],
        quantity=asked.quantity,
        held_max=held_max,
        offer_code=asked.offer_code,
    )


def _set_aside(
    tx: Transaction, asked: api.TakeLease, *, on: date, until: date
) -> dict[UUID, Cents]:
    """Set cap of this month aside for people entitled until the lease is over.

    Nothing for the others, and for whoever was forgotten, which refuses nobody else.
    """
    if not asked.people:
        return {}
    month_on = Month.of(on).first_on
    gone = forgotten.find(tx, asked.people)
    people = People(tx, ((person_ref, month_on) for person_ref in asked.people))
    shares: list[Share] = []
    for person_ref in dict.fromkeys(each for each in asked.people if each not in gone):
        person = people.same_as[person_ref]
        try:
            entitlement = cap.require_in_force(people.entitlements.get(person, ()), on=on)
            cap.require_in_force(people.entitlements.get(person, ()), on=until)
        except Refusal:
            continue
        shares.append(
            Share(person_ref=person_ref, person=person, cap_cents=entitlement.monthly_cap_cents)
        )
    aside = lease.set_aside(
        shares,
        used_cents={person: each.used_cents for (person, _), each in people.months.items()},
        asked_cents=None if asked.allowance_cents is None else Cents(asked.allowance_cents),
    )
    people.use(
        tx,
        {(ref, month_on): cents for ref, cents in aside.items() if cents},
        caps={(share.person_ref, month_on): share.cap_cents for share in shares},
    )
    return dict.fromkeys(asked.people, Cents(0)) | aside


def _boxed(tx: Transaction, lease_id: UUID, *, pins: PinSeal) -> list[api.LeasedVoucher]:
    rows = tx.execute(SQL["vouchers_held_by"], {"lease_id": lease_id}).fetchall()
    keys.learn(tx, pins, {row["pin_key_id"] for row in rows})
    boxes = Boxes(pins, lease_id)
    boxed = []
    for row in rows:
        voucher = selling_store.voucher_from(row)
        pin = pins.open(voucher.pin, operator=voucher.operator, serial=voucher.serial)
        boxed.append(
            api.LeasedVoucher(
                serial=voucher.serial,
                box=boxes.box(pin, serial=voucher.serial),
                face_value_cents=row["face_value_cents"],
                use_by=row["use_by"],
            )
        )
    return boxed


def show_leases(tx: Transaction, till_id: UUID, *, caller: Caller) -> list[api.LeaseShown]:
    """Show what a till has leased and not given back."""
    till = store.lock_till(tx, till_id)
    require_access(till, caller)
    rows = tx.execute(SQL["leases_of_till"], {"till_id": till_id})
    return [_shown(row) for row in rows]


def return_lease(
    tx: Transaction, lease_id: UUID, asked: api.ReturnLease, *, caller: Caller, pen: Pen
) -> api.LeaseShown:
    """Take back what was not sold; a lease that has ended is shown as it ended.

    It goes on sale again when nobody but the device had it: a person may have opened its PINs, and
    a device that is silent may have sold it.
    """
    till = store.lock_till(tx, store.find(tx, lease_id)["till_id"])
    require_access(till, caller)
    row = store.find(tx, lease_id)
    _require_hands(row, caller)
    if row["state"] != "open":
        return _shown(row)
    if asked.chain is not None:
        head = store.end_of_chain(tx, row["chain_id"])
        if (asked.chain.sequence, asked.chain.hash) != (head.sequence, head.hash.hex()):
            raise lease.SalesMissing()
    elif caller.role not in SUPERVISORS:
        raise lease.ChainUnsaid()
    unseen = row["by_device"] and caller.user_id == row["leased_by"]
    if unseen:
        store.give_back(tx, lease_id)
    else:
        aside = store.quarantine(tx, lease_id)
        why = "leased to a person" if not row["by_device"] else "given back by a person"
        act = Act(at=pen.now, by=caller.user_id, new_id=pen.new_id, why=why)
        moves.record(tx, "quarantined", aside, act=act)
    store.end(tx, [lease_id], state="returned", at=pen.now)
    details: Row = {"lease_id": str(lease_id), "device_id": str(row["device_id"])}
    details |= {"sold": row["sold"], "returned": row["count"] - row["sold"]}
    details |= {"on_sale_again": unseen}
    note(tx, till, Event.LEASE_RETURNED, details, pen=pen)
    return _shown(store.find(tx, lease_id))


def _require_hands(row: Row, caller: Caller) -> None:
    """Refuse who cannot know what was sold: our end of the chain proves nothing."""
    if caller.user_id != row["leased_by"] and caller.role not in SUPERVISORS:
        raise lease.OtherHands()


def require_open(tx: Transaction, till_id: UUID, lease_id: UUID, *, caller: Caller) -> None:
    """Refuse to answer a lease again to who could not take it now, or once it has ended."""
    till = store.lock_till(tx, till_id)
    require_access(till, caller)
    require_sound(till)
    row = store.find(tx, lease_id)
    if row["state"] != "open" or row["device_id"] != till["device_id"]:
        raise lease.LeaseEnded()


def _shown(row: Row) -> api.LeaseShown:
    return api.LeaseShown(**{name: row[name] for name in api.LeaseShown.model_fields})


def note_enrolled(tx: Transaction, enrolled: Sequence[tuple[UUID, UUID]], *, pen: Pen) -> None:
    """Write into the journals of tills which devices were enrolled there: (till, device)."""
    tills = store.lock_tills(tx, (till_id for till_id, _ in enrolled)) if enrolled else {}
    for till_id, device_id in enrolled:
        details = {"device_id": str(device_id)}
        note(tx, tills[till_id], Event.DEVICE_ENROLLED, details, pen=pen)


def revoke_devices(
    tx: Transaction, lost: Sequence[tuple[UUID, UUID, datetime]], *, pen: Pen
) -> None:
    """End the leases of devices that were withdrawn: (till, device, when), each told once.

    What they had not sold is frozen: somebody may hold its PINs.
    """
    tills = store.lock_tills(tx, (till_id for till_id, _, _ in lost))
    rows = tx.execute(
        SQL["leases_of_devices"], {"device_ids": [device_id for _, device_id, _ in lost]}
    ).fetchall()
    frozen = store.freeze(tx, [row["lease_id"] for row in rows])
    moves.record(
        tx,
        "frozen",
        frozen,
        act=Act(at=pen.now, by=None, new_id=pen.new_id, why="device withdrawn"),
    )
    for till_id, device_id, at in lost:
        own = [row["lease_id"] for row in rows if row["device_id"] == device_id]
        store.end(tx, own, state="revoked", at=at)
        details = {
            "device_id": str(device_id),
            "leases": [str(lease_id) for lease_id in own],
            "frozen": sum(
                row["count"] - row["sold"] for row in rows if row["device_id"] == device_id
            ),
        }
        note(tx, tills[till_id], Event.DEVICE_REVOKED, details, pen=pen)


def unfreeze(
    tx: Transaction, till_id: UUID, *, reason: str, caller: Caller, language: str, pen: Pen
) -> api.TillUnfrozen:
    """Let a frozen till sell again."""
    till = store.lock_till(tx, till_id)
    caller.require_site(till["site_code"])
    if till["frozen_at"] is None:
        raise lease.TillNotFrozen()
    tx.execute(SQL["unfreeze_till"], {"till_id": till_id})
    note(tx, till, Event.DEVICE_UNFROZEN, {"reason": reason, "why": till["frozen_why"]}, pen=pen)
    return api.TillUnfrozen(
        till_id=till_id,
        frozen_at=till["frozen_at"],
        frozen_why=till["frozen_why"],
        frozen_detail=texts.translate(
            freeze.sentence(till["frozen_why"]), language=language, service="recharges"
        ),
    )


def warn_of_expired(tx: Transaction, *, pen: Pen) -> int:
    """Note each lease whose time is over, once; only people free what it holds.

    Its vouchers may have been sold by a device that was not heard of since.
    """
    found = tx.execute(SQL["find_expired_leases"], {"now": pen.now}).fetchall()
    if not found:
        return 0
    tills = store.lock_tills(tx, (row["till_id"] for row in found))
    warned = tx.execute(
        SQL["warn_of_leases"],
        {"lease_ids": [row["lease_id"] for row in found], "now": pen.now},
    ).fetchall()
    for row in warned:
        details = {"lease_id": str(row["lease_id"]), "left": row["left_count"]}
        note(tx, tills[row["till_id"]], Event.LEASE_EXPIRED, details, pen=pen)
    return len(warned)
