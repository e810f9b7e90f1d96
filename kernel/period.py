"""Days, months and periods as the trade counts them: half-open, in Europe/Paris."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")


def business_date(instant: datetime) -> date:
    """Return the day in Europe/Paris on which an aware instant falls."""
    if instant.tzinfo is None:
        raise ValueError("a business date needs an instant with its time zone")
    return instant.astimezone(PARIS).date()


def add_months(day: date, count: int) -> date:
    """Return the same day of the month `count` months later, or that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_years(day: date, count: int) -> date:
    """Return the same day `count` years later; 29 February becomes 28 February."""
    return add_months(day, 12 * count)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, written `2026-11`."""

    year: int
    month: int

    def __post_init__(self) -> None:
        if not (1 <= self.month <= 12 and 1 <= self.year <= 9999):
            raise ValueError(f"{self.year}-{self.month} is no month")

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the month in which a day falls."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `YYYY-MM`; anything else is a ValueError."""
        year, dash, month = text.partition("-")
        if not (dash and len(year) == 4 and len(month) == 2 and (year + month).isascii()):
            raise ValueError(f"{text!r} is not written YYYY-MM")
        if not (year + month).isdigit():
            raise ValueError(f"{text!r} is not written YYYY-MM")
        return cls(int(year), int(month))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_on(self) -> date:
        """The first day of the month."""
        return date(self.year, self.month, 1)

    def next(self) -> "Month":
        """Return the month after this one."""
        return Month.of(add_months(self.first_on, 1))

    def previous(self) -> "Month":
        """Return the month before this one."""
        return Month.of(add_months(self.first_on, -1))
