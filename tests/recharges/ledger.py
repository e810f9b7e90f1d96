"""What a bookkeeper would keep of tills, sales and refunds beside the stock: a small model."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from kernel.period import add_months

PRICE_CENTS = 250


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """One ticket of a till; what goes back is below zero."""

    cents: int
    tender: str
    day: date
    #: Which closing of a day counts it: the next one, whatever day the ticket is of.
    closing_no: int


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
    #: The same of the months that are over, by their first days.
    months: list[tuple[int, date]] = field(default_factory=list)

    def add(self, *, cents: int, tender: str, day: date) -> None:
        """Keep a ticket, which the next closing counts."""
        closing_no = len(self.days) + 1
        self.tickets.append(Ticket(cents=cents, tender=tender, day=day, closing_no=closing_no))

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

    def close_months(self, today: date) -> None:
        """Close each month that is over: with the days up to its end that no month has yet.

        A day that was closed after its month was, for what came late, is one of the next month.
        """
        while self.days:
            end, month_on = self.months[-1] if self.months else (0, None)
            first_on = self.days[0][1].replace(day=1)
            next_on = add_months(month_on, 1) if month_on else first_on
            over_on = add_months(next_on, 1)
            if over_on > today:
                return
            ends = [until for until, day in self.days if day < over_on]
            self.months.append((max([end, *ends]), next_on))

    def windows(self, period: str) -> list[tuple[int, int, date]]:
        """The tickets of each closing of a period: from one, until another, and the day."""
        begin, found = 0, []
        for end, day in self.days if period == "day" else self.months:
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
