"""Equipment at its HTTP door: a real process, a real database, real tokens."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

import httpx

from kernel.period import add_months, business_date
from tests.equipment.build import (
    ELSEWHERE,
    HERE,
    Workshop,
    an_imei,
)
from tests.equipment.door import a_purchase, a_ready_device, connect, read, sales_of, send
from tests.fix_service import running
from tests.fix_stack import Schema


class TestLifeOfADevice:
    def test_goes_from_the_lot_to_its_buyer(self, door: httpx.Client) -> None:
        today = business_date(datetime.now(UTC))
        lot = send(
            door,
            "/lots",
            {
                "lot_code": f"LOT-{uuid4()}",
                "site_code": HERE,
                "donor": "Ateliers du Grand Pré SA",
                "convention": "CONV-2026-014",
                "received_on": today.isoformat(),
                "weight_grams": 190,
            },
        )
        assert lot.status_code == 201, lot.text
        device = send(
            door,
            "/devices",
            {
                "lot_id": lot.json()["lot_id"],
                "kind": "phone",
                "condition": "used",
                "brand": "Samsung",
                "model": "Galaxy A14",
                "imei": an_imei(),
            },
        )
        assert (device.status_code, device.json()["state"]) == (201, "received")
        path = f"/devices/{device.json()['device_id']}"

        early = send(door, f"{path}/sales", a_purchase())
        assert (early.status_code, early.json()["code"]) == (409, "equipment.device.not_wiped")
        assert early.json()["detail"] == (
            "Les données de cet appareil n’ont pas encore été effacées."
        )

        wiped = send(
            door,
            f"{path}/wipes",
            {
                "method": "purge",
                "tool": "factory reset",
                "passed": True,
                "certificate_no": "W-1",
                "performed_on": today.isoformat(),
            },
        )
        assert (wiped.status_code, wiped.json()["state"]) == (201, "wiped")
        lists = {each["kind"]: each["checks"] for each in read(door, "/checks").json()}
        tested = send(door, f"{path}/tests", {"checks": dict.fromkeys(lists["phone"], True)})
        assert (tested.status_code, tested.json()["passed"]) == (201, True)
        graded = send(door, f"{path}/grade", {"grade": "A"})
        assert graded.status_code == 200
        assert (graded.json()["price_cents"], graded.json()["label"]) == (6000, "reconditionné")

        sold = send(door, f"{path}/sales", a_purchase())
        assert sold.status_code == 201, sold.text
        assert sold.json()["change_cents"] == 4000
        assert sold.json()["guarantee"]["legal_until"] == add_months(today, 24).isoformat()
        assert read(door, f"/sales/{sold.json()['sale_id']}").json() == sold.json()

        repaired = send(
            door,
            f"{path}/repairs",
            {"opened_on": today.isoformat(), "closed_on": today.isoformat(), "fault": "Battery"},
        )
        assert repaired.json()["guarantee"]["legal_until"] == add_months(today, 30).isoformat()
        history = read(door, path).json()
        assert [step["state"] for step in history["history"]][-3:] == ["sold", "in_repair", "sold"]

    def test_shows_todays_prices(self, door: httpx.Client) -> None:
        prices = {
            (line["condition"], line["grade"]): line["price_cents"]
            for line in read(door, "/prices", role="mediator").json()
        }
        assert prices == {
            (condition, grade): cents
            for condition, cents in (("used", 6000), ("new", 10_000))
            for grade in "ABCD"
        }


class TestOneDevice:
    def test_is_sold_once_by_two_tills_at_once(self, door: httpx.Client, schema: Schema) -> None:
        for _ in range(5):
            device_id = a_ready_device(schema)
            with ThreadPoolExecutor(8) as tills:
                answers = list(
                    tills.map(
                        lambda _, path=f"/devices/{device_id}/sales": send(
                            door, path, a_purchase()
                        ),
                        range(8),
                    )
                )
            assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
            assert {answer.json()["code"] for answer in answers if answer.is_error} == {
                "equipment.device.already_sold"
            }
            assert sales_of(schema, device_id) == (1, 1)

    def test_is_sold_once_however_often_the_answer_is_asked_for(
        self, door: httpx.Client, schema: Schema
    ) -> None:
        device_id = a_ready_device(schema)
        path, key = f"/devices/{device_id}/sales", str(uuid4())
        with ThreadPoolExecutor(8) as retries:
            answers = list(retries.map(lambda _: send(door, path, a_purchase(), key=key), range(8)))
        assert {answer.status_code for answer in answers} == {201}
        assert all(answer.json() == answers[0].json() for answer in answers)
        assert sales_of(schema, device_id) == (1, 1)

        other = send(door, path, a_purchase(tendered_cents=9000), key=key)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency.key_reused")

    def test_is_received_once_by_two_sites_at_once(
        self, door: httpx.Client, schema: Schema
    ) -> None:
        with connect(schema) as tx:
            lot_id = Workshop(tx=tx).enter_lot()
        imei = an_imei()
        body = {
            "lot_id": str(lot_id),
            "kind": "phone",
            "condition": "used",
            "brand": "Samsung",
            "model": "Galaxy A14",
            "imei": imei,
        }
        with ThreadPoolExecutor(6) as sites:
            answers = list(
                sites.map(
                    lambda site_code: send(
                        door, "/devices", body | {"site_code": site_code}, site_code=site_code
                    ),
                    [HERE, ELSEWHERE] * 3,
                )
            )
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
        assert {answer.json()["code"] for answer in answers if answer.is_error} == {
            "equipment.device.known_already"
        }


class TestStop:
    def test_takes_a_moment_even_when_nothing_happens(self, schema: Schema) -> None:
        with running("equipment", schema=schema) as (_, process):
            time.sleep(2.0)  # idle: nothing but the signal itself wakes it
            process.terminate()
            assert process.wait(timeout=2.0) == 0
