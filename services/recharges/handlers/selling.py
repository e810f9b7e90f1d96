"""Selling recharges: a batch of cash sales in one transaction, and what becomes of a sale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from chassis import outbox, texts
from chassis.columns import column
from chassis.db import Transaction
from chassis.idempotency import KeyReused
from kernel.envelope import Envelope
from kernel.period import Month, business_date
from kernel.refusal import Refusal
from services.recharges import events
from services.recharges.api import selling as api
from services.recharges.domain import freeze, sale, ticket
from services.recharges.domain.sale import Order, Sale, TillNotYours
from services.recharges.seal import PinSeal
from services.recharges.signing import JournalKeys
from services.recharges.store import SQL, journal, refunds
from services.recharges.store import selling as store
from services.recharges.store.journal import Record
from services.recharges.store.keys import learn
from services.recharges.store.selling import Voucher

NewId = Callable[[], UUID]
Outcome = api.SaleDone | Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An accepted sale with its vouchers, opened, and its place in the journal."""

    sale: Sale
    vouchers: list[list[tuple[Voucher, str]]]
    record: Record


def sell_recharges(
    tx: Transaction,
    orders: Sequence[Order],
    *,
    pins: PinSeal,
    keys: JournalKeys,
    new_id: NewId,
    sold: Callable[[Sale], object] = lambda _: None,
    commits: bool = False,
) -> list[Outcome]:
    """Sell to every order that the rules allow; one outcome for each, in order.

    All orders are of one business day.  An order whose key a sale already holds gets that sale's
    answer again, whether the sale is an old one or another order of this very batch.  `commits`
    ends the transaction in the round trip of the last write.
    """
    on = business_date(orders[0].ordered_at)
    books, known = store.lock_books(tx, orders, on=on)
    fresh: dict[str, Order] = {}
    for order in orders:
        if order.key not in known:
            fresh.setdefault(order.key, order)
    first = list(fresh.values())
    decided = dict(zip((order.key for order in first), sale.decide(books, first), strict=True))
    accepted = [each for each in decided.values() if isinstance(each, Sale)]
    told = record_sales(tx, accepted, books=books, pins=pins, keys=keys)
    with tx.pipeline():
        save(tx, told, books=books, new_id=new_id)
        if commits:
            tx.execute("COMMIT")
    outcomes: dict[UUID, Outcome] = {}
    for each in told:
        outcomes[each.sale.order.sale_id] = done(each)
        sold(each.sale)
    for order in first:
        refused = decided[order.key]
        if isinstance(refused, Refusal):
            outcomes[order.sale_id] = refused
    again = [order for order in orders if order.sale_id not in outcomes]
    if again:
        outcomes |= _answer_again(tx, again, outcomes, fresh, pins=pins, new_id=new_id)
    return [outcomes[order.sale_id] for order in orders]


def record_sales(
    tx: Transaction,
    sales: Sequence[Sale],
    *,
    books: sale.Books,
    pins: PinSeal,
    keys: JournalKeys,
) -> list[Told]:
    """Open the vouchers of accepted sales and chain their tickets to their tills' journals."""
    if not sales:
        return []
    picks = [pick for each in sales for line in each.lines for pick in line.picks]
    vouchers = store.find_vouchers(tx, picks)
    learn(tx, pins, (voucher.pin.key_id for voucher in vouchers.values()))
    told: list[Told] = []
    for each in sales:
        opened = [
            [_open(vouchers[pick.batch_id, pick.position], pins) for pick in line.picks]
            for line in each.lines
        ]
        serials = [[voucher.serial for voucher, _ in line] for line in opened]
        till = books.tills[each.order.till_id]
        record = journal.seal(
            sale.ticket(each, serials=serials), previous_hash=till.last_hash, keys=keys
        )
        books.tills[till.till_id] = replace(till, last_hash=record.hash)
        told.append(Told(sale=each, vouchers=opened, record=record))
    return told


def save(tx: Transaction, told: Sequence[Told], *, books: sale.Books, new_id: NewId) -> None:
    """Write recorded sales and tell them.  Called inside a pipeline."""
    if not told:
        return
    store.save_sales(tx, [each.sale for each in told], [each.record for each in told], books=books)
    opened = [_opened(each.sale, id=new_id()) for each in told if each.sale.opens_drawer]
    outbox.append(tx, [*opened, *(_completed(each, id=new_id()) for each in told)])


def _opened(first: Sale, *, id: UUID) -> Envelope:
    assert first.drawer_session_id is not None  # noqa: S101  # it opens one
    fact = events.TillOpened(
        drawer_session_id=first.drawer_session_id,
        till_id=first.order.till_id,
        business_date=first.business_date,
        opening="by_sale",
        float_cents=0,
    )
    return fact.tell(
        id=id,
        subject=str(first.drawer_session_id),
        site=first.site_code,
        at=first.order.ordered_at,
    )


def _open(voucher: Voucher, pins: PinSeal) -> tuple[Voucher, str]:
    pin = pins.open(voucher.pin, operator=voucher.operator, serial=voucher.serial)
    return voucher, pin


