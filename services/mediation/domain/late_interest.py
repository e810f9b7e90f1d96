"""Interest for late payment, at the legal rate that holds when the creditor is a professional.

Rates are published for half-years, shortly before or even after they begin.  Interest is worked out
until the end of the last half-year that is known, and the result says so; nothing is guessed.
See docs/rules/plan.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from kernel.money import Cents
from kernel.period import add_months
from kernel.refusal import Refusal
from services.mediation.domain.rule import Basis, Rule, in_force


class RateUnknown(Refusal):
    """The legal rate of interest is not known for {day_on}."""

    code = "mediation.late_interest.rate_unknown"


class NegativePrincipal(Refusal):
    """Interest needs a sum that is not negative."""

    code = "mediation.late_interest.negative_principal"


class EndsBeforeItBegins(Refusal):
    """Interest cannot run from {from_on} until {until_on}: it would end before it begins."""

    code = "mediation.late_interest.ends_before_it_begins"


class RateOutOfTurn(Refusal):
    """The next rate to be added is that of the half-year from {next_on}, not from {from_on}."""

    code = "mediation.late_interest.rate_out_of_turn"


class RateImplausible(Refusal):
    """A legal rate of {percent} % is implausible: it lies above 0 and up to {percent_max} %, with
    at most two decimals."""

    code = "mediation.late_interest.rate_implausible"


class SourceMissing(Refusal):
    """Say which order publishes the rate, in 3 to 200 characters."""

    code = "mediation.late_interest.source_missing"


class InterestFlag(StrEnum):
    """What a mediator must see beside the sum."""

    RATE_NOT_KNOWN_YET = "rate_not_known_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class LateInterest:
    """The interest of the days before `until_on`, which may come before the day asked about."""

    interest_cents: Cents
    until_on: date
    flags: tuple[InterestFlag, ...]
    basis: tuple[Basis, ...]


DAYS_OF_YEAR = 365
HALF_YEAR_MONTHS = 6
# The highest rate since half-years were introduced, for private creditors, was below 9 %.
PERCENT_MAX = 20


def late_interest(
    principal_cents: Cents,
    *,
    from_on: date,
    until_on: date,
    rates: Sequence[Rule[Decimal]],
) -> LateInterest:
    """Return the interest of the days from the formal notice until the day before `until_on`.

    Interest runs from the formal notice (C. civ. 1231-6), day by day at the rate of its half-year,
    over 365; it is exact until the end, then rounded to the nearest cent.
    """
    if principal_cents < 0:
        raise NegativePrincipal
    if until_on < from_on:
        raise EndsBeforeItBegins(from_on=from_on, until_on=until_on)
    known_until_on = max((rule.until_on or until_on for rule in rates), default=from_on)
    if from_on >= known_until_on:
        raise RateUnknown(day_on=from_on)
    interest, basis, day = Fraction(0), [], from_on
    stop_on = min(until_on, known_until_on)
    while day < stop_on:
        rule = in_force(rates, day=day, unknown=RateUnknown)
        next_day = stop_on if rule.until_on is None else min(stop_on, rule.until_on)
        days = (next_day - day).days
        interest += principal_cents * Fraction(rule.figure) / 100 * days / DAYS_OF_YEAR
        basis.append(_at_rate(rule, days=days, first_on=day))
        day = next_day
    unknown = stop_on < until_on
    return LateInterest(
        interest_cents=Cents(int(interest + Fraction(1, 2))),
        until_on=stop_on,
        flags=(InterestFlag.RATE_NOT_KNOWN_YET,) if unknown else (),
        basis=(*basis, _not_known_from(stop_on)) if unknown else tuple(basis),
    )


def _at_rate(rule: Rule[Decimal], *, days: int, first_on: date) -> Basis:
    return Basis(
        rule="half_year",
        article=rule.article,
        sentence="{days:day|days} from {first_on}, at {percent} %.",
        values={"days": days, "first_on": first_on, "percent": rule.figure},
    )


def _not_known_from(day: date) -> Basis:
    return Basis(
        rule="rate_not_known_yet",
        article="CMF L313-2",
        sentence="No rate is known here from {day_on}: no interest is counted from that day on.",
        values={"day_on": day},
    )


def next_rate(
    known: Sequence[Rule[Decimal]], *, from_on: date, percent: Decimal, article: str
) -> Rule[Decimal]:
    """Check the rate of the next half-year; one that is skipped could never be filled in."""
    next_on = max((rule.until_on for rule in known if rule.until_on), default=from_on)
    if from_on != next_on:
        raise RateOutOfTurn(next_on=next_on, from_on=from_on)
    if not (percent.is_finite() and 0 < percent <= PERCENT_MAX and percent == round(percent, 2)):
        raise RateImplausible(percent=percent, percent_max=PERCENT_MAX)
    if not 3 <= len(article.strip()) <= 200:
        raise SourceMissing
    return Rule(
        figure=percent,
        article=article.strip(),
        from_on=from_on,
        until_on=add_months(from_on, HALF_YEAR_MONTHS),
    )
