"""Offline tills against real processes: uploads at once, cut by kill -9, while a lease ends."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from chassis import idempotency
from tests.fix_service import bearer, running
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.build import SITE
from tests.recharges.device import Device, Sale
from tests.recharges.door import CARDS_AWAY, SELLER, Door, an_order, committed, open_door
from tests.recharges.shop import JOURNAL_KEYS, PIN_KEYS
from tests.recharges.test_races import insist

MANAGER = bearer("site_manager", SITE)
#: Where a process is killed, counted from the moment its upload is sent.
KILLED_AFTER_S = (0.01, 0.04, 0.08, 0.12, 0.18, 0.25)


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    made = fresh_schema("recharges")
    with committed(made) as shop:
        shop.stock_up(1_000)
        shop.tx.execute("UPDATE rule SET value = '400' WHERE name = 'lease_vouchers_max'")
    return made


@pytest.fixture(scope="module")
def doors(schema: Schema) -> Iterator[Sequence[Door]]:
    with ExitStack() as opened:
        yield [opened.enter_context(open_door(schema)) for _ in range(2)]


class Till:
    """A till's device that speaks to the door with its own token."""

    def __init__(self, schema: Schema) -> None:
        self.schema, self.device_id = schema, uuid4()
        with committed(schema) as shop:
            self.till_id = shop.enrol_till(device_id=self.device_id)
        self.device = Device(till_id=str(self.till_id))
        self.token = bearer("till_device", SITE, user_id=self.device_id)

    def post(
        self, client: httpx.Client, path: str, body: Any, *, key: str | None = None
    ) -> httpx.Response:
        headers = self.token | {"Idempotency-Key": key or str(uuid4())}
        return client.post(path, content=json.dumps(body), headers=headers)

    def take(self, client: httpx.Client, quantity: int, *people: UUID, key: str = "") -> Any:
        path = f"/v1/tills/{self.till_id}/leases"
        body = {
            "offer_code": "sfr-15",
            "quantity": quantity,
            "people": [str(person) for person in people],
        }
        answer = self.post(client, path, body, key=key or str(uuid4()))
        assert answer.status_code == 201, answer.text
        return answer.json()

    def sell(self, lease_id: str, person: UUID, count: int) -> list[Sale]:
        began = datetime.now(UTC)
        return [
            self.device.sell(lease_id, str(person), at=began + timedelta(seconds=number))[0]
            for number in range(count)
        ]

    def upload(
        self, client: httpx.Client, lines: Sequence[Sale], *, key: str | None = None
    ) -> list[dict[str, Any]]:
        path = f"/v1/tills/{self.till_id}/offline-sales"
        answer = insist(lambda: self.post(client, path, list(lines), key=key))
        assert answer.status_code == 200, answer.text
        outcomes: list[dict[str, Any]] = answer.json()
        return outcomes

    def holds(self, count: int) -> None:
        """So many sales, each with its ticket, cash, fact and voucher, once; and no more."""
        with committed(self.schema) as shop:
            of_till = "WHERE till_id = %s"
            tickets = f"journal {of_till} AND kind = 'ticket'"
            tables = [f"{table} {of_till}" for table in ("sale", "cash_line", "offline_ticket")]
            for kept in (*tables, tickets):
                assert shop.one(f"SELECT count(*) FROM {kept}", self.till_id) == count, kept
            told = "SELECT count(*) FROM outbox WHERE data->>'till_id' = %s AND type LIKE %s"
            assert shop.one(told, str(self.till_id), "%sale.completed%") == count
            vouchers = f"SELECT count(*) FROM sale_voucher JOIN sale USING (sale_id) {of_till}"
            assert shop.one(vouchers, self.till_id) == count
            assert shop.one(f"SELECT sum(sold)::int FROM lease {of_till}", self.till_id) == count
            gap_free = f"SELECT max(sequence) FROM offline_ticket {of_till}"
            assert shop.one(gap_free, self.till_id) == count


def outcomes_of(answers: Sequence[dict[str, Any]]) -> Counter[str]:
    return Counter(each["outcome"] for each in answers)