def _completed(told: Told, *, id: UUID) -> Envelope:
    order = told.sale.order
    fact = events.SaleCompleted(
        sale_id=order.sale_id,
        till_id=order.till_id,
        ticket_no=told.sale.ticket_no,
        person_ref=order.person_ref,
        business_date=told.sale.business_date,
        tender=order.tender,
        total_cents=told.sale.total_cents,
        lines=[
            events.LineSold(
                offer_code=line.offer.offer_code,
                operator=line.offer.operator,
                quantity=line.quantity,
                price_cents=line.offer.price_cents,
                face_value_cents=line.offer.face_value_cents,
                serials=[voucher.serial for voucher, _ in opened],
            )
            for line, opened in zip(told.sale.lines, told.vouchers, strict=True)
        ],
    )
    return fact.tell(
        id=id, subject=str(order.sale_id), site=told.sale.site_code, at=told.sale.sold_at
    )


def done(told: Told) -> api.SaleDone:
    """Return the answer to a sale: its vouchers, with their PINs."""
    return api.SaleDone(
        sale_id=told.sale.order.sale_id,
        ticket_no=told.sale.ticket_no,
        total_cents=told.sale.total_cents,
        change_cents=told.sale.change_cents,
        vouchers=[
            api.VoucherSold(
                serial=voucher.serial,
                pin=pin,
                offer_code=line.offer.offer_code,
                face_value_cents=pick.face_value_cents,
                use_by=pick.use_by,
            )
            for line, opened in zip(told.sale.lines, told.vouchers, strict=True)
            for pick, (voucher, pin) in zip(line.picks, opened, strict=True)
        ],
        cap=api.CapLeft(
            month=str(Month.of(told.sale.business_date)), left_cents=told.sale.cap_left_cents
        ),
    )


def _answer_again(
    tx: Transaction,
    orders: Sequence[Order],
    outcomes: dict[UUID, Outcome],
    fresh: dict[str, Order],
    *,
    pins: PinSeal,
    new_id: NewId,
) -> dict[UUID, Outcome]:
    """Answer orders whose key was used before: the same sale, a refusal, or KeyReused.

    Of a sale only what was not given back since: that is nobody's here any more.
    """
    answers: dict[UUID, Outcome] = {}
    rows = tx.execute(SQL["find_sales_by_key"], {"keys": column(order.key for order in orders)})
    known = {row["key"]: row for row in rows}
    lines, vouchers = store.find_contents(tx, [row["sale_id"] for row in known.values()])
    learn(tx, pins, (each["pin_key_id"] for found in vouchers.values() for each in found))
    for order in orders:
        row = known.get(order.key)
        same = fresh.get(order.key)
        if row is None and same is not None and same.request_hash == order.request_hash:
            answers[order.sale_id] = outcomes[same.sale_id]  # the one before was refused
        elif row is None or row["request_hash"] != order.request_hash:
            answers[order.sale_id] = KeyReused()
        else:
            try:
                order.require_site(row["site_code"])
            except TillNotYours as refused:
                answers[order.sale_id] = refused
                continue
            sale_id = row["sale_id"]
            going_back = refunds.serials_going_back(tx, sale_id)
            shown = [each for each in vouchers[sale_id] if each["serial"] not in going_back]
            answers[order.sale_id] = done_again(row, lines[sale_id], shown, pins)
            if shown:
                _note_retry(tx, order, row, new_id=new_id)
    return answers


def _note_retry(tx: Transaction, order: Order, row: dict[str, Any], *, new_id: NewId) -> None:
    tx.execute(
        SQL["record_reveal"],
        {
            "reveal_id": new_id(),
            "sale_id": row["sale_id"],
            "revealed_by": order.seller_id,
            "revealed_at": order.ordered_at,
            "kind": "retry",
            "reason": "retry",
            "till_id": row["till_id"],
            "copy_no": None,
        },
    )


def done_again(
    row: dict[str, Any],
    lines: Sequence[dict[str, Any]],
    vouchers: Sequence[dict[str, Any]],
    pins: PinSeal,
) -> api.SaleDone:
    """Return the same answer from what was stored."""
    offers = {line["line_no"]: line["offer_code"] for line in lines}
    return api.SaleDone(
        sale_id=row["sale_id"],
        ticket_no=row["ticket_no"],
        total_cents=row["total_cents"],
        change_cents=row["change_cents"],
        vouchers=[
            api.VoucherSold(
                serial=voucher["serial"],
                pin=_open(store.voucher_from(voucher), pins)[1],
                offer_code=offers[voucher["line_no"]],
                face_value_cents=voucher["face_value_cents"],
                use_by=voucher["use_by"],
            )
            for voucher in vouchers
        ],
        cap=api.CapLeft(
            month=str(Month.of(row["business_date"])), left_cents=row["cap_left_cents"]
        ),
    )


def show_offers(tx: Transaction, *, on: date, language: str) -> list[api.OfferShown]:
    """Return the tariff in force on a day."""
    return [
        api.OfferShown(
            offer_code=offer.offer_code,
            operator=offer.operator,
            label=offer.label,
            price_cents=offer.price_cents,
            face_value_cents=offer.face_value_cents,
            data_mb=offer.data_mb,
            how_to_top_up=texts.translate(
                ticket.top_up(offer.operator, on=on).how, language=language, service="recharges"
            ),
        )
        for offer in store.find_offers(tx, on=on)
    ]


def show_tills(
    tx: Transaction, *, site_codes: Sequence[str] | None, language: str
) -> list[api.TillShown]:
    """Return the tills of some sites, or of all."""
    wanted = None if site_codes is None else list(site_codes)
    rows = tx.execute(SQL["find_tills"], {"site_codes": wanted})
    return [
        api.TillShown(
            **row,
            frozen_detail=texts.translate(
                freeze.sentence(row["frozen_why"]), language=language, service="recharges"
            )
            if row["frozen_at"]
            else None,
        )
        for row in rows
    ]
