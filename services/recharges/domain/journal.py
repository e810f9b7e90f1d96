"""The till's journal: gap-free records, each sealed with the hash of the one before.

How records are written and chained is in `kernel/chain.py`; a till has one chain for each kind of
record.  docs/rules/fiscal-journal.md names every field and the law.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum, unique
from typing import Any, NotRequired, TypedDict
from uuid import UUID

from kernel.chain import NOTHING as NOTHING
from kernel.chain import canonical as canonical
from kernel.chain import first_break as first_break
from kernel.chain import seal as seal

#: The rate of what is not taxed: works of social character, CGI art. 261-7-1° b.
EXEMPT = "exempt"
#: Beyond it, a JSON number is not exact everywhere (RFC 8785, 3.2.2.3).
_MAX_NUMBER = 2**53


class Kind(StrEnum):
    """What a record is of; the order is that of an archive, closings first."""

    GRAND_TOTAL = "grand_total"
    TICKET = "ticket"
    DUPLICATE = "duplicate"
    EVENT = "event"
    ARCHIVE = "archive"


class TicketType(StrEnum):
    """Whether money came in or went back."""

    SALE = "sale"
    REFUND = "refund"


class Period(StrEnum):
    """What a closing closes."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@unique
class Event(IntEnum):
    """Technical events; below 1000 the codes are those of NF525, from 1000 on our own."""

    ARCHIVE_OF_YEAR = 30
    CLOSING_OF_MONTH = 50
    CLOSING_OF_YEAR = 60
    CHAIN_BROKEN = 90
    DRAWER_COUNTED = 170
    JOURNAL_BEGUN = 260
    SALE_CANCELLED = 320
    DEVICE_ENROLLED = 1030
    DEVICE_FROZEN = 1040
    DEVICE_REVOKED = 1050
    LEASE_TAKEN = 1060
    LEASE_RETURNED = 1070
    KEY_CHANGED = 1080
    SOFTWARE_CHANGED = 1090
    CLOCK_SKEWED = 1100
    DRAWER_OPENED = 1110
    DRAWER_MOVED = 1120
    DRAWER_APPROVED = 1125
    DEVICE_UNFROZEN = 1130
    LEASE_EXPIRED = 1140
    OFFLINE_REFUSED = 1145
    PAYMENT_DISPUTED = 1150
    DISPUTE_SETTLED = 1160


class TicketLine(TypedDict):
    """One line; in a refund the quantity is below zero."""

    offer_code: str
    label: str
    operator: str
    quantity: int
    price_cents: int
    face_value_cents: int
    vat_rate: str
    serials: list[str]


class Payment(TypedDict):
    """One way a ticket was paid: tendered less change is the amount; below zero in a refund."""

    tender: str
    amount_cents: int
    tendered_cents: int
    change_cents: int
    reference: NotRequired[str]


class Taxed(TypedDict):
    """What a ticket comes to under one VAT rate, net and tax."""

    rate: str
    net_cents: int
    tax_cents: int


class Original(TypedDict):
    """The ticket that a refund gives back, and the refund, whose row says why.

    What a person writes could name somebody, and a record cannot be blanked.
    """

    till_id: str
    ticket_no: int
    sale_id: str
    refund_id: NotRequired[str]


class Offline(TypedDict):
    """The place a ticket had in the chain of the device that sold without the network."""

    sequence: int
    hash: str
    received_at: str


class Head(TypedDict):
    """The end of a chain, as a closing keeps it of the other chains."""

    sequence: int
    hash: str


class Stretch(TypedDict):
    """The records of one chain that an archive holds; half-open, as every period here."""

    from_sequence: int
    until_sequence: int
    record_count: int


class Incomplete(ValueError):
    """A record that must not be sealed, for it does not say all or contradicts itself."""


def ticket_record(
    *,
    type: TicketType,
    till_id: UUID,
    site_code: str,
    sequence: int,
    recorded_at: datetime,
    business_date: date,
    sale_id: UUID,
    lines: Sequence[TicketLine],
    payments: Sequence[Payment],
    total_cents: int,
    software_version: str,
    vat: Sequence[Taxed] | None = None,
    original: Original | None = None,
    offline: Offline | None = None,
    drawer_session_id: UUID | None = None,
) -> str:
    """Return a ticket: every amount, line, tender and time, and no person.

    `vat` may be left out where every line is exempt.
    """
    record = head(Kind.TICKET, till_id, site_code, sequence, recorded_at) | {
        "type": type,
        "first": sequence == 1,
        "business_date": business_date.isoformat(),
        "sale_id": str(sale_id),
        "total_cents": total_cents,
        "vat": list(vat or [Taxed(rate=EXEMPT, net_cents=total_cents, tax_cents=0)]),
        "payments": list(payments),
        "lines": list(lines),
        "software_version": software_version,
    }
    if original is not None:
        record["original"] = original
    if offline is not None:
        record["offline"] = offline
    if drawer_session_id is not None:
        record["drawer_session_id"] = str(drawer_session_id)
    return _whole(record, ticket_faults(record))


