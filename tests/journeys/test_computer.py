"""A donated computer finds an owner, and one that cannot be wiped finds none."""

import secrets
from datetime import date, timedelta
from typing import Any

import pytest

from chassis import clock
from deploy.demo.client import Client
from kernel.period import add_months, add_years, business_date
from tests.fix_network import UNHEARD, Network, eventually, refusal

pytestmark = pytest.mark.journey

SITE = "marseille"
PRICE_CENTS = 6_000


class Workshop:
    """The bench of a site: what is done to one laptop after the other."""

    def __init__(self, network: Network) -> None:
        self.today = business_date(clock.now())
        self.staff: Client = network.as_("site_manager", site_code=SITE)
        self.lot_id = self.staff.post(
            "equipment/v1/lots",
            {
                "lot_code": f"LOT-{network.name}-{secrets.token_hex(3)}",
                "site_code": SITE,
                "donor": "Ateliers du Grand Pré SA",
                "received_on": (self.today - timedelta(days=2)).isoformat(),
                "weight_grams": 4_200,
            },
            until_heard=UNHEARD,
        )["lot_id"]

    def receive(self) -> str:
        laptop = {
            "lot_id": self.lot_id,
            "kind": "laptop",
            "condition": "used",
            "brand": "Lenovo",
            "model": "ThinkPad T480",
            "serial": f"LE{secrets.randbelow(10**9):09d}",
        }
        return str(self.staff.post("equipment/v1/devices", laptop)["device_id"])

    def wipe(self, device_id: str, *, passed: bool) -> Any:
        wipe = {"method": "purge", "tool": "nwipe 0.36", "passed": passed}
        wipe |= {"performed_on": self.today.isoformat()}
        if passed:
            wipe["certificate_no"] = f"EFF-{device_id[-6:]}"
        return self.staff.post(f"equipment/v1/devices/{device_id}/wipes", wipe)

    def test(self, device_id: str) -> Any:
        checks = {each["kind"]: each["checks"] for each in self.staff.get("equipment/v1/checks")}
        test = {"checks": dict.fromkeys(checks["laptop"], True), "battery_percent": 88}
        return self.staff.post(f"equipment/v1/devices/{device_id}/tests", test)

    def grade(self, device_id: str) -> Any:
        return self.staff.post(f"equipment/v1/devices/{device_id}/grade", {"grade": "B"})


def sell(network: Network, device_id: str, *, person_ref: str) -> Any:
    return network.as_("till_operator", site_code=SITE).post(
        f"equipment/v1/devices/{device_id}/sales",
        {
            "person_ref": person_ref,
            "site_code": SITE,
            "tendered_cents": PRICE_CENTS + 1_000,
            "tender": "cash",
        },
        until_heard=UNHEARD,
    )


class TestComputer:
    def test_is_wiped_tested_graded_and_sold_with_its_guarantee(self, network: Network) -> None:
        workshop = Workshop(network)
        person_ref = network.entitle(site_code=SITE)
        device_id = workshop.receive()
        code = refusal(sell, network, device_id, person_ref=person_ref)
        assert code == "equipment.device.not_wiped"
        assert workshop.wipe(device_id, passed=True)["state"] == "wiped"
        assert workshop.test(device_id)["state"] == "tested"
        graded = workshop.grade(device_id)
        assert (graded["state"], graded["price_cents"]) == ("ready", PRICE_CENTS)

        sale = sell(network, device_id, person_ref=person_ref)
        assert (sale["price_cents"], sale["change_cents"]) == (PRICE_CENTS, 1_000)
        covered = {name: sale["guarantee"][name] for name in ("starts_on", "commercial_until")}
        covered["presumption_until"] = sale["guarantee"]["presumption_until"]
        covered["legal_until"] = sale["guarantee"]["legal_until"]
        sold_on = date.fromisoformat(sale["business_date"])
        assert covered == {
            "starts_on": sold_on.isoformat(),
            "commercial_until": add_years(sold_on, 1).isoformat(),
            "presumption_until": add_months(sold_on, 12).isoformat(),
            "legal_until": add_months(sold_on, 24).isoformat(),
        }
        again = refusal(sell, network, device_id, person_ref=person_ref)
        assert again == "equipment.device.already_sold"
        in_ledger = "SELECT count(*) FROM settlement.entry WHERE document = %s"
        eventually(lambda: network.number(in_ledger, sale["sale_id"]) == 1)

    def test_is_sold_to_nobody_who_is_not_entitled(self, network: Network) -> None:
        workshop = Workshop(network)
        device_id = workshop.receive()
        workshop.wipe(device_id, passed=True)
        workshop.test(device_id)
        workshop.grade(device_id)
        till = network.as_("till_operator", site_code=SITE)
        nobody = {
            "person_ref": "00000000-0000-4000-8000-000000000000",
            "site_code": SITE,
            "tendered_cents": PRICE_CENTS,
            "tender": "cash",
        }
        code = refusal(till.post, f"equipment/v1/devices/{device_id}/sales", nobody)
        assert code == "equipment.entitlement.unknown"

    def test_that_cannot_be_wiped_is_refused_from_then_on(self, network: Network) -> None:
        workshop = Workshop(network)
        person_ref = network.entitle(site_code=SITE)
        device_id = workshop.receive()
        assert workshop.wipe(device_id, passed=False)["state"] == "wipe_failed"
        assert refusal(workshop.test, device_id) == "equipment.device.wipe_failed"
        assert refusal(workshop.grade, device_id) == "equipment.device.wipe_failed"
        code = refusal(sell, network, device_id, person_ref=person_ref)
        assert code == "equipment.device.wipe_failed"
