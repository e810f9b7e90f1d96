"""A reception point from nothing: opened, its structures and criterion set, its first decision."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Check, SignedIn
from tests.browser.newcomers import newcomer
from tests.fix_network import UNHEARD, Network


def refer(network: Network, *, site_code: str) -> str:
    """A social worker of elsewhere sends somebody there."""
    body = {
        "person": {
            "given_name": "Barnabé",
            "family_name": f"Fictif {network.name}",
            "birth_date": "1971-11-30",
        },
        "situation": "budget",
        "needs": ["recharge"],
        "site_code": site_code,
        "entry": {
            "monthly_spend_cents": 1_200,
            "has_mobile": True,
            "has_computer": False,
            "has_internet": False,
        },
    }
    made: dict[str, Any] = network.as_("referrer", site_code="lyon").post(
        "referrals/v1/referrals", body, until_heard=UNHEARD
    )
    return str(made["referral_id"])


@pytest.fixture
def site_code(network: Network) -> str:
    return f"essai-{network.name}"


class TestNewSite:
    def test_is_opened_takes_its_structures_and_decides_by_its_manager_s_word(
        self, signed_in: SignedIn, network: Network, check: Check, site_code: str
    ) -> None:
        self.open(signed_in("admin"), site_code, check)
        who = newcomer(network, "site_manager", site_code=site_code)
        page = signed_in("site_manager", who=who)
        page.goto("/accueil")
        expect(page.get_by_text("Rien n'attend")).to_be_visible()
        check(page, "desk-empty")
        self.sign_a_structure(page, network, check)
        referral_id = refer(network, site_code=site_code)

        page.goto("/pilotage/orientations/critere")
        expect(page.get_by_text("L'orientation suffit").first).to_be_visible()
        page.get_by_label("Le responsable décide").check()
        check(page, "criterion")
        page.get_by_role("button", name="Fixer").click()
        expect(page.get_by_role("region", name="En vigueur")).to_contain_text("Le responsable")

        self.decide(page, signed_in, network, check, referral_id, site_code)

    @staticmethod
    def open(page: Page, site_code: str, check: Check) -> None:
        """An administrator opens it, and is told what is wrong with a name that cannot be."""
        page.goto("/pilotage/appareils")
        page.locator("summary").filter(has_text="Ouvrir un autre").click()
        page.get_by_label("Nom du point d'accueil").fill("Point d'essai")
        page.get_by_label("Adresse", exact=True).fill("1 rue Fictive, 75000 Paris")
        page.get_by_label("Nom court").fill("Essai !")
        page.get_by_role("button", name="Ouvrir ce point d'accueil").click()
        expect(page.get_by_text("Ce n'est pas écrit comme il faut")).to_be_visible()
        expect(page.get_by_label("Nom court")).to_be_focused()
        page.get_by_label("Nom court").fill(site_code)
        expect(page.get_by_text("Ce n'est pas écrit comme il faut")).to_be_hidden()
        check(page, "site-new")
        page.get_by_role("button", name="Ouvrir ce point d'accueil").click()
        page.wait_for_url(f"**/pilotage/appareils?site={site_code}")
        expect(page.get_by_text("Pas encore de caisse ici")).to_be_visible()
        check(page, "devices-empty")

    @staticmethod
    def sign_a_structure(page: Page, network: Network, check: Check) -> None:
        """A house that refers people, its convention, and who refers in its name."""
        page.goto("/pilotage/orientations/structures")
        check(page, "structures")
        page.locator("summary").filter(has_text="Ajouter une structure").click()
        page.get_by_label("Nom", exact=True).fill(f"Secours {network.name}")
        page.get_by_label("Type").select_option("association")
        page.locator("#f-rna").fill(f"W{uuid4().int % 10**9:09}")
        page.get_by_role("button", name="Ajouter", exact=True).click()
        page.wait_for_url("**/structures/*-*")
        page.locator("summary").filter(has_text="Ajouter une convention").click()
        page.get_by_label("Référence").fill("C-1")
        page.get_by_role("button", name="Ajouter", exact=True).first.click()
        expect(page.get_by_text("Convention en cours")).to_be_visible()
        check(page, "structure")

    @staticmethod
    def decide(
        page: Page,
        signed_in: SignedIn,
        network: Network,
        check: Check,
        referral_id: str,
        site_code: str,
    ) -> None:
        """A cashier cannot; the manager does, with a reason."""
        cashier = newcomer(network, "till_operator", site_code=site_code)
        theirs = signed_in("till_operator", who=cashier)
        theirs.goto(f"/accueil/orientations/{referral_id}")
        expect(theirs.get_by_text("c'est le responsable qui décide")).to_be_visible()
        expect(theirs.get_by_role("button", name="Accepter")).to_have_count(0)

        page.goto(f"/accueil/orientations/{referral_id}")
        page.get_by_label("Pourquoi").first.fill("Vu en entretien")
        page.get_by_role("button", name="Accepter").click()
        alert = page.get_by_role("alert")
        expect(alert).to_be_visible()  # nobody is taken in who was not decided for
        page.get_by_label("Je décide d'accueillir").check()
        check(page, "decision")
        page.get_by_role("button", name="Accepter").click()
        page.wait_for_url("**/accueil/personnes/*")
        expect(page.get_by_role("region", name="Droit", exact=True)).to_contain_text("30,00")
