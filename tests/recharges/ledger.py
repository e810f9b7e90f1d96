"""What a bookkeeper would keep of tills, sales and refunds beside the stock: a small model."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

PRICE_CENTS = 250


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """One ticket of a till; what goes back is below zero."""

    cents: int
    tender: str
    day: date


@dataclass(kw_only=True)
class Session:
    """A drawer that is not closed, and what must be in it."""

    drawer_session_id: UUID
    opened_on: date
    expected_cents: int = 0
    card_sales_cents: int = 0
    counted: bool = False


@dataclass(kw_only=True)
class Book:
    """One till: its tickets in order, its drawer, and where its days were closed."""

    site_code: str
    tickets: list[Ticket] = field(default_factory=list)
    session: Session | None = None
    #: How many tickets each day's closing leaves behind it, and which day it is of.
    days: list[tuple[int, date]] = field(default_factory=list)

    @property
    def open_tickets(self) -> list[Ticket]:
        """Those behind the last closing."""
        return self.tickets[self.days[-1][0] if self.days else 0 :]

    def sells_on(self, day: date) -> Session | None:
        """The session that what happens on a day without cash is booked in."""
        session = self.session
        return session if session and not session.counted and session.opened_on == day else None

    def close(self, on: date) -> None:
        """Close the tickets since the last closing: of this day, or the last that they are of."""
        before = [self.days[-1][1]] if self.days else []
        day = max([on, *before, *(ticket.day for ticket in self.open_tickets)])
        self.days.append((len(self.tickets), day))

    def windows(self) -> list[tuple[int, int, date]]:
        """The tickets of each day's closing: from one, until another, and the day."""
        begin, found = 0, []
        for end, day in self.days:
            found.append((begin, end, day))
            begin = end
        return found


@dataclass(kw_only=True)
class Sold:
    """A sale, or a card sale that is not one yet."""

    sale_id: UUID
    till_id: UUID
    site_code: str
    person: UUID
    day: date
    tender: str
    serials: list[str]
    state: str = "completed"
    seen: bool = True
    #: Given back, or about to be.
    going_back: set[str] = field(default_factory=set)

    @property
    def cents(self) -> int:
        return PRICE_CENTS * len(self.serials)

    @property
    def left(self) -> list[str]:
        return [serial for serial in self.serials if serial not in self.going_back]


@dataclass(kw_only=True)
class GivenBack:
    """A refund under way."""

    refund_id: UUID
    sale: Sold
    serials: list[str]
    state: str
    seen: bool

    @property
    def cents(self) -> int:
        return PRICE_CENTS * len(self.serials)


@dataclass(kw_only=True)
class Ledger:
    """All tills, caps, sales and refunds."""

    tills: dict[UUID, Book] = field(default_factory=dict)
    cap_cents: dict[UUID, int] = field(default_factory=dict)
    #: By person and the first day of the month.
    used_cents: dict[tuple[UUID, date], int] = field(default_factory=dict)
    sales: list[Sold] = field(default_factory=list)
    refunds: list[GivenBack] = field(default_factory=list)

    def left_cents(self, person: UUID, day: date) -> int:
        return self.cap_cents[person] - self.used_cents.get((person, day.replace(day=1)), 0)

    def use(self, person: UUID, day: date, cents: int) -> None:
        """Count against a month's cap, or give back."""
        month = person, day.replace(day=1)
        self.used_cents[month] = self.used_cents.get(month, 0) + cents

    def waiting(self, *states: str) -> list[Sold]:
        return [sale for sale in self.sales if sale.state in states]