def ticket_faults(ticket: Mapping[str, Any]) -> Iterator[str]:
    """Say where a ticket lacks something or contradicts itself."""
    total, lines, payments = ticket["total_cents"], ticket["lines"], ticket["payments"]
    refund = TicketType(ticket["type"]) is TicketType.REFUND
    if not lines:
        yield "a ticket has no line"
    if not payments:
        yield "a ticket has no payment"
    if sum(line["quantity"] * line["price_cents"] for line in lines) != total:
        yield "the lines are not what the ticket comes to"
    if any(len(line["serials"]) != abs(line["quantity"]) for line in lines):
        yield "a line does not name each of its vouchers"
    if any((line["quantity"] < 0) != refund for line in lines):
        yield "a sale gives back or a refund takes"
    if sum(payment["amount_cents"] for payment in payments) != total:
        yield "the payments are not what the ticket comes to"
    if any(
        each["tendered_cents"] - each["change_cents"] != each["amount_cents"] for each in payments
    ):
        yield "a payment is not what was tendered less the change"
    if sum(each["net_cents"] + each["tax_cents"] for each in ticket["vat"]) != total:
        yield "net and tax are not what the ticket comes to"
    if {each["rate"] for each in ticket["vat"]} != {line["vat_rate"] for line in lines}:
        yield "the VAT rates of the lines are not those of the ticket"
    if refund != ("original" in ticket):
        yield "a refund names the ticket that it gives back, and nothing else does"
    if ticket["first"] is not (ticket["sequence"] == 1):
        yield "the ticket is wrong about being the first"


def duplicate_record(
    *,
    till_id: UUID,
    site_code: str,
    sequence: int,
    recorded_at: datetime,
    of: Kind,
    number: int,
    copy_no: int,
    user_id: UUID,
) -> str:
    """Return the record of a ticket or a closing printed again: DUPLICATA n, and by whom.

    Why is for the row of the copy, where it can be blanked.
    """
    original = (
        {"grand_total_no": number}
        if of is Kind.GRAND_TOTAL
        else {"ticket_till_id": str(till_id), "ticket_no": number}
    )
    record = head(Kind.DUPLICATE, till_id, site_code, sequence, recorded_at) | {
        **original,
        "copy_no": copy_no,
        "user_id": str(user_id),
    }
    return _whole(record, duplicate_faults(record))


def duplicate_of(duplicate: Mapping[str, Any]) -> tuple[Kind, int]:
    """Return which record of the till a duplicate repeats: a closing's, or a ticket's."""
    if "grand_total_no" in duplicate:
        return Kind.GRAND_TOTAL, duplicate["grand_total_no"]
    return Kind.TICKET, duplicate["ticket_no"]


def duplicate_faults(duplicate: Mapping[str, Any]) -> Iterator[str]:
    """Say where the record of a duplicate lacks something."""
    _, number = duplicate_of(duplicate)
    if duplicate["copy_no"] < 1 or number < 1:
        yield "copies and what they repeat are counted from 1"


def event_record(
    *,
    till_id: UUID,
    site_code: str,
    sequence: int,
    recorded_at: datetime,
    event: Event,
    details: Mapping[str, Any],
    software_version: str,
    user_id: UUID | None = None,
) -> str:
    """Return the record of a technical event."""
    record = head(Kind.EVENT, till_id, site_code, sequence, recorded_at) | {
        "code": int(event),
        "name": event.name.lower(),
        "details": dict(details),
        "software_version": software_version,
    }
    if user_id is not None:
        record["user_id"] = str(user_id)
    return _whole(record, _unwritable(details))


def archive_record(
    *,
    till_id: UUID,
    site_code: str,
    sequence: int,
    recorded_at: datetime,
    period: str,
    stretches: Mapping[Kind, Stretch],
    sha256: bytes,
) -> str:
    """Return the record of an archive that was written; `sha256` is of the whole file's bytes."""
    record = head(Kind.ARCHIVE, till_id, site_code, sequence, recorded_at) | {
        "period": period,
        "chains": {kind.value: dict(stretch) for kind, stretch in stretches.items()},
        "sha256": sha256.hex(),
    }
    return _whole(record, ())


def head(
    kind: Kind, till_id: UUID, site_code: str, sequence: int, recorded_at: datetime
) -> dict[str, Any]:
    """Return what every record begins with."""
    if recorded_at.utcoffset() != timedelta(0):
        raise Incomplete("a record's time is in UTC")
    if sequence < 1 or not site_code:
        raise Incomplete("a record has a site and a number from 1")
    return {
        "kind": kind,
        "till_id": str(till_id),
        "site_code": site_code,
        "sequence": sequence,
        "recorded_at": recorded_at.isoformat(),
    }


def _whole(record: Mapping[str, Any], faults: Iterable[str]) -> str:
    """Write a record of which nothing is wrong: what is not complete is never hashed."""
    for fault in faults:
        raise Incomplete(fault)
    return canonical(record)


def _unwritable(value: object) -> Iterator[str]:
    """Say what of a value has no canonical form here: fractions, vast numbers, strange names."""
    if isinstance(value, Mapping):
        if not all(isinstance(name, str) and name.isascii() for name in value):
            yield "names are ASCII texts"
        for inner in value.values():
            yield from _unwritable(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _unwritable(inner)
    elif isinstance(value, int):
        if abs(value) >= _MAX_NUMBER:
            yield "numbers are below 2**53"
    elif not isinstance(value, str | None):
        yield "details are texts, whole numbers, lists and objects"
