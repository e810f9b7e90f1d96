"""How long a device is guaranteed, and what a repair or a replacement changes.

Three guarantees run side by side (docs/rules/guarantee.md):

- commercial: one year, the house's own promise;
- presumption: a defect that shows is presumed to have been there at the sale (C. conso. L217-7);
- legal: the guarantee of conformity (L217-3), six months longer after a repair (L217-13), anew
  after a replacement.

All start on the later of purchase and handover.  A period of months ends with the day of the same
number, which still counts: each `until` here is the last day covered, as a person reads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from kernel.period import add_months, add_years
from services.equipment.domain.kind import Condition

COMMERCIAL_YEARS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """What the law gives a buyer for sales from a day on, in months."""

    from_on: date
    legal_months: int
    presumption_months: Mapping[Condition, int]
    repair_months: int


# The latest first.  A sale stays under the law of its day.
LAWS: Sequence[Law] = (
    Law(  # ordinance 2021-1247
        from_on=date(2022, 1, 1),
        legal_months=24,
        presumption_months={Condition.NEW: 24, Condition.USED: 12},
        repair_months=6,
    ),
    Law(  # law 2014-344, article 15, in force two years later
        from_on=date(2016, 3, 18),
        legal_months=24,
        presumption_months={Condition.NEW: 24, Condition.USED: 6},
        repair_months=0,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """What one sold device is covered by."""

    sold_on: date
    handover_on: date
    starts_on: date
    commercial_until: date
    presumption_until: date
    legal_until: date
    #: Days under repair, during which the guarantees stood still (L217-28): they come on top.
    suspended_days: int = 0

    def is_legal_on(self, day: date) -> bool:
        """Say whether the legal guarantee covers what shows on a day."""
        return day <= self.legal_until + timedelta(days=self.suspended_days)


def grant(*, condition: Condition, sold_on: date, handover_on: date | None) -> Guarantee:
    """Return the guarantee of a device sold and handed over on those days."""
    law = _law_on(sold_on)
    handed_on = handover_on or sold_on
    # In the person's favour: what is not in their hands yet uses up nothing.
    starts_on = max(sold_on, handed_on)
    return Guarantee(
        sold_on=sold_on,
        handover_on=handed_on,
        starts_on=starts_on,
        commercial_until=add_years(starts_on, COMMERCIAL_YEARS),
        presumption_until=add_months(starts_on, law.presumption_months[condition]),
        legal_until=add_months(starts_on, law.legal_months),
    )


def extend_by_repair(guarantee: Guarantee, *, opened_on: date, closed_on: date) -> Guarantee:
    """Return the guarantee after a repair asked for on one day and finished on another.

    A repair that was asked for after the guarantee had ended is a favour and revives nothing.
    """
    if not guarantee.is_legal_on(opened_on):
        return guarantee
    months = _law_on(guarantee.sold_on).repair_months
    return replace(
        guarantee,
        legal_until=add_months(guarantee.legal_until, months),
        suspended_days=guarantee.suspended_days + (closed_on - opened_on).days,
    )


def renew_by_replacement(
    guarantee: Guarantee, *, condition: Condition, replaced_on: date
) -> Guarantee:
    """Return the guarantee of the device given instead: a new one by law, never a shorter one."""
    law = _law_on(guarantee.sold_on)
    return replace(
        guarantee,
        legal_until=max(guarantee.legal_until, add_months(replaced_on, law.legal_months)),
        presumption_until=max(
            guarantee.presumption_until, add_months(replaced_on, law.presumption_months[condition])
        ),
    )


def _law_on(day: date) -> Law:
    for law in LAWS:
        if law.from_on <= day:
            return law
    raise ValueError(f"no law of guarantee is known for a sale on {day}")
