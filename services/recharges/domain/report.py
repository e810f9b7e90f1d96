"""What a drawer's X and Z, and the closing of a period, say, whatever they are printed on.

Every sum of a drawer follows from the counts and movements it holds, so a print cannot contradict
itself.  People are short codes: who a code stands for is known to accounts alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from kernel.money import Cents
from services.recharges.domain.journal import Period
from services.recharges.domain.ticket import Reprint, VatShare, require_aware


class ReportKind(StrEnum):
    """X reads a drawer at any time; Z closes its session, once."""

    X = "X"
    Z = "Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Denomination:
    """So many coins or notes of one value."""

    value_cents: Cents
    count: int

    @property
    def total_cents(self) -> Cents:
        """What they are worth together."""
        return Cents(self.value_cents * self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawerMovement:
    """Cash put in (positive) or taken out (negative) other than by a sale: why, when, by whom."""

    amount_cents: Cents
    reason: str
    recorded_at: datetime
    by_code: str

    def __post_init__(self) -> None:
        require_aware(self.recorded_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """The drawer went from one person to another, counted."""

    at: datetime
    from_code: str
    to_code: str
    counted_cents: Cents
    expected_cents: Cents | None  # None while the count of the drawer is blind
    by_code: str | None = None  # where it was neither of them; a supervisor

    def __post_init__(self) -> None:
        require_aware(self.at)

    @property
    def gap_cents(self) -> Cents | None:
        """Counted less expected."""
        if self.expected_cents is None:
            return None
        return Cents(self.counted_cents - self.expected_cents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A second person accepted the gap: who, why, and when (not known of old ones)."""

    by_code: str
    reason: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Takings:
    """What the session's tickets come to, and the totals that never go back to nought."""

    cash_sales_cents: Cents
    cash_refunds_cents: Cents  # as positive sums
    card_sales_cents: Cents
    card_refunds_cents: Cents
    perpetual_real_cents: Cents
    perpetual_absolute_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketWindow:
    """The tickets of a session or of a period, first and last included."""

    from_ticket_no: int
    until_ticket_no: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The head of one of the till's chains: printed, it catches a chain made anew."""

    kind: str
    sequence: int
    hash_start: str  # the first sixteen hexadecimal digits of the last hash


@dataclass(frozen=True, slots=True, kw_only=True)
class LateTickets:
    """Offline tickets of a day closed before they came."""

    business_date: date
    count: int
    total_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which till a report is of, and who printed it when."""

    site_name: str
    site_address: str = ""
    till_name: str
    printed_at: datetime
    printed_by_code: str
    software_version: str
    reprint: Reprint | None = None
    #: A look at what is printed elsewhere: a duplicate without a number.
    is_shown: bool = False

    def __post_init__(self) -> None:
        require_aware(self.printed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawerReport:
    """Everything an X or a Z says; without takings it tells a blind count nothing to aim at."""

    kind: ReportKind
    report_no: int | None = None  # Z only
    place: Place
    business_date: date
    opened_at: datetime
    opened_by_code: str
    held_by_code: str
    opening: tuple[Denomination, ...]
    movements: tuple[DrawerMovement, ...] = ()
    handovers: tuple[Handover, ...] = ()
    takings: Takings | None
    counted: tuple[Denomination, ...] | None = None  # Z only
    counted_by_code: str | None = None
    counted_at: datetime | None = None
    approval: Approval | None = None
    window: TicketWindow | None = None
    anchors: tuple[Anchor, ...] = ()  # Z only
    late: tuple[LateTickets, ...] = ()

    def __post_init__(self) -> None:
        require_aware(self.opened_at)
        closing = self.kind is ReportKind.Z
        if closing != (self.counted is not None) or closing != (self.report_no is not None):
            raise ValueError("a Z has its number and its count; an X has neither")
        if closing and (self.takings is None or self.counted_by_code is None):
            raise ValueError("a Z says what was expected and who counted")
        if self.takings is None and self.late:
            raise ValueError("a blind X does not tell what late tickets come to")
        if self.takings is None and any(each.gap_cents is not None for each in self.handovers):
            raise ValueError("a blind X does not tell what a handover was held against")

    @property
    def opening_cents(self) -> Cents:
        """The float."""
        return _worth(self.opening)

    @property
    def expected_cents(self) -> Cents | None:
        """What the drawer must hold; None while the count is blind."""
        if self.takings is None:
            return None
        moved = sum(movement.amount_cents for movement in self.movements)
        sold = self.takings.cash_sales_cents - self.takings.cash_refunds_cents
        return Cents(self.opening_cents + sold + moved)

    @property
    def counted_cents(self) -> Cents | None:
        """What the drawer was found to hold."""
        return None if self.counted is None else _worth(self.counted)

    @property
    def gap_cents(self) -> Cents | None:
        """Counted less expected."""
        if self.counted_cents is None or self.expected_cents is None:
            return None
        return Cents(self.counted_cents - self.expected_cents)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingReport:
    """Everything that a closing without a drawer says: the clock's of a day, a month, a year."""

    place: Place
    period: Period
    period_on: date
    closing_no: int
    closed_at: datetime
    closed_by_code: str | None  # None: by the clock
    window: TicketWindow | None
    sale_count: int
    refund_count: int
    sold_cents: Cents
    refunded_cents: Cents
    by_tender: tuple[tuple[str, Cents], ...]
    vat: tuple[VatShare, ...]  # of every rate, exempt too
    late: tuple[LateTickets, ...]
    perpetual_real_cents: Cents
    perpetual_absolute_cents: Cents
    anchors: tuple[Anchor, ...]

    def __post_init__(self) -> None:
        require_aware(self.closed_at)
        if sum(cents for _, cents in self.by_tender) != self.real_cents:
            raise ValueError("the tenders are not what the closing comes to")

    @property
    def real_cents(self) -> Cents:
        """Sales less refunds."""
        return Cents(self.sold_cents - self.refunded_cents)


def _worth(cash: Iterable[Denomination]) -> Cents:
    return Cents(sum(each.total_cents for each in cash))
