"""A person's rights at the desk: corrected, restricted, told all that is held, forgotten."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Check, SignedIn
from tests.fix_network import Network

SITE = "paris-19"


@pytest.fixture
def person_ref(network: Network) -> str:
    """Somebody who was taken in and has bought once."""
    made = network.entitle(site_code=SITE)
    network.sell(made, site_code=SITE)
    return made


def unfold(page: Page, name: str) -> None:
    page.locator("summary").filter(has_text=name).click()


class TestRights:
    def test_are_kept_step_by_step_on_the_page_of_the_person(
        self, signed_in: SignedIn, network: Network, check: Check, person_ref: str
    ) -> None:
        page = signed_in("site_manager", site_code=SITE)
        page.goto(f"/accueil/personnes/{person_ref}")

        unfold(page, "Corriger")
        page.get_by_label("Prénom").fill("Camélia")
        page.get_by_label("Pourquoi").first.select_option("entered_wrongly")
        page.get_by_role("button", name="Corriger").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Camélia Fictif"))

        unfold(page, "Limiter l'utilisation")
        page.locator("#restrict-ground").select_option("objected")
        page.get_by_role("button", name="Limiter l'utilisation").click()
        expect(page.get_by_text("Utilisation limitée")).to_be_visible()
        unfold(page, "Lever la limitation")
        page.locator("#lift-reason").select_option("settled")
        page.get_by_label("La personne a été prévenue le").fill("2026-01-02")
        check(page, "person-restricted")
        page.get_by_role("button", name="Lever la limitation").click()
        expect(page.get_by_text("Utilisation limitée")).to_have_count(0)

        page.get_by_role("link", name="Qui a consulté cette fiche").click()
        expect(page.get_by_role("row")).not_to_have_count(1)
        check(page, "person-accesses")

    def test_are_told_in_a_file_that_takes_its_time_and_says_so(
        self, signed_in: SignedIn, network: Network, check: Check, person_ref: str
    ) -> None:
        page = signed_in("site_manager", site_code=SITE)
        page.goto(f"/accueil/personnes/{person_ref}/export")
        bar, said = page.get_by_role("progressbar"), page.locator("[data-progress]")
        expect(bar).to_have_count(0)

        page.get_by_role("button", name="Le demander").click()

        expect(bar).to_be_visible()
        expect(said).to_contain_text(re.compile("services? doi"))
        check(page, "export-asked")
        expect(said).to_have_text("C'est prêt.", timeout=60_000)
        expect(bar).to_have_count(0)
        paper = page.get_by_role("link", name="PDF").get_attribute("href") or ""
        assert page.request.get(paper).body().startswith(b"%PDF")

    def test_to_be_forgotten_is_followed_service_by_service(
        self, signed_in: SignedIn, network: Network, check: Check, person_ref: str
    ) -> None:
        page = signed_in("site_manager", site_code=SITE)
        page.goto(f"/accueil/personnes/{person_ref}")

        unfold(page, "Effacer cette personne")
        page.get_by_label("La personne le demande").check()
        page.get_by_role("button", name="Effacer cette personne").click()
        page.get_by_role("dialog").get_by_role("button", name="Annuler").click()
        expect(page).to_have_url(re.compile(f"/personnes/{person_ref}$"))
        page.get_by_role("button", name="Effacer cette personne").click()
        page.get_by_role("dialog").get_by_role("button", name="Oui").click()

        page.wait_for_url(f"**/accueil/effacements/{person_ref}")
        expect(page.get_by_role("progressbar")).to_be_visible()
        expect(page.get_by_text("Tous les services ont oublié")).to_be_visible(timeout=60_000)
        check(page, "erased")
