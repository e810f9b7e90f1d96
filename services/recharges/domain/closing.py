"""Closings of a day, a month, a year: what the tickets of a window come to, and since ever.

A window is a range of a till's ticket numbers: as they have no gap, the count of a window's tickets
proves that none is missing.  Two perpetual totals never begin anew: the real one (sales less
refunds) and the absolute one (sales and refunds together).
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal, TypedDict
from uuid import UUID

from kernel.period import add_months
from kernel.refusal import Forbidden, NotFound, Refusal
from services.recharges.domain import journal
from services.recharges.domain.drawer import account_faults
from services.recharges.domain.journal import Head, Incomplete, Kind, Period, TicketType

_HASH_BYTES = 32
_SUMS: tuple[Literal["ticket_count", "sale_count", "refund_count", "sold_cents", "refunded_cents",
                     "real_cents", "absolute_cents"], ...] = (
    "ticket_count", "sale_count", "refund_count", "sold_cents", "refunded_cents", "real_cents",
    "absolute_cents",
)  # fmt: skip


class PeriodNotOver(Refusal):
    """The period that begins on {period_on} is not over: it is closed once it is."""

    code = "recharges.closing.period_not_over"


class DrawerStillOpen(Refusal):
    """The drawer of this till is not closed. Please count and close it: that closes its day."""

    code = "recharges.closing.drawer_still_open"


class ClosingUnknown(NotFound):
    """There is no closing {closing_id}."""

    code = "recharges.closing.unknown"


class ClosingHidden(Forbidden):
    """This closing would tell what must be in the open drawer. Only a supervisor can see it."""

    code = "recharges.closing.hidden"


class NothingToClose(Refusal):
    """This till has sold nothing yet: there is no month and no year to close."""

    code = "recharges.closing.nothing_to_close"


class Share(TypedDict):
    """What comes under one VAT rate."""

    net_cents: int
    tax_cents: int


class Late(TypedDict):
    """Tickets of a day that was over when the period began."""

    ticket_count: int
    real_cents: int


class Figures(TypedDict):
    """What the tickets of a window come to."""

    ticket_count: int
    sale_count: int
    refund_count: int
    sold_cents: int
    refunded_cents: int
    real_cents: int
    absolute_cents: int
    by_tender: dict[str, int]
    by_vat: dict[str, Share]
    late: dict[str, Late]


class Tally:
    """Adds up tickets, record by record; late is what belongs to a day before `period_on`."""

    def __init__(self, *, period_on: date) -> None:
        self._begins = period_on.isoformat()
        self._sales = self._refunds = self._sold_cents = self._refunded_cents = 0
        self._tenders: dict[str, int] = {}
        self._vat: dict[str, Share] = {}
        self._late: dict[str, Late] = {}

    def add(self, ticket: Mapping[str, Any]) -> None:
        """Count one ticket, given as the object that its record says."""
        total = ticket["total_cents"]
        if ticket["type"] == TicketType.SALE:
            self._sales += 1
            self._sold_cents += total
        else:
            self._refunds += 1
            self._refunded_cents -= total
        for payment in ticket["payments"]:
            tender = payment["tender"]
            self._tenders[tender] = self._tenders.get(tender, 0) + payment["amount_cents"]
        for taxed in ticket["vat"]:
            share = self._vat.setdefault(taxed["rate"], Share(net_cents=0, tax_cents=0))
            share["net_cents"] += taxed["net_cents"]
            share["tax_cents"] += taxed["tax_cents"]
        day = ticket["business_date"]
        if day < self._begins:
            late = self._late.setdefault(day, Late(ticket_count=0, real_cents=0))
            late["ticket_count"] += 1
            late["real_cents"] += total

    def figures(self) -> Figures:
        """What was added so far comes to this."""
        return Figures(
            ticket_count=self._sales + self._refunds,
            sale_count=self._sales,
            refund_count=self._refunds,
            sold_cents=self._sold_cents,
            refunded_cents=self._refunded_cents,
            real_cents=self._sold_cents - self._refunded_cents,
            absolute_cents=self._sold_cents + self._refunded_cents,
            by_tender=self._tenders,
            by_vat=self._vat,
            late=self._late,
        )


def first_day(period: Period, day: date) -> date:
    """Return the first day of the period in which a day falls."""
    if period is Period.DAY:
        return day
    return day.replace(day=1) if period is Period.MONTH else day.replace(month=1, day=1)


def next_period(period: Period, period_on: date) -> date:
    """Return the first day of the period after."""
    if period is Period.DAY:
        return period_on + timedelta(days=1)
    return add_months(period_on, 1 if period is Period.MONTH else 12)


def added(parts: Iterable[Mapping[str, Any]], *, late: Mapping[str, Late]) -> Figures:
    """Return what closings come to together: a month is its days, a year its months.

    What is late is not added: a ticket late for its day may be in time for its month.
    """
    total = Tally(period_on=date.min).figures()
    total["late"] = dict(late)
    for part in parts:
        for name in _SUMS:
            total[name] += part[name]
        for tender, cents in part["by_tender"].items():
            total["by_tender"][tender] = total["by_tender"].get(tender, 0) + cents
        for rate, share in part["by_vat"].items():
            sum_ = total["by_vat"].setdefault(rate, Share(net_cents=0, tax_cents=0))
            sum_["net_cents"] += share["net_cents"]
            sum_["tax_cents"] += share["tax_cents"]
    return total


def grand_total_record(
    *,
    till_id: UUID,
    site_code: str,
    sequence: int,
    recorded_at: datetime,
    period: Period,
    period_on: date,
    closing_no: int,
    from_sequence: int,
    until_sequence: int,
    figures: Figures,
    perpetual_real_cents: int,
    perpetual_absolute_cents: int,
    anchors: Mapping[Kind, Head],
    drawer_session_id: UUID | None = None,
    drawer: Mapping[str, Any] | None = None,
) -> str:
    """Return the record of a closing; a Z says what became of its `drawer`.

    `period_on` is the first day of the period; `closing_no` counts the till's closings of that
    period; the window is half-open, `until_sequence` being the first ticket after it.  A month and
    a year end where a day did.  `anchors` are the ends of the other chains at that moment.
    """
    record: dict[str, Any] = {
        **journal.head(Kind.GRAND_TOTAL, till_id, site_code, sequence, recorded_at),
        **figures,
        "period": period,
        "period_on": period_on.isoformat(),
        "closing_no": closing_no,
        "from_sequence": from_sequence,
        "until_sequence": until_sequence,
        "perpetual_real_cents": perpetual_real_cents,
        "perpetual_absolute_cents": perpetual_absolute_cents,
        "anchors": {kind.value: dict(head) for kind, head in anchors.items()},
    }
    if drawer_session_id is not None:
        record["drawer_session_id"] = str(drawer_session_id)
    if drawer is not None:
        record["drawer"] = dict(drawer)
    for fault in faults(record):
        raise Incomplete(fault)
    return journal.canonical(record)


def faults(closing: Mapping[str, Any]) -> Iterator[str]:
    """Say where a closing contradicts itself."""
    sold, refunded = closing["sold_cents"], closing["refunded_cents"]
    real = closing["real_cents"]
    if closing["ticket_count"] != closing["until_sequence"] - closing["from_sequence"]:
        yield "the count of tickets is not that of the window"
    if closing["ticket_count"] != closing["sale_count"] + closing["refund_count"]:
        yield "sales and refunds are not all the tickets"
    if real != sold - refunded or closing["absolute_cents"] != sold + refunded:
        yield "the totals are not those of sales and refunds"
    if "drawer" in closing:
        yield from account_faults(closing["drawer"])
    if sum(closing["by_tender"].values()) != real:
        yield "the tenders are not what the closing comes to"
    if sum(share["net_cents"] + share["tax_cents"] for share in closing["by_vat"].values()) != real:
        yield "net and tax are not what the closing comes to"
    is_day = Period(closing["period"]) is Period.DAY
    if any(
        len(bytes.fromhex(anchor["hash"])) != (_HASH_BYTES if anchor["sequence"] > 0 else 0)
        for anchor in closing["anchors"].values()
    ):
        yield "the end of a chain is not a number and a hash"
    anchors = {kind: anchor["sequence"] for kind, anchor in closing["anchors"].items()}
    if set(anchors) != set(Kind) - {Kind.GRAND_TOTAL}:
        yield "the closing does not hold the end of every other chain"
    elif (after := anchors[Kind.TICKET] + 1 - closing["until_sequence"]) < 0 or (is_day and after):
        yield "the window does not end where the tickets did"


def differing(said: Mapping[str, Any], counted: Figures) -> list[str]:
    """Name the figures of a closing that are not what was counted.

    A tender or a rate that comes to nothing may be left out.
    """
    return [
        name
        for name, figure in counted.items()
        if _without_nothing(said[name]) != _without_nothing(figure)
    ]


def _without_nothing(figure: object) -> object:
    if not isinstance(figure, dict):
        return figure
    nothing = (0, {"net_cents": 0, "tax_cents": 0})
    return {name: inner for name, inner in figure.items() if inner not in nothing}
