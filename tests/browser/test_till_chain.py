"""What the till's scripts write, seal, open and verify: byte for byte what the service does."""

import base64
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
import rfc8785
from playwright.sync_api import Page

from chassis import clock
from kernel import chain
from kernel.period import business_date
from services.recharges.boxes import Boxes
from services.recharges.seal import PinSeal
from services.referrals.seal import PREFIX, PURPOSE, Seal, Slip
from tests.browser.conftest import SignedIn

FOLDER = "/static/recharges/till/offline"
RECORDS: list[dict[str, Any]] = [
    {},
    {"b": [], "a": {}, "aa": None, "A": ""},
    {"z": 2**53 - 1, "y": -1, "x": 0, "true": True},
    {
        "name": 'é ß 😀 \u2028 " \\ / \b\f\n\r\t \x01\x1f\x7f',
        "lines": [{"q": 2, "o": "sfr-15"}, []],
    },
]


@pytest.fixture
def page(signed_in: SignedIn) -> Page:
    """Any page of ours: the modules are imported into it."""
    opened = signed_in(None)
    opened.goto("/connexion")
    return opened


def run(page: Page, module: str, call: str, *arguments: Any) -> Any:
    return page.evaluate(
        f"async args => {{ const m = await import('{FOLDER}/{module}.js'); return {call}; }}",
        list(arguments),
    )


class TestRecord:
    def test_is_written_and_chained_as_the_service_does(self, page: Page) -> None:
        before = ""
        for record in RECORDS:
            written = run(page, "canonical", "m.canonical(args[0])", record)
            assert written == chain.canonical(record) == rfc8785.dumps(record).decode()

            hash_ = run(page, "canonical", "m.seal(args[0], args[1])", record, before)
            expected = chain.seal(written, previous_hash=bytes.fromhex(before))
            assert hash_ == expected.hex()
            before = hash_

    def test_with_a_number_that_is_not_exact_is_not_written(self, page: Page) -> None:
        said = (
            "(() => { try { return m.canonical({ a: args[0] }); } catch (e) { return e.name; } })()"
        )

        assert run(page, "canonical", said, 0.5) == "TypeError"
        assert run(page, "canonical", said, 2**53) == "TypeError"


class TestBox:
    OPEN = (
        "crypto.subtle.importKey('raw', Uint8Array.from(args[0]), 'AES-GCM', false, ['decrypt'])"
        ".then(key => m.openBox(key, args[1])).catch(error => error.name)"
    )

    def test_opens_with_the_lease_s_key_and_for_its_own_voucher_alone(self, page: Page) -> None:
        pins = PinSeal(f"k1:{base64.urlsafe_b64encode(bytes(range(32))).decode()}")
        boxes = Boxes(pins, uuid4())
        box = boxes.box("12345678901234", serial="0001")
        key = list(base64.urlsafe_b64decode(boxes.key))

        opened = run(page, "selling", self.OPEN, key, {"serial": "0001", "box": box})
        moved = run(page, "selling", self.OPEN, key, {"serial": "0002", "box": box})

        assert opened == "12345678901234"
        assert moved == "OperationError"


class TestSlip:
    READ = "m.readSlip(args[0], args[1]).catch(error => error.reason)"

    def test_is_read_as_the_service_reads_it_and_refused_once_it_is_changed(
        self, page: Page
    ) -> None:
        seal = Seal(base64.urlsafe_b64encode(bytes(32)).decode())
        expires_on: date = business_date(clock.now()) + timedelta(days=30)
        slip = Slip(referral_id=uuid4(), code="AB2C-DE3F", expires_on=expires_on)
        key = {
            "public_key": base64.urlsafe_b64encode(seal.public_key).decode().rstrip("="),
            "prefix": PREFIX,
            "purpose": PURPOSE.decode().rstrip("\x00"),
        }
        text = seal.sign(slip)
        changed = text[:20] + ("A" if text[20] != "A" else "B") + text[21:]

        assert run(page, "people", self.READ, text, key) == {
            "referral_id": str(slip.referral_id),
            "code": slip.code,
            "expires_on": expires_on.isoformat(),
        }
        for forged in (changed, text + "=", text[:-4], PREFIX, f"{PREFIX}é"):
            assert isinstance(run(page, "people", self.READ, forged, key), str), forged
