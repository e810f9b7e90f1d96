"""Signing in by another provider's word in a browser: there, back, and in.

The service and the provider run by themselves here, without a stack: what nginx would serve, the
static files, the browser is given from their folders.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from chassis.web import render
from tests.accounts.authenticator import code_of
from tests.accounts.door import ADMIN, Door, run_create_admin
from tests.accounts.provider import provider
from tests.accounts.test_second_factors import enrol
from tests.fix_service import SIGNING_KEY, free_port, serving
from tests.fix_stack import FreshSchema


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """A provider, and accounts that takes its word."""

    provider: str
    web: str
    door: Door

    def somebody(self) -> tuple[dict[str, str], str]:
        """A user here, whom the provider knows by their verified address."""
        user, subject = self.door.make_user("referrer"), uuid4().hex
        known = {"email": user["email"], "email_verified": True}
        assert httpx.put(f"{self.provider}/users/{subject}", json=known).is_success
        return user, subject


@pytest.fixture(scope="module")
def elsewhere(fresh_schema: FreshSchema) -> Iterator[Elsewhere]:
    port = free_port()
    web = f"http://127.0.0.1:{port}"
    with provider() as url:
        told = {
            "issuer": url,
            "client_id": "relais",
            "client_secret": "a secret",
            "redirect_uri": f"{web}/connexion/retour/ailleurs",
        }
        schema = fresh_schema("accounts")
        assert run_create_admin(schema).returncode == 0
        with serving(
            "accounts",
            schema=schema,
            RELAIS_HTTP_PORT=str(port),
            RELAIS_SIGNING_KEY=SIGNING_KEY,
            RELAIS_OIDC_PROVIDERS=json.dumps({"ailleurs": told}),
        ) as client:
            door = Door(client=client, schema=schema)
            door.admin = {"Authorization": f"Bearer {door.sign_in(ADMIN).json()['token']}"}
            yield Elsewhere(provider=url, web=web, door=door)


@pytest.fixture
def page(browser: Browser, elsewhere: Elsewhere) -> Iterator[Page]:
    context = browser.new_context(base_url=elsewhere.web, locale="fr-FR")

    def serve(route: Route) -> None:
        _, _, owner, path = httpx.URL(route.request.url).path.split("/", 3)
        route.fulfill(path=render.folder_of(owner) / path)

    context.route(f"{elsewhere.web}/static/**", serve)
    yield context.new_page()
    context.close()


def visit(page: Page, subject: str) -> None:
    """Sign in at the provider."""
    page.locator("input[name=sub]").fill(subject)
    page.get_by_role("button", name="Authorize", exact=True).click()


class TestSignInElsewhere:
    def test_leads_back_to_the_page_that_was_wanted(self, page: Page, elsewhere: Elsewhere) -> None:
        user, subject = elsewhere.somebody()
        page.goto("/connexion?next=/compte")
        page.get_by_role("button", name="Se connecter avec Ailleurs").click()

        visit(page, subject)

        page.wait_for_url("**/compte")
        expect(page.get_by_text(user["email"])).to_be_visible()

    def test_asks_for_the_second_factor_and_passes_by_once_more(
        self, page: Page, elsewhere: Elsewhere
    ) -> None:
        user, subject = elsewhere.somebody()
        holder = enrol(elsewhere.door, user)
        page.goto("/connexion?next=/compte")
        page.get_by_role("button", name="Se connecter avec Ailleurs").click()
        visit(page, subject)

        page.get_by_label("Code de votre second facteur").fill(code_of(holder.secret, ahead=1))
        page.get_by_role("button", name="Continuer").click()
        visit(page, subject)  # this provider remembers nobody

        page.wait_for_url("**/compte")
        expect(page.get_by_text(user["email"])).to_be_visible()

    def test_that_was_not_begun_here_is_refused_in_a_sentence(self, page: Page) -> None:
        page.goto("/connexion/retour/ailleurs?code=found&state=somewhere")

        expect(page.get_by_role("alert")).to_contain_text("n'a pas commencé ici")
        assert "found" not in page.url
