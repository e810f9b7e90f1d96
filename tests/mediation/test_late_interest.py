"""Late interest: the worked figure, the half-years, where knowledge ends, and how it grows."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from kernel.period import add_months
from kernel.refusal import Refusal
from services.mediation.domain.late_interest import (
    EndsBeforeItBegins,
    InterestFlag,
    LateInterest,
    NegativePrincipal,
    RateImplausible,
    RateOutOfTurn,
    RateUnknown,
    SourceMissing,
    late_interest,
    next_rate,
)
from services.mediation.domain.rule import Rule

NEW_YEAR = date(2026, 1, 1)
DEBT = Cents(32_000)
KNOWN_UNTIL_ON = date(2026, 7, 1)


def half_year(from_on: date, percent: str) -> Rule[Decimal]:
    return Rule(
        figure=Decimal(percent), article="test", from_on=from_on, until_on=add_months(from_on, 6)
    )


RATES = [
    half_year(date(2024, 7, 1), "4.92"),
    half_year(date(2025, 1, 1), "3.71"),
    half_year(date(2025, 7, 1), "2.76"),
    half_year(NEW_YEAR, "2.62"),
]


def interest(
    principal_cents: int = DEBT, *, from_on: date = NEW_YEAR, until_on: date = KNOWN_UNTIL_ON
) -> LateInterest:
    return late_interest(Cents(principal_cents), from_on=from_on, until_on=until_on, rates=RATES)


class TestInterest:
    def test_of_320_euros_for_90_days_is_2_07(self) -> None:
        found = interest(until_on=NEW_YEAR + timedelta(days=90))
        assert (found.interest_cents, found.flags) == (207, ())

    def test_of_no_day_is_nothing(self) -> None:
        assert interest(until_on=NEW_YEAR).interest_cents == 0

    def test_takes_the_rate_of_each_half_year(self) -> None:
        # 10 days at 2.76 % and 10 days at 2.62 % of 100,000 euros
        found = interest(10_000_000, from_on=date(2025, 12, 22), until_on=date(2026, 1, 11))
        expected = round(Fraction(10_000_000 * 10, 365) * Fraction(538, 10_000))
        assert found.interest_cents == expected
        assert [step.values["days"] for step in found.basis] == [10, 10]

    def test_rounds_once_at_the_end(self) -> None:
        # Half a cent's worth on each day makes one cent together, not none and not two.
        rates = [half_year(date(2025, 7, 1), "50"), half_year(NEW_YEAR, "50")]
        found = late_interest(
            Cents(365), from_on=date(2025, 12, 31), until_on=date(2026, 1, 2), rates=rates
        )
        assert found.interest_cents == 1


class TestEndOfKnowledge:
    def test_is_reached_without_a_flag(self) -> None:
        found = interest(from_on=date(2026, 6, 1))
        assert (found.interest_cents, found.until_on, found.flags) == (69, KNOWN_UNTIL_ON, ())

    def test_is_told_when_the_question_goes_past_it(self) -> None:
        found = interest(from_on=date(2026, 6, 1), until_on=date(2026, 7, 2))
        assert (found.interest_cents, found.until_on) == (69, KNOWN_UNTIL_ON)
        assert found.flags == (InterestFlag.RATE_NOT_KNOWN_YET,)
        assert found.basis[-1].values == {"day_on": KNOWN_UNTIL_ON}

    @pytest.mark.parametrize("from_on", [KNOWN_UNTIL_ON, date(2024, 6, 30)])
    def test_is_refused_where_the_first_day_is_not_known(self, from_on: date) -> None:
        with pytest.raises(RateUnknown):
            interest(from_on=from_on, until_on=date(2026, 8, 1))


class TestRefusals:
    def test_a_negative_sum(self) -> None:
        with pytest.raises(NegativePrincipal):
            interest(-1)

    def test_an_end_before_the_beginning(self) -> None:
        with pytest.raises(EndsBeforeItBegins):
            interest(until_on=date(2025, 12, 31))


class TestNextRate:
    def test_begins_where_the_last_one_ends(self) -> None:
        added = next_rate(RATES, from_on=KNOWN_UNTIL_ON, percent=Decimal("2.5"), article="Arrêté")
        assert (added.from_on, added.until_on) == (KNOWN_UNTIL_ON, date(2027, 1, 1))

    @pytest.mark.parametrize(
        ("change", "refusal"),
        [
            ({"from_on": NEW_YEAR}, RateOutOfTurn),
            ({"from_on": date(2027, 1, 1)}, RateOutOfTurn),
            ({"percent": Decimal("262")}, RateImplausible),
            ({"percent": Decimal("0")}, RateImplausible),
            ({"percent": Decimal("2.625")}, RateImplausible),
            ({"percent": Decimal("NaN")}, RateImplausible),
            ({"article": "  x "}, SourceMissing),
        ],
    )
    def test_refuses(self, change: dict[str, object], refusal: type[Refusal]) -> None:
        asked = {"from_on": KNOWN_UNTIL_ON, "percent": Decimal("2.5"), "article": "Arrêté"}
        with pytest.raises(refusal):
            next_rate(RATES, **(asked | change))  # type: ignore[arg-type]


known_days = st.dates(min_value=date(2024, 7, 1), max_value=date(2026, 6, 30))


class TestLaws:
    @given(st.integers(min_value=0, max_value=10_000_000), known_days, known_days, known_days)
    def test_more_days_never_cost_less(
        self, principal_cents: int, one: date, two: date, three: date
    ) -> None:
        from_on, until_on, later_on = sorted((one, two, three))
        shorter = interest(principal_cents, from_on=from_on, until_on=until_on)
        longer = interest(principal_cents, from_on=from_on, until_on=later_on)
        assert 0 <= shorter.interest_cents <= longer.interest_cents
