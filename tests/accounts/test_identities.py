"""Signing in by somebody else's word, at the door: with a real provider in its own process."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from tests.accounts.authenticator import code_of
from tests.accounts.door import ADMIN, PASSWORD, Door, run_create_admin
from tests.accounts.provider import provider
from tests.accounts.test_second_factors import enrol
from tests.fix_service import SIGNING_KEY, serving
from tests.fix_stack import FreshSchema

BACK_AT = "https://relais.example/oidc"


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """The provider, and a browser that goes there and comes back."""

    url: str
    door: Door

    def know(self, subject: str, **claims: Any) -> None:
        """Let the provider know somebody by these claims."""
        assert httpx.put(f"{self.url}/users/{subject}", json=claims).is_success

    def start(self) -> dict[str, Any]:
        started = self.door.client.post("/v1/oidc/ailleurs/start")
        assert started.status_code == 201, started.text
        flow: dict[str, Any] = started.json()
        return flow

    def visit(self, started: dict[str, Any], *, subject: str) -> dict[str, str]:
        """Sign in at the provider; gives what the browser comes back with."""
        answer = httpx.post(started["authorization_url"], data={"sub": subject})
        assert answer.status_code == 302, answer.text
        location = urlsplit(answer.headers["Location"])
        assert f"{location.scheme}://{location.netloc}{location.path}" == BACK_AT
        back = parse_qs(location.query)
        return {"flow": started["flow"], "state": back["state"][0], "code": back["code"][0]}

    def come_back(self, body: dict[str, str], *, provider: str = "ailleurs") -> httpx.Response:
        return self.door.client.post(f"/v1/oidc/{provider}/callback", json=body)

    def sign_in(self, subject: str, **more: str) -> httpx.Response:
        return self.come_back(self.visit(self.start(), subject=subject) | more)


@pytest.fixture(scope="module")
def elsewhere(fresh_schema: FreshSchema) -> Iterator[Elsewhere]:
    with provider() as url:
        told = {"client_id": "relais", "client_secret": "a secret", "redirect_uri": BACK_AT}
        providers = {
            "ailleurs": told | {"issuer": url},
            "away": told | {"issuer": "http://127.0.0.1:9"},
        }
        schema = fresh_schema("accounts")
        assert run_create_admin(schema).returncode == 0
        with serving(
            "accounts",
            schema=schema,
            RELAIS_SIGNING_KEY=SIGNING_KEY,
            RELAIS_OIDC_PROVIDERS=json.dumps(providers),
        ) as client:
            door = Door(client=client, schema=schema)
            door.admin = {"Authorization": f"Bearer {door.sign_in(ADMIN).json()['token']}"}
            yield Elsewhere(url=url, door=door)


def somebody(elsewhere: Elsewhere, **claims: Any) -> tuple[dict[str, Any], str]:
    """A user here, whom the provider knows by their verified address."""
    user = elsewhere.door.make_user("referrer")
    subject = uuid4().hex
    known = {"email": user["email"].upper(), "email_verified": True} | claims
    elsewhere.know(subject, **known)
    return user, subject


class TestSignIn:
    def test_lets_in_whose_verified_address_is_known_and_links_them(
        self, elsewhere: Elsewhere
    ) -> None:
        user, subject = somebody(elsewhere)

        first = elsewhere.sign_in(subject)
        elsewhere.know(subject, email="changed@ailleurs.example", email_verified=True)
        again = elsewhere.sign_in(subject)

        assert first.status_code == again.status_code == 201, first.text + again.text
        assert first.json()["user"]["id"] == again.json()["user"]["id"] == user["user_id"]
        token = {"Authorization": f"Bearer {first.json()['token']}"}
        assert elsewhere.door.get("/v1/me", as_=token).json()["email"] == user["email"]
        ways = [each["way"] for each in elsewhere.door.get("/v1/sessions", as_=token).json()]
        assert ways == ["oidc", "oidc"]
        kinds = [e["kind"] for e in elsewhere.door.log() if e["user_id"] == user["user_id"]]
        assert kinds == ["user_created", "identity_linked", "signed_in", "signed_in"]

    def test_lists_where_one_may_sign_in(self, elsewhere: Elsewhere) -> None:
        assert elsewhere.door.client.get("/v1/oidc").json() == [
            {"provider": "ailleurs"},
            {"provider": "away"},
        ]

    @pytest.mark.parametrize(
        "claims", [{"email_verified": False}, {"email": "nobody@ailleurs.example"}], ids=str
    )
    def test_lets_nobody_in_whom_nobody_here_is(
        self, elsewhere: Elsewhere, claims: dict[str, Any]
    ) -> None:
        _, subject = somebody(elsewhere, **claims)

        answer = elsewhere.sign_in(subject)

        assert (answer.status_code, answer.json()["code"]) == (403, "accounts.oidc.nobody_here")

    def test_links_a_user_to_one_subject_of_a_provider(self, elsewhere: Elsewhere) -> None:
        user, subject = somebody(elsewhere)
        assert elsewhere.sign_in(subject).status_code == 201
        other = uuid4().hex
        elsewhere.know(other, email=user["email"], email_verified=True)

        answer = elsewhere.sign_in(other)

        assert answer.json()["code"] == "accounts.oidc.nobody_here"

    def test_lets_nobody_in_who_is_disabled(self, elsewhere: Elsewhere) -> None:
        user, subject = somebody(elsewhere)
        assert elsewhere.sign_in(subject).status_code == 201
        elsewhere.door.post(f"/v1/users/{user['user_id']}/disable", {})

        assert elsewhere.sign_in(subject).status_code == 401

    def test_asks_for_the_second_factor_unless_the_provider_did(self, elsewhere: Elsewhere) -> None:
        user, subject = somebody(elsewhere)
        holder = enrol(elsewhere.door, user)

        without = elsewhere.sign_in(subject)
        given = elsewhere.sign_in(subject, second_factor=code_of(holder.secret))

        assert without.json()["code"] == "accounts.session.second_factor_needed"
        assert (given.status_code, given.json()["second_factor"]) == (201, "given")
        elsewhere.know(subject, email=user["email"], email_verified=True, amr=["mfa"])
        there = elsewhere.sign_in(subject)
        assert (there.status_code, there.json()["second_factor"]) == (201, "given")

    def test_lets_a_browser_in_by_a_cookie_that_no_script_reads(self, elsewhere: Elsewhere) -> None:
        _, subject = somebody(elsewhere)

        body = elsewhere.visit(elsewhere.start(), subject=subject)
        answer = elsewhere.door.client.post("/v1/oidc/ailleurs/browser-callback", json=body)

        assert answer.status_code == 201, answer.text
        assert "token" not in answer.json()
        assert answer.json()["home"] == "/orienter"
        assert answer.headers["Set-Cookie"].startswith("relais_session=")
        assert "HttpOnly" in answer.headers["Set-Cookie"]


class TestFlow:
    def test_comes_back_once_however_often_at_once(self, elsewhere: Elsewhere) -> None:
        _, subject = somebody(elsewhere)
        back = elsewhere.visit(elsewhere.start(), subject=subject)

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: elsewhere.come_back(back), range(4)))

        assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]
        codes = {answer.json().get("code") for answer in answers if answer.status_code == 401}
        assert codes == {"accounts.oidc.flow_refused"}

    @pytest.mark.parametrize("wrong", ["state", "flow"])
    def test_comes_back_to_the_browser_it_began_in(self, elsewhere: Elsewhere, wrong: str) -> None:
        _, subject = somebody(elsewhere)
        back = elsewhere.visit(elsewhere.start(), subject=subject)
        mine = elsewhere.visit(elsewhere.start(), subject=subject)

        answer = elsewhere.come_back(back | {wrong: mine[wrong]})

        assert (answer.status_code, answer.json()["code"]) == (401, "accounts.oidc.flow_refused")

    def test_that_was_made_up_is_refused(self, elsewhere: Elsewhere) -> None:
        later = int(time.time()) + 600
        for flow in ("x", "a.b.c", f"{later}.x.y", f"{later}..", "é.é.é"):
            answer = elsewhere.come_back({"flow": flow, "state": "x", "code": "x"})
            assert answer.json()["code"] == "accounts.oidc.flow_refused", flow

    def test_with_a_code_that_the_provider_does_not_know_is_refused(
        self, elsewhere: Elsewhere
    ) -> None:
        _, subject = somebody(elsewhere)
        back = elsewhere.visit(elsewhere.start(), subject=subject)

        answer = elsewhere.come_back(back | {"code": "made up"})

        assert (answer.status_code, answer.json()["code"]) == (401, "accounts.oidc.word_refused")
        assert answer.json()["detail"].startswith("La réponse de ailleurs")

    def test_of_one_provider_is_none_of_anothers(self, elsewhere: Elsewhere) -> None:
        _, subject = somebody(elsewhere)
        back = elsewhere.visit(elsewhere.start(), subject=subject)

        answer = elsewhere.come_back(back, provider="away")

        assert answer.json()["code"] == "accounts.oidc.flow_refused"

    def test_to_a_provider_that_is_away_or_unknown_does_not_begin(
        self, elsewhere: Elsewhere
    ) -> None:
        client = elsewhere.door.client
        assert client.post("/v1/oidc/away/start").status_code == 503
        unknown = client.post("/v1/oidc/nowhere/start")
        assert (unknown.status_code, unknown.json()["code"]) == (
            404,
            "accounts.oidc.provider_unknown",
        )

    @pytest.mark.parametrize(
        "body", [{}, {"flow": 1, "state": "x", "code": "x"}, {"password": PASSWORD}], ids=str
    )
    def test_that_is_badly_written_is_refused(self, elsewhere: Elsewhere, body: Any) -> None:
        assert elsewhere.come_back(body).status_code == 422
