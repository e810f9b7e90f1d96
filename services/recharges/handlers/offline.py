"""Taking in what an offline till sold: verified, booked as late sales, counted once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from chassis import texts
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.money import ZERO
from kernel.period import business_date
from kernel.refusal import Refusal
from services.recharges.api import leases as api
from services.recharges.domain import journal, lease, offline, sale
from services.recharges.domain.drawer import Drawer, DrawerAwaitsApproval, Opening
from services.recharges.domain.journal import Event
from services.recharges.domain.offline import Accepted, Known
from services.recharges.domain.offline_sale import OfflineSale
from services.recharges.domain.sale import Offer, Order, Sale, TillFrozen, Wanted
from services.recharges.domain.stock import Pick
from services.recharges.handlers import selling
from services.recharges.handlers.journalling import Pen, note
from services.recharges.handlers.leases import DEVICE, SUPERVISORS, own_chain, require_access
from services.recharges.handlers.selling import Told
from services.recharges.seal import Sealed
from services.recharges.store import SQL, leases
from services.recharges.store import journal as records
from services.recharges.store import offline as store
from services.recharges.store.selling import Voucher, till_from

Row = dict[str, Any]
#: What is less off is not worth a line in the journal.
_SKEW_NOTED = timedelta(seconds=5)


def take_sales(
    tx: Transaction,
    till_id: UUID,
    sales: Sequence[OfflineSale],
    *,
    caller: Caller,
    language: str,
    pen: Pen,
) -> tuple[list[api.OfflineOutcome], list[Sale]]:
    """Accept, know again or refuse each sale of a chain; return the outcomes, and what was sold."""
    till = leases.lock_till(tx, till_id)
    require_access(till, caller)
    if not sales:
        return [], []
    lent = store.leases_of(tx, till_id, sales)
    chain_id = _chain_of(till, lent.get(sales[0].lease_id), caller)
    books, people = store.read_books(
        tx,
        sales,
        till_id=till_id,
        chain_id=chain_id,
        leases=lent,
        received_at=pen.now,
    )
    if till["frozen_at"] is None:
        decisions = list(offline.decide(books, sales))
    else:
        decisions = [offline.known(books, each) or TillFrozen() for each in sales]
    accepted = [each for each in decisions if isinstance(each, Accepted)]
    by = caller.user_id
    sold = _book(tx, till, accepted, books=books, lent=lent, pen=pen, by=by) if accepted else []
    if accepted:
        store.save(tx, accepted, books=books, people=people)
        _note_skew(tx, till, accepted, pen=pen)
    refused = [
        (each, decision)
        for each, decision in zip(sales, decisions, strict=True)
        if isinstance(decision, Refusal)
    ]
    if refused:
        store.keep_refused(tx, refused, books=books)
        _note_refused(tx, till, refused[0], chain_id=chain_id, caller=caller, pen=pen)
    tickets = {each.order.sale_id: each.ticket_no for each in sold}
    outcomes = [
        _outcome(sent, decision, tickets, language=language)
        for sent, decision in zip(sales, decisions, strict=True)
    ]
    return outcomes, sold


def _chain_of(till: Row, lent: Row | None, caller: Caller) -> UUID:
    """Return the chain that sales stand in, or refuse the caller.

    Who sells on a chain sends it up; a supervisor sends up a withdrawn device's, and a person's.
    """
    own = own_chain(till, caller)
    chain_id: UUID = own if lent is None else lent["chain_id"]
    is_active = till["state"] == "active"
    if chain_id == own and is_active:
        return own
    if caller.role == DEVICE:
        raise lease.OtherDevice() if chain_id == own else lease.OtherChain()
    if chain_id == till["device_id"] and is_active:
        raise lease.OtherChain()
    if caller.role not in SUPERVISORS:
        raise lease.SupervisorNeeded()
    return chain_id


def _book(
    tx: Transaction,
    till: Row,
    accepted: Sequence[Accepted],
    *,
    books: offline.Books,
    lent: dict[UUID, Row],
    pen: Pen,
    by: UUID,
) -> list[Sale]:
    """Book accepted sales as every sale is, each with its own time and its place offline.

    A drawer that they open is held by who sent them up: who sold is only what the device says.
    """
    drawer = _drawer(till, accepted[0])
    picks = store.take_vouchers(tx, accepted, new_id=pen.new_id)
    at = replace(till_from(till), drawer=drawer)
    told: list[Told] = []
    for number, each in enumerate(accepted):
        made = _sale(each, at, books=books, lent=lent[each.sale.lease_id], picks=picks)
        if number == 0 and till["drawer_session_id"] is None:
            made = replace(made, opens_drawer=True, drawer_opened_by=by)
        serials = [[held.serial for held in line] for line in each.held]
        record = records.seal(
            sale.ticket(made, serials=serials), previous_hash=at.last_hash, keys=pen.keys
        )
        at = replace(at, last_sequence=made.ticket_no, last_hash=record.hash)
        told.append(
            Told(
                sale=made,
                # Nobody reads a PIN here: the device showed it when it sold the voucher.
                vouchers=[
                    [
                        (
                            Voucher(
                                operator=held.operator, serial=held.serial, pin=Sealed("", b"")
                            ),
                            "",
                        )
                        for held in line
                    ]
                    for line in each.held
                ],
                record=record,
            )
        )
    with tx.pipeline():
        selling.save(tx, told, books=_written(at, books), new_id=pen.new_id)
    return [each.sale for each in told]


def _drawer(till: Row, first: Accepted) -> Drawer:
    """Return the session whose drawer the cash lies in: the open one, or one of the sales' day."""
    open_drawer = till_from(till).drawer
    if open_drawer is None:
        return Drawer(
            drawer_session_id=uuid5(first.sale.sale_id, "drawer"),
            opened_on=first.sale.business_date,
            counted=False,
        )
    if open_drawer.counted:
        raise DrawerAwaitsApproval()
    return open_drawer


