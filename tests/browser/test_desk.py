"""A reception desk: a referral read, compared, answered; two files merged and undone."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.bodies import a_referral
from tests.browser.conftest import Check, SignedIn
from tests.fix_network import UNHEARD, Network

SITE = "paris-19"


def refer(network: Network, **person: str) -> dict[str, Any]:
    body = a_referral(site_code=SITE, person=person, needs=("recharge", "computer"))
    referrer = network.as_("referrer", site_code=SITE)
    made: dict[str, Any] = referrer.post("referrals/v1/referrals", body, until_heard=UNHEARD)
    return made


def wait_for_step(page: Page, words: str) -> None:
    expect(page.locator("#steps ol.steps")).to_contain_text(words)


@pytest.fixture
def twice_written(network: Network) -> tuple[str, dict[str, Any]]:
    """Somebody who is in, and a referral of the same person under another spelling."""
    family_name = f"Fictif {network.name}"
    first = refer(network, given_name="Ghislaine", family_name=family_name, birth_date="1961-03-04")
    manager = network.as_("site_manager", site_code=SITE)
    accepted = manager.post(f"referrals/v1/referrals/{first['referral_id']}/accept", {})
    second = refer(network, given_name="Ghislène", family_name=family_name, birth_date="1961-03-04")
    return str(accepted["person_ref"]), second


class TestDesk:
    def test_answers_a_referral_beside_its_likely_duplicate_merges_and_undoes(
        self,
        signed_in: SignedIn,
        network: Network,
        check: Check,
        twice_written: tuple[str, dict[str, Any]],
    ) -> None:
        known_ref, referral = twice_written
        page = signed_in("site_manager", site_code=SITE)
        page.goto("/accueil")
        page.get_by_label("Trouver une personne").press_sequentially(referral["code"].lower())
        expect(page.locator("#found")).to_contain_text("Ghislène")
        check(page, "desk")

        # Opening it is reading it.
        page.locator("#found").get_by_role("link", name=referral["code"]).click()
        wait_for_step(page, "Lue par le point d'accueil")
        alike = page.get_by_role("region", name="Déjà connue")
        expect(alike).to_contain_text("Même date de naissance")
        expect(alike).to_contain_text("Sans doute la même")
        check(page, "referral")

        page.get_by_role("button", name="Accepter").click()
        page.wait_for_url("**/accueil/personnes/*")
        expect(page.get_by_role("region", name="Droit", exact=True)).to_contain_text("30,00")
        check(page, "person")

        page.get_by_role("link", name="Même personne").click()
        expect(page.get_by_text("un seul plafond mensuel")).to_be_visible()
        check(page, "merge")
        kept = page.locator("section").filter(has=page.get_by_role("heading", name="Ghislaine"))
        kept.get_by_role("button", name="Même personne : garder ce nom").click()
        page.wait_for_url(f"**/accueil/personnes/{known_ref}")
        merged = page.get_by_role("region", name="Fiches fusionnées")
        expect(merged).to_contain_text("Ghislène")

        with page.expect_navigation():
            merged.get_by_role("button", name="Annuler la fusion").click()
        expect(page.locator("#flash")).to_contain_text("de nouveau deux personnes")
        expect(merged).to_have_count(0)
        expect(page.get_by_role("region", name="Déjà connue")).to_be_visible()

        # Two people stay two.
        page.get_by_role("button", name="Deux personnes").click()
        page.get_by_role("dialog").get_by_role("button", name="Oui").click()
        expect(page.get_by_role("region", name="Déjà connue")).to_have_count(0)

    def test_refuses_with_a_kind_and_a_reason_that_the_referrer_reads(
        self, signed_in: SignedIn, network: Network
    ) -> None:
        sent = network.refer(site_code=SITE)
        page = signed_in("till_operator", site_code=SITE)
        page.goto("/accueil")
        page.locator(f"a[href$='{sent.referral_id}']").click()

        page.locator("summary").filter(has_text="Refuser").click()
        page.get_by_label("Motif").select_option("no_place")
        page.get_by_label("Raison, pour le prescripteur").fill("Complet jusqu'en janvier")
        page.get_by_role("button", name="Refuser cette orientation").click()

        page.wait_for_url("**/accueil?site=*")
        expect(page.locator(f"a[href$='{sent.referral_id}']")).to_contain_text("Refusée")
        told = sent.referrer.get(f"referrals/v1/referrals/{sent.referral_id}")
        assert (told["state"], told["refusal_reason"]) == ("refused", "Complet jusqu'en janvier")

    def test_renews_once_with_a_new_referral(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        sent = network.refer(site_code=SITE)
        network.accept(sent)
        again = network.refer(site_code=SITE, again=sent)
        page = signed_in("till_operator", site_code=SITE)

        page.goto(f"/accueil/orientations/{again.referral_id}")
        expect(page.get_by_text("Ce nouveau bon le prolonge")).to_be_visible()
        expect(page.get_by_text("Renouvelé, il court jusqu'au")).to_be_visible()
        check(page, "referral-renewal")
        page.get_by_role("button", name="Renouveler").click()

        page.wait_for_url("**/accueil/personnes/*")
        entitlement = page.get_by_role("region", name="Droit", exact=True)
        expect(entitlement).to_contain_text("oui, une fois")

    def test_takes_somebody_in_who_came_without_a_referral(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        page = signed_in("till_operator", site_code=SITE)
        page.goto("/accueil")
        page.get_by_role("link", name="Une personne sans bon").click()
        check(page, "walk-in")
        page.get_by_label("Prénom").fill("Wilhelmine")
        page.get_by_label("Nom", exact=True).fill(f"Fictif {network.name}")
        page.get_by_label("Date de naissance").fill("1967-08-09")
        page.get_by_label("Budget serré").check()
        page.get_by_role("group", name="Besoins").get_by_label("Recharge").check()
        page.get_by_label("Dépense de téléphone").fill("0")
        page.get_by_role("button", name="Accueillir provisoirement").click()

        page.wait_for_url("**/accueil/orientations/*")
        expect(page.get_by_role("heading", name="En attente d'un prescripteur")).to_be_visible()
        expect(page.locator("p.code")).to_have_text(re.compile(r"^[0-9A-Z]{4}-[0-9A-Z]{4}$"))
        check(page, "walk-in-taken")
        slip = page.get_by_role("link", name="Le bon (PDF)").get_attribute("href") or ""
        assert page.request.get(slip).body().startswith(b"%PDF")

    @pytest.mark.parametrize(
        ("role", "seen", "unseen"),
        [
            ("till_operator", ["Droit", "Identité"], ["Venues", "Les droits de la personne"]),
            ("mediator", ["Droit", "Identité", "Venues"], ["Les droits de la personne"]),
            ("site_manager", ["Droit", "Venues", "Les droits de la personne"], []),
        ],
        ids=["till_operator", "mediator", "site_manager"],
    )
    def test_shows_each_part_of_a_file_to_those_who_may_see_it(
        self,
        signed_in: SignedIn,
        network: Network,
        role: str,
        seen: list[str],
        unseen: list[str],
    ) -> None:
        person_ref = network.entitle(site_code=SITE)
        network.sell(person_ref, site_code=SITE)
        page = signed_in(role, site_code=SITE)

        page.goto(f"/accueil/personnes/{person_ref}")

        for name in seen:
            expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        for name in unseen:
            expect(page.get_by_role("heading", name=name, exact=True)).to_have_count(0)
        if "Venues" in seen:
            visits = page.get_by_role("region", name="Venues").get_by_role("listitem")
            expect(visits).to_have_count(1)

    def test_reads_a_slip_that_a_scanner_types(self, signed_in: SignedIn, network: Network) -> None:
        sent = refer(
            network,
            given_name="Théophile",
            family_name=f"Fictif {network.name}",
            birth_date="1990-12-01",
        )
        page = signed_in("till_operator", site_code=SITE)
        page.goto("/accueil")

        page.get_by_label("Trouver une personne").fill(sent["qr"])
        page.keyboard.press("Enter")

        page.wait_for_url(f"**/accueil/orientations/{sent['referral_id']}")
        wait_for_step(page, "Lue par le point d'accueil")
