"""Giving sales back: vouchers nobody saw return to stock, others go through their operator.

Nothing leaves stock or comes back to it, and no cap is given back, before the money went back: that
is one transaction, with the ticket and the fact.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from chassis import forgotten, outbox
from chassis.db import Transaction
from kernel.period import Month
from kernel.version import VERSION
from services.recharges import events
from services.recharges.api import refunds as api
from services.recharges.domain import drawer, journal, stock
from services.recharges.domain import refund as rules
from services.recharges.domain.drawer import Drawer, Opening
from services.recharges.domain.refund import State, Taken, Vouchers
from services.recharges.domain.sale import TillFrozen
from services.recharges.handlers.cards import lock_till, open_drawer
from services.recharges.handlers.journalling import Pen, write_record
from services.recharges.store import SQL, cards, lots
from services.recharges.store import refunds as store
from services.recharges.store import selling as sales


def ask(
    tx: Transaction, sale: dict[str, Any], body: api.AskRefund, *, by: UUID, pen: Pen
) -> api.RefundShown:
    """Give vouchers of a sale back: at once where nobody saw them, else the operator is asked."""
    sale_id = sale["sale_id"]
    forgotten.require_no_words(tx, sale["person_ref"], body.reason)
    lock_till(tx, sale["till_id"])
    revealed = True
    if cards.find(tx, sale_id) is not None:
        cards.lock(tx, sale_id)  # nobody reveals it meanwhile
        revealed = cards.first_reveal(tx, sale_id) is not None
    chosen = rules.choose(
        store.taken(tx, sale_id),
        serials=body.serials,
        going_back=store.serials_going_back(tx, sale_id),
    )
    if revealed:
        rules.require_one_operator(chosen)
    refund_id = pen.new_id()
    store.add(
        tx,
        {
            "refund_id": refund_id,
            "sale_id": sale_id,
            "till_id": sale["till_id"],
            "site_code": sale["site_code"],
            "amount_cents": rules.amount(chosen),
            "tender": sale["tender"],
            "vouchers": Vouchers.REFUNDED_BY_OPERATOR if revealed else Vouchers.RETURNED,
            "state": State.ASKED if revealed else State.GRANTED,
            "reason": body.reason,
            "asked_at": pen.now,
            "asked_by": by,
            "look_at": None if revealed else pen.now,
        },
        chosen,
    )
    if revealed:
        _move(tx, chosen, stock.State.DISPUTED, pen=pen)
    return show(tx, refund_id)


def _move(tx: Transaction, chosen: Sequence[Taken], state: stock.State, *, pen: Pen) -> None:
    places = [(each.batch_id, each.position) for each in chosen]
    lots.move(tx, lots.cut_out_each(tx, places, new_id=pen.new_id), state=state)


def answer(
    tx: Transaction,
    refund_id: UUID,
    body: api.AnswerRefund,
    *,
    operator: str | None,
    by: UUID,
    pen: Pen,
) -> api.RefundShown:
    """Do as the operator says: the voucher is theirs again, or the sale stands.

    They do not know whom it is about: their words of somebody who was forgotten are left out.
    """
    why = forgotten.words_about(tx, store.find_person(tx, refund_id), body.why)
    refund = store.lock(tx, refund_id)
    chosen = _chosen(tx, refund)
    if any(each.operator != operator for each in chosen):
        raise rules.NotYourOperator()
    if refund["state"] != State.ASKED:
        raise rules.AnsweredAlready()
    granted = body.granted
    _move(tx, chosen, stock.State.REFUNDED if granted else stock.State.SOLD_OUT, pen=pen)
    store.answer(
        tx,
        refund_id,
        state=State.GRANTED if granted else State.DENIED,
        why=why,
        now=pen.now,
        by=by,
        look_at=pen.now if granted and refund["tender"] == "card" else None,
    )
    return show(tx, refund_id)


def _chosen(tx: Transaction, refund: dict[str, Any]) -> list[Taken]:
    serials = {
        (place["operator"], place["serial"]) for place in store.places(tx, refund["refund_id"])
    }
    return [
        each
        for each in store.taken(tx, refund["sale_id"])
        if (each.operator, each.serial) in serials
    ]


def pay_out(
    tx: Transaction, refund_id: UUID, till: dict[str, Any], *, by: UUID, pen: Pen
) -> api.RefundShown:
    """Hand a granted refund over in cash, out of a drawer that is open today."""
    if till["frozen_at"] is not None:
        raise TillFrozen()
    refund = store.lock(tx, refund_id)
    if refund["site_code"] != till["site_code"]:
        raise rules.PaidOutElsewhere()
    if refund["state"] != State.GRANTED or refund["tender"] != "cash":
        raise rules.NotToPayOut()
    session = drawer.require_selling(
        sales.till_from(till).drawer, opening=Opening.COUNTED, on=pen.today, new_id=refund_id
    )
    store.add_cash(
        tx,
        {
            "till_id": till["till_id"],
            "site_code": till["site_code"],
            "business_date": pen.today,
            "recorded_at": pen.now,
            "amount_cents": -refund["amount_cents"],
            "refund_id": refund_id,
            "drawer_session_id": session.drawer_session_id,
            "recorded_by": by,
        },
    )
    _finish(tx, refund, till, session=session, reference=None, pen=pen)
    return show(tx, refund_id)


def paid_back(tx: Transaction, refund_id: UUID, *, stripe_refund_id: str, pen: Pen) -> bool:
    """Book what Stripe has given back, once; say whether this call did."""
    (found,) = store.find(tx, refund_id=refund_id)
    till = lock_till(tx, found["till_id"])
    refund = store.lock(tx, refund_id)
    if refund["state"] != State.GRANTED:
        return False
    session = open_drawer(sales.till_from(till), day=pen.today)
    _finish(tx, refund, till, session=session, reference=stripe_refund_id, pen=pen)
    return True


def deny(tx: Transaction, refund_id: UUID, *, why: str, now: datetime) -> None:
    """Stripe will not give the money back: the sale of vouchers that nobody saw stands."""
    why = forgotten.words_about(tx, store.find_person(tx, refund_id), why)
    refund = store.lock(tx, refund_id)
    if refund["state"] == State.GRANTED:
        store.answer(tx, refund_id, state=State.DENIED, why=why, now=now, by=None, look_at=None)


def _finish(
    tx: Transaction,
    refund: dict[str, Any],
    till: dict[str, Any],
    *,
    session: Drawer | None,
    reference: str | None,
    pen: Pen,
) -> None:
    sale = sales.find_sale(tx, refund["sale_id"])
    chosen = _chosen(tx, refund)
    counts = store.counts_on(tx, sale["business_date"])
    cards.give_cap_back(
        tx,
        person_ref=sale["person_ref"],
        month_on=Month.of(sale["business_date"]).first_on,
        counted_cents=rules.counted(chosen, counts=counts),
    )
    if refund["vouchers"] == Vouchers.RETURNED:
        places = [(each.batch_id, each.position) for each in chosen]
        lots.give_back(tx, lots.cut_out_each(tx, places, new_id=pen.new_id))
    ticket_no = _ticket(
        tx, refund, sale, till, chosen, session=session, reference=reference, pen=pen
    )
    store.finish(
        tx,
        {
            "refund_id": refund["refund_id"],
            "till_id": till["till_id"],
            "ticket_no": ticket_no,
            "done_at": pen.now,
            "stripe_refund_id": reference,
        },
    )
    _tell(tx, refund, sale, till, chosen, ticket_no=ticket_no, pen=pen)


def _ticket(
    tx: Transaction,
    refund: dict[str, Any],
    sale: dict[str, Any],
    till: dict[str, Any],
    chosen: Sequence[Taken],
    *,
    session: Drawer | None,
    reference: str | None,
    pen: Pen,
) -> int:
    """Write the negative ticket, at the end of the chain of the till that pays."""
    amount = -refund["amount_cents"]
    payment = journal.Payment(
        tender=refund["tender"], amount_cents=amount, tendered_cents=amount, change_cents=0
    )
    if reference is not None:
        payment["reference"] = reference
    place = {"till_id": sale["till_id"], "ticket_no": sale["ticket_no"]}
    sold = json.loads(tx.execute(SQL["find_ticket"], place).fetchall()[0]["record"])
    labels = {line["offer_code"]: line["label"] for line in sold["lines"]}
    record = partial(
        journal.ticket_record,
        type=journal.TicketType.REFUND,
        business_date=pen.today,
        sale_id=sale["sale_id"],
        lines=[_line(of_line, labels) for of_line in _by_line(chosen)],
        payments=[payment],
        total_cents=amount,
        software_version=VERSION,
        original=journal.Original(
            till_id=str(sale["till_id"]),
            ticket_no=sale["ticket_no"],
            sale_id=str(sale["sale_id"]),
            refund_id=str(refund["refund_id"]),
        ),
        drawer_session_id=session.drawer_session_id if session else None,
    )
    return write_record(tx, till, journal.Kind.TICKET, record, pen=pen, total_cents=amount)


def _line(of_line: Sequence[Taken], labels: Mapping[str, str]) -> journal.TicketLine:
    first = of_line[0]
    return journal.TicketLine(
        offer_code=first.offer_code,
        label=labels[first.offer_code],
        operator=first.operator,
        quantity=-len(of_line),
        price_cents=first.price_cents,
        face_value_cents=first.face_value_cents,
        vat_rate=journal.EXEMPT,
        serials=[each.serial for each in of_line],
    )


def _by_line(chosen: Sequence[Taken]) -> list[list[Taken]]:
    line_nos = sorted({each.line_no for each in chosen})
    return [[each for each in chosen if each.line_no == line_no] for line_no in line_nos]


def _tell(
    tx: Transaction,
    refund: dict[str, Any],
    sale: dict[str, Any],
    till: dict[str, Any],
    chosen: Sequence[Taken],
    *,
    ticket_no: int,
    pen: Pen,
) -> None:
    fact = events.SaleRefunded(
        refund_id=refund["refund_id"],
        sale_id=sale["sale_id"],
        till_id=till["till_id"],
        ticket_no=ticket_no,
        person_ref=sale["person_ref"],
        business_date=pen.today,
        tender=refund["tender"],
        total_cents=refund["amount_cents"],
        vouchers=refund["vouchers"],
        lines=[
            events.LineSold(
                offer_code=of_line[0].offer_code,
                operator=of_line[0].operator,
                quantity=len(of_line),
                price_cents=of_line[0].price_cents,
                face_value_cents=of_line[0].face_value_cents,
                serials=[each.serial for each in of_line],
            )
            for of_line in _by_line(chosen)
        ],
    )
    outbox.append(
        tx,
        [
            fact.tell(
                id=pen.new_id(), subject=str(sale["sale_id"]), site=till["site_code"], at=pen.now
            )
        ],
    )


def show(tx: Transaction, refund_id: UUID) -> api.RefundShown:
    """Return a refund as it stands."""
    found = store.find(tx, refund_id=refund_id)
    if not found:
        raise rules.RefundUnknown(refund_id=refund_id)
    return api.RefundShown(**found[0])


def show_refunds(
    tx: Transaction,
    query: api.RefundsAsked,
    *,
    site_codes: Sequence[str] | None,
    operator: str | None,
) -> list[api.RefundShown]:
    """List refunds of some sites, or of an operator's vouchers."""
    found = store.find(
        tx,
        site_codes=site_codes,
        operator=operator,
        state=query.state,
        after=query.after,
        limit=query.limit + 1,
    )
    return [api.RefundShown(**each) for each in found]
