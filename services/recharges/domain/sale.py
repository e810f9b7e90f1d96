"""A sale at a till: what is refused, what it costs, which vouchers it takes, what the ticket says.

Orders are decided one after the other in the order they came, each on what those before it left;
a refused one leaves nothing.  The first rule that says no gives the refusal, in this order:
till, drawer, offer, entitlement, tendered cash, monthly cap, stock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID, uuid5

from kernel.money import Cents
from kernel.refusal import Forbidden, NotFound, Refusal
from kernel.version import VERSION
from services.recharges.domain import cap, drawer, journal, stock
from services.recharges.domain.cap import Allowance, Counts, Entitlement
from services.recharges.domain.drawer import Drawer, Opening
from services.recharges.domain.stock import Lot, Pick

Tender = Literal["cash", "card"]


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


class TillFrozen(Refusal):
    """This till has been frozen: its records do not fit together. Please call a supervisor."""

    code = "recharges.till.frozen"


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
    """A till, its drawer and the head of its tickets."""

    till_id: UUID
    site_code: str
    active: bool
    last_sequence: int
    last_hash: bytes
    frozen: bool = False
    drawer: Drawer | None = None


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
    seller_supervises: bool = False
    lines: tuple[Wanted, ...]
    tendered_cents: Cents
    ordered_at: datetime
    tender: Tender = "cash"

    def require_site(self, site_code: str) -> None:
        """Refuse whoever does not sell at a site, or does so no longer."""
        if self.seller_sites is not None and site_code not in self.seller_sites:
            raise TillNotYours(site_code=site_code)


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
    #: The session it is booked in; none where no drawer is open when a card payment comes in.
    drawer: Drawer | None
    ticket_no: int
    business_date: date
    lines: tuple[Line, ...]
    total_cents: Cents
    change_cents: Cents
    #: What it counts now against the monthly cap, and what is left of it.
    counted_cents: Cents
    cap_left_cents: Cents
    opens_drawer: bool = False
    #: Who then holds it, where that is not who sold.
    drawer_opened_by: UUID | None = None
    #: Stripe's name of the card payment.
    payment_reference: str | None = None
    #: When it was paid, where that was later than it was asked for.
    paid_at: datetime | None = None
    offline: journal.Offline | None = None

    @property
    def sold_at(self) -> datetime:
        """When it became a sale."""
        return self.paid_at or self.order.ordered_at

    @property
    def drawer_session_id(self) -> UUID | None:
        """The drawer session it is booked in."""
        return None if self.drawer is None else self.drawer.drawer_session_id

    @property
    def tendered_cents(self) -> Cents:
        """What was handed over; a card pays the price."""
        return Cents(self.total_cents + self.change_cents)


@dataclass(slots=True, kw_only=True)
class Books:
    """What a batch of orders is decided on, as the orders before have left it."""

    on: date
    counts: Counts
    opening: Opening
    tills: dict[UUID, Till]
    offers: Mapping[str, Offer]
    #: The person that each reference in the orders stands for; a merged person has several.
    same_as: Mapping[UUID, UUID]
    #: What each reference that has bought this month has used; what it buys is counted there, so
    #: that a merge which is undone leaves each with their own.
    used_cents: Mapping[UUID, Cents]
    #: By person: those of all their references.
    entitlements: Mapping[UUID, Sequence[Entitlement]]
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
    till = require_till(books, order)
    open_drawer = drawer.require_selling(
        till.drawer, opening=books.opening, on=books.on, new_id=uuid5(order.sale_id, "drawer")
    )
    drawer.require_holder(
        open_drawer.held_by, by=order.seller_id, is_supervisor=order.seller_supervises
    )
    offers = [_offer(books, wanted) for wanted in order.lines]
    asked = list(zip(offers, order.lines, strict=True))
    person = books.same_as[order.person_ref]
    entitlement = cap.require_in_force(books.entitlements.get(person, ()), on=books.on)
    total = Cents(sum(offer.price_cents * wanted.quantity for offer, wanted in asked))
    if order.tender == "cash" and order.tendered_cents < total:
        raise TenderedTooLittle(tendered_cents=order.tendered_cents, total_cents=total)
    counts = counted(books.counts, asked)
    allowance = cap.use(
        replace(books.allowances[person], cap_cents=entitlement.monthly_cap_cents),
        counted_cents=counts,
    )
    lines, lots = _take(books, till.site_code, asked)

    # Every rule has said yes: from here on nothing can refuse, so the books may move.
    books.lots |= lots
    books.allowances[person] = allowance
    books.tills[till.till_id] = replace(
        till, last_sequence=till.last_sequence + 1, drawer=open_drawer
    )
    return Sale(
        order=order,
        site_code=till.site_code,
        drawer=open_drawer,
        opens_drawer=till.drawer is None,
        ticket_no=till.last_sequence + 1,
        business_date=books.on,
        lines=lines,
        total_cents=total,
        change_cents=Cents(order.tendered_cents - total if order.tender == "cash" else 0),
        counted_cents=counts,
        cap_left_cents=allowance.left_cents,
    )


def require_till(books: Books, order: Order) -> Till:
    """Return the order's till, or refuse: it must be known, the seller's, in service and sound."""
    till = books.tills.get(order.till_id)
    if till is None:
        raise TillUnknown(till_id=order.till_id)
    order.require_site(till.site_code)
    if not till.active:
        raise TillRevoked()
    if till.frozen:
        raise TillFrozen()
    return till


def _offer(books: Books, wanted: Wanted) -> Offer:
    offer = books.offers.get(wanted.offer_code)
    if offer is None:
        raise OfferUnknown(offer_code=wanted.offer_code)
    return offer


def counted(counts: Counts, asked: Sequence[tuple[Offer, Wanted]]) -> Cents:
    """Return what an order counts against the monthly cap."""
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
    payment = journal.Payment(
        tender=order.tender,
        amount_cents=sale.total_cents,
        tendered_cents=sale.tendered_cents,
        change_cents=sale.change_cents,
    )
    if sale.payment_reference is not None:
        payment["reference"] = sale.payment_reference
    return journal.ticket_record(
        type=journal.TicketType.SALE,
        till_id=order.till_id,
        site_code=sale.site_code,
        sequence=sale.ticket_no,
        recorded_at=sale.sold_at,
        business_date=sale.business_date,
        sale_id=order.sale_id,
        lines=[
            journal.TicketLine(
                offer_code=line.offer.offer_code,
                label=line.offer.label,
                operator=line.offer.operator,
                quantity=line.quantity,
                price_cents=line.offer.price_cents,
                face_value_cents=line.offer.face_value_cents,
                vat_rate=journal.EXEMPT,
                serials=list(of_line),
            )
            for line, of_line in zip(sale.lines, serials, strict=True)
        ],
        payments=[payment],
        total_cents=sale.total_cents,
        software_version=VERSION,
        offline=sale.offline,
        drawer_session_id=sale.drawer_session_id,
    )
