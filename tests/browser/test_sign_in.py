"""The way in: signing in, being led to one's work, and what another site cannot make us do."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Check, SignedIn
from tests.fix_network import Network


class TestSignIn:
    def test_leads_back_to_the_page_that_was_wanted(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        page = signed_in(None)
        who = network.sign_in("referrer")

        page.goto("/compte")
        expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()
        check(page, "sign-in")
        page.get_by_label("Adresse e-mail").fill(who["email"])
        page.get_by_label("Mot de passe").fill(who["password"])
        page.keyboard.press("Enter")

        page.wait_for_url("**/compte")

    def test_says_in_words_what_is_wrong_and_keeps_what_was_typed(
        self, signed_in: SignedIn, check: Check
    ) -> None:
        page = signed_in(None)

        page.goto("/connexion")
        page.get_by_label("Adresse e-mail").fill("personne@relais.example")
        page.get_by_label("Mot de passe").fill("pas celui-ci")
        page.get_by_role("button", name="Se connecter").click()

        expect(page.get_by_role("alert")).to_contain_text("ne vont pas ensemble")
        expect(page.get_by_label("Adresse e-mail")).to_have_value("personne@relais.example")
        check(page, "sign-in-refused")

    @pytest.mark.parametrize(
        "elsewhere", ["//elsewhere.example/", "/\\elsewhere.example", "https://e"]
    )
    def test_leads_nowhere_else(self, signed_in: SignedIn, elsewhere: str) -> None:
        page = signed_in(None)

        page.goto(f"/connexion?next={elsewhere}")

        expect(page.locator("form[data-sign-in=first]")).to_have_attribute("data-back", "")


class TestCookie:
    """What carries a browser's token."""

    def test_is_out_of_reach_of_scripts_and_of_other_sites(self, signed_in: SignedIn) -> None:
        page = signed_in("referrer")

        page.goto("/connexion")

        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
        assert page.evaluate("document.cookie") == ""
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Sec-Fetch-Site": "same-origin"}, 200),
            ({"Sec-Fetch-Site": "same-site"}, 403),
            ({"Sec-Fetch-Site": "cross-site"}, 403),
            ({"Sec-Fetch-Site": "none"}, 403),
            ({"Origin": "{web}"}, 200),
            ({"Origin": "https://elsewhere.example"}, 403),
            ({"Origin": "null"}, 403),
            ({}, 403),
        ],
        ids=["ours", "sibling", "foreign", "typed", "origin", "foreign-origin", "null", "silent"],
    )
    def test_changes_nothing_for_another_site(
        self, network: Network, headers: dict[str, str], status: int
    ) -> None:
        web = network.stack.web
        with httpx.Client(base_url=web) as browser:
            who = network.sign_in("mediator")
            signed_in = browser.post(
                "/api/accounts/v1/browser-sessions",
                json={"email": who["email"], "password": who["password"]},
            )
            assert signed_in.status_code == 201
            assert "token" not in signed_in.json()

            answer = browser.post(
                "/api/accounts/v1/sign-out",
                headers={name: value.format(web=web) for name, value in headers.items()}
                | {"Idempotency-Key": f"sign-out-{'-'.join(headers)}-{status}"},
                json={},
            )

            assert answer.status_code == status
            still_in = browser.get("/api/accounts/v1/me").status_code
            assert still_in == (401 if status == 200 else 200)
            if status == 403:
                assert answer.json()["code"] == "relais.request.cross_site"

    def test_of_a_browser_outlives_another_session_that_ends_beside_it(
        self, network: Network
    ) -> None:
        with httpx.Client(base_url=network.stack.web) as browser:
            who = network.sign_in("mediator")
            credentials = {"email": who["email"], "password": who["password"]}
            browser.post("/api/accounts/v1/browser-sessions", json=credentials)
            token = browser.post("/api/accounts/v1/sessions", json=credentials).json()["token"]

            ended = browser.post(
                "/api/accounts/v1/sign-out",
                headers={"Authorization": f"Bearer {token}", "Idempotency-Key": token[-40:]},
                json={},
            )

            assert ended.status_code == 200
            assert browser.get("/api/accounts/v1/me").status_code == 200

    @pytest.mark.parametrize("path", ["browser-sessions", "sessions"])
    def test_is_not_put_into_a_browser_by_another_site(self, network: Network, path: str) -> None:
        # Whoever is signed in as somebody else unawares types other people's data into their hands.
        who = network.sign_in("mediator")

        answer = httpx.post(
            f"{network.stack.web}/api/accounts/v1/{path}",
            headers={"Sec-Fetch-Site": "cross-site"},
            json={"email": who["email"], "password": who["password"]},
        )

        assert answer.status_code == 403
        assert "Set-Cookie" not in answer.headers


class TestScreen:
    """A screen that two people use, each in a tab."""

    def test_does_nothing_for_one_in_the_name_of_the_other(
        self, signed_in: SignedIn, network: Network
    ) -> None:
        page = signed_in("mediator")
        page.goto("/compte")
        other = network.sign_in("till_operator")
        page.request.post(
            "/api/accounts/v1/browser-sessions",
            data={"email": other["email"], "password": other["password"]},
        )

        page.locator("details[data-menu] summary").click()
        page.get_by_role("button", name="Se déconnecter").click()

        expect(page.get_by_role("dialog")).to_contain_text("Votre session est terminée")
        assert page.request.get("/api/accounts/v1/me").json()["role"] == "till_operator"


class TestAnswer:
    def test_of_the_api_is_not_kept_by_a_browser(self, network: Network) -> None:
        token = network.token("mediator")
        kept = httpx.get(
            f"{network.stack.web}/api/accounts/v1/me", headers={"Authorization": f"Bearer {token}"}
        )

        assert kept.headers["Cache-Control"] == "no-store"
        assert kept.headers["X-Content-Type-Options"] == "nosniff"
