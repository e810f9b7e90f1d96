"""A browser for tests: signed in as somebody, watched for errors, its pages checked and pictured.

A test fails when a page logs an error, breaks its Content-Security-Policy or asks for what is not
there, even if everything it looked for was so.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Response, expect, sync_playwright

from deploy.local.home import ROOT
from tests.fix_network import Network

SCREENS = ROOT / "build" / "screens"
WIDTH, HEIGHT, NARROW = 1100, 800, 320
#: How long a page may take on a machine that does other things as well.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
_AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Chromium's own word on an answer that the page shows in words; what matters is looked at below.
_ANSWERED = "Failed to load resource"


@dataclass(kw_only=True)
class Watched:
    """A browser window of somebody, and what went wrong in it."""

    context: BrowserContext
    wrong: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Take note of what goes wrong on a page."""
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("console", lambda said: self._heard(said.type, said.text))
        page.on("response", self._answered)

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not text.startswith(_ANSWERED):
            self.wrong.append(f"{kind}: {text}")

    def _answered(self, response: Response) -> None:
        # The API refuses, and the page says so; a page, script or picture of ours is there.
        if response.status >= 500 or (response.status >= 400 and "/api/" not in response.url):
            self.wrong.append(f"{response.status}: {response.url}")


class SignedIn(Protocol):
    """Open a window as somebody in a role; `Watched.wrong` may be emptied of what a test means."""

    def __call__(
        self,
        role: str | None,
        *,
        site_code: str | None = None,
        who: Mapping[str, Any] | None = None,
        width: int = WIDTH,
        **context: Any,
    ) -> Page: ...


Check = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium; a module's, since an event loop runs along with it."""
    program = shutil.which("chromium")
    assert program, "Debian's chromium is missing: run `make test` as root"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield made
        made.close()


@pytest.fixture
def signed_in(browser: Browser, network: Network) -> Iterator[SignedIn]:
    """Gives `signed_in("referrer", width=360)`: a page; `None` for nobody."""
    opened: list[Watched] = []
    with ExitStack() as closing:

        def open_one(
            role: str | None,
            *,
            site_code: str | None = None,
            who: Mapping[str, Any] | None = None,
            width: int = WIDTH,
            **options: Any,
        ) -> Page:
            context = browser.new_context(
                base_url=network.stack.web,
                timezone_id="Europe/Paris",
                viewport={"width": width, "height": HEIGHT},
                reduced_motion="reduce",
                **{"locale": "fr-FR"} | options,
            )
            closing.callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            if role is not None:
                who = who or network.sign_in(role, site_code=site_code)
                answer = context.request.post(
                    "/api/accounts/v1/browser-sessions",
                    data={"email": who["email"], "password": who["password"]},
                )
                assert answer.status == 201, answer.text()
            window = Watched(context=context)
            opened.append(window)
            context.on("page", window.watch)
            page = context.new_page()
            page.watched = window  # type: ignore[attr-defined]
            return page

        yield open_one
    for window in opened:
        assert window.wrong == []


@pytest.fixture
def check() -> Check:
    """Gives `check(page, "till-ticket")`: axe finds nothing, 320 px are enough, and a picture."""

    def look(page: Page, name: str) -> None:
        size = page.viewport_size or {"width": WIDTH, "height": HEIGHT}
        SCREENS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SCREENS / f"{name}.png", full_page=True)
        found = _violations(page)
        page.emulate_media(color_scheme="dark")
        found += [f"dark: {each}" for each in _violations(page, only=["color-contrast"])]
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": NARROW, "height": size["height"]})
        page.screenshot(path=SCREENS / f"{name}-{NARROW}.png", full_page=True)
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        page.set_viewport_size(size)
        assert found == []
        assert over <= 0, f"{over} px stick out of {NARROW} px"

    return look


def _violations(page: Page, *, only: list[str] | None = None) -> list[str]:
    """List what axe finds on a page: of its rules, or of all that are WCAG's."""
    kind, values = ("rule", only) if only else ("tag", _AXE_TAGS)
    answer = Axe().run(page, options={"runOnly": {"type": kind, "values": values}})
    return [
        f"{each['id']}: {each['help']} {[node['target'] for node in each['nodes']]}"
        for each in answer.response["violations"]
    ]


@pytest.fixture
def screens() -> Path:
    """Where pictures are kept."""
    return SCREENS
