"""The doors of the stock: who may do what, once, and what the other person then sees."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from tests.fix_network import eventually
from tests.fix_service import bearer, keyed
from tests.fix_stack import FreshSchema
from tests.recharges.build import SITE
from tests.recharges.door import SELLER, Door, committed, open_door
from tests.recharges.staff import LYON, last_batch, quarantine_deliveries
from tests.today import today

MANAGER = bearer("site_manager", SITE)
AWAY = bearer("till_operator", LYON)
SIZE = 5


@pytest.fixture(scope="module")
def door(fresh_schema: FreshSchema) -> Iterator[Door]:
    schema = fresh_schema("recharges")
    with committed(schema) as shop:
        shop.open_site(LYON)
    # Timers tick in processes that consume; the broker is away, which is not theirs to mind.
    with open_door(schema, RELAIS_PARTS="http,consume") as door:
        yield door


@pytest.fixture
def batch_id(door: Door) -> UUID:
    """A batch in quarantine."""
    with committed(door.schema) as shop:
        quarantine_deliveries(shop)
        shop.stock_up(SIZE)
        return last_batch(shop)


def post(
    door: Door, path: str, *, as_: dict[str, str] = MANAGER, key: str | None = None, **body: Any
) -> httpx.Response:
    return door.client.post(path, json=body, headers=keyed(as_, key=key))


def here(door: Door, site_code: str = SITE, as_: dict[str, str] = MANAGER) -> dict[str, Any]:
    shown = door.get("/v1/stock", as_=as_, site_code=site_code).json()
    return next((dict(each) for each in shown if each["offer_code"] == "sfr-15"), {})


class TestBatches:
    def test_wait_for_a_second_person_and_are_then_sold(self, door: Door, batch_id: UUID) -> None:
        listed = door.get("/v1/batches", as_=MANAGER, site_code=SITE, state="received").json()
        assert str(batch_id) in [each["batch_id"] for each in listed]
        before = here(door)["available"]

        refused = post(door, f"/v1/batches/{batch_id}/release", as_=SELLER)
        released = post(door, f"/v1/batches/{batch_id}/release", key="release-once")
        again = post(door, f"/v1/batches/{batch_id}/release", key="release-once")

        assert refused.status_code == 403
        assert released.json() == {
            "batch_id": str(batch_id),
            "state": "active",
            "vouchers": SIZE,
        }
        assert again.json() == released.json()
        assert here(door)["available"] == before + SIZE

    def test_are_frozen_with_a_reason_and_say_so_in_french(
        self, door: Door, batch_id: UUID
    ) -> None:
        path = f"/v1/batches/{batch_id}"
        assert post(door, f"{path}/freeze", reason="").status_code == 422
        assert post(door, f"{path}/freeze", reason="vol signalé").json()["state"] == "frozen"

        refused = post(door, f"{path}/release")

        assert (refused.status_code, refused.json()["code"]) == (
            409,
            "recharges.batch.state_refused",
        )
        assert refused.json()["detail"] == (
            "Ce lot est à l'état « gelé » : il ne peut pas passer à l'état « actif »."
        )
        account = door.get(f"/v1/stock/batches/{batch_id}", as_=MANAGER).json()
        assert account["conserved"] is True
        assert account["state"] == "frozen"
        assert post(door, f"{path}/unfreeze", reason="retrouvé").status_code == 200
        assert post(door, f"{path}/recall", reason="lot rappelé").json()["vouchers"] == SIZE

    def test_unknown_are_not_found(self, door: Door) -> None:
        missing = uuid4()
        assert door.get(f"/v1/stock/batches/{missing}", as_=MANAGER).status_code == 404
        assert post(door, f"/v1/batches/{missing}/release").status_code == 404
        assert post(door, f"/v1/transfers/{missing}/receive").status_code == 404


class TestTransfers:
    def test_go_from_hand_to_hand_with_a_shortage(self, door: Door, batch_id: UUID) -> None:
        post(door, f"/v1/batches/{batch_id}/release")
        sent = post(
            door,
            "/v1/transfers",
            from_site=SITE,
            to_site=LYON,
            lines=[{"offer_code": "sfr-15", "quantity": 3}],
        )
        assert sent.status_code == 201, sent.text
        path = f"/v1/transfers/{sent.json()['transfer_id']}"
        (line,) = door.get(path, as_=AWAY).json()["lines"]
        short = line["serials"][0]

        received = post(door, f"{path}/receive", as_=AWAY, missing_serials=[short])

        assert received.json() | {"transfer_id": ""} == {
            "transfer_id": "",
            "state": "received",
            "arrived": 2,
            "missing": 1,
            "shortage": [{"offer_code": "sfr-15", "missing": 1, "serials": [short]}],
        }
        assert here(door, LYON, AWAY)["available"] == 2
        assert here(door)["lost"] == 1
        listed = door.get("/v1/transfers", as_=AWAY, site_code=LYON, state="received").json()
        assert [each["missing"] for each in listed] == [1]
        assert post(door, f"{path}/cancel").json()["code"] == "recharges.transfer.ended"


class TestChanges:
    def test_are_made_by_serials_or_by_a_number(self, door: Door, batch_id: UUID) -> None:
        post(door, f"/v1/batches/{batch_id}/release")
        change: dict[str, Any] = {
            "site_code": SITE,
            "offer_code": "sfr-15",
            "change": "damaged",
            "reason": "eau",
        }

        both = post(door, "/v1/stock/changes", **change, count=1, serials=["1"])
        done = post(door, "/v1/stock/changes", **change, count=2)
        cashier = post(door, "/v1/stock/changes", as_=SELLER, **change, count=1)

        assert both.status_code == 422
        assert (done.status_code, done.json()) == (201, {"change": "damaged", "vouchers": 2})
        assert cashier.status_code == 403
        assert here(door)["damaged"] >= 2


class TestQueries:
    @pytest.mark.parametrize("path", ["/v1/stock", "/v1/stock/alerts", "/v1/batches"])
    def test_ask_for_a_site_where_the_caller_works(self, door: Door, path: str) -> None:
        assert door.get(path, as_=MANAGER).status_code == 422
        assert door.get(path, as_=MANAGER, site_code=SITE, other="1").status_code == 422
        assert door.get(path, as_=MANAGER, site_code=LYON).status_code == 403
        assert door.get(path, as_=MANAGER, site_code=SITE).status_code == 200


class TestTimers:
    def test_warn_once_and_show_every_state_to_those_who_measure(
        self, fresh_schema: FreshSchema
    ) -> None:
        schema = fresh_schema("recharges")
        with committed(schema) as shop:
            shop.stock_up(SIZE, use_by=str(today() + timedelta(days=20)))
        states = 'relais_vouchers{offer="sfr-15",site="saint-denis",state="%s"} %d.0'
        with open_door(schema, RELAIS_PARTS="http,consume") as door:
            eventually(lambda: door.count("stock_alert") == 1, within_s=30.0)
            (shown,) = door.get("/v1/stock/alerts", as_=MANAGER, site_code=SITE).json()
            wanted = (
                states % ("available", SIZE),
                states % ("refunded_by_operator", 0),
                'relais_stock_alerts{kind="use_by_30",site="saint-denis"} 1.0',
            )

            def page_says_all() -> bool:
                page = door.client.get("/metrics").text
                return all(line in page for line in wanted)

            eventually(page_says_all, within_s=30.0)
        assert (shown["kind"], shown["vouchers"]) == ("use_by_30", SIZE)
