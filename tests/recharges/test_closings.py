"""Closings of days, months and years: windows without gap, perpetual totals, late tickets."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from services.recharges.domain.closing import DrawerStillOpen, NothingToClose, PeriodNotOver
from services.recharges.domain.journal import Period
from tests.recharges.build import NOON
from tests.recharges.desk import Desk, a_desk
from tests.recharges.shop import KEYS, Shop

DAY = timedelta(days=1)
DECEMBER = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
JANUARY = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)
SAYS_NOTHING = {"ticket_count": 0, "real_cents": 0, "absolute_cents": 0}


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return a_desk(shop)


def windows(closings: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(each["from_sequence"], each["until_sequence"]) for each in closings]


def picked(closing: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(closing[name] for name in names)


class TestDay:
    def test_is_closed_with_its_drawer(self, desk: Desk) -> None:
        desk.sell(2)
        desk.sell(1)
        session = desk.session()

        assert desk.close(session, 750).closing_no == 1

        (closing,) = desk.closings()
        assert windows([closing]) == [(1, 3)]
        assert picked(closing, "period_on", "real_cents", "cash_cents", "card_cents") == (
            date(2026, 11, 21),
            750,
            750,
            0,
        )
        assert closing["drawer_session_id"] == session
        desk.assert_whole()

    def test_of_several_drawers_has_several_windows(self, desk: Desk) -> None:
        for quantity in (1, 2, 3):
            desk.sell(quantity)
            desk.close(desk.session(), 250 * quantity)
        desk.close(desk.open({}), 0)

        closings = desk.closings()
        assert windows(closings) == [(1, 2), (2, 3), (3, 4), (4, 4)]
        assert [each["perpetual_real_cents"] for each in closings] == [250, 750, 1500, 1500]
        desk.assert_whole()

    def test_tells_the_ends_of_all_chains(self, desk: Desk) -> None:
        desk.sell()
        desk.close(desk.session(), 250)

        (told,) = desk.told("recharges.till.closed.v1")
        ends = desk.shop.all(
            "SELECT kind, max(sequence) AS sequence FROM journal WHERE till_id = %s GROUP BY kind",
            desk.till_id,
        )
        assert {(each["kind"], each["sequence"]) for each in told["anchors"]} == {
            (row["kind"], row["sequence"]) for row in ends
        }
        for anchor in told["anchors"]:
            assert anchor["hash"] == desk.shop.one(
                "SELECT encode(hash, 'hex') FROM journal"
                " WHERE till_id = %s AND kind = %s AND sequence = %s",
                desk.till_id,
                anchor["kind"],
                anchor["sequence"],
            )

    def test_is_not_closed_on_demand_before_its_drawer_is(self, desk: Desk) -> None:
        """Its totals would tell who has yet to count what must be there."""
        desk.sell()
        with pytest.raises(DrawerStillOpen):
            desk.ask_to_close(Period.DAY)
        assert desk.close(desk.session(), 5_000).state == "counted"
        with pytest.raises(DrawerStillOpen):
            desk.ask_to_close(Period.DAY)
        desk.approve(desk.session())

        assert desk.ask_to_close(Period.DAY).closings[0]["closing_no"] == 2

    def test_may_end_while_the_drawer_is_open(self, desk: Desk) -> None:
        desk.sell()
        (made,) = desk.close_period(Period.DAY).closings
        desk.sell()
        counted = desk.close(desk.session(), 500)

        assert made["drawer_session_id"] is None
        assert (counted.state, counted.gap_cents) == ("closed", 0)
        assert windows(desk.closings()) == [(1, 2), (2, 3)]
        desk.assert_whole()

    def test_left_open_overnight_is_closed_by_the_clock_once(self, desk: Desk) -> None:
        desk.sell()
        night = desk.at(NOON + DAY)

        assert (desk.tick(), night.tick(), night.tick()) == (0, 1, 0)
        (closing,) = desk.closings()
        assert (closing["closed_by"], closing["period_on"]) == (None, date(2026, 11, 21))
        assert night.close(desk.session(), 250).gap_cents == 0
        night.sell()
        night.close(night.session(), 250)
        assert windows(desk.closings()) == [(1, 2), (2, 2), (2, 3)]
        desk.assert_whole()

    def test_of_a_till_that_sells_today_is_left_to_its_drawer(self, desk: Desk) -> None:
        desk.sell()
        assert desk.tick() == 0


class TestMonth:
    def test_is_the_sum_of_its_days(self, desk: Desk) -> None:
        for day in range(3):
            then = desk.at(NOON + day * DAY)
            then.sell(day + 1)
            then.close(then.session(), 250 * (day + 1))

        assert desk.at(DECEMBER).tick() == 1

        (month,) = desk.closings("month")
        days = desk.closings("day")
        for name in ("ticket_count", "sold_cents", "refunded_cents", "real_cents", "cash_cents"):
            assert month[name] == sum(day[name] for day in days)
        assert windows([month]) == [(1, 4)]
        assert month["perpetual_real_cents"] == days[-1]["perpetual_real_cents"] == 1500
        assert desk.events()[-1] == "closing_of_month"
        desk.assert_whole()

    def test_comes_after_its_last_day(self, desk: Desk) -> None:
        late = desk.at(DECEMBER - DAY)
        late.sell()

        assert desk.at(DECEMBER).tick() == 2
        assert windows(desk.closings("month")) == [(1, 2)]
        desk.assert_whole()

    def test_is_closed_for_months_in_which_nobody_sold(self, desk: Desk) -> None:
        desk.sell()
        later = desk.at(datetime(2027, 3, 2, 8, 0, tzinfo=UTC))

        assert later.tick() == 1 + 4 + 1  # a day, November to February, the year
        months = desk.closings("month")
        assert [each["period_on"].month for each in months] == [11, 12, 1, 2]
        assert windows(months) == [(1, 2), (2, 2), (2, 2), (2, 2)]
        assert {each["perpetual_real_cents"] for each in months} == {250}
        assert picked(months[1], *SAYS_NOTHING) == tuple(SAYS_NOTHING.values())
        assert later.tick() == 0
        desk.assert_whole()

    def test_of_a_revoked_till_is_closed_as_far_as_it_sold(self, desk: Desk) -> None:
        desk.sell()
        desk.shop.tx.execute("UPDATE till SET state = 'revoked'")
        later = desk.at(datetime(2027, 3, 2, 8, 0, tzinfo=UTC))

        assert later.tick() == 3
        assert len(desk.closings("month")) == 1
        assert len(desk.closings("year")) == 1
        assert later.tick() == 0

    def test_of_a_till_that_never_sold_is_not_closed(self, desk: Desk) -> None:
        assert desk.at(JANUARY).tick() == 0
        with pytest.raises(NothingToClose):
            desk.at(JANUARY).close_period(Period.MONTH)

    def test_is_refused_before_it_is_over(self, desk: Desk) -> None:
        desk.sell()
        desk.close(desk.session(), 250)

        for period in (Period.MONTH, Period.YEAR):
            with pytest.raises(PeriodNotOver if period is Period.MONTH else NothingToClose):
                desk.close_period(period)
        assert [
            each["period"] for each in desk.at(DECEMBER).close_period(Period.MONTH).closings
        ] == ["month"]
        with pytest.raises(PeriodNotOver):
            desk.at(DECEMBER).close_period(Period.MONTH)


class TestYear:
    def test_is_the_sum_of_its_months(self, desk: Desk) -> None:
        desk.sell(2)
        desk.close(desk.session(), 500)
        then = desk.at(DECEMBER)
        then.tick()
        then.sell(1)
        then.close(then.session(), 250)

        made = desk.at(JANUARY).close_period(Period.YEAR)

        assert [each["period"] for each in made.closings] == ["month", "year"]
        (year,) = desk.closings("year")
        assert picked(year, "period_on", "ticket_count", "real_cents", "perpetual_real_cents") == (
            date(2026, 1, 1),
            2,
            750,
            750,
        )
        assert desk.closings("month")[-1]["until_sequence"] == year["until_sequence"]
        desk.assert_whole()


class TestLate:
    def test_tickets_are_counted_once_and_shown_by_day(self, desk: Desk) -> None:
        # A late offline ticket counted twice by a closing; a private window that loses it.
        desk.sell()
        desk.close(desk.session(), 250)
        evening = desk.at(DECEMBER)
        evening.tick()
        evening.sell(3)
        evening.upload_late(on=date(2026, 11, 21))
        evening.close(evening.session(), 750)

        last = desk.closings()[-1]
        assert last["late"] == [{"business_date": "2026-11-21", "count": 1, "real_cents": 250}]
        assert picked(last, "ticket_count", "real_cents") == (2, 1000)
        evening.at(JANUARY).tick()
        months = desk.closings("month")
        assert [each["real_cents"] for each in months] == [250, 1000]
        assert months[1]["late"] == last["late"]
        (year,) = desk.closings("year")
        assert (year["real_cents"], year["late"]) == (1250, [])
        desk.assert_whole()


class TestDatabase:
    @pytest.mark.parametrize(
        "change",
        [
            "from_sequence = 1, until_sequence = 1",
            "closing_no = 3",
            "perpetual_real_cents = 7",
            "perpetual_absolute_cents = 7",
        ],
    )
    def test_refuses_a_closing_that_does_not_follow(self, desk: Desk, change: str) -> None:
        changed = dict(pair.split(" = ") for pair in change.split(", "))

        with pytest.raises(psycopg.errors.CheckViolation, match="does not follow"):
            self.close_again(desk, changed)

    def test_refuses_a_second_z_of_a_drawer(self, desk: Desk) -> None:
        with pytest.raises(psycopg.errors.UniqueViolation, match="closing_once_a_session"):
            self.close_again(desk, {})

    def close_again(self, desk: Desk, changed: dict[str, str]) -> None:
        """Write a closing by hand behind the Z of a drawer, and of the same drawer."""
        desk.sell()
        desk.close(desk.session(), 250)
        row = desk.closings()[0] | {
            "closing_id": "01890000-0000-7000-8000-000000000000",
            "closing_no": 2,
            "from_sequence": 2,
            "until_sequence": 2,
            "late": "[]",
        }
        row |= dict.fromkeys(
            ("ticket_count", "sold_cents", "real_cents", "absolute_cents", "cash_cents"), 0
        )
        row |= changed
        columns = ", ".join(row)
        places = ", ".join(["%s"] * len(row))
        desk.shop.tx.execute(
            f"INSERT INTO closing ({columns}) VALUES ({places})".encode(), [*row.values()]
        )

    def test_refuses_to_change_or_forget_one(self, desk: Desk) -> None:
        desk.close(desk.open({}), 0)

        for change in ("UPDATE closing SET sold_cents = 0", "DELETE FROM closing"):
            with pytest.raises(psycopg.Error), desk.shop.tx.transaction():
                desk.shop.tx.execute(change.encode())

    def test_keeps_the_public_half_of_the_key_that_signed(self, desk: Desk) -> None:
        desk.close(desk.open({}), 0)

        kept = desk.shop.all("SELECT key_id, public_key FROM journal_key")
        assert {row["key_id"]: row["public_key"] for row in kept} == KEYS.public_keys()
