"""What a till sold without the network: a chain of its device or its seller, line by line.

Each line is a sale: RFC 8785 canonical JSON, chained by SHA-256 to the line before, numbered from 1
without a gap.  On a chain is sold only what was leased for it, at that price, to people who have
cap left.  Lines are decided in order; the first that does not hold ends it: nothing behind it
is taken, for a chain that was broken once says nothing any more.

What was accepted before is known again by its number and its hash.  The same number with another
hash is a fork: two devices, or one that was copied, sold on the same chain.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from kernel.money import ZERO, Cents
from kernel.period import Month
from kernel.refusal import Refusal
from services.recharges.domain import cap, journal
from services.recharges.domain.cap import Allowance, Counts, Entitlement
from services.recharges.domain.offline_sale import (
    AfterRefused,
    AmountsWrong,
    ChainBroken,
    Fork,
    HashWrong,
    LeaseNotHeld,
    NoAllowance,
    OfflineSale,
    SaleKnown,
    TimeBroken,
    VoucherNotHeld,
)
from services.recharges.domain.stock import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a chain; sequence 0 and no hash before its first sale."""

    sequence: int = 0
    hash: bytes = journal.NOTHING
    sold_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """What was lent to be sold on a chain: vouchers of one offer at one price, for a time."""

    lease_id: UUID
    chain_id: UUID
    offer_code: str
    price_cents: Cents
    state: str
    leased_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A voucher of a lease, where it lies."""

    serial: str
    operator: str
    lease_id: UUID
    batch_id: UUID
    position: int
    taking: int
    lot_id: UUID
    lot_state: State
    face_value_cents: Cents
    use_by: date


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Cap set aside for a person with an open lease, less what was bought of it."""

    lease_id: UUID
    person_ref: UUID
    month_on: date
    left_cents: Cents


