"""A referrer on a phone: somebody is referred in one go, and nothing typed is ever lost."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.bodies import a_referral
from tests.browser.conftest import Check, SignedIn
from tests.fix_network import UNHEARD, Network

SITE = "paris-19"
PHONE = 360


def fill_in(page: Page, *, given_name: str, family_name: str) -> None:
    page.get_by_label("Prénom").fill(given_name)
    page.get_by_label("Nom", exact=True).fill(family_name)
    page.get_by_label("Date de naissance").fill("1979-05-21")
    page.get_by_label("Budget serré").check()
    page.get_by_role("group", name="Besoins").get_by_label("Recharge").check()
    page.get_by_label("Dépense de téléphone").fill("12,50")
    page.get_by_label("un téléphone portable").check()


def send(page: Page) -> None:
    page.get_by_role("button", name="Envoyer l'orientation").click()


def send_all_wrong(page: Page) -> None:
    """All that is wrong is said at once, each beside its field."""
    page.get_by_label("Téléphone (facultatif)").fill("12 34")
    page.get_by_label("Dépense de téléphone").fill("-5")
    send(page)
    for place, words in (
        ("person-given_name", "Il faut remplir"),
        ("person-birth_date", "Il faut remplir"),
        ("person-phone", "comme 06 39 98 00 12"),
        ("situation", "Il faut remplir"),
        ("needs", "Il faut remplir"),
        ("entry-monthly_spend_cents", "un montant en euros"),
    ):
        expect(page.locator(f"#f-{place}-error")).to_contain_text(words)
    expect(page.get_by_label("Prénom")).to_be_focused()


@pytest.fixture
def come_by_themselves(network: Network) -> dict[str, Any]:
    """Somebody whom a site took in provisionally, and whom any referrer may confirm."""
    person = {
        "given_name": "Perrine",
        "family_name": f"Fictif {network.name}",
        "birth_date": "1988-02-29",
    }
    body = a_referral(site_code=SITE, person=person)
    desk = network.as_("till_operator", site_code=SITE)
    made: dict[str, Any] = desk.post("referrals/v1/walk-ins", body, until_heard=UNHEARD)
    return made


class TestReferring:
    def test_keeps_what_was_typed_whatever_happens_and_follows_the_referral(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        page = signed_in("referrer", site_code=SITE, width=PHONE)
        who = network.sign_in("referrer", site_code=SITE)
        page.goto("/orienter")
        expect(page.get_by_label("Point d'accueil")).to_have_value(SITE)
        check(page, "refer")
        given_name = f"Odile {network.name}"

        phone = page.get_by_label("Téléphone (facultatif)")
        send_all_wrong(page)
        fill_in(page, given_name=given_name, family_name="Fictif")
        expect(page.locator(".error").filter(has_text=re.compile("."))).to_have_count(1)

        # What the house alone finds is said there too, and what was typed stays.
        phone.fill("06 39 98")
        send(page)
        expect(phone).to_have_attribute("aria-invalid", "true")
        expect(phone).to_be_focused()
        expect(page.locator("#f-person-phone-error")).to_contain_text("numéro de téléphone")
        expect(page.get_by_label("Prénom")).to_have_value(given_name)
        check(page, "refer-wrong")

        # The line is cut.
        phone.fill("06.39.98.12.34")
        page.context.set_offline(True)
        send(page)
        expect(page.get_by_role("alert")).to_contain_text("La ligne est coupée")
        expect(page.get_by_label("Prénom")).to_have_value(given_name)
        page.context.set_offline(False)

        # The session ends: whoever signs in again goes on where they were.
        page.context.clear_cookies()
        send(page)
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Adresse e-mail").fill(who["email"])
        dialog.get_by_label("Mot de passe").fill(who["password"])
        dialog.get_by_role("button", name="Se connecter").click()
        page.wait_for_url(re.compile(r"/orienter/suivi/[0-9a-f-]{36}$"))

        referral_id = page.url.rsplit("/", 1)[-1]
        api = f"referrals/v1/referrals/{referral_id}"
        code = network.as_("referrer", site_code=SITE).get(api)["code"]
        expect(page.locator("p.code")).to_have_text(code)
        check(page, "referral-sent")
        paper = page.context.request.get(
            page.get_by_role("link", name="Le bon (PDF)").get_attribute("href") or ""
        )
        assert paper.headers["content-type"] == "application/pdf"
        assert paper.body().startswith(b"%PDF")

        network.as_("site_manager", site_code=SITE).post(f"{api}/accept", {})
        page.reload()
        expect(page.locator("ol.steps")).to_contain_text("Acceptée")
        # Who lost the slip before they came is given it again.
        expect(page.get_by_role("link", name="Le bon (PDF)")).to_be_visible()
        page.get_by_role("link", name="Mes orientations").click()
        mine = page.get_by_role("listitem").filter(has_text=code)
        expect(mine).to_contain_text("Acceptée")
        check(page, "referrals-followed")

    def test_confirms_who_came_by_themselves_with_their_code(
        self,
        signed_in: SignedIn,
        network: Network,
        check: Check,
        come_by_themselves: dict[str, Any],
    ) -> None:
        page = signed_in("referrer", site_code=SITE, width=PHONE)
        page.goto("/orienter/suivi")

        page.get_by_label("Le code d'un bon").fill(come_by_themselves["code"].lower())
        page.get_by_role("button", name="Chercher").click()

        # Until they answer for them, they learn no more than the initials.
        expect(page.get_by_text("P. F.")).to_be_visible()
        check(page, "walk-in-found")
        page.get_by_role("button", name="Confirmer").click()
        page.get_by_role("dialog").get_by_role("button", name="Oui").click()
        page.wait_for_url(f"**/orienter/suivi/{come_by_themselves['referral_id']}")
        expect(page.get_by_role("heading", name=f"Perrine Fictif {network.name}")).to_be_visible()
        expect(page.locator("ol.steps")).to_contain_text("Acceptée")

    def test_revokes_a_slip_that_was_lost(self, signed_in: SignedIn, network: Network) -> None:
        sent = network.refer(site_code=SITE)
        page = signed_in("referrer", site_code=SITE, width=PHONE)
        page.goto(f"/orienter/suivi/{sent.referral_id}")

        page.get_by_text("Annuler cette orientation").first.click()
        page.get_by_label("Pourquoi").fill("Bon perdu")
        page.get_by_role("button", name="Annuler cette orientation").click()

        expect(page.get_by_text("Pourquoi elle a été annulée")).to_be_visible()
        expect(page.get_by_role("link", name="Le bon (PDF)")).to_have_count(0)
