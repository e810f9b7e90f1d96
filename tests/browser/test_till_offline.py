"""The till without the line: it goes on selling, loses nothing, and sells nothing twice."""

import os
import re
import signal
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, Route, expect

from chassis import clock
from tests.browser.conftest import Check, SignedIn
from tests.browser.counter import sign_in_as
from tests.browser.tablet import Tablet, promise_to_keep
from tests.fix_network import LARGE_OFFER, LARGE_PRICE_CENTS, SMALL_OFFER, Network, eventually

SITE = "saint-denis"
#: Changes what the store holds, as somebody would who opens the browser's own tools.
TAMPER = """() => new Promise((resolve, reject) => {
  const opening = indexedDB.open("relais-till");
  opening.onerror = reject;
  opening.onsuccess = () => {
    const store = opening.result.transaction("sales", "readwrite").objectStore("sales");
    store.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      const sale = cursor.value;
      sale.record.tendered_cents += 100;
      sale.record.change_cents += 100;
      cursor.update(sale);
      store.transaction.oncomplete = () => (opening.result.close(), resolve());
    };
  };
})"""

#: A camera that sees nothing but a picture.
SEES = """
navigator.mediaDevices.getUserMedia = async () => {
  const picture = new Image();
  picture.src = PICTURE;
  await picture.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: 480, height: 480 });
  const ground = canvas.getContext("2d");
  setInterval(() => {
    ground.fillStyle = "white";
    ground.fillRect(0, 0, 480, 480);
    ground.drawImage(picture, 60, 60, 360, 360);
  }, 100);
  return canvas.captureStream(10);
};
"""
#: The paths of what the service worker has kept.
KEPT = """async () => {
  const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
  const kept = await Promise.all(caches_.map((cache) => cache.keys()));
  return kept.flat().map((request) => new URL(request.url).pathname);
}"""


@pytest.fixture
def slip(network: Network) -> dict[str, str]:
    """The slip of somebody whom the site has just taken in, and who they are to other services."""
    referred = network.refer(site_code=SITE)
    return referred.slip | {"person_ref": network.take_in(referred)}


@pytest.fixture
def tablet(signed_in: SignedIn, network: Network, slip: dict[str, str]) -> Iterator[Tablet]:
    """An enrolled till that has taken recharges along, for that person among others."""
    page = signed_in("till_operator", site_code=SITE)
    promise_to_keep(page, web=network.stack.web)
    made = Tablet(page=page, network=network, site_code=SITE)
    made.enrol()
    made.take_along()
    yield made
    made.forget_the_cut()


