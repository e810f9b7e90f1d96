"""Sales while a till is closed, by real processes at once: each in exactly one window."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.recharges.domain.journal import Period
from tests.chassis.bus import eventually
from tests.fix_service import bearer
from tests.fix_stack import FreshSchema
from tests.recharges.build import SITE
from tests.recharges.desk import Desk, a_desk
from tests.recharges.door import Door, an_order, committed, open_door

MANAGER = bearer("site_manager", SITE)
SALES, CLOSINGS = 60, 12


@pytest.fixture(scope="module")
def doors(fresh_schema: FreshSchema) -> Iterator[list[Door]]:
    schema = fresh_schema("recharges")
    with ExitStack() as opened:
        yield [opened.enter_context(open_door(schema)) for _ in range(2)]


class TestUnsyncedSaleAtClosing:
    def test_a_sale_committed_while_the_till_is_closed_is_in_exactly_one_window(
        self, doors: list[Door]
    ) -> None:
        # odoo#203431
        with committed(doors[0].schema) as shop:
            till = shop.enrol_till()
            people = [shop.entitle() for _ in range(SALES)]
            shop.stock_up(SALES)

        def act(number: int) -> int:
            door = doors[number % 2]
            if number % 6 == 5:
                return close()
            answer = door.sell(an_order(till, people[number * 5 // 6]), key=str(uuid4()))
            assert answer.status_code == 201, answer.text
            return 1

        def close() -> int:
            """What the clock does, in a third process: nobody may ask for it while it sells."""
            with committed(doors[0].schema) as shop:
                desk = Desk(shop=shop, till_id=till, person=people[0], now=datetime.now(UTC))
                return len(desk.close_period(Period.DAY).closings)

        with ThreadPoolExecutor(16) as desks:
            list(desks.map(act, range(SALES + CLOSINGS)))

        assert close() == 1
        closings = doors[1].get(f"/v1/tills/{till}/closings", as_=MANAGER, period="day").json()
        assert len(closings) == CLOSINGS + 1
        covered = [
            ticket
            for each in closings
            for ticket in range(each["from_sequence"], each["until_sequence"])
        ]
        assert covered == [*range(1, SALES + 1)]
        assert sum(each["real_cents"] for each in closings) == SALES * 250
        assert closings[-1]["perpetual_real_cents"] == SALES * 250


class TestClock:
    def test_closes_the_day_of_a_drawer_left_open_overnight(
        self, fresh_schema: FreshSchema, amqp_url: str
    ) -> None:
        schema = fresh_schema("recharges")
        with committed(schema) as shop:
            desk = a_desk(shop, vouchers=2).at(datetime.now(UTC) - timedelta(days=1))
            desk.sell()

        with ExitStack() as opened:
            first, _ = [
                opened.enter_context(
                    open_door(schema, AMQP_URL=amqp_url, RELAIS_PARTS="http,consume")
                )
                for _ in range(2)
            ]
            eventually(lambda: first.count("closing WHERE period = 'day'") == 1, within_s=30.0)
            (closing,) = first.get(f"/v1/tills/{desk.till_id}/closings", as_=MANAGER).json()

        assert (closing["closed_by"], closing["ticket_count"]) == (None, 1)