@dataclass(frozen=True, slots=True)
class Known:
    """A sale that was accepted before."""

    hash: bytes
    sale_id: UUID
    ticket_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A sale that holds: its vouchers, and where it counts against the cap."""

    sale: OfflineSale
    held: tuple[tuple[Held, ...], ...]
    #: By lease: what it uses of the allowances, then of what is left of the month.
    from_allowances: Mapping[UUID, Cents]
    from_month_cents: Cents
    cap_left_cents: Cents
    #: How far its time is off: a clock that was set back, or runs ahead of ours.
    skew: timedelta


Decision = Accepted | Known | Refusal


@dataclass(slots=True, kw_only=True)
class Books:
    """What the sales of a chain are decided on, as the sales before have left it."""

    till_id: UUID
    chain_id: UUID
    received_at: datetime
    skew_max: timedelta
    counts: Counts
    head: Head
    known: dict[int, Known]
    sale_ids: set[UUID]
    leases: Mapping[UUID, Lease]
    #: By serial: vouchers still to be sold.
    held: dict[str, Held]
    set_aside: list[SetAside]
    same_as: Mapping[UUID, UUID]
    entitlements: Mapping[UUID, Sequence[Entitlement]]
    #: By person and the first day of the month, over all their references.
    months: dict[tuple[UUID, date], Allowance] = field(default_factory=dict)


def decide(books: Books, sales: Sequence[OfflineSale]) -> Iterator[Decision]:
    """Accept, know again or refuse each sale in turn; after a refusal nothing new is taken."""
    ended = False
    for sale in sales:
        again = known(books, sale)
        if again is not None:
            yield again
            continue
        if ended:
            yield AfterRefused()
            continue
        try:
            yield _accept(books, sale)
        except Refusal as refusal:
            ended = True
            yield refusal


def known(books: Books, sale: OfflineSale) -> Known | None:
    """Return what was accepted of the very same sale before."""
    before = books.known.get(sale.sequence)
    return before if before and before.hash == sale.hash == sale.own_hash else None


def _accept(books: Books, sale: OfflineSale) -> Accepted:
    _require_place(books, sale)
    lease = _require_lease(books, sale)
    skew = _require_time(books, sale, lease)
    _require_amounts(sale, lease)
    held = _require_vouchers(books, sale)
    if sale.sale_id in books.sale_ids:
        raise SaleKnown()
    from_allowances, from_month = _require_allowance(books, sale)

    # Every rule has said yes: from here on nothing can refuse, so the books may move.
    books.head = Head(sequence=sale.sequence, hash=sale.hash, sold_at=sale.sold_at)
    books.known[sale.sequence] = Known(sale.hash, sale.sale_id, 0)
    books.sale_ids.add(sale.sale_id)
    for serial in sale.serials:
        del books.held[serial]
    books.set_aside = [
        replace(each, left_cents=Cents(each.left_cents - from_allowances.get(each.lease_id, 0)))
        if _is_for(books, each, sale)
        else each
        for each in books.set_aside
    ]
    month = _month(books, sale)
    if from_month:
        month = replace(month, used_cents=Cents(month.used_cents + from_month))
        books.months[_month_of(books, sale)] = month
    left = sum(each.left_cents for each in books.set_aside if _is_for(books, each, sale))
    return Accepted(
        sale=sale,
        held=held,
        from_allowances=from_allowances,
        from_month_cents=from_month,
        cap_left_cents=Cents(left + month.left_cents),
        skew=skew,
    )


def _require_place(books: Books, sale: OfflineSale) -> None:
    """Refuse a sale that is not the next of its chain."""
    if sale.sequence <= books.head.sequence:
        raise Fork(sequence=sale.sequence)
    expected = books.head.sequence + 1
    follows = sale.sequence == expected and sale.previous_hash == books.head.hash
    if not follows or sale.till_id != books.till_id:
        raise ChainBroken(expected=expected)
    if sale.hash != sale.own_hash:
        raise HashWrong()


def _require_lease(books: Books, sale: OfflineSale) -> Lease:
    """Return the lease, or refuse: one of this chain, and not given back."""
    lease = books.leases.get(sale.lease_id)
    if lease is None or lease.chain_id != books.chain_id or lease.state == "returned":
        raise LeaseNotHeld()
    return lease


def _require_time(books: Books, sale: OfflineSale, lease: Lease) -> timedelta:
    """Return how far the clock is off; refuse what lies beyond the bound or outside the lease."""
    skew = max(
        sale.sold_at - books.received_at,
        lease.leased_at - sale.sold_at,
        books.head.sold_at - sale.sold_at if books.head.sold_at else timedelta(0),
        timedelta(0),
    )
    if skew > books.skew_max:
        raise TimeBroken()
    if sale.sold_at > lease.expires_at + books.skew_max:
        raise LeaseNotHeld()
    if lease.ended_at is not None and sale.sold_at > lease.ended_at:
        raise LeaseNotHeld()  # lost and told so: whoever sells now is not the till
    return skew


def _require_amounts(sale: OfflineSale, lease: Lease) -> None:
    total = sum(len(line.serials) * line.price_cents for line in sale.lines)
    if (
        any(line.offer_code != lease.offer_code for line in sale.lines)
        or any(line.price_cents != lease.price_cents for line in sale.lines)
        or not 0 < total == sale.total_cents
        or sale.change_cents < 0
        or sale.tendered_cents - sale.change_cents != total
    ):
        raise AmountsWrong()


def _require_vouchers(books: Books, sale: OfflineSale) -> tuple[tuple[Held, ...], ...]:
    """Return the vouchers of each line; refuse one that is not of the lease, or taken."""
    taken: set[str] = set()
    lines: list[tuple[Held, ...]] = []
    for line in sale.lines:
        of_line: list[Held] = []
        for serial in line.serials:
            held = books.held.get(serial)
            if held is None or serial in taken or held.lease_id != sale.lease_id:
                raise VoucherNotHeld(serial=serial)
            if held.face_value_cents != line.face_value_cents:
                raise AmountsWrong()
            taken.add(serial)
            of_line.append(held)
        lines.append(tuple(of_line))
    return tuple(lines)


def _require_allowance(books: Books, sale: OfflineSale) -> tuple[dict[UUID, Cents], Cents]:
    """Count a sale against what was set aside for the person, then what is left of the month."""
    counted = left = _counted(books.counts, sale)
    own_first = sorted(books.set_aside, key=lambda each: each.lease_id != sale.lease_id)
    from_allowances: dict[UUID, Cents] = {}
    for each in own_first:
        part = min(left, each.left_cents) if _is_for(books, each, sale) else 0
        if part:
            from_allowances[each.lease_id] = Cents(part)
            left = Cents(left - part)
    free = _month(books, sale).left_cents
    if left > free:
        raise NoAllowance(counted_cents=counted, left_cents=Cents(counted - left + free))
    return from_allowances, left


def _month(books: Books, sale: OfflineSale) -> Allowance:
    """Return the person's month; nothing is left of it without an entitlement."""
    person, month_on = _month_of(books, sale)
    try:
        entitlement = cap.require_in_force(
            books.entitlements.get(person, ()), on=sale.business_date
        )
    except Refusal:
        return replace(books.months[person, month_on], cap_cents=ZERO)
    return replace(books.months[person, month_on], cap_cents=entitlement.monthly_cap_cents)


def _counted(counts: Counts, sale: OfflineSale) -> Cents:
    each = [
        (line.price_cents if counts is Counts.PRICE else line.face_value_cents, len(line.serials))
        for line in sale.lines
    ]
    return Cents(sum(cents * count for cents, count in each))


def _month_of(books: Books, sale: OfflineSale) -> tuple[UUID, date]:
    return books.same_as[sale.person_ref], Month.of(sale.business_date).first_on


def _is_for(books: Books, each: SetAside, sale: OfflineSale) -> bool:
    """Whether an allowance is for this very reference, and the month of the sale."""
    return each.person_ref == sale.person_ref and each.month_on == _month_of(books, sale)[1]
