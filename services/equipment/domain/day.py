"""Days written down after the fact: never ahead of today, never before what they follow."""

from datetime import date

from kernel.refusal import Refusal


class DayInFuture(Refusal):
    """{day_on} has not come yet."""

    code = "equipment.day.in_future"


class DayTooEarly(Refusal):
    """{day_on} is before {earliest_on}, the day of what comes before it."""

    code = "equipment.day.too_early"


def require_between(day: date, *, earliest_on: date | None, today: date) -> None:
    """Refuse a day ahead of today or before the earliest one."""
    if day > today:
        raise DayInFuture(day_on=day)
    if earliest_on is not None and day < earliest_on:
        raise DayTooEarly(day_on=day, earliest_on=earliest_on)
