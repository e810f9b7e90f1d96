"""Counts of people in a month, the small ones hidden."""

from typing import Annotated

from pydantic import Field

from chassis.http import Answer, Parameters


class CountedMonth(Parameters):
    """Which month: one that is over; the last one unless it is said."""

    month: Annotated[str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")] | None = None


class SiteCount(Answer):
    """How many people at one site; null where there are fewer than are shown."""

    site_code: str
    people: int | None


class Measure(Answer):
    """How many people took a step; the sum is null where it would tell what is not shown."""

    measure: str
    at_all_sites: int | None
    sites: list[SiteCount]


class MonthlyCounts(Answer):
    """What happened in a month; counts below `least_people` are not shown, none included."""

    month: str
    least_people: int
    measures: list[Measure]
