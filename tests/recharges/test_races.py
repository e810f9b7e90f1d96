"""Many tills at once, on one process and on two that share the database."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.recharges.domain import journal
from tests.fix_service import bearer
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.door import Door, an_order, committed, open_door

SITES = ("saint-denis", "paris-19", "antony")
EVERYWHERE = bearer("till_operator", *SITES)


@dataclass(frozen=True, kw_only=True)
class Network:
    """Three sites, two tills each, behind two processes."""

    doors: Sequence[Door]
    schema: Schema
    tills: dict[str, list[UUID]]


@pytest.fixture(scope="module")
def network(fresh_schema: FreshSchema) -> Iterator[Network]:
    schema = fresh_schema("recharges")
    with committed(schema) as shop:
        tills = {site: [shop.enrol_till(site_code=site) for _ in range(2)] for site in SITES}
    with ExitStack() as opened:
        doors = [opened.enter_context(open_door(schema)) for _ in range(2)]
        yield Network(doors=doors, schema=schema, tills=tills)


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def doors(request: pytest.FixtureRequest, network: Network) -> Sequence[Door]:
    return network.doors[: request.param]


@pytest.fixture(autouse=True)
def journals_hold(network: Network) -> Iterator[None]:
    """After every race: tickets are gap-free and chained, vouchers sold once, lots agree."""
    yield
    with committed(network.schema) as shop:
        for site_tills in network.tills.values():
            for till in site_tills:
                rows = shop.all(
                    "SELECT sequence, record, previous_hash, hash FROM journal"
                    " WHERE till_id = %s ORDER BY sequence",
                    till,
                )
                assert journal.first_break([tuple(row.values()) for row in rows]) is None
        sold = shop.one("SELECT count(*) FROM sale_voucher")
        assert sold == shop.one("SELECT coalesce(sum(next_position - first_position), 0) FROM lot")
        assert sold == shop.one("SELECT coalesce(sum(quantity), 0) FROM sale_line")
        sales = shop.one("SELECT count(*) FROM sale")
        for kept in ("cash_line", "journal", "outbox WHERE type LIKE '%%sale%%'"):
            assert sales == shop.one(f"SELECT count(*) FROM {kept}")


def at_once(count: int, ask: Callable[[int], httpx.Response]) -> list[httpx.Response]:
    with ThreadPoolExecutor(count) as people:
        return list(people.map(ask, range(count)))


def statuses(answers: Sequence[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def insist(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask as a till does: again, with the same key, while the service says to try again."""
    for _ in range(20):
        answer = ask()
        if answer.status_code != 503:
            break
    return answer


class TestLastVouchers:
    def test_of_ten_are_sold_ten_to_sixty_four_people_at_once(
        self, network: Network, doors: Sequence[Door]
    ) -> None:
        site = SITES[0]
        with committed(network.schema) as shop:
            lines = shop.stock_up(10, site_code=site)
            people = [shop.entitle() for _ in range(64)]

        def buy(number: int) -> httpx.Response:
            door, till = doors[number % len(doors)], network.tills[site][number % 2]
            key = str(uuid4())
            return insist(
                lambda: door.sell(an_order(till, people[number]), as_=EVERYWHERE, key=key)
            )

        answers = at_once(64, buy)

        assert statuses(answers) == {201: 10, 409: 54}
        refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
        assert refused == {"recharges.stock.no_voucher_left"}
        sold = [v for answer in answers for v in answer.json().get("vouchers", ())]
        assert sorted((v["serial"], v["pin"]) for v in sold) == sorted(
            (line["serial"], line["pin"]) for line in lines
        )


class TestMonthlyCap:
    def test_holds_for_one_person_at_three_sites_at_once(
        self, network: Network, doors: Sequence[Door]
    ) -> None:
        with committed(network.schema) as shop:
            person = shop.entitle(cap_cents=1749)  # six at 2.50 €, and one cent short of seven
            for site in SITES:
                shop.stock_up(10, site_code=site)

        def buy(number: int) -> httpx.Response:
            till = network.tills[SITES[number % 3]][number // 3 % 2]
            key = str(uuid4())
            return insist(
                lambda: doors[number % len(doors)].sell(
                    an_order(till, person), as_=EVERYWHERE, key=key
                )
            )

        answers = at_once(24, buy)

        assert statuses(answers) == {201: 6, 409: 18}
        left = [answer.json()["cap"]["left_cents"] for answer in answers if answer.is_success]
        assert sorted(left) == [249, 499, 749, 999, 1249, 1499]
        with committed(network.schema) as shop:
            used = shop.one("SELECT used_cents FROM cap_month WHERE person_ref = %s", person)
        assert used == 1500


class TestLostAnswer:
    def test_retried_a_hundred_times_at_once_is_one_sale(
        self, network: Network, doors: Sequence[Door]
    ) -> None:
        site, key = SITES[1], str(uuid4())
        with committed(network.schema) as shop:
            person = shop.entitle()
            shop.stock_up(4, site_code=site)
        body = an_order(network.tills[site][0], person, quantity=2)
        before = network.doors[0].count("sale"), network.doors[0].count("reveal")

        answers = at_once(
            100,
            lambda number: insist(
                lambda: doors[number % len(doors)].sell(body, as_=EVERYWHERE, key=key)
            ),
        )

        assert statuses(answers) == {201: 100}
        assert len({answer.content for answer in answers}) == 1
        after = network.doors[0].count("sale"), network.doors[0].count("reveal")
        assert after == (before[0] + 1, before[1] + 99)

    def test_of_one_key_for_many_tills_and_bodies_at_once_is_one_sale(
        self, network: Network, doors: Sequence[Door]
    ) -> None:
        # Nothing but the key itself makes these orders meet: other tills, people and vouchers.
        with committed(network.schema) as shop:
            people = {site: shop.entitle() for site in SITES}
            for site in SITES:
                shop.stock_up(30, site_code=site)
        for _ in range(6):
            key = str(uuid4())

            def buy(number: int, key: str = key) -> httpx.Response:
                site = SITES[number % 3]
                body: dict[str, Any] = an_order(network.tills[site][0], people[site])
                return insist(
                    lambda: doors[number % len(doors)].sell(body, as_=EVERYWHERE, key=key)
                )

            answers = at_once(12, buy)

            assert statuses(answers) == {201: 4, 409: 8}
            refused = {answer.json()["code"] for answer in answers if answer.status_code == 409}
            assert refused == {"idempotency.key_reused"}
            assert len({a.json()["sale_id"] for a in answers if a.is_success}) == 1