class TestWithoutTheLine:
    def test_finds_by_the_slip_sells_in_three_touches_and_sends_up_later(
        self, tablet: Tablet, slip: dict[str, str], check: Check
    ) -> None:
        page = tablet.page
        tablet.cut()
        tablet.sees("Hors ligne")

        page.locator("#find-text").fill(slip["qr"])
        page.keyboard.press("Enter")
        page.locator("[data-tiles] button:not(:disabled)").first.click()
        check(page, "till-offline-pay")
        page.locator("[data-cash]").click()

        pin = page.locator("[data-pin]")
        expect(pin).to_have_text(re.compile(r"^\d{14}$"))
        check(page, "till-offline-ticket")
        tablet.sees("1 en attente")
        (sale,) = tablet.state["sales"]
        assert "déjà été montrés" in tablet.call("showOnceMore", sale["sale_id"])["reason"]
        page.locator("[data-do=next]").click()
        page.locator("[data-line] button").click()
        check(page, "till-offline-queue")
        page.get_by_role("button", name="Fermer la liste").click()

        tablet.mend()

        tablet.until("state => state.waiting === 0 && state.sales[0].outcome === 'accepted'")
        assert tablet.booked() == [sale["sale_id"]]
        kept = page.evaluate(KEPT)
        assert "/caisse" in kept
        assert [path for path in kept if path.startswith("/api/")] == []

    def test_goes_on_by_itself_where_the_line_is_cut_in_the_middle_of_a_sale(
        self, tablet: Tablet, slip: dict[str, str]
    ) -> None:
        page = tablet.page
        page.locator("#find-text").fill(slip["qr"])
        page.keyboard.press("Enter")
        page.get_by_role("button", name="500 Mo").click()
        expect(page.get_by_role("button", name="Par carte")).to_be_visible()  # found with the line
        tablet.cut()
        tablet.sees("Hors ligne")

        page.locator("[data-cash]").click()

        expect(page.locator("[data-pin]")).to_have_text(re.compile(r"^\d{14}$"))
        tablet.sees("1 en attente")
        (sale,) = tablet.state["sales"]
        tablet.mend()
        tablet.until("state => state.waiting === 0")
        assert tablet.booked() == [sale["sale_id"]]

    def test_is_nobodys_once_its_cashier_has_signed_out(
        self, tablet: Tablet, network: Network
    ) -> None:
        page, who = tablet.page, network.sign_in("till_operator", site_code=SITE)
        assert "/caisse" in page.evaluate(KEPT)

        page.goto("/compte")  # no page of the worker's
        page.locator("details[data-menu] summary").click()
        page.get_by_role("button", name="Se déconnecter").click()
        expect(page.get_by_label("Adresse e-mail")).to_be_visible()
        page.context.set_offline(True)
        with pytest.raises(Error):
            page.goto("/caisse")

        page.context.set_offline(False)
        page.goto("/connexion?next=/caisse")
        page.get_by_label("Adresse e-mail").fill(who["email"])
        page.get_by_label("Mot de passe").fill(who["password"])
        page.keyboard.press("Enter")
        tablet.until("state => state.ready && state.online")
        page.context.set_offline(True)
        page.reload()
        tablet.until("state => state.ready && !state.online")

    def test_refuses_what_the_service_would_refuse_later(
        self, tablet: Tablet, slip: dict[str, str]
    ) -> None:
        tablet.cut()
        forged = slip["qr"][:-3] + ("AAA" if slip["qr"][-3:] != "AAA" else "BBB")

        assert tablet.call("findPerson", slip["code"])["person_ref"] == slip["person_ref"]
        assert "modifié" in tablet.call("findPerson", forged)["reason"]
        assert "hors ligne" in tablet.call("findPerson", "2222-2222")["reason"]
        assert "Il faut payer" in tablet.sell(slip, LARGE_OFFER, tendered_cents=100)["reason"]
        assert "réserve" in tablet.sell(slip, LARGE_OFFER, quantity=20)["reason"]
        assert "peut encore acheter" in tablet.sell(slip, LARGE_OFFER, quantity=3)["reason"]
        sold = tablet.sell(slip, LARGE_OFFER)
        assert sold["total_cents"] == LARGE_PRICE_CENTS
        assert tablet.call("findPerson", slip["code"])["left_cents"] == sum(
            tablet.prices.values()
        ) - (LARGE_PRICE_CENTS)
        assert tablet.state["waiting"] == 1

    def test_sells_nothing_by_a_clock_that_is_wrong(
        self, tablet: Tablet, slip: dict[str, str]
    ) -> None:
        page = tablet.page
        past = format_datetime(clock.now() - timedelta(minutes=20), usegmt=True)
        page.context.route(
            "**/api/recharges/healthz",
            lambda route: route.fulfill(status=200, headers={"Date": past}),
        )
        page.evaluate("dispatchEvent(new Event('online'))")
        tablet.until("state => state.skewMs > 1_000_000")

        page.locator("[data-line] button").click()
        expect(page.locator("#line-dialog")).to_contain_text("avance de 20 minutes")
        assert "horloge" in tablet.sell(slip, LARGE_OFFER)["reason"]

    def test_asks_again_for_a_sale_whose_answer_was_lost_before_anything_is_sold_for_it(
        self, tablet: Tablet, slip: dict[str, str]
    ) -> None:
        page = tablet.page
        reached: list[int] = []

        def lose_the_answer(route: Route) -> None:
            if not reached:
                reached.append(route.fetch().status)
            route.abort("connectionreset")

        page.context.route("**/api/recharges/v1/sales", lose_the_answer)
        page.locator("#find-text").fill(slip["code"])
        page.keyboard.press("Enter")
        page.locator("[data-found] button, [data-tiles] button:not(:disabled)").first.click()
        page.locator("[data-cash]").click()
        expect(page.locator("[data-pay-note]")).to_contain_text("on ne sait pas")
        assert reached == [201]
        tablet.cut()

        assert "reposée" in tablet.sell(slip, LARGE_OFFER)["reason"]
        page.reload()  # the question is on the disk: a reload forgets nothing of it
        tablet.until("state => state.ready && state.unanswered.length === 1")
        assert "reposée" in tablet.sell(slip, LARGE_OFFER)["reason"]
        page.context.unroute("**/api/recharges/v1/sales")
        tablet.mend()

        tablet.until("state => state.settled.length === 1")
        (answered,) = tablet.state["settled"]
        assert answered["outcome"]["status"] == 201
        assert tablet.booked() == [answered["outcome"]["answer"]["sale_id"]]

    def test_survives_a_reload_and_a_crash_and_shows_an_unseen_code_once(
        self, tablet: Tablet, slip: dict[str, str]
    ) -> None:
        tablet.cut()
        sold = tablet.sell(slip, LARGE_OFFER)
        pin = sold["vouchers"][0]["pin"]

        tablet.page.reload()
        tablet.until("state => state.ready && state.waiting === 1 && state.unshown.length === 1")
        tablet.crash()
        tablet.until("state => state.ready && state.waiting === 1 && state.unshown.length === 1")

        again = tablet.call("showOnceMore", sold["sale_id"])
        assert again["vouchers"][0]["pin"] == pin
        assert "déjà été montrés" in tablet.call("showOnceMore", sold["sale_id"])["reason"]
        next_one = tablet.sell(slip, SMALL_OFFER)
        assert [each["sequence"] for each in tablet.state["sales"]] == [2, 1]

        tablet.mend()
        tablet.until("state => state.waiting === 0")
        assert set(tablet.booked()) == {sold["sale_id"], next_one["sale_id"]}

    def test_sends_up_once_what_was_taken_in_without_an_answer(
        self, tablet: Tablet, slip: dict[str, str]
    ) -> None:
        tablet.cut()
        sold = tablet.sell(slip, LARGE_OFFER)
        arrived: list[int] = []

        def lose_the_answer(route: Route) -> None:
            if not arrived:
                arrived.append(route.fetch().status)
            route.abort("connectionreset")

        tablet.page.context.route("**/offline-sales", lose_the_answer)
        tablet.mend()
        # The browser is looked at, or what it asks for would not be answered meanwhile.
        eventually(lambda: bool(tablet.state) and arrived == [200])
        tablet.page.goto(f"/caisse/tiroir/{tablet.till_id}")
        expect(tablet.page.locator("main .note.wait")).to_contain_text("avant de compter")
        tablet.page.context.unroute("**/offline-sales")
        tablet.page.goto("/caisse")

        tablet.until("state => state.sales.length === 1 && state.waiting === 0")
        assert tablet.state["sales"][0]["outcome"] == "known"
        assert tablet.booked() == [sold["sale_id"]]

    def test_shows_a_refusal_and_sells_no_more_where_the_store_was_tampered_with(
        self, tablet: Tablet, slip: dict[str, str], check: Check
    ) -> None:
        tablet.cut()
        tablet.sell(slip, LARGE_OFFER)
        tablet.page.evaluate(TAMPER)
        tablet.mend()

        tablet.until("state => state.refused === 1")
        tablet.sees("1 vente refusée")
        assert tablet.booked() == []
        frozen = "SELECT count(*) FROM recharges.till WHERE frozen_at IS NOT NULL AND till_id = %s"
        assert tablet.network.number(frozen, tablet.till_id) == 1
        tablet.page.locator("[data-line] button").click()
        expect(tablet.page.locator("#line-dialog")).to_contain_text("n'est pas celle")
        check(tablet.page, "till-offline-refused")
        self.let_sell_again(tablet, check)
        assert tablet.network.number(frozen, tablet.till_id) == 0
        tablet.page.goto("/caisse")
        tablet.until("state => state.ready && state.refused === 1")
        tablet.cut()
        assert "responsable" in tablet.sell(slip, SMALL_OFFER)["reason"]

    @staticmethod
    def let_sell_again(tablet: Tablet, check: Check) -> None:
        """A supervisor looks at the frozen till, at the cashier's own screen."""
        page = tablet.page
        page.goto(f"/caisse/tiroir/{tablet.till_id}")
        expect(page.get_by_text("Caisse bloquée")).to_be_visible()
        page.get_by_role("heading", name="Laisser cette caisse vendre").click()
        page.get_by_label("Ce qui a été constaté").fill("Le navigateur a été manipulé.")
        check(page, "till-frozen")
        page.get_by_role("button", name="La laisser vendre").click()
        confirm(page, tablet)
        expect(page.locator("#flash")).to_contain_text("vend de nouveau")

    def test_of_a_device_that_was_withdrawn_is_sent_up_by_a_supervisor(
        self, tablet: Tablet, slip: dict[str, str]
    ) -> None:
        page, network = tablet.page, tablet.network
        tablet.cut()
        sold = tablet.sell(slip, LARGE_OFFER)
        manager = network.as_("site_manager", site_code=SITE)
        (device,) = [
            each
            for each in manager.get(f"accounts/v1/devices?site_code={SITE}&limit=200")
            if each["till_name"] == tablet.name
        ]
        manager.post(f"accounts/v1/devices/{device['device_id']}/revoke", {})
        revoked = "SELECT count(*) FROM recharges.lease WHERE till_id = %s AND state = 'revoked'"
        eventually(lambda: network.number(revoked, tablet.till_id) > 0)
        tablet.page.context.set_offline(False)
        tablet.enrol()
        tablet.until("state => state.ready && state.online && state.sales.length === 1")
        assert tablet.booked() == []

        page.locator("[data-line] button").click()
        page.get_by_role("button", name="Envoyer en tant que responsable").click()
        confirm(page, tablet)

        tablet.until("state => state.sales[0].outcome === 'accepted'")
        assert tablet.booked() == [sold["sale_id"]]


