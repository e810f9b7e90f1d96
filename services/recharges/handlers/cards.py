"""A sale by card, one transaction at a time: held, paid or given back, revealed.

Between these transactions stands Stripe: see `card_desk`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis.columns import column
from chassis.db import Transaction
from chassis.idempotency import KeyReused
from kernel.money import ZERO
from kernel.period import Month, business_date
from kernel.refusal import Refusal
from services.recharges.domain import card as rules
from services.recharges.domain import journal, sale, stock
from services.recharges.domain.cap import Counts
from services.recharges.domain.card import CardSale, Intent, State
from services.recharges.domain.drawer import Drawer, Opening
from services.recharges.domain.sale import Books, Line, Order, Sale, Till, Wanted
from services.recharges.domain.stock import Lot, Pick
from services.recharges.handlers import selling
from services.recharges.handlers.journalling import Pen, note
from services.recharges.seal import PinSeal
from services.recharges.signing import JournalKeys
from services.recharges.store import SQL, cards, lots
from services.recharges.store import journal as records
from services.recharges.store import selling as sales

NewId = Callable[[], UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What booking a sale needs besides its rows."""

    pins: PinSeal
    keys: JournalKeys
    new_id: NewId

    def pen(self, now: datetime, *, by: UUID | None = None) -> Pen:
        """What writes in a till's journal; by nobody, it is the clock or Stripe."""
        return Pen(keys=self.keys, new_id=self.new_id, now=now, by=by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A card sale after a look at its payment."""

    card: CardSale
    #: The sale, where this look booked it.
    booked: Sale | None
    changed: bool


class PaidAfterVoid(Exception):
    """Money came in for a sale that was given up: it goes back."""

    def __init__(self, card: CardSale, intent: Intent) -> None:
        super().__init__(f"{intent.intent_id} of the voided sale {card.sale_id} was paid")
        self.card = card
        self.intent = intent


def reserve(tx: Transaction, order: Order, *, new_id: NewId) -> CardSale:
    """Hold the vouchers and the cap of an order that the rules allow, or find what its key held."""
    on = business_date(order.ordered_at)
    books, known = sales.lock_books(tx, [order], on=on)
    if order.key in known:
        before = cards.find_by_key(tx, order.key)
        if before is None or before.request_hash != order.request_hash:
            raise KeyReused()
        order.require_site(before.site_code)
        return before
    on_sale = dict(books.lots)
    (decided,) = sale.decide(books, [order])
    if isinstance(decided, Refusal):
        raise decided
    lots.hold(
        tx,
        _chosen(decided, on_sale),
        state=stock.State.RESERVED,
        held_by=order.sale_id,
        new_id=new_id,
    )
    cards.add(
        tx,
        decided,
        books=books,
        month_on=Month.of(on).first_on,
        look_at=order.ordered_at + timedelta(seconds=rules.RESERVED_S_MAX),
    )
    return cards.lock(tx, order.sale_id)


def _chosen(
    decided: Sale, on_sale: dict[tuple[str, str], tuple[Lot, ...]]
) -> list[tuple[Lot, int, int]]:
    wanted: Counter[str] = Counter()
    for line in decided.lines:
        wanted[line.offer.offer_code] += line.quantity
    return [
        choice
        for offer_code, quantity in wanted.items()
        for choice in stock.carve(
            on_sale[decided.site_code, offer_code], offer_code=offer_code, quantity=quantity
        )
    ]


def note_intent(tx: Transaction, card: CardSale, intent: Intent, *, now: datetime) -> CardSale:
    """Keep the payment that Stripe made for a sale, unless the sale was given up meanwhile."""
    minutes_max = cards.minutes_max(tx, on=business_date(card.ordered_at))
    pending = replace(card, state=State.PENDING, looks=0)
    look_at = rules.next_look(pending, now=now, minutes_max=minutes_max)
    cards.note_intent(tx, card, intent, look_at=look_at)
    return cards.lock(tx, card.sale_id)


def settle(
    tx: Transaction,
    sale_id: UUID,
    intent: Intent,
    *,
    tools: Tools,
    now: datetime,
    user_id: UUID | None = None,
) -> Settled:
    """Do what a payment's state asks for, once: book the sale, give all back, or wait on."""
    before = cards.find(tx, sale_id)
    if before is None:
        raise rules.CardSaleUnknown(sale_id=sale_id)
    booked, voided = None, False
    if before.waits and intent.is_paid:
        booked = _book(tx, before, intent, tools=tools, now=now)
    elif before.waits and intent.is_over:
        why = intent.given_up_for or before.why or "cancelled"
        voided = void(tx, before, why=why, pen=tools.pen(now, by=user_id), intent=intent)
    elif before.waits and intent.why:
        cards.note_decline(tx, before, why=intent.why)
    card = cards.lock(tx, sale_id)
    if intent.is_paid and card.state is State.VOIDED:
        raise PaidAfterVoid(card, intent)
    return Settled(card=card, booked=booked, changed=voided or booked is not None)


def put_off(tx: Transaction, card: CardSale, *, now: datetime) -> None:
    """Look again later."""
    minutes_max = cards.minutes_max(tx, on=business_date(card.ordered_at))
    cards.put_off(tx, card, look_at=rules.next_look(card, now=now, minutes_max=minutes_max))


def _book(
    tx: Transaction, card: CardSale, intent: Intent, *, tools: Tools, now: datetime
) -> Sale | None:
    """Make a paid card sale a sale like any other; None when it was settled meanwhile."""
    row = lock_till(tx, card.till_id)
    if not _still_waits(tx, card):
        return None
    rules.require_paid(card, intent)
    held = lots.held(tx, card.sale_id)
    picks = lots.sell_held(tx, held)
    till = sales.till_from(row)
    booked = _sale_from(card, intent, till=till, lines=_lines(card, picks, held), now=now)
    books = _books(booked, till)
    records.keep_keys(tx, tools.keys, at=now)
    told = selling.record_sales(tx, [booked], books=books, pins=tools.pins, keys=tools.keys)
    with tx.pipeline():
        selling.save(tx, told, books=books, new_id=tools.new_id)
    cards.settle(tx, card, state=State.PAID, intent_id=intent.intent_id, why="", settled_at=now)
    return booked


def _lines(card: CardSale, picks: Sequence[Pick], held: Sequence[Lot]) -> tuple[Line, ...]:
    """Give each line the vouchers that were held for it."""
    offer_of = {lot.lot_id: lot.offer_code for lot in held}
    left: dict[str, list[Pick]] = defaultdict(list)
    for pick in picks:
        left[offer_of[pick.lot_id]].append(pick)
    lines: list[Line] = []
    for agreed in card.lines:
        of_offer = left[agreed.offer.offer_code]
        taken, left[agreed.offer.offer_code] = (
            of_offer[: agreed.quantity],
            of_offer[agreed.quantity :],
        )
        lines.append(Line(offer=agreed.offer, picks=tuple(taken)))
    return tuple(lines)


def _sale_from(
    card: CardSale, intent: Intent, *, till: Till, lines: tuple[Line, ...], now: datetime
) -> Sale:
    """The sale is booked on the day it was asked for, whose cap it used, and at its own till.

    Where that till's drawer is closed, counted or another day's by now, it is booked in no session:
    no cash moves, so no count changes.
    """
    day = business_date(card.ordered_at)
    order = Order(
        sale_id=card.sale_id,
        key=card.key_of_sale,
        request_hash=card.request_hash,
        till_id=card.till_id,
        person_ref=card.person_ref,
        seller_id=card.sold_by,
        seller_sites=None,
        lines=tuple(
            Wanted(offer_code=each.offer.offer_code, quantity=each.quantity) for each in card.lines
        ),
        tendered_cents=ZERO,
        ordered_at=card.ordered_at,
        tender="card",
    )
    return Sale(
        order=order,
        site_code=card.site_code,
        drawer=open_drawer(till, day=day),
        ticket_no=till.last_sequence + 1,
        business_date=day,
        lines=lines,
        total_cents=card.total_cents,
        change_cents=ZERO,
        counted_cents=ZERO,  # it was counted when the vouchers were held
        cap_left_cents=card.cap_left_cents,
        payment_reference=intent.intent_id,
        paid_at=now,
    )


def lock_till(tx: Transaction, till_id: UUID) -> dict[str, Any]:
    """Lock a till's row: whoever ends one of its card sales or refunds does so first."""
    (row,) = tx.execute(SQL["lock_tills"], {"till_ids": column([till_id])})
    return row


def _still_waits(tx: Transaction, card: CardSale) -> bool:
    """Whether nobody settled it before we had the till; behind its lock nobody can."""
    now = cards.find(tx, card.sale_id)
    return now is not None and now.waits


def open_drawer(till: Till, *, day: object) -> Drawer | None:
    """Return the till's drawer session of a day, if it is open."""
    drawer = till.drawer
    return drawer if drawer and not drawer.counted and drawer.opened_on == day else None


def _books(booked: Sale, till: Till) -> Books:
    """All that booking a decided sale still needs: the till and where its tickets end."""
    return Books(
        on=booked.business_date,
        counts=Counts.PRICE,
        opening=Opening.COUNTED,
        tills={till.till_id: replace(till, last_sequence=booked.ticket_no)},
        offers={},
        same_as={},
        used_cents={},
        entitlements={},
        allowances={},
        lots={},
    )


def void(
    tx: Transaction,
    card: CardSale,
    *,
    why: str,
    pen: Pen,
    intent: Intent | None = None,
) -> bool:
    """Give back all that a card sale holds, once, and say so in the till's journal."""
    row = lock_till(tx, card.till_id)
    if not _still_waits(tx, card):
        return False
    cards.give_cap_back(
        tx,
        person_ref=card.person_ref,
        month_on=card.month_on,
        counted_cents=card.counted_cents,
    )
    lots.release(tx, card.sale_id)
    details = {
        "sale_id": str(card.sale_id),
        "tender": "card",
        "total_cents": card.total_cents,
        "why": why,
    }
    note(tx, row, journal.Event.SALE_CANCELLED, details, pen=pen)
    cards.settle(
        tx,
        card,
        state=State.VOIDED,
        intent_id=intent.intent_id if intent else None,
        why=why,
        settled_at=pen.now,
    )
    return True
