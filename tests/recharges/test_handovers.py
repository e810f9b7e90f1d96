"""Handovers: from then on a drawer is its new holder's alone, and a supervisor's."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from kernel.refusal import Refusal
from services.recharges.domain.drawer import (
    DrawerHeldByAnother,
    HandoverNotYours,
    HandoverToTheHolder,
)
from tests.fix_service import bearer, keyed
from tests.fix_stack import FreshSchema
from tests.recharges.build import SITE
from tests.recharges.build import an_order as an_order_of
from tests.recharges.desk import CASHIER, COLLEAGUE, MANAGER, Desk, a_desk
from tests.recharges.door import Door, an_order, committed, open_door
from tests.recharges.shop import Shop

_SALES = 40
#: All that needs the drawer: by whom, and whether they are a supervisor.
Use = Callable[[Desk, UUID, bool], object]
USES: dict[str, Use] = {
    "sell": lambda desk, by, is_supervisor: _sell(desk, by=by, is_supervisor=is_supervisor),
    "move": lambda desk, by, is_supervisor: desk.move(
        desk.session(), "in", 100, "monnaie", by=by, is_supervisor=is_supervisor
    ),
    "close": lambda desk, by, is_supervisor: desk.close(
        desk.session(), 5000, by=by, is_supervisor=is_supervisor
    ),
}


def _sell(desk: Desk, *, by: UUID, is_supervisor: bool) -> None:
    order = an_order_of(desk.till_id, desk.person, seller_id=by, seller_supervises=is_supervisor)
    (outcome,) = desk.shop.sell([order])
    if isinstance(outcome, Refusal):
        raise outcome


@pytest.fixture
def desk(shop: Shop) -> Desk:
    return a_desk(shop)


@pytest.fixture(params=[*USES.values()], ids=[*USES])
def use(request: pytest.FixtureRequest) -> Use:
    chosen: Use = request.param
    return chosen


class TestHandover:
    def test_keeps_what_was_counted_beside_what_should_have_been(self, desk: Desk) -> None:
        session = desk.open()
        desk.sell()

        desk.hand_over(COLLEAGUE, by=MANAGER, is_supervisor=True, counted_cents=5200)

        assert desk.shop.all(
            "SELECT from_user, to_user, handed_by, counted_cents, expected_cents"
            " FROM drawer_handover"
        ) == [
            {
                "from_user": CASHIER,
                "to_user": COLLEAGUE,
                "handed_by": MANAGER,
                "counted_cents": 5200,
                "expected_cents": 5250,
            }
        ]
        assert desk.read(session).held_by == COLLEAGUE

    def test_is_for_who_holds_the_drawer_and_to_another(self, desk: Desk) -> None:
        desk.open()

        with pytest.raises(HandoverNotYours):
            desk.hand_over(MANAGER, by=COLLEAGUE)
        with pytest.raises(HandoverToTheHolder):
            desk.hand_over(CASHIER)
        desk.hand_over(COLLEAGUE)
        with pytest.raises(HandoverNotYours):
            desk.hand_over(MANAGER, by=CASHIER)


class TestDrawer:
    def test_is_for_all_of_the_staff_until_a_handover_names_a_holder(
        self, desk: Desk, use: Use
    ) -> None:
        desk.open()

        use(desk, COLLEAGUE, False)

    def test_is_for_its_new_holder_after_one(self, desk: Desk, use: Use) -> None:
        desk.open()
        desk.hand_over(COLLEAGUE)

        use(desk, COLLEAGUE, False)

    def test_is_for_a_supervisor_at_any_time(self, desk: Desk, use: Use) -> None:
        desk.open()
        desk.hand_over(COLLEAGUE)

        use(desk, MANAGER, True)

    @pytest.mark.parametrize("by", [CASHIER, MANAGER], ids=["former holder", "somebody else"])
    def test_is_for_nobody_else_after_one(self, desk: Desk, use: Use, by: UUID) -> None:
        desk.open()
        desk.hand_over(COLLEAGUE)

        with pytest.raises(DrawerHeldByAnother):
            use(desk, by, False)

    def test_goes_back_to_who_had_it_by_another_handover(self, desk: Desk) -> None:
        desk.open()
        desk.hand_over(COLLEAGUE)
        desk.hand_over(CASHIER, by=COLLEAGUE)

        _sell(desk, by=CASHIER, is_supervisor=False)
        with pytest.raises(DrawerHeldByAnother):
            _sell(desk, by=COLLEAGUE, is_supervisor=False)

    def test_of_the_next_session_is_for_all_of_the_staff_again(self, desk: Desk) -> None:
        session = desk.open()
        desk.hand_over(COLLEAGUE)
        desk.close(session, 5000, by=COLLEAGUE)

        _sell(desk, by=CASHIER, is_supervisor=False)

    def test_that_waits_for_an_approval_stays_its_holders(self, desk: Desk) -> None:
        session = desk.open()
        desk.hand_over(COLLEAGUE)
        desk.close(session, 1, by=COLLEAGUE)

        assert desk.till()["drawer_held_by"] == COLLEAGUE
        desk.approve(session)
        assert desk.till()["drawer_held_by"] is None


@dataclass(frozen=True, kw_only=True)
class Site:
    """A till with its open drawer, behind two processes, and three people with tokens."""

    doors: list[Door]
    till: UUID
    session: str
    colleague: UUID
    headers: dict[str, dict[str, str]]

    def post(self, path: str, body: Any, *, as_: str, door: int = 0) -> httpx.Response:
        return self.doors[door].client.post(path, json=body, headers=keyed(self.headers[as_]))

    def hand_over(self, *, as_: str = "cashier", door: int = 0) -> httpx.Response:
        body = {"to_user": str(self.colleague), "counted": {"2000": 1}}
        path = f"/v1/drawer-sessions/{self.session}/handovers"
        return self.post(path, body, as_=as_, door=door)

    def sell(self, person: UUID, *, as_: str, door: int = 0) -> httpx.Response:
        return self.doors[door].sell(an_order(self.till, person), as_=self.headers[as_])


@pytest.fixture(scope="module")
def doors(fresh_schema: FreshSchema) -> Iterator[list[Door]]:
    schema = fresh_schema("recharges")
    with ExitStack() as opened:
        yield [opened.enter_context(open_door(schema)) for _ in range(2)]


@pytest.fixture
def site(doors: list[Door]) -> Site:
    with committed(doors[0].schema) as shop:
        till = shop.enrol_till()
    people = {"cashier": uuid4(), "colleague": uuid4(), "stranger": uuid4()}
    headers = {
        name: bearer("till_operator", "antony" if name == "stranger" else SITE, user_id=user_id)
        for name, user_id in people.items()
    }
    headers |= {"manager": bearer("site_manager", SITE), "mediator": bearer("mediator", SITE)}
    opened = doors[0].client.post(
        f"/v1/tills/{till}/drawer-sessions",
        json={"float": {"2000": 1}},
        headers=keyed(headers["cashier"]),
    )
    return Site(
        doors=doors,
        till=till,
        session=opened.json()["drawer_session_id"],
        colleague=people["colleague"],
        headers=headers,
    )


class TestHandoverWhileSelling:
    def test_refuses_the_former_holder_in_french(self, site: Site) -> None:
        with committed(site.doors[0].schema) as shop:
            person = shop.entitle()
            shop.stock_up(2)
        assert site.hand_over().status_code == 201

        refused = site.sell(person, as_="cashier")
        closing = site.post(
            f"/v1/drawer-sessions/{site.session}/close", {"counted": {}}, as_="cashier"
        )

        for answer in (refused, closing):
            assert answer.status_code == 403, answer.text
            assert answer.json()["code"] == "recharges.drawer.held_by_another"
            assert "remis à quelqu'un d'autre" in answer.json()["detail"]
        assert site.sell(person, as_="colleague").status_code == 201
        assert site.sell(person, as_="manager").status_code == 201

    @pytest.mark.parametrize(
        ("as_", "status"), [("stranger", 403), ("mediator", 403), ("colleague", 409)]
    )
    def test_is_not_for_who_has_no_business_there(self, site: Site, as_: str, status: int) -> None:
        assert site.hand_over(as_=as_).status_code == status

    def test_lets_each_sale_come_before_it_or_be_refused(self, site: Site) -> None:
        with committed(site.doors[0].schema) as shop:
            people = [shop.entitle() for _ in range(_SALES)]
            shop.stock_up(_SALES)

        def act(number: int) -> httpx.Response:
            if number == _SALES // 2:
                return site.hand_over(door=1)
            return site.sell(people[number], as_="cashier", door=number % 2)

        with ThreadPoolExecutor(8) as crowd:
            answers = list(crowd.map(act, range(_SALES)))

        handed = answers.pop(_SALES // 2)
        assert handed.status_code == 201, handed.text
        refused = [each for each in answers if each.status_code != 201]
        assert {each.json()["code"] for each in refused} <= {"recharges.drawer.held_by_another"}
        with committed(site.doors[0].schema) as shop:
            (row,) = shop.all(
                "SELECT at, expected_cents FROM drawer_handover WHERE drawer_session_id = %s",
                UUID(site.session),
            )
            in_drawer = shop.one(
                "SELECT sum(amount_cents)::int FROM cash_line WHERE drawer_session_id = %s",
                UUID(site.session),
            )
        # What the handover counted is all that the former holder ever sold.
        assert row["expected_cents"] - 2000 == in_drawer
        assert in_drawer == 250 * (len(answers) - len(refused))
        assert refused
