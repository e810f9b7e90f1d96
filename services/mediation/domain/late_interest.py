"""Interest for late payment, at the legal rate that holds when the creditor is a professional."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from kernel.money import Cents
from kernel.refusal import Refusal
from services.mediation.domain.rule import Rule, in_force


class RateUnknown(Refusal):
    """The legal rate of interest is not known for {day_on}."""

    code = "mediation.late_interest.rate_unknown"


class NegativePrincipal(Refusal):
    """Interest needs a sum that is not negative."""

    code = "mediation.late_interest.negative_principal"


class EndsBeforeItBegins(Refusal):
    """Interest cannot run from {from_on} until {until_on}: it would end before it begins."""

    code = "mediation.late_interest.ends_before_it_begins"


DAYS_OF_YEAR = 365


def _half_year(from_on: date, until_on: date, *, percent: str, article: str) -> Rule[Fraction]:
    return Rule(figure=Fraction(percent) / 100, article=article, from_on=from_on, until_on=until_on)


# "All other cases": the rate for private creditors is far higher and is a classic mistake here.
# One row per half-year, added when the order is published; a half-year without a row is refused.
LEGAL_RATE: Sequence[Rule[Fraction]] = (
    _half_year(
        date(2024, 7, 1),
        date(2025, 1, 1),
        percent="4.92",
        article="CMF L313-2, second half of 2024",
    ),
    _half_year(
        date(2025, 1, 1), date(2025, 7, 1), percent="3.71", article="CMF L313-2, first half of 2025"
    ),
    _half_year(
        date(2025, 7, 1),
        date(2026, 1, 1),
        percent="2.76",
        article="CMF L313-2, second half of 2025",
    ),
    _half_year(
        date(2026, 1, 1), date(2026, 7, 1), percent="2.62", article="Order of 15 December 2025"
    ),
)


def late_interest(
    principal_cents: Cents,
    *,
    from_on: date,
    until_on: date,
    rates: Sequence[Rule[Fraction]] = LEGAL_RATE,
) -> Cents:
    """Return the interest of the days from the formal notice until the day before `until_on`.

    Interest runs from the formal notice (C. civ. 1231-6), day by day at the rate of its half-year,
    over 365; it is exact until the end, then rounded to the nearest cent.
    """
    if principal_cents < 0:
        raise NegativePrincipal
    if until_on < from_on:
        raise EndsBeforeItBegins(from_on=from_on, until_on=until_on)
    interest = Fraction(0)
    day = from_on
    while day < until_on:
        rule = in_force(rates, day=day, unknown=RateUnknown)
        next_day = until_on if rule.until_on is None else min(until_on, rule.until_on)
        interest += principal_cents * rule.figure * (next_day - day).days / DAYS_OF_YEAR
        day = next_day
    return Cents(int(interest + Fraction(1, 2)))
