"""One release of the till follows another: whole or not at all, and what was sold stays."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.local.home import ROOT

_WORKER = ROOT / "services" / "recharges" / "web" / "static" / "till" / "worker.js"
_SCRIPT = "/static/recharges/till/main.js"
_TAKE_ON = """async () => {
  await navigator.serviceWorker.register("/caisse/sw.js", { scope: "/caisse" });
  await navigator.serviceWorker.ready;
}"""
#: Asks for the next release, and says how its worker ended: `activated`, or `redundant`.
_NEXT = """async () => {
  const known = await navigator.serviceWorker.getRegistration("/caisse");
  const found = new Promise((resolve) => (known.onupdatefound = resolve));
  known.update();
  await found;
  const worker = known.installing;
  return new Promise((resolve) => {
    const look = () => ["activated", "redundant"].includes(worker.state) && resolve(worker.state);
    worker.addEventListener("statechange", look);
    look();
  });
}"""
_SELL = """() => new Promise((resolve) => {
  const opening = indexedDB.open("relais-till");
  opening.onupgradeneeded = () => opening.result.createObjectStore("sales");
  opening.onsuccess = () => {
    const tx = opening.result.transaction("sales", "readwrite");
    tx.objectStore("sales").put("sold", 1);
    tx.oncomplete = () => (opening.result.close(), resolve());
  };
})"""
_SOLD = """() => new Promise((resolve) => {
  const opening = indexedDB.open("relais-till");
  opening.onsuccess = () => {
    const asked = opening.result.transaction("sales").objectStore("sales").get(1);
    asked.onsuccess = () => (opening.result.close(), resolve(asked.result));
  };
})"""


@dataclass(kw_only=True)
class Shop:
    """A server that has one release of a till's page, its script and its worker."""

    web: str = ""
    files: dict[str, tuple[str, str]] = field(default_factory=dict)

    def publish(self, release: str, *, whole: bool = True) -> None:
        """Put a release in place; one that is not whole lacks the script that its worker names."""
        script = f"document.querySelector('output').textContent = 'script {release}';"
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        named = json.dumps({"name": release, "files": {_SCRIPT: f"sha256-{digest}"}})
        page = (
            f'<!doctype html><meta name="till-release" content="{release}"><title>{release}</title>'
            '<body data-user="ida"><output></output>'
            f'<script type="module" src="{_SCRIPT}"></script>'
        )
        self.files |= {
            "/caisse": ("text/html", page),
            "/caisse/sw.js": (
                "text/javascript",
                f"const RELEASE = {named};\n{_WORKER.read_text(encoding='utf-8')}",
            ),
        }
        if whole:
            self.files[_SCRIPT] = ("text/javascript", script)


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, text = made.files.get(self.path, ("text/plain", ""))
            self.send_response(200 if text else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Service-Worker-Allowed", "/caisse")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        made.web = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture
def page(browser: Browser, shop: Shop) -> Iterator[Page]:
    context = browser.new_context(base_url=shop.web)
    yield context.new_page()
    context.close()


def is_of(page: Page, release: str, *, cut: bool = False) -> None:
    """Load the till anew, with the line or without it: page and script are of one release."""
    page.context.set_offline(cut)
    page.goto("/caisse")
    expect(page).to_have_title(release)
    expect(page.locator("output")).to_have_text(f"script {release}")
    page.context.set_offline(False)


class TestRelease:
    def test_takes_the_place_of_the_last_one_once_it_is_whole_and_leaves_what_was_sold(
        self, page: Page, shop: Shop
    ) -> None:
        shop.publish("one")
        page.goto("/caisse")
        page.evaluate(_TAKE_ON)
        page.evaluate(_SELL)
        is_of(page, "one", cut=True)

        # It is being put in place: half of it is there, and it is not taken.
        shop.publish("two", whole=False)
        assert page.evaluate(_NEXT) == "redundant"
        is_of(page, "one", cut=True)

        shop.publish("two")
        is_of(page, "two")  # a page of another release has its own script, over the line
        assert page.evaluate(_NEXT) == "activated"
        is_of(page, "two")
        is_of(page, "two", cut=True)
        assert page.evaluate("caches.keys()") == ["relais-till-two"]
        assert page.evaluate(_SOLD) == "sold"
