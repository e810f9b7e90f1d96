"""One's own account: a second factor and its codes, a forgotten password, sessions elsewhere."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default as plain
from typing import cast

import pytest
from playwright.sync_api import Page, expect

from tests.accounts.authenticator import code_of
from tests.browser.conftest import Check, SignedIn
from tests.browser.newcomers import PASSWORD, newcomer
from tests.fix_network import Network, eventually

ANOTHER = "encore une phrase que personne ne devine"


def sign_in(page: Page, *, email: str, password: str) -> None:
    """Type both into the sign-in, and send them."""
    page.goto("/connexion")
    page.get_by_label("Adresse e-mail").fill(email)
    page.get_by_label("Mot de passe").fill(password)
    page.get_by_role("button", name="Se connecter").click()


def enrol(page: Page) -> str:
    """Enrol a second factor as the page asks; gives its secret."""
    page.get_by_label("Votre mot de passe, encore une fois").fill(PASSWORD)
    page.get_by_role("button", name="Commencer").click()
    expect(page.get_by_role("img", name="Code à photographier")).to_be_visible()
    secret = (page.locator("[data-secret]").text_content() or "").replace(" ", "")
    page.get_by_label("Six chiffres").fill(code_of(secret))
    page.get_by_role("button", name="Vérifier le code").click()
    expect(page.get_by_role("heading", name="Vos codes de secours")).to_be_visible()
    return secret


@pytest.fixture
def second_factor_needed(network: Network) -> Iterator[str]:
    """A role that may do nothing without a second factor, for a while."""
    role = "operator_partner"
    network.stack.relais("accounts", "require-second-factor", role)
    yield role
    network.stack.relais("accounts", "require-second-factor")


class TestSecondFactor:
    def test_comes_first_where_the_role_needs_it_and_is_asked_for_from_then_on(
        self, signed_in: SignedIn, network: Network, check: Check, second_factor_needed: str
    ) -> None:
        who = newcomer(network, second_factor_needed)
        page = signed_in(None)

        sign_in(page, email=who["email"], password=who["password"])
        expect(page.get_by_role("heading", name="D'abord, un second facteur")).to_be_visible()
        check(page, "second-factor-first")
        secret = enrol(page)
        codes = page.locator("[data-codes] li").all_text_contents()
        check(page, "recovery-codes")
        assert len(set(codes)) == 10

        page.get_by_role("link", name="Je les ai notés").click()
        sign_in(page, email=who["email"], password=who["password"])
        page.get_by_label("Code de votre second facteur").fill(code_of(secret, ahead=1))
        page.get_by_role("button", name="Se connecter").click()
        page.wait_for_url("**/compte")
        expect(page.get_by_text("Il reste 10 codes de secours")).to_be_visible()
        expect(page.get_by_text("Les pages des partenaires n'existent pas encore")).to_be_visible()
        # Shown once: neither the page nor the way back shows a code again.
        for code in codes:
            assert code not in page.content()
        page.go_back()
        expect(page.locator("[data-codes] li")).to_have_count(0)

    def test_opens_by_a_recovery_code_once(self, signed_in: SignedIn, network: Network) -> None:
        who = newcomer(network, "mediator", site_code="antony")
        page = signed_in("mediator", who=who)
        page.goto("/compte")
        enrol(page)
        code = page.locator("[data-codes] li").first.text_content() or ""

        for words in ("/accueil", "Ce code est faux, ou a déjà servi"):
            sign_in(page, email=who["email"], password=who["password"])
            page.get_by_label("Code de votre second facteur").fill(code)
            page.get_by_role("button", name="Se connecter").click()
            if words.startswith("/"):
                page.wait_for_url(f"**{words}")
            else:
                expect(page.get_by_role("alert")).to_contain_text(words)


class TestPassword:
    def test_that_is_forgotten_is_chosen_anew_by_the_link_of_the_mail(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        who = newcomer(network, "mediator", site_code="antony")
        page = signed_in(None)

        page.goto("/connexion")
        page.get_by_role("link", name="Mot de passe oublié ?").click()
        check(page, "forgotten-password")
        page.get_by_label("Adresse e-mail").fill(who["email"])
        page.get_by_role("button", name="M'envoyer le lien").click()
        expect(page.get_by_text("un e-mail est en route")).to_be_visible()
        link = self.link_mailed_to(network, who["email"])
        page.goto(link)
        check(page, "new-password")
        assert "#" not in page.url  # the code has left the address

        page.get_by_label("Nouveau mot de passe").fill("trop court")
        page.get_by_role("button", name="Enregistrer ce mot de passe").click()
        expect(page.locator("[data-error-for=password]")).to_contain_text("trop court")
        page.get_by_label("Nouveau mot de passe").fill(ANOTHER)
        page.get_by_role("button", name="Enregistrer ce mot de passe").click()
        page.wait_for_url("**/connexion")
        expect(page.get_by_role("status")).to_contain_text("nouveau mot de passe est enregistré")
        sign_in(page, email=who["email"], password=ANOTHER)
        page.wait_for_url("**/accueil")

        page.goto(link)
        page.get_by_label("Nouveau mot de passe").fill(PASSWORD)
        page.get_by_role("button", name="Enregistrer ce mot de passe").click()
        expect(page.get_by_role("alert")).to_contain_text("a déjà servi")

    @staticmethod
    def link_mailed_to(network: Network, address: str) -> str:
        """The link in the newest mail to an address, as the stack's mailbox keeps it."""
        folder = network.stack.home.folder("mail")
        eventually(lambda: any(folder.glob(f"*-{address}.eml")))
        newest = max(folder.glob(f"*-{address}.eml"))
        text = message_from_bytes(newest.read_bytes(), policy=plain).get_content()
        found = re.search(r"http://\S+#\S+", cast(str, text))
        assert found, text
        return found[0]

    def test_that_is_guessed_too_often_must_wait_and_is_told_how_long(
        self, signed_in: SignedIn, network: Network
    ) -> None:
        who = newcomer(network, "mediator", site_code="antony")
        page = signed_in(None)
        page.goto("/connexion")
        page.get_by_label("Adresse e-mail").fill(who["email"])

        for guess in ("la première", "la deuxième", "la troisième", "une autre", "encore une"):
            page.get_by_label("Mot de passe").fill(guess)
            page.get_by_role("button", name="Se connecter").click()
            expect(page.get_by_role("alert")).to_contain_text("ne vont pas ensemble")
        page.get_by_label("Mot de passe").fill(PASSWORD)
        page.get_by_role("button", name="Se connecter").click()

        expect(page.get_by_role("alert")).to_contain_text(
            re.compile(r"Trop d'essais infructueux\. Veuillez attendre \d+ secondes")
        )
        expect(page.get_by_label("Adresse e-mail")).to_have_value(who["email"])

    def test_is_changed_by_who_knows_it(self, signed_in: SignedIn, network: Network) -> None:
        who = newcomer(network, "mediator", site_code="antony")
        page = signed_in("mediator", who=who)
        page.goto("/compte")

        page.get_by_label("Mon mot de passe actuel").fill("pas celui-ci")
        page.get_by_label("Le nouveau").fill(ANOTHER)
        page.get_by_role("button", name="Changer le mot de passe").click()
        expect(page.get_by_role("alert")).to_contain_text("Ce n'est pas votre mot de passe")
        page.get_by_label("Mon mot de passe actuel").fill(PASSWORD)
        page.get_by_role("button", name="Changer le mot de passe").click()
        page.wait_for_url("**/connexion")
        sign_in(page, email=who["email"], password=ANOTHER)
        page.wait_for_url("**/accueil")


class TestSession:
    def test_that_is_ended_elsewhere_asks_to_sign_in_again_and_loses_nothing(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        who = newcomer(network, "mediator", site_code="antony")
        here, elsewhere = signed_in("mediator", who=who), signed_in("mediator", who=who)
        elsewhere.goto("/compte")
        elsewhere.get_by_label("Mon mot de passe actuel").fill(PASSWORD)
        elsewhere.get_by_label("Le nouveau").fill(ANOTHER)

        here.goto("/compte")
        check(here, "account")
        expect(here.locator("#sessions li")).to_have_count(2)
        here.get_by_role("button", name="Fermer Chrome").click()
        expect(here.locator("#sessions li")).to_have_count(1)
        elsewhere.get_by_role("button", name="Changer le mot de passe").click()

        dialog = elsewhere.get_by_role("dialog", name="Votre session est terminée")
        dialog.get_by_label("Adresse e-mail").fill(who["email"])
        dialog.get_by_label("Mot de passe").fill(PASSWORD)
        dialog.get_by_role("button", name="Se connecter").click()
        # What was typed before is sent now, and a new password ends every session.
        elsewhere.wait_for_url("**/connexion")
        expect(elsewhere.get_by_role("status")).to_contain_text("Votre mot de passe est changé")