def confirm(page: Page, tablet: Tablet) -> None:
    """A supervisor signs in for one deed."""
    sign_in_as(page, tablet.network.sign_in("site_manager", site_code=SITE))


class TestStore:
    """Where the till keeps what it sold."""

    def test_is_of_one_tab_until_that_goes(self, tablet: Tablet, check: Check) -> None:
        first, second = tablet.page, tablet.page.context.new_page()
        second.goto("/caisse")
        tablet.page = second

        tablet.until("state => state.reason")
        assert "autre onglet" in tablet.state["reason"]
        second.locator("[data-line] button").click()
        check(second, "till-second-tab")
        first.close()

        tablet.until("state => state.ready && state.lease.length >= 2")

    @pytest.mark.parametrize(
        ("broken", "reason"),
        [
            ("", "fenêtre privée"),
            ("Object.defineProperty(window, 'indexedDB', { value: undefined })", "ne laisse rien"),
        ],
        ids=["private-window", "no-store"],
    )
    def test_private_window_erases_offline_sales(
        self, signed_in: SignedIn, check: Check, broken: str, reason: str
    ) -> None:
        # OCA/pos#172: so a browser that may lose what it keeps never becomes a till.
        page = signed_in("till_operator", site_code=SITE)
        page.add_init_script(broken)

        page.goto("/caisse/appareil")

        expect(page.locator("#unfit")).to_contain_text(reason)
        expect(page.get_by_label("Code")).to_be_disabled()
        if not broken:
            check(page, "till-private-window")

    def test_is_opened_by_the_code_that_a_manager_s_screen_shows_to_the_camera(
        self, signed_in: SignedIn, network: Network
    ) -> None:
        page = signed_in("till_operator", site_code=SITE)
        promise_to_keep(page, web=network.stack.web)
        tablet = Tablet(page=page, network=network, site_code=SITE)
        manager = network.as_("site_manager", site_code=SITE)
        awaited = manager.post(
            "accounts/v1/devices/enrolments", {"site_code": SITE, "till_name": tablet.name}
        )
        page.add_init_script(f"const PICTURE = '{awaited['qr_picture']}'; {SEES}")

        page.goto("/caisse/appareil")
        page.get_by_role("button", name="Caméra").click()

        page.wait_for_url("**/caisse")
        tablet.until("state => state.tillId")
        tablet.forget_the_cut()

    def test_is_on_the_disk_before_the_code_is_seen(
        self, browser: Browser, network: Network, slip: dict[str, str], tmp_path: Path
    ) -> None:
        def start() -> tuple[BrowserContext, Page]:
            context = browser.browser_type.launch_persistent_context(
                tmp_path,
                executable_path="/usr/bin/chromium",
                args=["--no-sandbox"],
                base_url=network.stack.web,
                locale="fr-FR",
            )
            page = context.pages[0]
            promise_to_keep(page, web=network.stack.web)
            return context, page

        context, page = start()
        who = network.sign_in("till_operator", site_code=SITE)
        context.request.post(
            "/api/accounts/v1/browser-sessions",
            data={"email": who["email"], "password": who["password"]},
        )
        tablet = Tablet(page=page, network=network, site_code=SITE)
        tablet.enrol()
        tablet.take_along()
        context.close()
        context, tablet.page = start()
        context.set_offline(True)
        tablet.page.goto("/caisse")
        tablet.until("state => state.ready && !state.online")
        sold = tablet.sell(slip, LARGE_OFFER)
        _kill(tmp_path)

        context, tablet.page = start()
        tablet.page.goto("/caisse")
        tablet.until("state => state.ready && state.sales.length && state.waiting === 0")
        assert tablet.booked() == [sold["sale_id"]]
        context.close()


def _kill(profile: Path) -> None:
    """End a browser as a cut of the current does; its profile names the process that holds it."""
    holder = (profile / "SingletonLock").readlink().name
    os.kill(int(holder.rpartition("-")[2]), signal.SIGKILL)
