"""What each kind of fact posts to the ledger, as one table.

A transfer moves an amount from the account it credits to the account it debits, so every entry
balances by construction.  Posting reads nothing but the fact itself: whatever the order in which
facts arrive, the balances are the same.  See docs/rules/ledger.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from services.settlement.domain.account import Account


class Kind(StrEnum):
    """The facts that change the ledger."""

    BATCH_RECEIVED = "batch_received"
    SALE_COMPLETED = "sale_completed"
    OPTION_REPORTED = "option_reported"
    DEVICE_SOLD = "device_sold"


class Figure(StrEnum):
    """The amounts that facts declare: one in kind, the others in euros."""

    FACE_VALUE = "face_value"
    PRICE = "price"
    BILLED = "billed"
    REVERSED = "reversed"
    ADJUSTED = "adjusted"


class Tendered(StrEnum):
    """Stands in the table for the account that the way of paying names."""

    ACCOUNT = "tendered"


#: Where the money of each way of paying waits.  Another way is not ours to guess: it is parked.
TENDERS: Mapping[str, Account] = {
    "cash": Account.TILL_CASH,
    "card": Account.CARD_RECEIVABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One transfer of an entry: which amount, to and from where, and whether it carries items."""

    figure: Figure
    debit: Account | Tendered
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
        Rule(figure=Figure.PRICE, debit=Tendered.ACCOUNT, credit=Account.RECHARGE_INCOME),
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
            debit=Tendered.ACCOUNT,
            credit=Account.EQUIPMENT_INCOME,
            counts=True,
        ),
    ),
}


class Contradiction(Exception):
    """A fact whose total is not what its parts add up to; its delivery is parked."""


class UnknownTender(Exception):
    """A way of paying for which there is no account; its delivery is parked."""


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
    tender: str | None = None


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


def _account(named: Account | Tendered, occurrence: Occurrence) -> Account:
    if isinstance(named, Account):
        return named
    try:
        return TENDERS[occurrence.tender or ""]
    except KeyError:
        raise UnknownTender(
            f"{occurrence.kind} {occurrence.document} was paid by {occurrence.tender!r},"
            f" which has no account"
        ) from None
