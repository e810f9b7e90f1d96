"""A counter: somebody who comes to buy, and a page at the till that serves them."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import qrcode
from PIL import Image, ImageFilter
from playwright.sync_api import APIResponse, Page, Route, expect

from tests.fix_network import Network

SITE = "paris-19"
SALES = "**/api/recharges/v1/sales"
#: All that a browser could keep of a page.
KEPT = """
() => JSON.stringify([{...localStorage}, {...sessionStorage}, history.state, document.cookie])
"""


@dataclass(frozen=True, kw_only=True)
class Customer:
    """Somebody whom the site has taken in."""

    person_ref: str
    name: str
    code: str
    qr: str


def arrive(network: Network) -> Customer:
    """A person is sent to the site with a slip, and taken in."""
    sent = network.refer(site_code=SITE, given_name="Sacha")
    return Customer(
        person_ref=network.take_in(sent),
        name=sent.name,
        code=sent.slip["code"],
        qr=sent.slip["qr"],
    )


def sign_in_as(page: Page, who: Mapping[str, Any]) -> None:
    """A second person signs in, in the dialog."""
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Adresse e-mail").fill(who["email"])
    dialog.get_by_label("Mot de passe").fill(who["password"])
    dialog.get_by_role("button", name="Valider").click()


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A page at the till, and what its cashier does there."""

    page: Page
    network: Network

    def scan(self, text: str) -> None:
        """What a scanner does: it types where the cursor is, and ends with Enter."""
        expect(self.page.get_by_label("Pour qui ?")).to_be_focused()
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Enter")

    def choose(self, offer: str, *, count: int = 1) -> None:
        self.page.get_by_role("button", name=offer).click()
        for _ in range(count - 1):
            self.page.get_by_role("button", name="Une de plus").click()

    def take_cash(self) -> None:
        self.page.get_by_role("button", name="Encaisser").click()

    def lose_answers(self) -> dict[str, APIResponse]:
        """From now on sales are made and nobody hears of it, but whoever reads this, by person."""
        lost: dict[str, APIResponse] = {}

        def lose(route: Route) -> None:
            person_ref = json.loads(route.request.post_data or "")["person_ref"]
            if person_ref not in lost:
                lost[person_ref] = route.fetch()
            route.abort()

        self.page.route(SALES, lose)
        return lost

    def sees_code(self) -> str:
        """Read the code as the customer would."""
        pin = self.page.locator("[data-pin]")
        expect(pin).to_be_visible()
        return "".join((pin.text_content() or "").split())

    def sales_of(self, customer: Customer) -> int:
        query = "SELECT count(*) FROM recharges.sale WHERE person_ref = %s"
        return self.network.number(query, customer.person_ref)


def pin_of(answer: APIResponse) -> str:
    """The code that a sale was answered with."""
    return str(answer.json()["vouchers"][0]["pin"])


def picture_of(text: str) -> bytes:
    """What a camera sees of a slip in a hand: grey, tilted, a little askew, out of focus."""
    paper = (190, 186, 180)
    square = (
        qrcode.make(text, box_size=8).convert("RGB").resize((420, 420), Image.Resampling.LANCZOS)
    )
    frame = Image.new("RGB", (640, 480), paper)
    frame.paste(square, ((640 - square.width) // 2, (480 - square.height) // 2))
    frame = frame.rotate(9, Image.Resampling.BICUBIC, fillcolor=paper)
    corners = (-16, 4, 12, 470, 650, 492, 628, -10)
    frame = frame.transform(
        frame.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=paper
    )
    seen = io.BytesIO()
    frame.filter(ImageFilter.GaussianBlur(0.8)).save(seen, "JPEG", quality=80)
    return seen.getvalue()


def whole(page: Page) -> str:
    """All that a page says, seen or hidden, and all that it keeps; without blanks."""
    text = "document.documentElement.textContent"
    frames = "".join(frame.evaluate(text) for frame in page.frames)
    return "".join((frames + json.dumps(page.evaluate(KEPT))).split())
