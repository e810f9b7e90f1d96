"""The guarantee of a device: the examples of docs/rules/guarantee.md, and what always holds."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.period import add_months
from services.equipment.domain.guarantee import (
    Guarantee,
    extend_by_repair,
    grant,
    renew_by_replacement,
)
from services.equipment.domain.kind import Condition

days = st.dates(date(2022, 1, 1), date(2090, 1, 1))
SOLD_ON = date(2026, 11, 21)


def used(sold_on: date = SOLD_ON, *, handover_on: date | None = None) -> Guarantee:
    return grant(condition=Condition.USED, sold_on=sold_on, handover_on=handover_on)


def untils(guarantee: Guarantee) -> tuple[date, date, date]:
    return guarantee.commercial_until, guarantee.presumption_until, guarantee.legal_until


class TestGrant:
    def test_covers_a_used_device(self) -> None:
        assert untils(used()) == (date(2027, 11, 21), date(2027, 11, 21), date(2028, 11, 21))

    def test_presumes_twice_as_long_for_a_new_one(self) -> None:
        new = grant(condition=Condition.NEW, sold_on=SOLD_ON, handover_on=None)
        assert untils(new) == (date(2027, 11, 21), date(2028, 11, 21), date(2028, 11, 21))

    def test_starts_at_a_later_handover(self) -> None:
        later = used(handover_on=date(2026, 12, 5))
        assert later.starts_on == date(2026, 12, 5)
        assert untils(later) == (date(2027, 12, 5), date(2027, 12, 5), date(2028, 12, 5))

    def test_ends_in_february_on_its_last_day(self) -> None:
        leap = used(date(2028, 2, 20), handover_on=date(2028, 2, 29))
        assert untils(leap) == (date(2029, 2, 28), date(2029, 2, 28), date(2030, 2, 28))

    def test_keeps_an_older_sale_under_its_law(self) -> None:
        assert used(date(2021, 12, 31)).presumption_until == date(2022, 6, 30)
        assert used(date(2022, 1, 1)).presumption_until == date(2023, 1, 1)

    def test_knows_no_law_before_the_first(self) -> None:
        with pytest.raises(ValueError, match="no law"):
            used(date(2016, 3, 17))

    @given(st.sampled_from(Condition), days, st.integers(-60, 60))
    def test_never_shortens_for_a_handover(
        self, condition: Condition, sold_on: date, shift: int
    ) -> None:
        at_once = grant(condition=condition, sold_on=sold_on, handover_on=None)
        shifted = grant(
            condition=condition, sold_on=sold_on, handover_on=sold_on + timedelta(days=shift)
        )
        assert all(a <= b for a, b in zip(untils(at_once), untils(shifted), strict=True))
        assert shifted.starts_on == max(shifted.sold_on, shifted.handover_on)
        assert shifted.starts_on < shifted.presumption_until <= shifted.legal_until


class TestRepair:
    def test_adds_six_months_and_the_days_without_the_device(self) -> None:
        mended = extend_by_repair(used(), opened_on=date(2027, 3, 3), closed_on=date(2027, 3, 10))
        assert untils(mended) == (date(2027, 11, 21), date(2027, 11, 21), date(2029, 5, 21))
        assert mended.suspended_days == 7

    def test_covers_the_last_day_and_not_the_one_after(self) -> None:
        last_on = used().legal_until
        in_time = extend_by_repair(used(), opened_on=last_on, closed_on=last_on)
        assert in_time.legal_until == add_months(last_on, 6)
        late_on = last_on + timedelta(days=1)
        assert extend_by_repair(used(), opened_on=late_on, closed_on=late_on) == used()

    def test_adds_nothing_under_the_law_before(self) -> None:
        old = used(date(2021, 6, 1))
        mended = extend_by_repair(old, opened_on=date(2021, 7, 1), closed_on=date(2021, 7, 3))
        assert mended.legal_until == old.legal_until
        assert mended.suspended_days == 2

    @given(days, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 30)), max_size=6))
    def test_adds_six_months_for_each(self, sold_on: date, repairs: list[tuple[int, int]]) -> None:
        guarantee = used(sold_on)
        day = sold_on
        counted = 0
        for wait, length in repairs:
            opened_on = day + timedelta(days=wait)
            day = opened_on + timedelta(days=length)
            counted += guarantee.is_legal_on(opened_on)
            guarantee = extend_by_repair(guarantee, opened_on=opened_on, closed_on=day)
        # Half a year at a time: a short month on the way may take days off, never more than three.
        expected = add_months(used(sold_on).legal_until, 6 * counted)
        assert timedelta() <= expected - guarantee.legal_until <= timedelta(days=3)


class TestReplacement:
    def test_begins_anew(self) -> None:
        anew = renew_by_replacement(used(), condition=Condition.USED, replaced_on=date(2028, 11, 1))
        assert anew.legal_until == date(2030, 11, 1)
        assert anew.presumption_until == date(2029, 11, 1)

    @given(days, st.integers(0, 900), st.integers(0, 5))
    def test_never_shortens(self, sold_on: date, wait: int, repairs: int) -> None:
        guarantee = used(sold_on)
        for _ in range(repairs):
            guarantee = extend_by_repair(guarantee, opened_on=sold_on, closed_on=sold_on)
        anew = renew_by_replacement(
            guarantee, condition=Condition.USED, replaced_on=sold_on + timedelta(days=wait)
        )
        assert all(a <= b for a, b in zip(untils(guarantee), untils(anew), strict=True))
