"""Sales while the database cuts connections: what a till saw acknowledged is stored, once."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.fix_stack import FreshSchema, Schema
from tests.recharges.door import Door, an_order, committed, open_door

_CUT = """
SELECT count(pg_terminate_backend(pid, 5000))
  FROM pg_stat_activity
 WHERE datname = %s
   AND application_name = 'relais-recharges'
"""
TILLS, SALES = 6, 25


@pytest.fixture
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("recharges")


@pytest.fixture
def door(schema: Schema) -> Iterator[Door]:
    with open_door(schema) as door:
        yield door


def cut(schema: Schema) -> int:
    """End every connection that the service has at this moment; say how many there were."""
    with psycopg.connect(schema.admin_url, autocommit=True) as admin:
        row = admin.execute(_CUT, (schema.url.rpartition("/")[2],)).fetchone()
    assert row is not None
    ended: int = row[0]
    return ended


class TestCutConnections:
    def test_lose_and_double_no_sale(self, door: Door, schema: Schema) -> None:
        with committed(schema) as shop:
            tills = [shop.enrol_till() for _ in range(TILLS)]
            people = [shop.entitle(cap_cents=1_000_000) for _ in range(TILLS)]
            shop.stock_up(TILLS * SALES)
        seen: list[Counter[int]] = [Counter() for _ in range(TILLS)]
        acknowledged: dict[str, bytes] = {}
        over = threading.Event()

        def work(number: int) -> None:
            for _ in range(SALES):
                key, body = str(uuid4()), an_order(tills[number], people[number])
                answer: httpx.Response | None = None
                while answer is None or answer.status_code == 503:
                    answer = door.sell(body, key=key)
                    seen[number][answer.status_code] += 1
                acknowledged[key] = answer.content

        def cut_again_and_again() -> int:
            ended = 0
            while not over.wait(0.2):
                ended += cut(schema)
            return ended

        with ThreadPoolExecutor(TILLS + 1) as crowd:
            ended = crowd.submit(cut_again_and_again)
            try:
                for _ in crowd.map(work, range(TILLS)):
                    pass
            finally:
                over.set()
        statuses = sum(seen, Counter())

        assert ended.result() > 0
        assert set(statuses) <= {201, 503}
        assert statuses[201] == len(acknowledged) == TILLS * SALES
        with committed(schema) as shop:
            stored = {row["key"] for row in shop.all("SELECT key FROM sale")}
            assert stored == set(acknowledged)
            assert shop.one("SELECT count(*) FROM sale_voucher") == TILLS * SALES
            assert shop.one("SELECT state FROM lot") == "sold_out"

    def test_that_were_idle_are_not_noticed_by_the_next_till(
        self, door: Door, schema: Schema
    ) -> None:
        with committed(schema) as shop:
            till, person = shop.enrol_till(), shop.entitle(cap_cents=10_000)
            shop.stock_up(10)
        assert door.sell(an_order(till, person)).status_code == 201
        for _ in range(5):
            assert cut(schema) > 0
            assert door.sell(an_order(till, person)).status_code == 201
            assert cut(schema) > 0
            assert door.get("/v1/offers").status_code == 200


class TestDatabaseAway:
    def test_is_a_problem_that_says_to_try_again(self, door: Door, schema: Schema) -> None:
        with committed(schema) as shop:
            till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(1)
        server, _, name = schema.admin_url.rpartition("/")
        body, key = an_order(till, person), str(uuid4())
        with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            admin.execute(_CUT, (name,))

            with ThreadPoolExecutor(6) as people:
                answers = list(people.map(lambda _: door.sell(body, key=key), range(6)))
            ready = door.client.get("/readyz")
            alive = door.client.get("/healthz")
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())

        assert {answer.status_code for answer in answers} == {503}
        for answer in answers:
            assert answer.json()["code"] == "relais.unavailable"
            assert answer.json()["detail"].startswith("Le service est occupé ou redémarre.")
            assert answer.headers["Retry-After"] == "1"
        assert (ready.status_code, alive.status_code) == (503, 200)
        again = [door.sell(body, key=key) for _ in range(3)]
        assert again[-1].status_code == 201
        assert door.count("sale") == 1
