"""Where every draw of the demonstration comes from: one fixed seed, one generator per part."""

from datetime import date, timedelta
from random import Random

SEED = "relais 2014-03-04"


def generator(part: str) -> Random:
    """A generator of its own for each part; demonstration data, never secrets."""
    return Random(f"{SEED} {part}")


def month_end(day: date, *, months: int) -> date:
    """The last day of the month that lies `months` after the month of `day`."""
    ahead = day.year * 12 + day.month - 1 + months + 1
    return date(ahead // 12, ahead % 12 + 1, 1) - timedelta(days=1)


def month_of(day: date, *, months: int) -> str:
    """The month `months` after that of `day`, as YYYY-MM."""
    return month_end(day, months=months).isoformat()[:7]
