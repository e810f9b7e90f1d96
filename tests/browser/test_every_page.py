"""What holds of every page: who may see it, what it carries, and how little it weighs."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from chassis.auth import ROLES
from chassis.web.page import HEADERS, pages_of
from deploy import contracts
from tests.browser.conftest import SignedIn
from tests.fix_network import Network

#: A slow line: what a phone gets in a town hall's basement (the "3G" of browsers' own tools).
SLOW = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
WEIGHT_BYTES_MAX = 100_000
USABLE_MS_MAX, LOADS = 1_000, 4

#: Those without a variable part; the others are asked for by the journeys.
PAGES = [
    page
    for service in contracts.service_names()
    for page in pages_of(contracts.service_class(service))
    if "<" not in page.path
]
#: Where each role's work begins.
HOMES = {"till_operator": "/caisse", "referrer": "/orienter", "site_manager": "/pilotage"}


@pytest.fixture(scope="module")
def cookies(network: Network) -> dict[str, str]:
    return {role: network.token(role) for role in ROLES}


@pytest.fixture(scope="module")
def door(network: Network) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=network.stack.web) as client:
        yield client


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
class TestEveryPage:
    def test_is_seen_by_the_roles_it_is_for_and_by_nobody_else(
        self, page: Any, door: httpx.Client, cookies: dict[str, str]
    ) -> None:
        for role in ROLES:
            answer = door.get(page.path, headers={"Cookie": f"relais_session={cookies[role]}"})

            if page.allow and role not in page.allow:
                assert answer.status_code == 403, role
                assert "<h1>" in answer.text
            else:
                # A page that needs a query says so; none breaks.
                assert answer.status_code in (200, 303, 422), (role, answer.text)

    def test_leads_to_the_sign_in_when_nobody_is_there(self, page: Any, door: httpx.Client) -> None:
        whole, part = door.get(page.path), door.get(page.path, headers={"HX-Request": "true"})

        if page.allow:
            assert whole.status_code == 303
            assert whole.headers["Location"].startswith("/connexion?next=/")
            assert part.status_code == 401
        else:
            assert whole.status_code == 200

    def test_carries_its_policy_and_is_not_kept(self, page: Any, door: httpx.Client) -> None:
        answer = door.get(page.path)

        for name, value in HEADERS.items():
            assert answer.headers[name] == value, name
        assert "unsafe" not in answer.headers["Content-Security-Policy"]


class TestFirstPage:
    """What somebody loads who has never been here, on a slow line."""

    @staticmethod
    def weigh(page: Page, path: str) -> tuple[int, float]:
        line = page.context.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Network.setCacheDisabled", {"cacheDisabled": True})
        line.send("Network.emulateNetworkConditions", SLOW)
        weighed: list[int] = []
        line.on("Network.loadingFinished", lambda done: weighed.append(done["encodedDataLength"]))
        page.goto(path, wait_until="load")
        usable_ms = page.evaluate(
            "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
        )
        return sum(weighed), usable_ms

    def test_of_the_sign_in_is_light_and_soon_usable(self, signed_in: SignedIn) -> None:
        page = signed_in(None)

        weighed = [self.weigh(page, "/connexion") for _ in range(LOADS)]

        expect(page.get_by_label("Adresse e-mail")).to_be_editable()
        assert 5_000 < max(weight for weight, _ in weighed) < WEIGHT_BYTES_MAX
        # The best of them: others use this machine too.
        assert min(usable_ms for _, usable_ms in weighed) < USABLE_MS_MAX

    @pytest.mark.parametrize("role", HOMES)
    def test_of_each_work_is_light(self, signed_in: SignedIn, role: str) -> None:
        page = signed_in(role)

        weight, _ = self.weigh(page, "/")

        expect(page).to_have_url(re.compile(HOMES[role]))
        assert 5_000 < weight < WEIGHT_BYTES_MAX


class TestNoPage:
    """An address where nothing is."""

    @pytest.mark.parametrize("path", ["/rien", "/accueil/rien/du/tout", "/pilotage/rien"])
    def test_is_said_to_a_person_as_a_page(self, door: httpx.Client, path: str) -> None:
        answer = door.get(path)

        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
        assert "<h1>" in answer.text

    @pytest.mark.parametrize("path", ["/api/nobody/v1/x", "/api/accounts/v1/rien"])
    def test_is_said_to_a_program_as_a_problem(self, door: httpx.Client, path: str) -> None:
        answer = door.get(path)

        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("application/problem+json")
