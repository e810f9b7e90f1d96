"""What the pages of drawers, stock and closings say, and what they keep to themselves."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.auth import OtherSite
from chassis.http import Call
from chassis.web import Redirect, View, render
from services.recharges.handlers import archiving, steering
from services.recharges.handlers.archiving import NothingToArchive
from services.recharges.web.drawers import DrawerPages
from services.recharges.web.stock import SiteChosen, StockPages
from services.recharges.web.tills import ClosingsChosen, SteeredTillPages
from tests.recharges.build import NOON, SITE
from tests.recharges.desk import CASHIER, COLLEAGUE, MANAGER, Desk, a_desk
from tests.recharges.shop import Shop
from tests.recharges.staff import LYON, a_call

TOMORROW = NOON + timedelta(days=1)
#: A float of 50 euros, a sale of 2.50, 7 euros more: what must be in the drawer.
EXPECTED = "59.50"


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return a_desk(shop)


@pytest.fixture
def session(desk: Desk) -> UUID:
    session_id = desk.open()
    desk.sell(1)
    desk.move(session_id, "in", 700, "change from the safe")
    return session_id


def written(view: View | Redirect, *, call: Call) -> str:
    """Return the page as a browser gets it, in English."""
    assert isinstance(view, View), view
    return render.page(view.template, view.values, service="recharges", language="en", call=call)


def drawer_page(desk: Desk, *, call: Call) -> str:
    shown: Any = DrawerPages().show_drawer
    return written(shown(desk.shop.tx, call, desk.till_id), call=call)


def cashier(user_id: UUID = CASHIER, **more: Any) -> Call:
    return a_call("till_operator", user_id=user_id, **more)


class TestDrawerPage:
    def test_asks_for_the_float_where_no_drawer_is_open(self, desk: Desk) -> None:
        html = drawer_page(desk, call=cashier())

        assert "Open with this float" in html
        assert html.count('name="float.') == 15

    @pytest.mark.parametrize("role", ["till_operator", "site_manager"])
    def test_never_tells_what_must_be_in_it_before_the_count(
        self, desk: Desk, session: UUID, role: str
    ) -> None:
        html = drawer_page(desk, call=a_call(role))

        assert "€50.00" in html
        assert EXPECTED not in html
        assert "5950" not in html
        assert "Count and close" in html

    def test_says_that_yesterdays_has_to_be_closed_first(self, desk: Desk, session: UUID) -> None:
        html = drawer_page(desk, call=cashier(now=TOMORROW))

        assert "was not closed" in html
        assert "nothing can be sold at this till today before that is done" in html
        assert '<details class="sheet deed" name="deed" open>' in html

    def test_offers_nothing_to_whom_the_drawer_was_not_handed(
        self, desk: Desk, session: UUID
    ) -> None:
        desk.hand_over(COLLEAGUE)

        theirs, mine = (drawer_page(desk, call=cashier(who)) for who in (COLLEAGUE, CASHIER))

        assert "Count and close" in theirs
        assert "Count and close" not in mine
        assert "Hand over to a colleague" not in mine
        assert "handed to somebody else" in mine

    def test_gives_way_to_the_gap_once_it_is_counted(self, desk: Desk, session: UUID) -> None:
        desk.close(session, 4000)
        pages: Any = DrawerPages()

        led = pages.show_drawer(desk.shop.tx, cashier(), desk.till_id)
        assert led == Redirect(f"/caisse/tiroir/seances/{session}")
        mine, theirs = (
            written(pages.show_drawer_session(desk.shop.tx, call, session), call=call)
            for call in (cashier(), a_call(user_id=MANAGER))
        )

        assert "€19.50 missing" in mine
        assert EXPECTED in mine
        # who counted asks somebody else to sign in; who did not approves in their own name
        assert f'data-second="POST /api/recharges/v1/drawer-sessions/{session}/approval"' in mine
        assert f'data-api="POST /api/recharges/v1/drawer-sessions/{session}/approval"' in theirs

    def test_names_the_z_of_a_closed_one(self, desk: Desk, session: UUID) -> None:
        desk.close(session, 5950)
        call = cashier()
        shown: Any = DrawerPages().show_drawer_session

        html = written(shown(desk.shop.tx, call, session), call=call)

        assert "The Z, number 1" in html
        assert "Exact" in html

    def test_is_not_for_another_site(self, desk: Desk) -> None:
        with pytest.raises(OtherSite):
            drawer_page(desk, call=a_call("till_operator", LYON))


class TestGlance:
    """The parts that /pilotage loads."""

    def test_says_what_to_do_where_there_is_nothing_yet(self, shop: Shop) -> None:
        shop.open_site(LYON)
        call = a_call("site_manager", LYON)
        stock: Any = StockPages().show_stock_at_a_glance
        tills: Any = SteeredTillPages().show_tills_at_a_glance

        assert "once an operator's delivery has been imported" in written(
            stock(shop.tx, call), call=call
        ).replace("&#39;", "'")
        assert "once the first drawer has been counted" in written(tills(shop.tx, call), call=call)

    def test_tells_of_gaps_and_of_what_was_left_open(self, desk: Desk, session: UUID) -> None:
        desk.close(session, 5700)
        desk.open()

        (row,) = steering.gaps(desk.shop.tx, site_codes=[SITE], on=TOMORROW.date())

        assert (row["counted"], row["with_gap"], row["late"], row["open"]) == (1, 1, 1, 0)
        assert (row["gap_cents"], row["absolute_cents"]) == (-250, 250)

    def test_judges_how_long_the_stock_lasts(self, desk: Desk) -> None:
        desk.open()
        states = [self.cover(desk)["state"]]
        desk.sell(5)
        desk.shop.tx.execute("UPDATE supply_rule SET lead_time_days = 1")
        states.append(self.cover(desk)["state"])
        desk.shop.tx.execute("UPDATE supply_rule SET lead_time_days = 9999")
        states.append(self.cover(desk)["state"])

        assert states == ["unsold", "enough", "low"]

    @staticmethod
    def cover(desk: Desk) -> dict[str, Any]:
        (row,) = steering.cover(desk.shop.tx, site_codes=[SITE], on=NOON.date())
        return row


class TestSteering:
    def test_of_stock_shows_what_is_where_and_what_can_be_sent(self, desk: Desk) -> None:
        call = a_call()
        shown: Any = StockPages().show_stock_page

        html = written(shown(desk.shop.tx, call, SiteChosen()), call=call)

        assert "Where the recharges are" in html
        assert 'data-offer="sfr-15"' in html

    def test_of_closings_shows_perpetual_totals_and_archives(
        self, desk: Desk, session: UUID
    ) -> None:
        desk.close(session, 5950)
        call = a_call()
        shown: Any = SteeredTillPages().show_closings_page

        html = written(shown(desk.shop.tx, call, ClosingsChosen(till=desk.till_id)), call=call)

        assert "€2.50" in html
        assert f"/api/recharges/v1/tills/{desk.till_id}/archives/{NOON.year}" in html

    @pytest.mark.parametrize("year", [0, 1, 2001, NOON.year + 1, 99999])
    def test_gives_no_archive_of_a_year_without_sales(
        self, desk: Desk, session: UUID, year: int
    ) -> None:
        with pytest.raises(NothingToArchive):
            archiving.plan(desk.shop.tx, desk.till_id, year=year, pen=desk.pen())
