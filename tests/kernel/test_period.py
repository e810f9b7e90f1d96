"""Days, months and periods as the trade counts them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.period import PARIS, Month, add_months, add_years, business_date

days = st.dates(date(1990, 1, 1), date(2200, 12, 31))


class TestBusinessDate:
    @pytest.mark.parametrize(
        ("instant", "day"),
        [
            (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), date(2026, 12, 31)),
            (datetime(2026, 12, 31, 23, 0, 0, tzinfo=UTC), date(2027, 1, 1)),
            (datetime(2026, 6, 30, 21, 59, 59, tzinfo=UTC), date(2026, 6, 30)),
            (datetime(2026, 6, 30, 22, 0, 0, tzinfo=UTC), date(2026, 7, 1)),
            # The hour that comes twice, and the one that never comes.
            (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), date(2026, 10, 25)),
            (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), date(2026, 3, 29)),
            (datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=9))), date(2025, 12, 31)),
        ],
    )
    def test_is_the_day_in_paris(self, instant: datetime, day: date) -> None:
        assert business_date(instant) == day

    def test_needs_a_time_zone(self) -> None:
        with pytest.raises(ValueError, match="time zone"):
            business_date(datetime(2026, 1, 1))  # noqa: DTZ001

    @given(day=days, second=st.integers(0, 86_399))
    def test_of_any_wall_clock_time_in_paris_is_that_day(self, day: date, second: int) -> None:
        wall = datetime(day.year, day.month, day.day, tzinfo=PARIS) + timedelta(seconds=second)

        assert business_date(wall.astimezone(UTC)) in (day, day + timedelta(days=1))
        assert business_date(wall) == wall.date()


class TestAddMonths:
    @pytest.mark.parametrize(
        ("day", "count", "expected"),
        [
            (date(2026, 1, 31), 1, date(2026, 2, 28)),
            (date(2028, 1, 31), 1, date(2028, 2, 29)),
            (date(2026, 11, 20), 9, date(2027, 8, 20)),
            (date(2026, 3, 31), -1, date(2026, 2, 28)),
            (date(2026, 1, 15), -13, date(2024, 12, 15)),
            (date(2026, 12, 1), 0, date(2026, 12, 1)),
        ],
    )
    def test_is_the_same_day_or_the_last(self, day: date, count: int, expected: date) -> None:
        assert add_months(day, count) == expected

    @given(day=days, count=st.integers(-120, 120))
    def test_lands_in_the_month_so_many_later(self, day: date, count: int) -> None:
        later = add_months(day, count)

        months = (later.year - day.year) * 12 + later.month - day.month
        assert months == count
        assert later.day == day.day or (later + timedelta(days=1)).day == 1

    def test_of_a_leap_day_after_a_year_is_the_28th(self) -> None:
        assert add_years(date(2024, 2, 29), 1) == date(2025, 2, 28)
        assert add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)


class TestMonth:
    @given(day=days)
    def test_reads_what_it_writes(self, day: date) -> None:
        month = Month.of(day)

        assert Month.parse(str(month)) == month
        assert month.first_on <= day < month.next().first_on
        assert month.next().previous() == month
        assert month < month.next()

    @pytest.mark.parametrize(
        "text",
        [
            *("", "2026", "2026-1", "2026-13", "2026-00", "26-11", "2026/11", "2026-11-01"),
            *("0000-01", "²026-11", "２０２６-11", " 2026-11", "-2026-11"),
        ],
    )
    def test_refuses_what_is_no_month(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"month|YYYY-MM"):
            Month.parse(text)
