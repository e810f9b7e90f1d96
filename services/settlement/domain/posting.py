"""What each kind of fact posts to the ledger, as one table.

A transfer moves an amount from the account it credits to the account it debits, so every entry
balances by construction.  Posting reads nothing but the fact itself: whatever the order in which
facts arrive, the balances are the same.  See docs/rules/ledger.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.settlement.domain.account import Account


class Kind(StrEnum):
    """The facts that change the ledger."""

    BATCH_RECEIVED = "batch_received"
    SALE_COMPLETED = "sale_completed"
    SALE_REFUNDED = "sale_refunded"
    TRANSFER_SENT = "transfer_sent"
    TRANSFER_RECEIVED = "transfer_received"
    TRANSFER_CANCELLED = "transfer_cancelled"
    VOUCHER_WRITTEN_OFF = "voucher_written_off"
    VOUCHER_FOUND = "voucher_found"
    TILL_OPENED = "till_opened"
    CASH_MOVED = "cash_moved"
    DRAWER_CLOSED = "drawer_closed"
    OPTION_REPORTED = "option_reported"
    DEVICE_SOLD = "device_sold"


class Figure(StrEnum):
    """The amounts that facts declare: one in kind, the others in euros."""

    FACE_VALUE = "face_value"
    PRICE = "price"
    FLOAT = "float"
    MOVED = "moved"
    GAP = "gap"
    LIFTED = "lifted"
    BILLED = "billed"
    REVERSED = "reversed"
    ADJUSTED = "adjusted"


class Named(StrEnum):
    """Stands in the table for the account that a word of the fact names."""

    TENDERED = "tendered"
    PAID_AT_SITE = "paid_at_site"
    RETURNED = "returned"
    PURPOSE = "purpose"
    CAUSE = "cause"
    LEFT = "left"


#: Where the money of each way of paying waits; where the credit of a refund goes: back to stock, or
#: back to the operator that declared the voucher dead; where cash comes from that is put into a
#: drawer, or goes that is taken out; what became of vouchers, and where they were.  Another word is
#: not ours to guess: its fact is parked.
ACCOUNT_NAMED: Mapping[Named, Mapping[str, Account]] = {
    Named.TENDERED: {"cash": Account.TILL_CASH, "card": Account.CARD_RECEIVABLE},
    # A device is not paid into a drawer: no count of a drawer expects that money.
    Named.PAID_AT_SITE: {"cash": Account.SITE_CASH, "card": Account.CARD_RECEIVABLE},
    Named.RETURNED: {
        "returned": Account.CREDITS_STOCK,
        "refunded_by_operator": Account.CREDITS_GIVEN,
    },
    Named.PURPOSE: {
        "safe": Account.SITE_CASH,
        "bank": Account.BANK_DEPOSITS,
        "expense": Account.CASH_EXPENSES,
    },
    Named.CAUSE: {
        "damaged": Account.CREDITS_DAMAGED,
        "expired": Account.CREDITS_EXPIRED,
        "lost": Account.CREDITS_LOST,
        "missing": Account.CREDITS_LOST,
    },
    Named.LEFT: {
        "damaged": Account.CREDITS_STOCK,
        "expired": Account.CREDITS_STOCK,
        "lost": Account.CREDITS_STOCK,
        "missing": Account.CREDITS_IN_TRANSIT,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One transfer of an entry: which amount, to and from where."""

    figure: Figure
    debit: Account | Named
    credit: Account | Named


