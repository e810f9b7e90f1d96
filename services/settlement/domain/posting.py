"""What each kind of fact posts to the ledger, as one table.

A transfer moves an amount from the account it credits to the account it debits, so every entry
balances by construction.  Posting reads nothing but the fact itself: whatever the order in which
facts arrive, the balances are the same.  See docs/rules/ledger.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.settlement.domain.account import Account


class Kind(StrEnum):
    """The facts that change the ledger."""

    BATCH_RECEIVED = "batch_received"
    SALE_COMPLETED = "sale_completed"
    SALE_REFUNDED = "sale_refunded"
    DRAWER_CLOSED = "drawer_closed"
    OPTION_REPORTED = "option_reported"
    DEVICE_SOLD = "device_sold"


class Figure(StrEnum):
    """The amounts that facts declare: one in kind, the others in euros."""

    FACE_VALUE = "face_value"
    PRICE = "price"
    GAP = "gap"
    BILLED = "billed"
    REVERSED = "reversed"
    ADJUSTED = "adjusted"


class Named(StrEnum):
    """Stands in the table for the account that a word of the fact names."""

    TENDERED = "tendered"
    RETURNED = "returned"


#: Where the money of each way of paying waits, and where the credit of a refund goes: back to
#: stock, or back to the operator that declared the voucher dead.  Another word is not ours to
#: guess: its fact is parked.
ACCOUNT_NAMED: Mapping[Named, Mapping[str, Account]] = {
    Named.TENDERED: {"cash": Account.TILL_CASH, "card": Account.CARD_RECEIVABLE},
    Named.RETURNED: {
        "returned": Account.CREDITS_STOCK,
        "refunded_by_operator": Account.CREDITS_GIVEN,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One transfer of an entry: which amount, to and from where, and whether it carries items."""

    figure: Figure
    debit: Account | Named
    credit: Account
    counts: bool = False


# The whole book-keeping, readable at a glance.  Below zero an amount goes the other way round.
POSTINGS: Mapping[Kind, Sequence[Rule]] = {
    Kind.BATCH_RECEIVED: (
        Rule(
            figure=Figure.FACE_VALUE,
            debit=Account.CREDITS_STOCK,
            credit=Account.CREDITS_GIVEN,
            counts=True,
        ),
    ),
    Kind.SALE_COMPLETED: (
        Rule(
            figure=Figure.FACE_VALUE,
            debit=Account.CREDITS_SOLD,
            credit=Account.CREDITS_STOCK,
            counts=True,
        ),
        Rule(figure=Figure.PRICE, debit=Named.TENDERED, credit=Account.RECHARGE_INCOME),
    ),
    # The price of a refund is below zero.
    Kind.SALE_REFUNDED: (
        Rule(
            figure=Figure.FACE_VALUE,
            debit=Named.RETURNED,
            credit=Account.CREDITS_SOLD,
            counts=True,
        ),
        Rule(figure=Figure.PRICE, debit=Named.TENDERED, credit=Account.RECHARGE_INCOME),
    ),
    # What is missing is below zero; a drawer without a gap is counted all the same.
    Kind.DRAWER_CLOSED: (
        Rule(
            figure=Figure.GAP,
            debit=Account.TILL_CASH,
            credit=Account.CASH_DIFFERENCES,
            counts=True,
        ),
    ),
    Kind.OPTION_REPORTED: (
        Rule(
            figure=Figure.BILLED,
            debit=Account.OPTION_RECEIVABLE,
            credit=Account.OPTION_GIFTS,
            counts=True,
        ),
        Rule(figure=Figure.REVERSED, debit=Account.OPTION_RECEIVABLE, credit=Account.OPTION_GIFTS),
        Rule(figure=Figure.ADJUSTED, debit=Account.OPTION_RECEIVABLE, credit=Account.OPTION_GIFTS),
    ),
    Kind.DEVICE_SOLD: (
        Rule(
            figure=Figure.PRICE,
            debit=Named.TENDERED,
            credit=Account.EQUIPMENT_INCOME,
            counts=True,
        ),
    ),
}


class Contradiction(Exception):
    """A fact whose total is not what its parts add up to; its delivery is parked."""


class UnknownName(Exception):
    """A word of a fact, as a way of paying, that names no account; its delivery is parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a fact says of one operator: its amounts by name, and how many items."""

    operator: str
    figures: Mapping[Figure, int]
    item_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A fact in the ledger's words.

    `document` is what may be posted only once, under whatever fact id it is told: the sale, the
    batch, the report.  The totals are what the fact declares for all its shares together: in
    euros, and where it says so in kind and in items.
    """

    fact_id: UUID
    kind: Kind
    document: str
    site_code: str
    booked_on: date
    shares: Sequence[Share]
    total_cents: int
    total_face_value_cents: int | None = None
    total_count: int | None = None
    #: The words that name accounts: how it was paid, where the vouchers went.
    names: Mapping[Named, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An amount, and the items that go with it, from one account to another."""

    debit: Account
    credit: Account
    amount_cents: int
    item_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one fact posts to one operator's ledger, and what the fact declared of it."""

    fact_id: UUID
    kind: Kind
    document: str
    operator: str
    site_code: str
    booked_on: date
    declared_cents: int
    declared_face_value_cents: int
    declared_count: int
    transfers: Sequence[Transfer]


def post(occurrence: Occurrence) -> list[Entry]:
    """Return the entries of one fact, one for each operator it speaks of."""
    entries = [_entry(occurrence, share) for share in occurrence.shares]
    _require_agreement(occurrence, entries)
    return entries


def _entry(occurrence: Occurrence, share: Share) -> Entry:
    face_value_cents = share.figures.get(Figure.FACE_VALUE, 0)
    return Entry(
        fact_id=occurrence.fact_id,
        kind=occurrence.kind,
        document=occurrence.document,
        operator=share.operator,
        site_code=occurrence.site_code,
        booked_on=occurrence.booked_on,
        declared_cents=sum(share.figures.values()) - face_value_cents,
        declared_face_value_cents=face_value_cents,
        declared_count=share.item_count,
        transfers=_transfers(occurrence, share),
    )


def _require_agreement(occurrence: Occurrence, entries: Sequence[Entry]) -> None:
    for what, declared, said in (
        ("cents", occurrence.total_cents, sum([each.declared_cents for each in entries])),
        (
            "cents of face value",
            occurrence.total_face_value_cents,
            sum([each.declared_face_value_cents for each in entries]),
        ),
        ("items", occurrence.total_count, sum([each.declared_count for each in entries])),
    ):
        if declared is not None and declared != said:
            raise Contradiction(
                f"{occurrence.kind} {occurrence.document} declares {declared} {what} in all,"
                f" its parts add up to {said}"
            )


def _transfers(occurrence: Occurrence, share: Share) -> list[Transfer]:
    transfers = []
    for rule in POSTINGS[occurrence.kind]:
        cents = share.figures[rule.figure]
        item_count = share.item_count if rule.counts else 0
        if cents == 0 and item_count == 0:
            continue
        debit = _account(rule.debit, occurrence)
        credit = rule.credit
        if cents < 0:
            debit, credit = credit, debit
        transfers.append(
            Transfer(debit=debit, credit=credit, amount_cents=abs(cents), item_count=item_count)
        )
    return transfers


def _account(named: Account | Named, occurrence: Occurrence) -> Account:
    if isinstance(named, Account):
        return named
    word = occurrence.names.get(named, "")
    try:
        return ACCOUNT_NAMED[named][word]
    except KeyError:
        raise UnknownName(
            f"{occurrence.kind} {occurrence.document} says {named} {word!r}, which names no account"
        ) from None
