"""Card sales through processes that are killed, and together with cash for the last vouchers."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.recharges.domain import journal
from tests.fix_service import free_port, running
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.cards import CardShop, a_card_order, books_hold, card_shop, told
from tests.recharges.door import SELLER, Door, an_order, committed, open_door
from tests.recharges.shop import JOURNAL_KEYS, PIN_KEYS
from tests.stripe.standin import StandIn, playing

TILLS, SALES = 4, 12
KILLS = 5


@pytest.fixture
def shop(fresh_schema: FreshSchema, tmp_path: Path) -> Iterator[CardShop]:
    with card_shop(fresh_schema("recharges"), tmp_path) as shop:
        yield shop
        books_hold(shop)


class TestLastVouchers:
    def test_of_ten_are_held_or_sold_ten_to_sixty_four_people_at_once(self, shop: CardShop) -> None:
        shop.stock_up(10)
        people = [shop.buyer() for _ in range(64)]

        def buy(number: int) -> httpx.Response:
            if number % 2:
                return shop.door.sell(an_order(shop.till, people[number]))
            asked: httpx.Response = shop.ask(people[number])
            return asked

        with ThreadPoolExecutor(64) as crowd:
            answers = list(crowd.map(buy, range(64)))

        statuses = Counter(answer.status_code for answer in answers)
        assert statuses[201] + statuses[202] == 10
        assert statuses[409] == 54
        assert shop.left() == 0
        asked = [answer.json() for answer in answers if answer.status_code == 202]
        with ThreadPoolExecutor(8) as crowd:
            list(crowd.map(shop.pay, asked))
        for each in asked:
            shop.wait_for(each, "completed")
        pins = [v["pin"] for a in answers if a.status_code == 201 for v in a.json()["vouchers"]]
        pins += [v["pin"] for each in asked for v in shop.reveal(each).json()["vouchers"]]
        assert len(set(pins)) == 10
        assert shop.one("SELECT count(*) FROM sale_voucher") == 10


class TestTwoProcesses:
    def test_hold_vouchers_once_for_one_key(self, shop: CardShop) -> None:
        shop.stock_up(8)
        person = shop.buyer()
        with open_door(shop.schema, **told(shop.stand_in)) as other:
            doors = (shop.door, other)
            for _ in range(4):
                key, body = str(uuid4()), a_card_order(shop.till, person)
                # So that each asks while the bank still answers the other.
                shop.stand_in.bad_day("slow", count=1, seconds=0.5)
                with ThreadPoolExecutor(8) as crowd:
                    answers = [
                        crowd.submit(doors[number % 2].sell, body, key=key) for number in range(8)
                    ]
                found = [each.result() for each in answers]
                assert {each.status_code for each in found} == {202}
                assert len({each.content for each in found}) == 1
                shop.pay(found[0].json())
                shop.wait_for(found[0].json(), "completed")
        intents = shop.stand_in.client().v1.payment_intents.list({"limit": 100}).data
        assert (len(intents), shop.left()) == (4, 4)


class Mortal:
    """A service that is killed without warning and started again at the same address."""

    def __init__(self, schema: Schema, stand_in: StandIn, *, port: int) -> None:
        self._schema = schema
        self._told = {
            "RELAIS_PIN_KEYS": PIN_KEYS,
            "RELAIS_JOURNAL_KEYS": JOURNAL_KEYS,
            "RELAIS_PARTS": "http,consume",
            "RELAIS_HTTP_PORT": str(port),
            **told(stand_in),
        }

    def live(self, over: threading.Event, *, deaths: int, after_s: float) -> int:
        """Live several times, the last time until it is over; say how often it died."""
        for death in range(deaths + 1):
            with running("recharges", schema=self._schema, **self._told) as (_, process):
                if over.wait(None if death == deaths else after_s):
                    return death
                process.kill()
                process.wait()
        raise AssertionError("it outlived the last of its lives")


class TestKill:
    def test_between_the_acts_loses_and_doubles_nothing(
        self, fresh_schema: FreshSchema, tmp_path: Path
    ) -> None:
        schema, port = fresh_schema("recharges"), free_port()
        hooks = f"http://127.0.0.1:{port}/api/recharges/v1/stripe/webhooks"
        with committed(schema) as rows:
            tills = [rows.enrol_till() for _ in range(TILLS)]
            people = [rows.entitle(cap_cents=1_000_000) for _ in range(TILLS)]
            rows.stock_up(TILLS * SALES)
        over = threading.Event()
        with (
            playing(tmp_path, webhook_url=hooks) as stand_in,
            httpx.Client(base_url=f"http://127.0.0.1:{port}/api/recharges", timeout=30) as client,
            ThreadPoolExecutor(TILLS + 1) as crowd,
        ):
            stand_in.bad_day("slow", path="/v1/*", count=10_000, seconds=0.3)
            mortal = Mortal(schema, stand_in, port=port)
            life = crowd.submit(mortal.live, over, deaths=KILLS, after_s=1.0)
            door = Door(client=client, schema=schema)
            shop = CardShop(door=door, stand_in=stand_in, schema=schema, till=tills[0])
            try:
                work = [
                    crowd.submit(sell_some, shop, tills[n], people[n], seed=n) for n in range(TILLS)
                ]
                revealed = [pin for each in work for pin in each.result()]
            finally:
                over.set()
            assert life.result() > 1
            self._see(shop, tills, revealed)

    def _see(self, shop: CardShop, tills: list[UUID], revealed: list[str]) -> None:
        assert len(set(revealed)) == len(revealed) == TILLS * SALES
        assert shop.one("SELECT count(*) FROM sale_voucher") == TILLS * SALES
        intents = shop.stand_in.client().v1.payment_intents.list({"limit": 100}).data
        paid = Counter(each.metadata["sale_id"] for each in intents if each.amount_received)
        by_card = shop.all("SELECT sale_id FROM sale WHERE tender = 'card'")
        assert paid == Counter(str(row["sale_id"]) for row in by_card)
        assert paid
        assert shop.one("SELECT count(*) FROM card_sale WHERE state <> 'paid'") == 0
        for till in tills:
            rows = shop.all(
                "SELECT sequence, record, previous_hash, hash FROM journal"
                " WHERE till_id = %s AND kind = 'ticket' ORDER BY sequence",
                till,
            )
            assert len(rows) == SALES
            assert journal.first_break([tuple(row.values()) for row in rows]) is None


def sell_some(shop: CardShop, till: UUID, person: UUID, *, seed: int) -> list[str]:
    """Sell by card and for cash as a till does: again with the same key until it is answered."""
    pins: list[str] = []
    for number in range(SALES):
        key = str(uuid4())
        if (number + seed) % 3 == 0:
            sold = insist(shop, "/v1/sales", an_order(till, person), key=key)
        else:
            asked = insist(shop, "/v1/sales", a_card_order(till, person), key=key)
            shop.pay(asked)
            while insist(shop, f"/v1/sales/{asked['sale_id']}")["state"] != "completed":
                time.sleep(0.1)
            sold = insist(shop, f"/v1/sales/{asked['sale_id']}/reveals", {}, key=f"r-{key}")
        pins += [voucher["pin"] for voucher in sold["vouchers"]]
    return pins


def insist(
    shop: CardShop, path: str, body: Any = None, *, key: str | None = None
) -> dict[str, Any]:
    until = time.monotonic() + 90
    while True:
        assert time.monotonic() < until, f"no answer at {path}"
        try:
            if key is None:
                answer = shop.door.client.get(path, headers=SELLER)
            else:
                headers = SELLER | {"Idempotency-Key": key}
                answer = shop.door.client.post(path, json=body, headers=headers)
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if answer.is_success:
            found: dict[str, Any] = answer.json()
            return found
        assert answer.status_code == 503, answer.text
        time.sleep(0.1)
