"""Working days: an oracle that only counts, and Easter as the almanacs have it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referrals.domain import working_day

DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
COUNTS = st.integers(0, 30)


class TestEaster:
    @pytest.mark.parametrize(
        "sunday",
        [
            date(1818, 3, 22),
            date(2000, 4, 23),
            date(2024, 3, 31),
            date(2025, 4, 20),
            date(2026, 4, 5),
            date(2027, 3, 28),
            date(2038, 4, 25),
            date(2049, 4, 18),
            date(2285, 3, 22),
        ],
        ids=str,
    )
    def test_falls_where_the_almanacs_have_it(self, sunday: date) -> None:
        assert working_day.easter(sunday.year) == sunday

    @given(st.integers(1583, 4000))
    def test_is_a_sunday_of_spring(self, year: int) -> None:
        sunday = working_day.easter(year)

        assert sunday.weekday() == 6
        assert date(year, 3, 22) <= sunday <= date(year, 4, 25)


class TestHolidays:
    def test_of_2026_are_the_eleven_of_the_labour_code(self) -> None:
        assert sorted(working_day.holidays(2026)) == [
            date(2026, 1, 1),
            date(2026, 4, 6),
            date(2026, 5, 1),
            date(2026, 5, 8),
            date(2026, 5, 14),
            date(2026, 5, 25),
            date(2026, 7, 14),
            date(2026, 8, 15),
            date(2026, 11, 1),
            date(2026, 11, 11),
            date(2026, 12, 25),
        ]


class TestAdd:
    def test_passes_over_weekends_and_holidays(self) -> None:
        # Friday 6 November 2026; Wednesday the 11th is the armistice.
        assert working_day.add_working_days(date(2026, 11, 6), 5) == date(2026, 11, 16)

    @given(DAYS, COUNTS)
    def test_has_as_many_working_days_in_between(self, day: date, count: int) -> None:
        end = working_day.add_working_days(day, count)

        between = [day + timedelta(days=n) for n in range(1, (end - day).days + 1)]
        assert sum(map(working_day.is_working_day, between)) == count
        assert end == day or working_day.is_working_day(end)


class TestDueBefore:
    @given(DAYS, COUNTS)
    def test_is_the_last_day_whose_answer_is_late(self, day: date, count: int) -> None:
        last = working_day.due_before(day, count=count)

        assert working_day.add_working_days(last, count) < day
        assert working_day.add_working_days(last + timedelta(days=1), count) >= day
