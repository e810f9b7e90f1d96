"""When a site is warned of its stock: once per crossing."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recharges.domain import alert
from services.recharges.domain.alert import Crossing, Remainder, Supply
from services.recharges.domain.stock import State
from services.recharges.handlers import stock as handlers
from tests.recharges.build import DAY, NOON, SITE, an_order
from tests.recharges.shop import Shop, done, new_id
from tests.recharges.staff import LYON, change_vouchers, receive, send

COVER = Crossing(site_code=SITE, offer_code="sfr-15", kind="cover")


def a_supply(on_hand: int, sold: int, *, lead_time_days: int | None = 10) -> Supply:
    return Supply(
        site_code=SITE,
        offer_code="sfr-15",
        on_hand=on_hand,
        sold=sold,
        lead_time_days=lead_time_days,
    )


def a_remainder(days: int, count: int = 3) -> Remainder:
    use_by = DAY + timedelta(days=days)
    return Remainder(site_code=SITE, offer_code="sfr-15", use_by=use_by, count=count)


class TestCover:
    @pytest.mark.parametrize(
        ("on_hand", "sold", "warned"),
        [(100, 280, False), (99, 280, True), (0, 1, True), (0, 0, False), (1, 0, False)],
    )
    def test_is_warned_of_below_the_time_of_a_delivery(
        self, on_hand: int, sold: int, warned: bool
    ) -> None:
        due = alert.due([a_supply(on_hand, sold)], [], open_already=(), on=DAY)

        assert due == ({COVER: on_hand} if warned else {})

    def test_is_over_a_day_above_it(self) -> None:
        for on_hand, warned in ((100, True), (109, True), (110, False)):
            due = alert.due([a_supply(on_hand, 280)], [], open_already={COVER}, on=DAY)
            assert (COVER in due) is warned

    def test_is_not_warned_of_where_nobody_knows_how_long_a_delivery_takes(self) -> None:
        supply = a_supply(0, 28, lead_time_days=None)

        assert alert.due([supply], [], open_already=(), on=DAY) == {}


class TestUseBy:
    @pytest.mark.parametrize(
        ("days", "kind"),
        [
            (61, None),
            (60, "use_by_60"),
            (31, "use_by_60"),
            (30, "use_by_30"),
            (8, "use_by_30"),
            (7, "use_by_7"),
            (0, "use_by_7"),
            (-1, None),
        ],
    )
    def test_is_warned_of_at_60_30_and_7_days(self, days: int, kind: str | None) -> None:
        due = alert.due([], [a_remainder(days)], open_already=(), on=DAY)

        assert [crossing.kind for crossing in due] == ([kind] if kind else [])

    @given(days=st.integers(0, 80), count=st.integers(0, 5))
    def test_warns_three_times_at_most_in_the_life_of_a_voucher(
        self, days: int, count: int
    ) -> None:
        use_by, warned = DAY + timedelta(days=days), set[Crossing]()
        for passed in range(days + 3):
            left = Remainder(site_code=SITE, offer_code="sfr-15", use_by=use_by, count=count)
            on = DAY + timedelta(days=passed)
            warned |= alert.due([], [left], open_already=warned, on=on).keys()
        bands = sum(days >= least for least in (0, 8, 31))
        assert len(warned) == (bands if count else 0)


class Selling:
    """Tests in which a site sells, and its stock is looked at."""

    def sell(self, shop: Shop, quantity: int, *, now: datetime = NOON) -> None:
        till, person = shop.enrol_till(), shop.entitle(cap_cents=1_000_000)
        for _ in range(quantity):
            done(shop.sell([an_order(till, person, ordered_at=now)])[0])

    def watch(self, shop: Shop, now: datetime = NOON) -> list[str]:
        return [each.kind for each in handlers.watch_stock(shop.tx, now=now, new_id=new_id)]

    def told(self, shop: Shop) -> list[dict[str, Any]]:
        rows = shop.all("SELECT data FROM outbox WHERE type = 'recharges.stock.low.v1'")
        return [row["data"] for row in rows]


class TestWatch(Selling):
    def test_alert_once_per_crossing_not_every_minute(self, shop: Shop) -> None:
        shop.stock_up(6)
        self.sell(shop, 5)

        raised = [self.watch(shop, NOON + timedelta(minutes=passed)) for passed in range(60)]

        assert raised == [["cover"], *([[]] * 59)]
        assert self.told(shop) == [
            {
                "site_code": SITE,
                "offer_code": "sfr-15",
                "kind": "cover",
                "use_by": None,
                "vouchers": 1,
            }
        ]

    def test_clears_what_has_passed_and_tells_the_next_crossing_again(self, shop: Shop) -> None:
        shop.stock_up(6)
        self.sell(shop, 5)
        assert self.watch(shop) == ["cover"]
        assert len(handlers.show_alerts(shop.tx, site_code=SITE)) == 1

        shop.stock_up(20)
        assert self.watch(shop) == []
        assert handlers.show_alerts(shop.tx, site_code=SITE) == []
        assert shop.one("SELECT cleared_at FROM stock_alert") == NOON

        change_vouchers(shop, "damaged", count=20)
        assert self.watch(shop) == ["cover"]
        assert len(self.told(shop)) == 2

    def test_measures_the_pace_over_28_days(self, shop: Shop) -> None:
        shop.stock_up(15)
        self.sell(shop, 14)
        assert self.watch(shop) == ["cover"]

        for days in range(1, 28):
            assert self.watch(shop, NOON + timedelta(days=days)) == []
        (shown,) = handlers.show_stock(shop.tx, site_code=SITE, on=DAY + timedelta(days=27))
        assert shown.days_of_cover == 2.0
        assert self.watch(shop, NOON + timedelta(days=28)) == []
        (shown,) = handlers.show_stock(shop.tx, site_code=SITE, on=DAY + timedelta(days=28))
        assert shown.days_of_cover is None
        assert handlers.show_alerts(shop.tx, site_code=SITE) == []

    def test_measures_the_pace_of_a_new_site_over_its_own_days(self, shop: Shop) -> None:
        shop.stock_up(60)
        self.sell(shop, 20)
        assert self.watch(shop) == []  # 40 left, 20 sold: a week at least, so 14 days
        self.sell(shop, 10)

        assert self.watch(shop, NOON + timedelta(days=1)) == ["cover"]  # 7 days; of 28 it were 28
        (shown,) = handlers.show_stock(shop.tx, site_code=SITE, on=DAY + timedelta(days=1))
        assert shown.days_of_cover == 7.0
        assert self.watch(shop, NOON + timedelta(days=9)) == []
        assert len(handlers.show_alerts(shop.tx, site_code=SITE)) == 1
        assert self.watch(shop, NOON + timedelta(days=10)) == []
        assert handlers.show_alerts(shop.tx, site_code=SITE) == []

    def test_warns_of_vouchers_that_run_out_of_time_whatever_keeps_them(self, shop: Shop) -> None:
        serials = [row["serial"] for row in shop.stock_up(4, use_by="2026-12-21")]
        change_vouchers(shop, "quarantined", serials=serials[:2])
        change_vouchers(shop, "lost", serials=serials[2:3])

        assert self.watch(shop) == ["use_by_30"]
        assert self.watch(shop, NOON + timedelta(days=23)) == ["use_by_7"]
        (shown,) = handlers.show_alerts(shop.tx, site_code=SITE)
        assert (shown.kind, shown.use_by, shown.vouchers) == ("use_by_7", date(2026, 12, 21), 3)
        assert self.watch(shop, NOON + timedelta(days=31)) == []
        assert handlers.show_alerts(shop.tx, site_code=SITE) == []
        assert [each["kind"] for each in self.told(shop)] == ["use_by_30", "use_by_7"]

    def test_warns_each_site_of_its_own(self, shop: Shop) -> None:
        shop.open_site(LYON)
        shop.stock_up(4, use_by="2026-12-21")
        receive(shop, send(shop, 1))

        assert self.watch(shop) == ["use_by_30", "use_by_30"]
        assert [each["vouchers"] for each in self.told(shop)] in ([3, 1], [1, 3])


class TestCounts(Selling):
    def test_show_every_state_of_every_voucher_once(self, shop: Shop) -> None:
        serials = [row["serial"] for row in shop.stock_up(8)]
        shop.open_site(LYON)
        self.sell(shop, 1)
        change_vouchers(shop, "damaged", serials=serials[1:2])
        send(shop, 2)

        counted = handlers.by_place(handlers.count_vouchers(shop.tx, on=DAY))

        (place,) = counted.values()
        assert set(place) == (set(State) - {State.SOLD_OUT}) | {"sold"}
        assert +Counter(place) == {
            "sold": 1,
            "damaged": 1,
            "in_transfer": 2,
            "available": 4,
        }
