"""Drawer sessions: the float, what goes in and out, the blind count, the second person."""

from datetime import timedelta

import psycopg
import pytest

from services.recharges.api import drawers as api
from services.recharges.domain.drawer import (
    ApprovalByTheCounter,
    ApprovalNotAwaited,
    CashOutNeedsSupervisor,
    DrawerAwaitsApproval,
    DrawerCountedAlready,
    DrawerNotOpen,
    DrawerOfAnotherDay,
    DrawerOpenAlready,
)
from services.recharges.domain.sale import TillFrozen, TillRevoked
from services.recharges.handlers import drawers
from tests.recharges.build import NOON, an_order
from tests.recharges.desk import CASHIER, MANAGER, Desk, a_desk
from tests.recharges.shop import Shop

DAY = timedelta(days=1)


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return a_desk(shop)


class TestCashOut:
    @pytest.mark.parametrize(
        ("kind", "cents", "is_supervisor"),
        [("out", 20_000, False), ("out", 20_001, True), ("in", 20_001, False)],
    )
    def test_up_to_the_rule_of_the_day_is_a_cashiers(
        self, desk: Desk, kind: str, cents: int, is_supervisor: bool
    ) -> None:
        session = desk.open({"50000": 1})

        moved = desk.move(session, kind, cents, "banque", is_supervisor=is_supervisor)

        assert abs(moved.amount_cents) == cents

    def test_above_it_needs_a_supervisor(self, desk: Desk) -> None:
        with pytest.raises(CashOutNeedsSupervisor):
            desk.move(desk.open({"50000": 1}), "out", 20_001, "banque")


class TestOpening:
    def test_keeps_the_float_and_tells_that_the_till_is_open(self, desk: Desk) -> None:
        session = desk.open({"2000": 2, "1000": 1})

        (told,) = desk.told("recharges.till.opened.v1")
        assert (told["opening"], told["float_cents"]) == ("counted", 5000)
        assert desk.session() == session
        assert desk.events() == ["journal_begun", "drawer_opened"]

    def test_is_one_at_a_time(self, desk: Desk) -> None:
        desk.open()

        with pytest.raises(DrawerOpenAlready):
            desk.open()

    @pytest.mark.parametrize(
        ("change", "refusal"),
        [("state = 'revoked'", TillRevoked), ("frozen_at = now()", TillFrozen)],
    )
    def test_is_not_for_a_till_that_sells_nothing(
        self, desk: Desk, change: str, refusal: type[Exception]
    ) -> None:
        desk.shop.tx.execute(f"UPDATE till SET {change}".encode())

        with pytest.raises(refusal):
            desk.open()

    def test_comes_first_where_the_house_says_so(self, desk: Desk) -> None:
        desk.shop.tx.execute("UPDATE rule SET value = 'counted' WHERE name = 'drawer_opening'")

        (refused,) = desk.shop.sell([an_order(desk.till_id, desk.person)])
        assert isinstance(refused, DrawerNotOpen)
        desk.open()
        assert desk.sell().ticket_no == 1


class TestExpected:
    def test_change_given_counted_as_cash(self, desk: Desk) -> None:
        # erpnext#23125
        session = desk.open({"2000": 2})
        desk.sell(2, tendered_cents=2000)

        counted = desk.close(session, 4000 + 500)

        assert (counted.expected_cents, counted.gap_cents, counted.state) == (4500, 0, "closed")

    def test_holds_the_float_the_sales_and_the_movements(self, desk: Desk) -> None:
        session = desk.open({"1000": 1})
        desk.sell(3)
        desk.move(session, "in", 200, "monnaie")
        desk.move(session, "out", 300, "timbres")

        read = desk.read(session)

        assert read.expected_cents == 1000 + 750 + 200 - 300
        assert read.cash_sales_cents == 750
        assert [(each.amount_cents, each.reason) for each in read.movements] == [
            (200, "monnaie"),
            (-300, "timbres"),
        ]
        assert desk.events()[-2:] == ["drawer_moved", "drawer_moved"]

    def test_is_hidden_from_the_cashier_until_the_count(self, desk: Desk) -> None:
        session = desk.open()
        desk.sell()

        blind = desk.read(session, is_supervisor=False)
        assert (blind.expected_cents, blind.cash_sales_cents) == (None, None)
        desk.close(session, 5250)
        assert desk.read(session, is_supervisor=False).expected_cents == 5250

    def test_money_booked_on_the_wrong_till(self, shop: Shop) -> None:
        # stustapay#606: the session says which till; a line of another till is not let in.
        here, there = a_desk(shop), a_desk(shop)
        session, other = here.open({"1000": 1}), there.open({"1000": 1})
        there.sell(2)

        assert here.read(session).expected_cents == 1000
        assert there.read(other).expected_cents == 1500
        with pytest.raises(psycopg.errors.ForeignKeyViolation, match="its_session"):
            shop.tx.execute(
                "INSERT INTO cash_line (till_id, site_code, business_date, recorded_at, kind,"
                " amount_cents, drawer_session_id, reason)"
                " VALUES (%s, 'saint-denis', '2026-11-21', now(), 'in', 100, %s, 'x')",
                (here.till_id, other),
            )


