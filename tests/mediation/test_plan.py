"""The payment plan: the worked figures of docs/rules/plan.md, and the laws every plan obeys."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from services.mediation.domain.plan import (
    InstalmentsBelowOneCent,
    NoDebt,
    NoInstalment,
    OneOfTwo,
    Plan,
    PlanFlag,
    TooManyInstalments,
    plan_of,
)
from services.mediation.domain.rule import NoRuleInForce

FIRST_ON = date(2026, 2, 5)


def cut(
    debt_cents: int,
    *,
    count: int | None = None,
    monthly_max_cents: int | None = None,
    first_due_on: date = FIRST_ON,
) -> Plan:
    return plan_of(
        Cents(debt_cents),
        first_due_on=first_due_on,
        instalment_count=count,
        monthly_max_cents=None if monthly_max_cents is None else Cents(monthly_max_cents),
    )


def amounts(plan: Plan) -> list[int]:
    return [instalment.amount_cents for instalment in plan.instalments]


def due_days(plan: Plan) -> list[date]:
    return [instalment.due_on for instalment in plan.instalments]


class TestAmounts:
    def test_are_equal_when_they_can_be(self) -> None:
        assert amounts(cut(30_000, count=3)) == [10_000, 10_000, 10_000]

    def test_the_last_takes_the_cents(self) -> None:
        assert amounts(cut(32_000, count=3)) == [10_666, 10_666, 10_668]

    def test_as_few_as_the_monthly_maximum_allows(self) -> None:
        assert amounts(cut(32_000, monthly_max_cents=5_000)) == [4_571] * 6 + [4_574]

    def test_the_cents_of_the_last_never_pass_the_monthly_maximum(self) -> None:
        # Three would fit but for the cents: 33, 33 and 35.
        assert amounts(cut(101, monthly_max_cents=34)) == [25, 25, 25, 26]

    def test_one_instalment_when_the_maximum_covers_the_debt(self) -> None:
        assert amounts(cut(9_999, monthly_max_cents=10_000)) == [9_999]

    def test_a_cent_each_is_the_smallest(self) -> None:
        assert amounts(cut(3, count=3)) == [1, 1, 1]


class TestDays:
    def test_keep_the_day_of_the_first_across_a_short_month(self) -> None:
        plan = cut(30_000, count=3, first_due_on=date(2026, 1, 31))
        assert due_days(plan) == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31)]

    def test_reach_29_february_in_a_leap_year(self) -> None:
        plan = cut(20_000, count=2, first_due_on=date(2028, 1, 30))
        assert due_days(plan)[1] == date(2028, 2, 29)

    def test_cross_the_year(self) -> None:
        plan = cut(20_000, count=2, first_due_on=date(2026, 12, 5))
        assert due_days(plan)[1] == date(2027, 1, 5)


class TestLimits:
    def test_24_instalments_are_within_what_a_judge_may_grant(self) -> None:
        plan = cut(48_000, count=24)
        assert plan.flags == ()
        assert plan.basis[0].article == "C. civ. 1343-5"

    def test_25_instalments_are_flagged(self) -> None:
        assert cut(48_000, count=25).flags == (PlanFlag.OVER_COURT_LIMIT,)

    def test_the_article_follows_the_first_due_day(self) -> None:
        assert (
            cut(100, count=1, first_due_on=date(2016, 9, 30)).basis[0].article == "C. civ. 1244-1"
        )

    def test_84_instalments_are_the_most(self) -> None:
        assert len(cut(84_000, count=84).instalments) == 84
        with pytest.raises(TooManyInstalments):
            cut(85_000, count=85)

    def test_a_monthly_maximum_that_needs_more_is_refused(self) -> None:
        with pytest.raises(TooManyInstalments):
            cut(1_000_000_000, monthly_max_cents=1)

    def test_a_day_without_known_rule_is_refused(self) -> None:
        with pytest.raises(NoRuleInForce):
            cut(100, count=1, first_due_on=date(1990, 1, 1))


class TestBadInput:
    @pytest.mark.parametrize("debt_cents", [0, -1])
    def test_no_debt_no_plan(self, debt_cents: int) -> None:
        with pytest.raises(NoDebt):
            cut(debt_cents, count=1)

    def test_neither_count_nor_maximum_is_refused(self) -> None:
        with pytest.raises(OneOfTwo):
            cut(100)

    def test_count_and_maximum_together_are_refused(self) -> None:
        with pytest.raises(OneOfTwo):
            cut(100, count=2, monthly_max_cents=50)

    @pytest.mark.parametrize("count", [0, -3])
    def test_no_instalment_is_refused(self, count: int) -> None:
        with pytest.raises(NoInstalment):
            cut(100, count=count)

    @pytest.mark.parametrize("monthly_max_cents", [0, -3])
    def test_nothing_a_month_is_refused(self, monthly_max_cents: int) -> None:
        with pytest.raises(NoInstalment):
            cut(100, monthly_max_cents=monthly_max_cents)

    def test_more_instalments_than_cents_are_refused(self) -> None:
        with pytest.raises(InstalmentsBelowOneCent):
            cut(3, count=4)


debts = st.integers(min_value=84, max_value=10_000_000)
counts = st.integers(min_value=1, max_value=84)
first_days = st.dates(min_value=date(1992, 1, 1), max_value=date(2090, 1, 1))


class TestLaws:
    @given(debts, counts, first_days)
    def test_the_sum_is_the_debt(self, debt_cents: int, count: int, first_on: date) -> None:
        plan = cut(debt_cents, count=count, first_due_on=first_on)
        assert sum(amounts(plan)) == plan.total_cents == debt_cents
        assert len(plan.instalments) == count

    @given(debts, counts)
    def test_every_instalment_is_positive_and_only_the_last_differs(
        self, debt_cents: int, count: int
    ) -> None:
        found = amounts(cut(debt_cents, count=count))
        assert min(found) > 0
        assert len(set(found[:-1])) <= 1
        assert 0 <= found[-1] - found[0] < count

    @given(debts, counts, first_days)
    def test_one_instalment_falls_due_in_each_month(
        self, debt_cents: int, count: int, first_on: date
    ) -> None:
        found = due_days(cut(debt_cents, count=count, first_due_on=first_on))
        months = [day.year * 12 + day.month for day in found]
        assert months == list(range(months[0], months[0] + count))
        assert all(day.day == first_on.day or day.day >= 28 for day in found)

    @given(debts, st.integers(min_value=1, max_value=10_000_000))
    def test_no_instalment_passes_the_monthly_maximum(
        self, debt_cents: int, monthly_max_cents: int
    ) -> None:
        try:
            plan = cut(debt_cents, monthly_max_cents=monthly_max_cents)
        except TooManyInstalments:
            # Refused only when 84 of them, or one fewer for the cents, would not do.
            assert debt_cents > 84 * (monthly_max_cents - 84)
            return
        assert max(amounts(plan)) <= monthly_max_cents
        assert sum(amounts(plan)) == debt_cents
