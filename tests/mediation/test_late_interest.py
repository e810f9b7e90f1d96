"""Late interest: the worked figure, the half-years, and what is refused."""

from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from services.mediation.domain.late_interest import (
    EndsBeforeItBegins,
    NegativePrincipal,
    RateUnknown,
    late_interest,
)
from services.mediation.domain.rule import Rule

NEW_YEAR = date(2026, 1, 1)
DEBT = Cents(32_000)


class TestInterest:
    def test_of_320_euros_for_90_days_is_2_07(self) -> None:
        assert late_interest(DEBT, from_on=NEW_YEAR, until_on=NEW_YEAR + timedelta(days=90)) == 207

    def test_of_no_day_is_nothing(self) -> None:
        assert late_interest(DEBT, from_on=NEW_YEAR, until_on=NEW_YEAR) == 0

    def test_takes_the_rate_of_each_half_year(self) -> None:
        # 10 days at 2.76 % and 10 days at 2.62 % of 100,000 euros
        found = late_interest(
            Cents(10_000_000), from_on=date(2025, 12, 22), until_on=date(2026, 1, 11)
        )
        assert found == round(Fraction(10_000_000 * 10, 365) * Fraction(538, 10_000))

    def test_rounds_once_at_the_end(self) -> None:
        half = Rule(
            figure=Fraction(1, 2), article="test", from_on=NEW_YEAR, until_on=date(2026, 1, 2)
        )
        other = Rule(figure=Fraction(1, 2), article="test", from_on=date(2026, 1, 2))
        # Half a cent's worth on each day makes one cent together, not none and not two.
        found = late_interest(
            Cents(365), from_on=NEW_YEAR, until_on=date(2026, 1, 3), rates=[half, other]
        )
        assert found == 1


class TestRefusals:
    def test_a_half_year_without_a_rate(self) -> None:
        with pytest.raises(RateUnknown) as refused:
            late_interest(DEBT, from_on=date(2026, 6, 1), until_on=date(2026, 7, 2))
        assert "2026-07-01" in str(refused.value)

    def test_the_last_day_of_a_known_half_year_passes(self) -> None:
        assert late_interest(DEBT, from_on=date(2026, 6, 1), until_on=date(2026, 7, 1)) == 69

    def test_a_negative_sum(self) -> None:
        with pytest.raises(NegativePrincipal):
            late_interest(Cents(-1), from_on=NEW_YEAR, until_on=NEW_YEAR)

    def test_an_end_before_the_beginning(self) -> None:
        with pytest.raises(EndsBeforeItBegins):
            late_interest(DEBT, from_on=NEW_YEAR, until_on=date(2025, 12, 31))


known_days = st.dates(min_value=date(2024, 7, 1), max_value=date(2026, 7, 1))


class TestLaws:
    @given(st.integers(min_value=0, max_value=10_000_000), known_days, known_days, known_days)
    def test_more_days_never_cost_less(
        self, principal_cents: int, one: date, two: date, three: date
    ) -> None:
        from_on, until_on, later_on = sorted((one, two, three))
        shorter = late_interest(Cents(principal_cents), from_on=from_on, until_on=until_on)
        longer = late_interest(Cents(principal_cents), from_on=from_on, until_on=later_on)
        assert 0 <= shorter <= longer
