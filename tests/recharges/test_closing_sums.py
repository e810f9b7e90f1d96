"""Months and years as sums of closings, against tallies of the tickets themselves."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recharges.domain import closing
from services.recharges.domain.closing import Tally
from services.recharges.domain.drawer import account, needs_approval, pieces, worth
from services.recharges.domain.journal import Incomplete, Kind, Period
from tests.recharges.archives import START, Till, records
from tests.recharges.desk import CASHIER, COLLEAGUE, MANAGER

tickets = st.builds(
    lambda cents, tender, rate, day: {
        "type": "sale" if cents > 0 else "refund",
        "total_cents": cents,
        "business_date": day.isoformat(),
        "payments": [{"tender": tender, "amount_cents": cents}],
        "vat": [{"rate": rate, "net_cents": cents, "tax_cents": 0}],
    },
    cents=st.integers(-5_000, 5_000).filter(bool),
    tender=st.sampled_from(["cash", "card"]),
    rate=st.sampled_from(["exempt", "20"]),
    day=st.dates(date(2026, 10, 1), date(2026, 11, 30)),
)
days = st.lists(st.lists(tickets, max_size=6), max_size=8)
SESSION = {
    "opening": "counted",
    "opened_at": START,
    "opened_by": CASHIER,
    "held_by": COLLEAGUE,
    "float_cents": 5000,
    "expected_cents": 5250,
    "counted_cents": 5000,
    "gap_cents": -250,
    "counted_at": START,
    "counted_by": COLLEAGUE,
    "approved_by": MANAGER,
    "approved_at": None,
    "reason": "billet égaré",
}
HANDED = {
    "at": START,
    "from_user": CASHIER,
    "to_user": COLLEAGUE,
    "handed_by": None,
    "counted_cents": 5000,
    "expected_cents": 5000,
}


class TestAdded:
    @given(days=days)
    def test_is_what_all_the_tickets_come_to(self, days: list[list[dict[str, object]]]) -> None:
        month_on = date(2026, 11, 1)
        whole = Tally(period_on=month_on)
        parts = []
        for sold in days:
            tally = Tally(period_on=date(2026, 11, 30))
            for ticket in sold:
                tally.add(ticket)
                whole.add(ticket)
            parts.append(tally.figures())

        late = whole.figures()["late"]
        assert closing.added(parts, late=late) == whole.figures()


class TestPeriods:
    @given(day=st.dates(date(2000, 1, 1), date(2100, 1, 1)), period=st.sampled_from(Period))
    def test_follow_one_another_and_hold_each_day_once(self, day: date, period: Period) -> None:
        first = closing.first_day(period, day)
        after = closing.next_period(period, first)

        assert first <= day < after
        assert closing.first_day(period, after) == after
        assert closing.first_day(period, first) == first


class TestPieces:
    @given(
        counted=st.dictionaries(
            st.sampled_from(["1", "200", "2000", "50000"]), st.integers(0, 1_000)
        )
    )
    def test_are_worth_what_they_say_largest_first(self, counted: dict[str, int]) -> None:
        read = pieces(counted)

        assert worth(read) == sum(int(value) * count for value, count in counted.items())
        assert [*read] == sorted(read, reverse=True)

    def test_a_gap_of_either_sign_needs_approval_above_the_rule(self) -> None:
        assert [needs_approval(gap, alone_max_cents=500) for gap in (-501, -500, 500, 501)] == [
            *(True, False, False, True)
        ]


class TestDrawerOfAZ:
    def close(self, **over: object) -> Till:
        till = Till()
        till.sell()
        handed = [HANDED | over.pop("handed", {})]  # type: ignore[operator]
        told = account(SESSION | over, handovers=handed, movements=())
        till.close(Period.DAY, drawer=told)
        return till

    def test_leaves_out_what_old_rows_do_not_know(self) -> None:
        (record,) = records(self.close(), Kind.GRAND_TOTAL)

        assert record["drawer"]["approval"] == {
            "approved_by": str(MANAGER),
            "reason": "billet égaré",
        }
        assert "handed_by" not in record["drawer"]["handovers"][0]

    @pytest.mark.parametrize(
        ("over", "fault"),
        [
            ({"gap_cents": 0}, "the gap of the drawer"),
            ({"handed": {"from_user": MANAGER}}, "who did not hold it"),
            ({"held_by": CASHIER}, "nobody gave it"),
            ({"approved_by": COLLEAGUE}, "by the person who counted"),
        ],
    )
    def test_that_contradicts_itself_is_not_sealed(
        self, over: dict[str, object], fault: str
    ) -> None:
        with pytest.raises(Incomplete, match=fault):
            self.close(**over)
