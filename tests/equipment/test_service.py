"""Equipment at its HTTP door: a real process, a real database, real tokens, and bad input."""

import base64
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from chassis.auth import ROLES, Caller, Signer, public_key_of
from kernel.period import add_months, business_date
from services.equipment import handlers
from services.equipment.domain.kind import Kind
from tests.equipment.build import (
    ELSEWHERE,
    HERE,
    PERSON,
    Workshop,
    a_call,
    a_caller,
    a_site,
    an_entitlement,
    an_imei,
)
from tests.fix_stack import FreshSchema, Schema

ROOT = Path(__file__).parents[2]
API = "/api/equipment/v1"
PRIVATE_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
STARTED_WITHIN_S = 30.0
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    schema = fresh_schema("equipment")
    with connect(schema) as tx:
        today = business_date(datetime.now(UTC))
        handlers.learn_sites(tx, [a_site(), a_site(ELSEWHERE)])
        handlers.learn_entitlements(
            tx,
            [an_entitlement(from_on=today - timedelta(days=1), until_on=add_months(today, 9))],
        )
    return schema


def connect(schema: Schema) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(
        schema.url, row_factory=dict_row, options="-c search_path=equipment,public"
    )


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[httpx.Client]:
    """The service's HTTP part, without broker and relay."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": schema.url,
        "AMQP_URL": "amqp://nobody:nothing@127.0.0.1:9/",
        "RELAIS_VERIFY_KEY": public_key_of(PRIVATE_KEY),
        "RELAIS_HTTP_PORT": str(port),
        "RELAIS_PARTS": "http",
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "services.equipment"], cwd=ROOT, env=environment
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0) as client:
            wait_until_it_answers(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_it_answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTED_WITHIN_S
    while True:
        assert process.poll() is None, "the service has ended"
        try:
            if client.get("/healthz").is_success:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until, "the service does not answer"
        time.sleep(0.1)


def token_of(role: str = "till_operator", *, site_code: str = HERE) -> dict[str, str]:
    caller = Caller(user_id=UUID(int=1), role=role, site_codes=frozenset({site_code}))
    token = Signer(PRIVATE_KEY).sign(
        caller, token_id=uuid4(), now=datetime.now(UTC), lifetime=timedelta(hours=1)
    )
    return {"Authorization": f"Bearer {token}"}


def send(
    door: httpx.Client,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    role: str = "till_operator",
    site_code: str = HERE,
    content: bytes | None = None,
) -> httpx.Response:
    headers = token_of(role, site_code=site_code) | {"Idempotency-Key": key or str(uuid4())}
    sent = {"content": content} if content is not None else {"json": body}
    return door.post(f"{API}{path}", headers=headers, **sent)


def read(door: httpx.Client, path: str, *, role: str = "till_operator") -> httpx.Response:
    return door.get(f"{API}{path}", headers=token_of(role))


def a_ready_device(schema: Schema, *, kind: Kind = Kind.LAPTOP) -> UUID:
    with connect(schema) as tx:
        now = datetime.now(UTC)
        shop = Workshop(tx=tx, call=a_call(a_caller(), now=now))
        device_id = shop.enter(kind=kind.value)
        shop.wipe(device_id, on=business_date(now))
        shop.test(device_id, kind=kind)
        shop.grade(device_id)
    return device_id


def a_purchase(**changes: Any) -> dict[str, Any]:
    return {
        "person_ref": str(PERSON),
        "site_code": HERE,
        "tendered_cents": 10_000,
        "tender": "cash",
    } | changes


@pytest.fixture(scope="module")
def ready(schema: Schema) -> UUID:
    """A device that is ready, and that no bad request changes."""
    return a_ready_device(schema)


def sales_of(schema: Schema, device_id: UUID) -> tuple[int, int]:
    with connect(schema) as tx:
        [row] = tx.execute(
            "SELECT (SELECT count(*) FROM sale WHERE device_id = %(id)s) AS sales,"
            "       (SELECT count(*) FROM outbox WHERE subject = %(id)s::text"
            "                                      AND type = 'equipment.device.sold.v1') AS told",
            {"id": device_id},
        ).fetchall()
    return row["sales"], row["told"]


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


class TestBadInput:
    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"person_ref": "somebody"}, 422, "relais.invalid"),
            ({"person_ref": NOBODY}, 409, "equipment.entitlement.unknown"),
            ({"tendered_cents": 5999}, 409, "equipment.sale.tendered_too_little"),
            ({"tendered_cents": -1}, 422, "relais.invalid"),
            ({"tendered_cents": 60.0}, 422, "relais.invalid"),
            ({"tendered_cents": "7000"}, 422, "relais.invalid"),
            ({"tendered_cents": True}, 422, "relais.invalid"),
            ({"tendered_cents": 10**30}, 422, "relais.invalid"),
            ({"tender": "card"}, 422, "relais.invalid"),
            ({"site_code": ELSEWHERE}, 403, "accounts.site.not_yours"),
            ({"site_code": "\u0000"}, 422, "relais.invalid"),
            ({"handover_on": "9999-12-31"}, 409, "equipment.sale.handover_too_far"),
            ({"handover_on": "2026-02-30"}, 422, "relais.invalid"),
            ({"handover_on": 0}, 422, "relais.invalid"),
            ({"price_cents": 1}, 422, "relais.invalid"),
        ],
        ids=str,
    )
    def test_sells_nothing(
        self,
        door: httpx.Client,
        schema: Schema,
        ready: UUID,
        changes: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        answer = send(door, f"/devices/{ready}/sales", a_purchase(**changes))

        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert sales_of(schema, ready) == (0, 0)

    @pytest.mark.parametrize(
        ("content", "status"),
        [(b"", 422), (b"{", 400), (b"[]", 422), (b"\xff", 400), (b" " * 1_000_001, 413)],
        ids=["empty", "cut", "list", "no text", "huge"],
    )
    def test_is_a_problem_document(
        self, door: httpx.Client, ready: UUID, content: bytes, status: int
    ) -> None:
        answer = send(door, f"/devices/{ready}/sales", content=content)
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("wipes", {"passed": "yes"}, 422, "relais.invalid"),
            ("wipes", {"method": "hammer"}, 422, "relais.invalid"),
            ("wipes", {"method": "destroy"}, 422, "equipment.wipe.storage_unnamed"),
            ("wipes", {"performed_on": "0001-01-01"}, 409, "equipment.device.on_the_shelf"),
            ("tests", {"checks": {}}, 422, "relais.invalid"),
            ("tests", {"checks": {"screen": 1}}, 422, "relais.invalid"),
            ("tests", {"checks": {"flux": True}}, 422, "equipment.test.checks_differ"),
            ("tests", {"performed_on": "0001-01-01"}, 409, "equipment.day.too_early"),
            ("tests", {"performed_on": "9999-12-31"}, 409, "equipment.day.in_future"),
            ("grade", {"grade": "A++"}, 422, "relais.invalid"),
            ("repairs", {}, 409, "equipment.device.on_the_shelf"),
            ("transfers", {}, 404, "relais.http"),
        ],
    )
    def test_changes_no_device(
        self,
        door: httpx.Client,
        ready: UUID,
        path: str,
        body: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        whole: dict[str, dict[str, Any]] = {
            "wipes": {
                "method": "purge",
                "tool": "nwipe",
                "passed": True,
                "performed_on": "2026-01-01",
            },
            "tests": {"checks": {"screen": True}},
            "grade": {},
            "repairs": {"opened_on": "2026-01-01", "fault": "No sound"},
            "transfers": {},
        }
        before = read(door, f"/devices/{ready}").json()

        answer = send(door, f"/devices/{ready}/{path}", whole[path] | body)

        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
        assert read(door, f"/devices/{ready}").json() == before

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"imei": "352099001761482"}, 422, "equipment.imei.invalid"),
            ({"imei": "12345"}, 422, "equipment.imei.invalid"),
            ({"imei": None}, 422, "equipment.device.identity"),
            ({"kind": "laptop"}, 422, "equipment.device.identity"),
            ({"kind": "toaster"}, 422, "relais.invalid"),
            ({"lot_id": NOBODY}, 404, "equipment.lot.unknown"),
            ({"site_code": ELSEWHERE}, 403, "accounts.site.not_yours"),
            ({"brand": " "}, 422, "relais.invalid"),
            ({"model": "x" * 121}, 422, "relais.invalid"),
        ],
        ids=str,
    )
    def test_enters_no_device(
        self,
        door: httpx.Client,
        schema: Schema,
        changes: dict[str, Any],
        status: int,
        code: str,
    ) -> None:
        with connect(schema) as tx:
            lot_id = Workshop(tx=tx).enter_lot()
        body = {
            "lot_id": str(lot_id),
            "kind": "phone",
            "condition": "used",
            "brand": "Samsung",
            "model": "Galaxy A14",
            "imei": an_imei(),
        }
        answer = send(door, "/devices", body | changes)
        assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text

    @pytest.mark.parametrize(
        ("query", "status"),
        [
            ("", 200),
            (f"?site_code={HERE}&state=ready&kind=laptop&limit=1", 200),
            ("?state=stolen", 422),
            ("?limit=0", 422),
            ("?limit=501", 422),
            ("?limit=many", 422),
            ("?after=first", 422),
            ("?colour=red", 422),
            (f"?site_code={ELSEWHERE}", 403),
            ("?site_code=%00", 422),
        ],
    )
    def test_lists_only_what_is_asked_well(
        self, door: httpx.Client, query: str, status: int
    ) -> None:
        assert read(door, f"/devices{query}").status_code == status

    def test_finds_nothing_under_an_unknown_name(self, door: httpx.Client) -> None:
        for path in (f"/devices/{NOBODY}", f"/sales/{NOBODY}"):
            assert read(door, path).status_code == 404
        for path in (f"/devices/{NOBODY}/sales", f"/repairs/{NOBODY}/close"):
            body = a_purchase() if path.endswith("sales") else {"closed_on": "2026-01-01"}
            answer = send(door, path, body)
            assert answer.status_code == 404
            assert answer.json()["code"].endswith(".unknown")

    def test_needs_a_key_and_a_token(self, door: httpx.Client, ready: UUID) -> None:
        path = f"{API}/devices/{ready}/sales"
        assert door.post(path, json=a_purchase()).status_code == 401
        keyless = door.post(path, json=a_purchase(), headers=token_of())
        assert (keyless.status_code, keyless.json()["code"]) == (422, "idempotency.key_missing")

    @pytest.mark.parametrize(
        ("path", "roles"),
        [
            ("sales", {"till_operator", "site_manager"}),
            ("wipes", {"till_operator", "site_manager", "admin"}),
            ("end-of-life", {"site_manager", "admin"}),
        ],
    )
    def test_is_refused_to_other_roles(
        self, door: httpx.Client, ready: UUID, path: str, roles: set[str]
    ) -> None:
        for role in ROLES:
            answer = send(door, f"/devices/{ready}/{path}", {}, role=role)
            assert answer.status_code == (422 if role in roles else 403), role

    def test_keeps_another_sites_operator_out(self, door: httpx.Client, ready: UUID) -> None:
        answer = send(
            door,
            f"/devices/{ready}/sales",
            a_purchase(site_code=ELSEWHERE),
            site_code=ELSEWHERE,
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "accounts.site.not_yours")

    def test_of_a_lot_is_refused(self, door: httpx.Client) -> None:
        lot = {
            "lot_code": "L",
            "site_code": HERE,
            "donor": "D",
            "received_on": date(2026, 1, 1).isoformat(),
            "weight_grams": 1,
        }
        for changes in ({"weight_grams": 0}, {"received_on": "soon"}, {"lot_code": ""}):
            assert send(door, "/lots", lot | changes).status_code == 422
        future = send(door, "/lots", lot | {"received_on": "9999-12-31"})
        assert (future.status_code, future.json()["code"]) == (409, "equipment.day.in_future")
        unknown = send(door, "/lots", lot | {"site_code": "atlantis"}, role="admin")
        assert (unknown.status_code, unknown.json()["code"]) == (409, "equipment.site.unknown")