# The whole book-keeping, readable at a glance.  Below zero an amount goes the other way round.
POSTINGS: Mapping[Kind, Sequence[Rule]] = {
    Kind.BATCH_RECEIVED: (
        Rule(figure=Figure.FACE_VALUE, debit=Account.CREDITS_STOCK, credit=Account.CREDITS_GIVEN),
    ),
    Kind.SALE_COMPLETED: (
        Rule(figure=Figure.FACE_VALUE, debit=Account.CREDITS_SOLD, credit=Account.CREDITS_STOCK),
        Rule(figure=Figure.PRICE, debit=Named.TENDERED, credit=Account.RECHARGE_INCOME),
    ),
    # The price of a refund is below zero.
    Kind.SALE_REFUNDED: (
        Rule(figure=Figure.FACE_VALUE, debit=Named.RETURNED, credit=Account.CREDITS_SOLD),
        Rule(figure=Figure.PRICE, debit=Named.TENDERED, credit=Account.RECHARGE_INCOME),
    ),
    Kind.TRANSFER_SENT: (
        Rule(
            figure=Figure.FACE_VALUE,
            debit=Account.CREDITS_IN_TRANSIT,
            credit=Account.CREDITS_STOCK,
        ),
    ),
    # At the site that counted it in; what it lacks is written off at the site that sent it.
    Kind.TRANSFER_RECEIVED: (
        Rule(
            figure=Figure.FACE_VALUE,
            debit=Account.CREDITS_STOCK,
            credit=Account.CREDITS_IN_TRANSIT,
        ),
    ),
    Kind.TRANSFER_CANCELLED: (
        Rule(
            figure=Figure.FACE_VALUE,
            debit=Account.CREDITS_STOCK,
            credit=Account.CREDITS_IN_TRANSIT,
        ),
    ),
    Kind.VOUCHER_WRITTEN_OFF: (
        Rule(figure=Figure.FACE_VALUE, debit=Named.CAUSE, credit=Named.LEFT),
    ),
    Kind.VOUCHER_FOUND: (
        Rule(figure=Figure.FACE_VALUE, debit=Account.CREDITS_STOCK, credit=Account.CREDITS_LOST),
    ),
    Kind.TILL_OPENED: (
        Rule(figure=Figure.FLOAT, debit=Account.TILL_CASH, credit=Account.SITE_CASH),
    ),
    # What is taken out is below zero.
    Kind.CASH_MOVED: (Rule(figure=Figure.MOVED, debit=Account.TILL_CASH, credit=Named.PURPOSE),),
    # What is missing, and what is lifted, is below zero.
    Kind.DRAWER_CLOSED: (
        Rule(figure=Figure.GAP, debit=Account.TILL_CASH, credit=Account.CASH_DIFFERENCES),
        Rule(figure=Figure.LIFTED, debit=Account.TILL_CASH, credit=Account.SITE_CASH),
    ),
    Kind.OPTION_REPORTED: (
        Rule(figure=Figure.BILLED, debit=Account.OPTION_RECEIVABLE, credit=Account.OPTION_GIFTS),
        Rule(figure=Figure.REVERSED, debit=Account.OPTION_RECEIVABLE, credit=Account.OPTION_GIFTS),
        Rule(figure=Figure.ADJUSTED, debit=Account.OPTION_RECEIVABLE, credit=Account.OPTION_GIFTS),
    ),
    Kind.DEVICE_SOLD: (
        Rule(figure=Figure.PRICE, debit=Named.PAID_AT_SITE, credit=Account.EQUIPMENT_INCOME),
    ),
}


class Contradiction(Exception):
    """A fact whose total is not what its parts add up to; its delivery is parked."""


class UnknownName(Exception):
    """A word of a fact, as a way of paying, that names no account; its delivery is parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """One amount of a fact: what it is of, in cents, and the items it goes with."""

    figure: Figure
    cents: int
    item_count: int = 0
    #: Which offer's credits; of no offer where it is money.
    offer_code: str = ""

    def plus(self, other: "Amount") -> "Amount":
        """Add another amount of the same."""
        return replace(
            self, cents=self.cents + other.cents, item_count=self.item_count + other.item_count
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a fact says of one operator."""

    operator: str
    amounts: Sequence[Amount]

    @property
    def item_count(self) -> int:
        """How many items, whatever they are of."""
        return sum(each.item_count for each in self.amounts)

    def cents(self, *, in_kind: bool) -> int:
        """What the amounts come to: at face value, or in euros."""
        return sum(
            each.cents for each in self.amounts if (each.figure is Figure.FACE_VALUE) is in_kind
        )


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
    #: The words that name accounts: how it was paid, where vouchers or cash went.
    names: Mapping[Named, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An amount, and the items that go with it, from one account to another."""

    debit: Account
    credit: Account
    amount_cents: int
    item_count: int
    offer_code: str = ""


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
    return Entry(
        fact_id=occurrence.fact_id,
        kind=occurrence.kind,
        document=occurrence.document,
        operator=share.operator,
        site_code=occurrence.site_code,
        booked_on=occurrence.booked_on,
        declared_cents=share.cents(in_kind=False),
        declared_face_value_cents=share.cents(in_kind=True),
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
        for amount in share.amounts:
            if amount.figure is not rule.figure or (amount.cents, amount.item_count) == (0, 0):
                continue
            debit, credit = _account(rule.debit, occurrence), _account(rule.credit, occurrence)
            if amount.cents < 0:
                debit, credit = credit, debit
            transfers.append(
                Transfer(
                    debit=debit,
                    credit=credit,
                    amount_cents=abs(amount.cents),
                    item_count=amount.item_count,
                    offer_code=amount.offer_code,
                )
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
