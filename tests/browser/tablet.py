"""A till's tablet: a browser that was enrolled and promises to keep what it stores."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from playwright.sync_api import Error, Page, expect

from tests.fix_network import Network, eventually

MODULE = "/static/recharges/till/offline/index.js"
_TOOK_ALONG = "state => state.lease.length >= 2 && state.lease.every(each => each.left > 0)"


def promise_to_keep(page: Page, *, web: str) -> None:
    """What installing the till as an application does: the browser grants durable storage."""
    browser = page.context.browser
    line = page.context.new_cdp_session(page)
    target = line.send("Target.getTargetInfo")["targetInfo"]
    grant = {"permissions": ["durableStorage"], "origin": web}
    of_browser = line if browser is None else browser.new_browser_cdp_session()
    try:
        where = {"browserContextId": target["browserContextId"]}
        of_browser.send("Browser.grantPermissions", grant | where)
    except Error:
        of_browser.send("Browser.grantPermissions", grant)  # the context that a profile begins with
    # Both sessions stay: a grant ends with the one that made it.


@dataclass(kw_only=True)
class Tablet:
    """A page on the till, and the till that it is the device of."""

    page: Page
    network: Network
    site_code: str
    name: str = field(default_factory=lambda: f"Tablette {uuid4().hex[:8]}")
    till_id: str = ""

    def enrol(self) -> None:
        """A manager's code makes the browser the till's device."""
        manager = self.network.as_("site_manager", site_code=self.site_code)
        awaited = manager.post(
            "accounts/v1/devices/enrolments", {"site_code": self.site_code, "till_name": self.name}
        )
        self.page.goto("/caisse/appareil")
        self.page.get_by_label("Code").fill(awaited["qr"])
        self.page.get_by_role("button", name="Inscrire").click()
        self.page.wait_for_url("**/caisse")
        self.until("state => state.tillId")
        self.till_id = self.state["tillId"]
        eventually(
            lambda: bool(
                self.network.number(
                    "SELECT count(*) FROM recharges.till WHERE till_id = %s", self.till_id
                )
            )
        )

    def take_along(self) -> None:
        """Wait until the till has what it needs to sell without the line."""
        self.page.goto("/caisse")
        self.until(_TOOK_ALONG)
        self.page.evaluate("async () => { await navigator.serviceWorker.ready; }")

    def until(self, holds: str) -> None:
        """Wait until the till's state is as a function of it says, on whichever page comes next."""
        asked = f"async () => Boolean(({holds})((await import('{MODULE}')).state()))"

        def so() -> bool:
            try:
                return bool(self.page.evaluate(asked))
            except Error as error:
                if "context was destroyed" in str(error):  # a page on its way to the next
                    return False
                raise

        eventually(so, within_s=30)

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function of the till's own module, in the page."""
        return self.page.evaluate(
            f"async args => (await import('{MODULE}')).{name}(...args)", list(arguments)
        )

    @property
    def state(self) -> Mapping[str, Any]:
        """What the till says of itself."""
        state: dict[str, Any] = json.loads(
            self.page.evaluate(f"async () => JSON.stringify((await import('{MODULE}')).state())")
        )
        return state

    def sell(
        self,
        slip: Mapping[str, str],
        offer_code: str,
        *,
        quantity: int = 1,
        tendered_cents: int = 10_000,
    ) -> Any:
        """Sell without the line, as the till's screens do."""
        asked = {
            "personRef": slip["person_ref"],
            "offerCode": offer_code,
            "quantity": quantity,
            "tenderedCents": tendered_cents,
        }
        return self.call("sell", asked)

    @property
    def prices(self) -> dict[str, int]:
        """What one of each offer costs that was taken along."""
        return {each["offer_code"]: each["price_cents"] for each in self.state["lease"]}

    def cut(self) -> None:
        """The line is gone."""
        self.page.context.set_offline(True)
        self.until("state => !state.online")

    def mend(self) -> None:
        """The line is back."""
        self.page.context.set_offline(False)
        self.page.evaluate("dispatchEvent(new Event('online'))")
        self.until("state => state.online")

    def crash(self) -> None:
        """The tab dies, and somebody opens the till again."""
        context, dying = self.page.context, self.page
        with dying.expect_event("crash"), suppress(Error):
            dying.goto("chrome://crash")
        self.page = context.new_page()
        dying.close()
        self.page.goto("/caisse")

    def forget_the_cut(self) -> None:
        """Leave nothing behind: what was taken along goes back."""
        self.page.context.set_offline(False)
        self.page.context.unroute_all(behavior="ignoreErrors")
        self.call("giveBack")

    def booked(self) -> list[str]:
        """The sales of the till that the service has booked, as it tells them."""
        operator = self.network.as_("site_manager", site_code=self.site_code)
        return [
            each["sale_id"] for each in operator.get(f"recharges/v1/tills/{self.till_id}/sales")
        ]

    def sees(self, words: str) -> None:
        """The line's state on the screen says so."""
        expect(self.page.locator("[data-line]")).to_contain_text(words)
