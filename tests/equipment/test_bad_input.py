"""What equipment answers to input that is not as it should be: a problem, and nothing changed."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from chassis.auth import ROLES
from tests.equipment.build import (
    ELSEWHERE,
    HERE,
    Workshop,
    an_imei,
)
from tests.equipment.door import API, NOBODY, a_purchase, connect, read, sales_of, send, token_of
from tests.fix_stack import Schema


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
            ({"tender": "card"}, 409, "equipment.payment.card_not_open"),
            ({"tender": "cheque"}, 422, "relais.invalid"),
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
        ("path", "body", "field", "reason"),
        [
            (
                "wipes",
                {"method": "purge", "tool": "x", "passed": True, "performed_on": "2026-01-01"},
                "certificate_no",
                "Donnez le numéro du certificat ou du rapport que l’effacement a laissé.",
            ),
            (
                "wipes",
                {"method": "destroy", "tool": "x", "passed": True, "performed_on": "2026-01-01"},
                "storage_serial",
                "Donnez le numéro de série du support de stockage détruit.",
            ),
            (
                "tests",
                {"checks": {"flux": True}},
                "checks.flux",
                "Ce type d’appareil n’a pas cette fonction.",
            ),
        ],
    )
    def test_is_explained_field_by_field_in_french(
        self,
        door: httpx.Client,
        ready: UUID,
        path: str,
        body: dict[str, Any],
        field: str,
        reason: str,
    ) -> None:
        answer = send(door, f"/devices/{ready}/{path}", body)

        reasons = {each["field"]: each["reason"] for each in answer.json()["errors"]}
        assert reasons[field] == reason
        assert all(each.endswith(".") for each in reasons.values())

    def test_says_that_cards_are_not_open_and_what_tenders_there_are(
        self, door: httpx.Client, ready: UUID
    ) -> None:
        card = send(door, f"/devices/{ready}/sales", a_purchase(tender="card"))
        cheque = send(door, f"/devices/{ready}/sales", a_purchase(tender="cheque"))

        assert card.json()["detail"].startswith("Les appareils se paient en espèces")
        [wrong] = cheque.json()["errors"]
        assert "cash, card" in wrong["reason"]

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            ("wipes", {"passed": "yes"}, 422, "relais.invalid"),
            ("wipes", {"method": "hammer"}, 422, "relais.invalid"),
            ("wipes", {"method": "destroy"}, 422, "equipment.wipe.storage_unnamed"),
            ("wipes", {"certificate_no": None}, 422, "equipment.wipe.certificate_missing"),
            ("wipes", {"certificate_no": "  "}, 422, "relais.invalid"),
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
                "certificate_no": "W-1",
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