class TestLease:
    def test_is_answered_alike_under_one_key_and_its_key_is_kept_nowhere(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till = Till(schema)
        with committed(schema) as shop:
            person = shop.entitle()

        first = till.take(doors[0].client, 3, person, key="lease-lost-answer")
        again = till.take(doors[1].client, 3, person, key="lease-lost-answer")

        assert again == first
        lease_id = till.device.take(first)
        pins = [till.device.open(lease_id, each) for each in first["vouchers"]]
        with committed(schema) as shop:
            assert shop.one("SELECT count(*) FROM lease WHERE till_id = %s", till.till_id) == 1
            kept = shop.one(
                "SELECT answer::text FROM command_answer WHERE key = 'lease-lost-answer'"
            )
        assert first["vouchers"][0]["box"] in kept
        for secret in (first["key"], *pins):
            assert secret not in kept

    def test_asked_for_one_person_at_eight_tills_at_once_sets_aside_one_cap(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        tills = [Till(schema) for _ in range(8)]
        with committed(schema) as shop:
            person = shop.entitle(cap_cents=1000)

        def take(number: int) -> httpx.Response:
            path = f"/v1/tills/{tills[number].till_id}/leases"
            body = {"offer_code": "sfr-15", "quantity": 1, "people": [str(person)]}
            body |= {"allowance_cents": 300}
            client = doors[number % 2].client
            return insist(lambda: tills[number].post(client, path, body))

        with ThreadPoolExecutor(8) as at_once:
            answers = list(at_once.map(take, range(8)))

        assert {each.status_code for each in answers} == {201}
        allowed = [each.json()["allowances"][0]["allowed_cents"] for each in answers]
        assert sorted(allowed) == [0, 0, 0, 0, 100, 300, 300, 300]

    def test_of_a_device_of_another_till_is_refused(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till, other = Till(schema), Till(schema)
        till.token = other.token

        path = f"/v1/tills/{till.till_id}/leases"
        answer = till.post(doors[0].client, path, {"offer_code": "sfr-15", "quantity": 1})

        assert answer.status_code == 403
        assert answer.json()["code"] == "recharges.till.other_device"

    def test_is_not_answered_again_to_who_could_not_take_it_any_more(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till, client, key = Till(schema), doors[0].client, f"lease-{uuid4()}"
        path, body = f"/v1/tills/{till.till_id}/leases", {"offer_code": "sfr-15", "quantity": 1}

        def again() -> tuple[int, str | None]:
            answer = till.post(client, path, body, key=key)
            assert answer.status_code == 201 or "key" not in answer.json()
            return answer.status_code, answer.json().get("code")

        assert again() == (201, None)
        assert again() == (201, None)
        changes = {
            "frozen_at = now(), frozen_why = 'a test'": (409, "recharges.till.frozen"),
            "frozen_at = NULL, frozen_why = NULL, state = 'revoked'": (
                409,
                "recharges.till.revoked",
            ),
            "state = 'active', device_id = gen_random_uuid()": (
                403,
                "recharges.till.other_device",
            ),
        }
        for change, refused in changes.items():
            with committed(schema) as shop:
                of_till = {"till_id": till.till_id}
                shop.tx.execute(f"UPDATE till SET {change} WHERE till_id = %(till_id)s", of_till)
            assert again() == refused

    def test_that_has_ended_is_not_answered_again(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till, client, key = Till(schema), doors[0].client, f"lease-{uuid4()}"
        lease_id = till.device.take(till.take(client, 1, key=key))
        till.post(client, f"/v1/leases/{lease_id}/return", {"chain": till.device.chain})

        path, body = f"/v1/tills/{till.till_id}/leases", {"offer_code": "sfr-15", "quantity": 1}
        answer = till.post(client, path, body | {"people": []}, key=key)

        assert answer.status_code == 409
        assert answer.json()["code"] == "recharges.lease.ended"


class TestUpload:
    def test_keeps_each_sale_under_a_key_that_no_request_can_carry(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till, other = Till(schema), Till(schema)
        with committed(schema) as shop:
            person, buyer = shop.entitle(), shop.entitle()
        guessed = [f"offline{sign}{till.device_id}{sign}1" for sign in (":", " ", "")]
        sold = [
            doors[0].sell(an_order(other.till_id, buyer), key=key).status_code for key in guessed
        ]
        assert 201 in sold  # a key like any other
        lease_id = till.device.take(till.take(doors[0].client, 1, person))

        assert outcomes_of(till.upload(doors[0].client, till.sell(lease_id, person, 1))) == {
            "accepted": 1
        }
        with committed(schema) as shop:
            key = shop.one("SELECT key FROM sale WHERE till_id = %s", till.till_id)
        with pytest.raises(idempotency.KeyMissing):
            idempotency.key_from(key)

    def test_of_nothing_is_refused_to_another_device(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till, client = Till(schema), doors[0].client
        till.token = Till(schema).token

        answer = till.post(client, f"/v1/tills/{till.till_id}/offline-sales", [])

        assert answer.status_code == 403

    def test_of_two_hundred_sales_is_one_transaction_of_few_statements(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till = Till(schema)
        with committed(schema) as shop:
            person = shop.entitle(cap_cents=100_000)
        lease_id = till.device.take(till.take(doors[0].client, 200, person))
        lines = till.sell(lease_id, person, 200)

        began = time.monotonic()
        outcomes = till.upload(doors[0].client, lines)
        took_s = time.monotonic() - began

        assert outcomes_of(outcomes) == {"accepted": 200}
        assert [each["ticket_no"] for each in outcomes] == list(range(1, 201))
        till.holds(200)
        assert took_s < 5  # 200 transactions would take longer on a busy machine

    def test_of_the_same_lines_from_two_threads_in_parts_is_taken_once(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till = Till(schema)
        with committed(schema) as shop:
            person = shop.entitle(cap_cents=100_000)
        lease_id = till.device.take(till.take(doors[0].client, 40, person))
        lines = till.sell(lease_id, person, 40)

        def send(door: Door, step: int) -> list[dict[str, Any]]:
            return [
                outcome
                for end in range(step, len(lines) + step, step)
                for outcome in till.upload(door.client, lines[:end])
            ]

        with ThreadPoolExecutor(2) as both:
            answers = list(both.map(send, doors, (7, 5)))

        counted = outcomes_of([each for answer in answers for each in answer])
        assert counted["accepted"] == 40
        assert counted["refused"] == 0
        till.holds(40)

    def test_with_one_key_twice_is_answered_alike(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till = Till(schema)
        with committed(schema) as shop:
            person = shop.entitle()
        lease_id = till.device.take(till.take(doors[0].client, 3, person))
        lines = till.sell(lease_id, person, 3)

        first, again = (
            till.upload(door.client, lines, key=f"same-{till.till_id}") for door in doors
        )

        assert first == again
        till.holds(3)

    def test_cut_short_by_kill_9_is_taken_once_when_it_is_sent_again(self, schema: Schema) -> None:
        till = Till(schema)
        random = Random(4)
        secrets = {"RELAIS_PIN_KEYS": PIN_KEYS, "RELAIS_JOURNAL_KEYS": JOURNAL_KEYS, **CARDS_AWAY}
        with committed(schema) as shop:
            person = shop.entitle(cap_cents=100_000)
        lines: list[Sale] = []
        cut = 0
        for kill_after_s in KILLED_AFTER_S:
            with running("recharges", schema=schema, **secrets) as (client, process):
                if not lines:
                    lease_id = till.device.take(till.take(client, 200, person))
                    lines = till.sell(lease_id, person, 200)
                with ThreadPoolExecutor(1) as sending:
                    sent = sending.submit(self.try_all, till, client, lines, random)
                    time.sleep(kill_after_s)
                    process.kill()
                    cut += sent.result()
        assert cut >= 3
        with open_door(schema) as door:
            outcomes = till.upload(door.client, lines)

        assert outcomes_of(outcomes)["refused"] == 0
        till.holds(200)

    def try_all(
        self, till: Till, client: httpx.Client, lines: Sequence[Sale], random: Random
    ) -> bool:
        """Send everything in parts; say whether the process was gone before the end."""
        path = f"/v1/tills/{till.till_id}/offline-sales"
        end = 0
        try:
            while end < len(lines):
                end += random.randrange(1, 30)
                till.post(client, path, lines[:end])
        except httpx.TransportError:
            return True
        return False


class TestBadUpload:
    @pytest.mark.parametrize(
        "changed",
        [
            {"sequence": 0},
            {"sequence": "1"},
            {"sequence": 2**53},
            {"hash": ""},
            {"hash": "A" * 64},
            {"previous_hash": "zz"},
            {"sold_at": "2026-02-30T09:00:00Z"},
            {"sold_at": "9999-12-31T23:59:59Z"},
            {"sold_at": "2026-11-22T09:00:00+01:00"},
            {"sold_at": "2026-11-22T09:00:00"},
            {"lines": []},
            {"total_cents": -1},
            {"tendered_cents": 10**12},
            {"person_ref": "somebody"},
            {"pin": "12345678901234"},
        ],
    )
    def test_is_refused_as_a_whole_and_freezes_nothing(
        self, schema: Schema, doors: Sequence[Door], changed: dict[str, Any]
    ) -> None:
        till, client = Till(schema), doors[0].client
        lease_id = till.device.take(till.take(client, 1))
        (line,) = till.sell(lease_id, uuid4(), 1)
        path = f"/v1/tills/{till.till_id}/offline-sales"

        answer = till.post(client, path, [line | changed])

        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"]
        till.post(client, f"/v1/leases/{lease_id}/return", {"chain": {"sequence": 0, "hash": ""}})
        with committed(schema) as shop:
            frozen = "SELECT frozen_at IS NOT NULL FROM till WHERE till_id = %s"
            assert not shop.one(frozen, till.till_id)

    def test_of_two_hundred_and_one_lines_is_refused(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        till, client = Till(schema), doors[0].client
        lease_id = till.device.take(till.take(client, 1))
        (line,) = till.sell(lease_id, uuid4(), 1)

        path = f"/v1/tills/{till.till_id}/offline-sales"
        assert till.post(client, path, [line] * 201).status_code == 422
        assert till.post(client, path, {"sequence": 1}).status_code == 422
        assert till.post(client, path, []).json() == []


class TestReturn:
    def test_of_a_lease_while_an_upload_runs_loses_no_sale(
        self, schema: Schema, doors: Sequence[Door]
    ) -> None:
        with committed(schema) as shop:
            person = shop.entitle(cap_cents=100_000)
        used_before = 0
        for _ in range(6):
            till = Till(schema)
            lease_id = till.device.take(till.take(doors[0].client, 12, person))
            lines = till.sell(lease_id, person, 9)

            def give_back(till: Till = till, lease_id: str = lease_id) -> httpx.Response:
                body = {"chain": till.device.chain}
                while True:
                    answer = insist(
                        lambda: till.post(doors[1].client, f"/v1/leases/{lease_id}/return", body)
                    )
                    if answer.json().get("code") != "recharges.lease.sales_missing":
                        return answer

            with ThreadPoolExecutor(2) as both:
                returned = both.submit(give_back)
                sent = [
                    each
                    for part in range(0, 9, 3)
                    for each in till.upload(doors[0].client, lines[part : part + 3])
                ]

            assert outcomes_of(sent) == {"accepted": 9}
            shown = returned.result().json()
            assert (shown["state"], shown["sold"]) == ("returned", 9)
            till.holds(9)
            used_before += 9 * 250
            with committed(schema) as shop:
                leased = shop.one("SELECT count(*) FROM lot WHERE held_by = %s", UUID(lease_id))
                used = shop.one("SELECT used_cents FROM cap_month WHERE person_ref = %s", person)
            assert (leased, used) == (0, used_before)


class TestFrozenTill:
    def test_is_unfrozen_by_a_supervisor_alone(self, schema: Schema, doors: Sequence[Door]) -> None:
        till, client = Till(schema), doors[0].client
        with committed(schema) as shop:
            person = shop.entitle()
        lease_id = till.device.take(till.take(client, 3, person))
        lines = till.sell(lease_id, person, 2)
        assert outcomes_of(till.upload(client, lines[1:])) == {"refused": 1}
        path = f"/v1/tills/{till.till_id}/unfreeze"

        by_itself = till.post(client, path, {"reason": "please"})
        itself, till.token = till.token, SELLER
        by_seller = till.post(client, path, {"reason": "please"})
        till.token = MANAGER
        by_manager = till.post(client, path, {"reason": "line 1 was kept back"})
        again = till.post(client, path, {"reason": "once more"})
        till.token = itself

        answers = [by_itself, by_seller, by_manager, again]
        assert [each.status_code for each in answers] == [403, 403, 200, 409]
        assert outcomes_of(till.upload(client, lines)) == {"accepted": 2}

    def test_shows_its_leases(self, schema: Schema, doors: Sequence[Door]) -> None:
        till, client = Till(schema), doors[0].client
        lease_id = till.take(client, 3)["lease_id"]

        shown = client.get(f"/v1/tills/{till.till_id}/leases", headers=till.token).json()

        assert [(each["lease_id"], each["count"], each["sold"]) for each in shown] == [
            (lease_id, 3, 0)
        ]
