"""A person buys, has a debt file, is merged, reads what all services hold on them, is forgotten."""

from typing import Any

import httpx
import pytest

from tests.fix_network import HEARD_WITHIN_S, UNHEARD, Network, eventually, refusal

pytestmark = pytest.mark.journey

SITE = "saint-denis"
LABEL = "Facture impayée, au nom de la mère"


@pytest.fixture(scope="module")
def person(network: Network) -> dict[str, str]:
    """Somebody with two references, a sale under each, and a debt file that is open."""
    manager = network.as_("site_manager", site_code=SITE)
    mediator = network.as_("mediator", site_code=SITE)
    one, other = network.entitle(site_code=SITE), network.entitle(site_code=SITE)
    for person_ref in (one, other):
        network.sell(person_ref, site_code=SITE)
    case = mediator.post(
        "mediation/v1/cases", {"person_ref": one, "site_code": SITE}, until_heard=UNHEARD
    )
    path = f"mediation/v1/cases/{case['case_id']}"
    mandate = {"operators": ["sfr"], "signed_on": "2026-01-02", "until_on": "2099-01-01"}
    mediator.post(f"{path}/mandates", mandate)
    line = {"operator": "sfr", "kind": "service", "claimed_cents": 4_000, "due_on": "2026-09-01"}
    mediator.post(f"{path}/lines", line | {"label": LABEL})
    manager.post(f"referrals/v1/people/{one}/merge", {"into": other})
    network.settled()
    return {"one": one, "other": other, "case": path}


def export(network: Network, person_ref: str) -> Any:
    manager = network.as_("site_manager", site_code=SITE)
    path = f"referrals/v1/people/{person_ref}/export"
    eventually(lambda: manager.get(path)["state"] == "ready", within_s=HEARD_WITHIN_S)
    return manager.get(path)


class TestPerson:
    def test_reads_what_every_service_holds_under_all_their_references(
        self, network: Network, person: dict[str, str]
    ) -> None:
        whole = export(network, person["other"])

        held = whole["services"]
        assert set(held) == {
            *("accounts", "donations", "equipment", "mediation", "recharges"),
            *("referrals", "settlement"),
        }
        refs = {person["one"], person["other"]}
        assert {sale["person_ref"] for sale in held["recharges"]["sales"]} == refs
        assert [line["label"] for line in held["mediation"]["lines"]] == [LABEL]
        assert len(held["referrals"]["identity"]) == 2
        assert held["settlement"] == {}
        token = network.token("site_manager", site_code=SITE)
        printed = httpx.get(
            f"{network.stack.web}/api/referrals/v1/people/{person['one']}/export.pdf",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )
        assert printed.status_code == 200
        assert printed.content.startswith(b"%PDF")

    def test_is_forgotten_by_all_once_the_debt_file_is_closed(
        self, network: Network, person: dict[str, str]
    ) -> None:
        manager = network.as_("site_manager", site_code=SITE)
        path = f"referrals/v1/people/{person['one']}"
        erase = {"reason": "asked_by_person"}
        assert refusal(manager.post, f"{path}/erasure", erase) == "referrals.erasure.case_open"
        mediator = network.as_("mediator", site_code=SITE)
        mediator.post(f"{person['case']}/close", {"outcome": "withdrawn"})

        manager.post(f"{path}/erasure", erase, until_heard=("referrals.erasure.case_open",))
        network.settled()

        [erasure] = manager.get(f"referrals/v1/erasures?person_ref={person['other']}")
        assert erasure["missing"] == []
        counts = {each["service"]: each["counts"] for each in erasure["receipts"]}
        assert len(counts) == 7
        assert counts["referrals"]["identities"] == 2
        assert counts["mediation"]["lines"] == 1
        for each in ("one", "other"):
            gone = f"referrals/v1/people/{person[each]}"
            assert refusal(manager.get, gone) == "referrals.person.unknown"
        looked = [each["what"] for each in manager.get(f"{path}/accesses")]
        assert {"erased", "exported", "identity_written"} <= set(looked)
        network.audit()
