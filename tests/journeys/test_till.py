"""A till is enrolled, sells, is revoked and sells nothing any more."""

import pytest

from deploy.demo.client import Refused
from tests.fix_network import UNHEARD, Network, eventually, refusal

pytestmark = pytest.mark.journey

SITE = "paris-19"


class TestTill:
    def test_sells_from_its_enrolment_to_its_revocation(self, network: Network) -> None:
        manager = network.as_("site_manager", site_code=SITE)
        operator = network.as_("till_operator", site_code=SITE)
        person_ref = network.entitle(site_code=SITE)
        name = f"Caisse {network.name}"
        code = manager.post(
            "accounts/v1/devices/enrolments", {"site_code": SITE, "till_name": name}
        )["enrolment_code"]
        device = network.client().post("accounts/v1/devices", {"enrolment_code": code})
        body = network.basket(person_ref, till_id=device["till_id"])

        sale = operator.post("recharges/v1/sales", body, until_heard=UNHEARD)
        assert sale["ticket_no"] == 1
        second = refusal(network.client().post, "accounts/v1/devices", {"enrolment_code": code})
        assert second == "accounts.device.code_used"

        manager.post(f"accounts/v1/devices/{device['device_id']}/revoke", {})

        def is_revoked() -> bool:
            try:
                operator.post("recharges/v1/sales", body)
            except Refused as refused:
                return refused.code == "recharges.till.revoked"
            return False

        eventually(is_revoked)
        assert is_revoked()
        tills = {each["till_id"]: each["state"] for each in operator.get("recharges/v1/tills")}
        assert tills[device["till_id"]] == "revoked"

    def test_whose_device_is_replaced_sells_on(self, network: Network) -> None:
        manager = network.as_("site_manager", site_code=SITE)
        operator = network.as_("till_operator", site_code=SITE)
        person_ref = network.entitle(site_code=SITE)
        place = {"site_code": SITE, "till_name": f"Comptoir {network.name}"}
        tills = []
        for ticket_no in (1, 2):
            code = manager.post("accounts/v1/devices/enrolments", place)["enrolment_code"]
            device = network.client().post("accounts/v1/devices", {"enrolment_code": code})
            tills.append(device["till_id"])
            network.settled()
            body = network.basket(person_ref, till_id=device["till_id"])
            sale = operator.post("recharges/v1/sales", body, until_heard=UNHEARD)
            assert sale["ticket_no"] == ticket_no
            manager.post(f"accounts/v1/devices/{device['device_id']}/revoke", {})
        assert len(set(tills)) == 1
        network.settled()
        network.audit()
