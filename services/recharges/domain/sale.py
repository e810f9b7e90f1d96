"""A sale at a till: what is refused, what it costs, which vouchers it takes, what the ticket says.

Orders are decided one after the other in the order they came, each on what those before it left;
a refused one leaves nothing.  The first rule that says no gives the refusal, in this order:
till, offer, entitlement, tendered cash, monthly cap, stock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import Forbidden, NotFound, Refusal
from services.recharges.domain import cap, journal, stock
from services.recharges.domain.cap import Allowance, Counts, Entitlement
from services.recharges.domain.stock import Lot, Pick


class TillUnknown(NotFound):
    """There is no till {till_id}."""

    code = "recharges.till.unknown"


class TillNotYours(Forbidden):
    """This till belongs to the site {site_code}, where you do not work."""

    code = "recharges.till.not_yours"


class TillRevoked(Refusal):
    """This till has been withdrawn and sells nothing any more."""

    code = "recharges.till.revoked"


class OfferUnknown(Refusal):
    """There is no offer {offer_code} on this day."""

    code = "recharges.offer.unknown"


class TenderedTooLittle(Refusal):
    """The customer gave {tendered_cents} and the price is {total_cents}."""

    code = "recharges.payment.tendered_too_little"


class CardNotYet(Refusal):
    """Card payments are not open at this till. Please take cash."""

    code = "recharges.payment.card_not_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the tariff says of an offer on a day."""

    offer_code: str
    operator: str
    label: str
    price_cents: Cents
    face_value_cents: Cents
    data_mb: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Till:
    """A till and the head of its journal."""

    till_id: UUID
    site_code: str
    active: bool
    last_sequence: int
    last_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One line of an order."""

    offer_code: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a till asks for; `sale_id` is made for it and becomes the sale's."""

    sale_id: UUID
    key: str
    request_hash: bytes
    till_id: UUID
    person_ref: UUID
    seller_id: UUID
    seller_sites: frozenset[str] | None  # None: all of them
    lines: tuple[Wanted, ...]
    tendered_cents: Cents
    ordered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a sale, with the vouchers it takes."""

    offer: Offer
    picks: tuple[Pick, ...]

    @property
    def quantity(self) -> int:
        """How many vouchers."""
        return len(self.picks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An order that was accepted."""

    order: Order
    site_code: str
    ticket_no: int
    business_date: date
    lines: tuple[Line, ...]
    total_cents: Cents
    change_cents: Cents
    cap_left_cents: Cents


@dataclass(slots=True, kw_only=True)
class Books:
    """What a batch of orders is decided on, as the orders before have left it."""

    on: date
    counts: Counts
    tills: dict[UUID, Till]
    offers: Mapping[str, Offer]
    entitlements: Mapping[UUID, Entitlement]
    allowances: dict[UUID, Allowance]
    #: By site and offer, soonest use-by first.
    lots: dict[tuple[str, str], tuple[Lot, ...]]


def decide(books: Books, orders: Sequence[Order]) -> list[Sale | Refusal]:
    """Accept or refuse each order in turn; `books` then says how tills, caps and lots stand."""
    outcomes: list[Sale | Refusal] = []
    for order in orders:
        try:
            outcomes.append(_sell(books, order))
        except Refusal as refusal:
            outcomes.append(refusal)
    return outcomes


def _sell(books: Books, order: Order) -> Sale:
    till = books.tills.get(order.till_id)
    if till is None:
        raise TillUnknown(till_id=order.till_id)
    if order.seller_sites is not None and till.site_code not in order.seller_sites:
        raise TillNotYours(site_code=till.site_code)
    if not till.active:
        raise TillRevoked()
    offers = [_offer(books, wanted) for wanted in order.lines]
    asked = list(zip(offers, order.lines, strict=True))
    entitlement = cap.require_in_force(books.entitlements.get(order.person_ref), on=books.on)
    total = Cents(sum(offer.price_cents * wanted.quantity for offer, wanted in asked))
    if order.tendered_cents < total:
        raise TenderedTooLittle(tendered_cents=order.tendered_cents, total_cents=total)
    allowance = cap.use(
        Allowance(
            cap_cents=entitlement.monthly_cap_cents,
            used_cents=books.allowances[order.person_ref].used_cents,
        ),
        counted_cents=_counted(books.counts, asked),
    )
    lines, lots = _take(books, till.site_code, asked)

    # Every rule has said yes: from here on nothing can refuse, so the books may move.
    books.lots |= lots
    books.allowances[order.person_ref] = allowance
    books.tills[till.till_id] = replace(till, last_sequence=till.last_sequence + 1)
    return Sale(
        order=order,
        site_code=till.site_code,
        ticket_no=till.last_sequence + 1,
        business_date=books.on,
        lines=lines,
        total_cents=total,
        change_cents=Cents(order.tendered_cents - total),
        cap_left_cents=allowance.left_cents,
    )


def _offer(books: Books, wanted: Wanted) -> Offer:
    offer = books.offers.get(wanted.offer_code)
    if offer is None:
        raise OfferUnknown(offer_code=wanted.offer_code)
    return offer


def _counted(counts: Counts, asked: Sequence[tuple[Offer, Wanted]]) -> Cents:
    if counts is Counts.PRICE:
        return Cents(sum(offer.price_cents * wanted.quantity for offer, wanted in asked))
    return Cents(sum(offer.face_value_cents * wanted.quantity for offer, wanted in asked))


def _take(
    books: Books, site_code: str, asked: Sequence[tuple[Offer, Wanted]]
) -> tuple[tuple[Line, ...], dict[tuple[str, str], tuple[Lot, ...]]]:
    """Take the vouchers of every line, or refuse the order as a whole."""
    lines: list[Line] = []
    moved: dict[tuple[str, str], tuple[Lot, ...]] = {}
    for offer, wanted in asked:
        place = site_code, offer.offer_code
        lots = moved.get(place, books.lots.get(place, ()))
        picks, moved[place] = stock.take(
            lots, offer_code=offer.offer_code, quantity=wanted.quantity
        )
        lines.append(Line(offer=offer, picks=picks))
    return tuple(lines), moved


def ticket(sale: Sale, *, serials: Sequence[Sequence[str]]) -> str:
    """Return the journal record of a sale: every amount, line, tender and time, and no person."""
    order = sale.order
    return journal.canonical(
        {
            "kind": "ticket",
            "till_id": str(order.till_id),
            "sequence": sale.ticket_no,
            "site_code": sale.site_code,
            "business_date": sale.business_date.isoformat(),
            "recorded_at": order.ordered_at.isoformat(),
            "sale_id": str(order.sale_id),
            "tender": "cash",
            "total_cents": sale.total_cents,
            "tendered_cents": order.tendered_cents,
            "change_cents": sale.change_cents,
            "lines": [
                {
                    "offer_code": line.offer.offer_code,
                    "operator": line.offer.operator,
                    "quantity": line.quantity,
                    "price_cents": line.offer.price_cents,
                    "face_value_cents": line.offer.face_value_cents,
                    "serials": list(of_line),
                }
                for line, of_line in zip(sale.lines, serials, strict=True)
            ],
        }
    )