def _sale(
    accepted: Accepted,
    till: sale.Till,
    *,
    books: offline.Books,
    lent: Row,
    picks: dict[tuple[UUID, int], Pick],
) -> Sale:
    sent = accepted.sale
    lines = tuple(
        sale.Line(
            offer=Offer(
                offer_code=line.offer_code,
                operator=lent["operator"],
                label=lent["label"],
                price_cents=line.price_cents,
                face_value_cents=line.face_value_cents,
            ),
            picks=tuple(picks[each.batch_id, each.position] for each in held),
        )
        for line, held in zip(sent.lines, accepted.held, strict=True)
    )
    return Sale(
        order=Order(
            sale_id=sent.sale_id,
            # No header can carry a line break: nobody takes this key before the device does.
            key=f"offline\n{books.chain_id}\n{sent.sequence}",
            request_hash=sent.hash,
            till_id=sent.till_id,
            person_ref=sent.person_ref,
            seller_id=sent.seller_id,
            seller_sites=None,
            lines=tuple(
                Wanted(offer_code=line.offer_code, quantity=len(line.serials))
                for line in sent.lines
            ),
            tendered_cents=sent.tendered_cents,
            ordered_at=sent.sold_at,
        ),
        site_code=till.site_code,
        drawer=till.drawer,
        ticket_no=till.last_sequence + 1,
        business_date=sent.business_date,
        lines=lines,
        total_cents=sent.total_cents,
        change_cents=sent.change_cents,
        counted_cents=ZERO,  # it counts against the allowance first: see store.save
        cap_left_cents=accepted.cap_left_cents,
        offline=journal.Offline(
            sequence=sent.sequence,
            hash=sent.hash.hex(),
            received_at=books.received_at.isoformat(),
        ),
    )


def _written(till: sale.Till, books: offline.Books) -> sale.Books:
    """Return the books that a till's late sales leave; caps and lots are written elsewhere."""
    return sale.Books(
        on=business_date(books.received_at),
        counts=books.counts,
        opening=Opening.BY_SALE,
        tills={till.till_id: till},
        offers={},
        same_as=books.same_as,
        used_cents={},
        entitlements=books.entitlements,
        allowances={},
        lots={},
    )


def _note_skew(tx: Transaction, till: Row, accepted: Sequence[Accepted], *, pen: Pen) -> None:
    worst = max(accepted, key=lambda each: each.skew)
    if worst.skew >= _SKEW_NOTED:
        details = {"sequence": worst.sale.sequence, "skew_s": int(worst.skew.total_seconds())}
        note(tx, till, Event.CLOCK_SKEWED, details, pen=pen)


def _note_refused(
    tx: Transaction,
    till: Row,
    first: tuple[OfflineSale, Refusal],
    *,
    chain_id: UUID,
    caller: Caller,
    pen: Pen,
) -> None:
    """Note what does not hold; it freezes the till where its own device says it.

    Anybody can make up a line: what a person sends up only stays out.
    """
    sent, refusal = first
    if isinstance(refusal, TillFrozen):
        return
    details = {"chain_id": str(chain_id), "sequence": sent.sequence, "code": refusal.code}
    note(tx, till, Event.OFFLINE_REFUSED, details, pen=pen)
    if caller.role == DEVICE:
        tx.execute(
            SQL["freeze_till"], {"till_id": till["till_id"], "at": pen.now, "why": refusal.code}
        )
        note(tx, till, Event.DEVICE_FROZEN, details, pen=pen)


def _outcome(
    sent: OfflineSale, decision: offline.Decision, tickets: dict[UUID, int], *, language: str
) -> api.OfflineOutcome:
    if isinstance(decision, Refusal):
        return api.OfflineOutcome(
            sequence=sent.sequence,
            outcome="refused",
            sale_id=sent.sale_id,
            code=decision.code,
            detail=texts.explain(decision, language=language),
        )
    if isinstance(decision, Known):
        return api.OfflineOutcome(
            sequence=sent.sequence,
            outcome="known",
            sale_id=decision.sale_id,
            ticket_no=decision.ticket_no or tickets[decision.sale_id],
        )
    return api.OfflineOutcome(
        sequence=sent.sequence,
        outcome="accepted",
        sale_id=sent.sale_id,
        ticket_no=tickets[sent.sale_id],
    )
