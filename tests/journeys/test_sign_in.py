"""Somebody tries passwords, and is slowed down; nobody else is."""

import secrets

import httpx
import pytest

from tests.fix_network import Network

pytestmark = pytest.mark.journey

FAILURES_MAX = 5


class TestWrongPassword:
    def test_is_throttled_for_that_account_alone(self, network: Network) -> None:
        email = f"{network.name}-{secrets.token_hex(3)}@relais.example"
        password = secrets.token_urlsafe(12)
        user = {
            "email": email,
            "display_name": "Camille Fictif",
            "role": "till_operator",
            "site_codes": ["lyon"],
            "password": password,
        }
        network.as_("admin").post("accounts/v1/users", user)
        door = f"{network.stack.web}/api/accounts/v1/sessions"
        with httpx.Client(timeout=30.0) as http:
            right = {"email": email, "password": password}
            assert http.post(door, json=right).status_code == 201
            for _ in range(FAILURES_MAX):
                wrong = http.post(door, json={"email": email, "password": "faux"})
                assert (wrong.status_code, wrong.json()["code"]) == (
                    401,
                    "accounts.session.wrong_credentials",
                )
            throttled = http.post(door, json=right)
            assert (throttled.status_code, throttled.json()["code"]) == (
                429,
                "accounts.session.throttled",
            )
            assert int(throttled.headers["Retry-After"]) > 0
            other = network.sign_in("mediator", site_code="lyon")
            answer = http.post(door, json={"email": other["email"], "password": other["password"]})
            assert answer.status_code == 201

    def test_is_counted_for_the_address_it_comes_from_not_the_one_it_claims(
        self, network: Network
    ) -> None:
        claimed = f"203.0.113.{secrets.randbelow(250)}"
        email = f"{network.name}-{secrets.token_hex(3)}@relais.example"
        answer = httpx.post(
            f"{network.stack.web}/api/accounts/v1/sessions",
            json={"email": email, "password": "faux"},
            headers={"X-Real-IP": claimed, "X-Forwarded-For": claimed},
        )
        assert answer.status_code == 401
        [row] = network.rows(
            "SELECT record::json->>'network' AS network FROM accounts.log_entry"
            " WHERE record LIKE '%sign_in_failed%' ORDER BY sequence DESC LIMIT 1"
        )
        assert row["network"] == "127.0.0.0/24"