class TestCount:
    def test_closes_a_session_that_a_sale_opened(self, desk: Desk) -> None:
        desk.sell()
        session = desk.session()

        assert desk.close(session, 250).state == "closed"
        assert desk.session() is None
        assert desk.sell().ticket_no == 2
        assert desk.session() != session

    @pytest.mark.parametrize("gap", [-50, 0, 500])
    def test_difference_never_posted(self, desk: Desk, gap: int) -> None:
        # erpnext#43392: difference never posted.
        session = desk.open()
        desk.sell()
        counted = desk.close(session, 5250 + gap)

        assert (counted.state, counted.gap_cents, counted.closing_no) == ("closed", gap, 1)
        (told,) = desk.told("recharges.drawer.closed.v1")
        assert told["gap_cents"] == gap
        assert told["counted_cents"] - told["expected_cents"] == gap
        shown = drawers.show_drawers(desk.shop.tx, api.DrawersOf(site_code="saint-denis"))
        assert [each.gap_cents for each in shown] == [gap]
        assert "drawer_counted" in desk.events()

    def test_is_not_changed_once_given(self, desk: Desk) -> None:
        session = desk.open()
        desk.close(session, 1)

        with pytest.raises(DrawerCountedAlready):
            desk.close(session, 5000)
        with pytest.raises(psycopg.errors.CheckViolation, match="stay as they were given"):
            desk.shop.tx.execute("UPDATE drawer_session SET counted_cents = 2, gap_cents = -4998")

    @pytest.mark.parametrize("gap", [-501, 501])
    def test_asks_for_a_second_person_when_the_gap_is_large(self, desk: Desk, gap: int) -> None:
        session = desk.open()

        counted = desk.close(session, 5000 + gap)

        assert (counted.state, counted.waits_for) == ("counted", "approval")
        assert desk.told("recharges.drawer.closed.v1") == []
        assert desk.closings() == []
        (refused,) = desk.shop.sell([an_order(desk.till_id, desk.person)])
        assert isinstance(refused, DrawerAwaitsApproval)
        with pytest.raises(DrawerAwaitsApproval):
            desk.move(session, "in", -gap if gap < 0 else 1, "pour que ça tombe juste")

    def test_is_approved_by_another_person_than_the_one_who_counted(self, desk: Desk) -> None:
        session = desk.open()
        desk.close(session, 1)

        with pytest.raises(ApprovalByTheCounter):
            desk.approve(session, by=CASHIER)
        approved = desk.approve(session, by=MANAGER)

        assert (approved.state, approved.gap_cents, approved.closing_no) == ("closed", -4999, 1)
        (shown,) = drawers.show_drawers(desk.shop.tx, api.DrawersOf(site_code="saint-denis"))
        assert (shown.approved_by, shown.reason) == (MANAGER, "billet égaré")
        with pytest.raises(ApprovalNotAwaited):
            desk.approve(session)

    def test_follows_the_rule_of_the_day(self, desk: Desk) -> None:
        desk.shop.tx.execute("UPDATE rule SET value = '0' WHERE name = 'gap_alone_max_cents'")

        assert desk.close(desk.open(), 5001).state == "counted"

    def test_of_yesterday_comes_before_the_sales_of_today(self, desk: Desk) -> None:
        session = desk.open()
        desk.sell()
        morning = desk.at(NOON + DAY)
        order = an_order(desk.till_id, desk.person, ordered_at=morning.now)

        assert isinstance(desk.shop.sell([order])[0], DrawerOfAnotherDay)
        assert morning.close(session, 5250).state == "closed"
        assert morning.sell().ticket_no == 2


class TestPieces:
    @pytest.mark.parametrize(
        "counted", [{"3": 1}, {"02000": 1}, {"2000": -1}, {"2000": 1.5}, {"20,00": 1}]
    )
    def test_are_coins_and_notes_of_the_euro(self, counted: dict[str, float]) -> None:
        with pytest.raises(ValueError, match="counted"):
            api.CloseDrawer.model_validate({"counted": counted})


class TestList:
    def test_goes_on_behind_the_last_session_seen(self, desk: Desk) -> None:
        for day in range(3):
            then = desk.at(NOON + day * DAY)
            then.close(then.open(), 5000)

        first = drawers.show_drawers(desk.shop.tx, api.DrawersOf(site_code="saint-denis", limit=2))
        rest = drawers.show_drawers(
            desk.shop.tx,
            api.DrawersOf(site_code="saint-denis", after=first[1].drawer_session_id),
        )
        one_day = drawers.show_drawers(
            desk.shop.tx,
            api.DrawersOf.model_validate(
                {"site_code": "saint-denis", "from": "2026-11-22", "until": "2026-11-23"}
            ),
        )

        assert [each.business_date.day for each in first] == [21, 22, 23]
        assert [each.business_date.day for each in rest] == [23]
        assert [each.business_date.day for each in one_day] == [22]
