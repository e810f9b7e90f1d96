"""What is counted of people month by month, and shown to whoever does not know them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kernel.period import Month
from kernel.refusal import Invalid
from kernel.small_count import hide_small
from services.referrals.domain.rule import RuleMissing

#: The rule that says from how many people on a count is shown.
LEAST = "small_count_people"
#: Steps of referrals by which people are counted, in the order in which they are taken.
MEASURES = (
    "submitted",
    "provisional",
    "accepted",
    "refused",
    "lapsed",
    "first_visit",
    "renewed",
    "ended",
)


class MonthNotOver(Invalid):
    """This month is not over: a count that grows day by day would tell who came today."""

    code = "referrals.count.month_not_over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """How many people took a step in a month, at each site and at all; None is not shown."""

    measure: str
    at_sites: Mapping[str, int | None]
    #: Somebody who was at two sites counts at each.
    at_all: int | None


def month_of(asked: Month | None, *, today: date) -> Month:
    """Return the month that is asked for, or the last; refuse one that is not over."""
    last = Month.of(today).previous()
    if asked is not None and asked > last:
        raise MonthNotOver(errors=[{"field": "month", "reason": MonthNotOver.sentence()}])
    return asked or last


def least_of(values: Mapping[str, int], *, on: date) -> int:
    """Return from how many people on a count is shown."""
    if LEAST not in values:
        raise RuleMissing(f"no value on {on} for {LEAST}")
    return values[LEAST]


def count_by_site(
    people: Mapping[tuple[str, str], int], *, site_codes: Sequence[str], least: int
) -> list[Counted]:
    """Put counts by measure and site together, the small ones hidden."""
    counted = []
    for measure in MEASURES:
        counts = [people.get((measure, site_code), 0) for site_code in site_codes]
        shown, total = hide_small(counts, least=least)
        at_sites = dict(zip(site_codes, shown, strict=True))
        counted.append(Counted(measure=measure, at_sites=at_sites, at_all=total))
    return counted
