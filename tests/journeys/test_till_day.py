"""A till's whole day: opened, 200 sales, refunds, a reprint, an hour offline, closed, archived."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from chassis import clock
from deploy.demo.client import Client
from deploy.demo.device import Device
from deploy.demo.till import FLOAT, pieces_of
from kernel.period import business_date
from tests.fix_network import (
    SMALL_OFFER,
    SMALL_PRICE_CENTS,
    UNHEARD,
    Network,
    eventually,
    refusal,
)

pytestmark = pytest.mark.journey

SITE = "antony"
CASH_SALES, CARD_SALES, OFFLINE_SALES = 160, 40, 10
FLOAT_CENTS = 5_000


@dataclass(kw_only=True)
class Day:
    """One till on one day."""

    network: Network
    till_id: str
    #: The till's device, with its own token.
    itself: Client
    seller: Client
    manager: Client
    people: list[str]
    bank: httpx.Client
    rng: random.Random = field(default_factory=lambda: random.Random(7))

    def body(self, number: int, *, tender: str = "cash") -> dict[str, Any]:
        payment: dict[str, Any] = {"tender": tender}
        if tender == "cash":
            payment["tendered_cents"] = self.rng.choice((150, 200, 500, 1_000, 5_000))
        return {
            "till_id": self.till_id,
            "person_ref": self.people[number % len(self.people)],
            "lines": [{"offer_code": SMALL_OFFER, "quantity": 1}],
            "payment": payment,
        }

    def sell_for_cash(self, number: int) -> dict[str, Any]:
        sale: dict[str, Any] = self.seller.post(
            "recharges/v1/sales", self.body(number), until_heard=UNHEARD
        )
        return sale

    def sell_by_card(self, number: int, *, reveal: bool = True) -> str:
        """A customer pays with a card, and goes home with the PIN once that is verified."""
        asked = self.seller.post("recharges/v1/sales", self.body(number, tender="card"))
        intent_id = asked["payment"]["intent_id"]
        self.bank.post(f"/payment_intents/{intent_id}/pay", json={"payment_method": "pm_card_visa"})
        sale_id = str(asked["sale_id"])
        self.await_state(sale_id, "completed")
        if reveal:
            shown = self.seller.post(f"recharges/v1/sales/{sale_id}/reveals", {})
            assert len(shown["vouchers"]) == 1
        return sale_id

    def await_state(self, sale_id: str, state: str) -> None:
        deadline = time.monotonic() + 30.0
        while (now := self.seller.get(f"recharges/v1/sales/{sale_id}")["state"]) != state:
            assert time.monotonic() < deadline, f"{sale_id} is {now}, not {state}"
            time.sleep(0.05)


@pytest.fixture
def day(network: Network, tmp_path: Path) -> Day:
    admin = network.as_("admin")
    network.deliver(tmp_path, site_code=SITE, count=CASH_SALES + CARD_SALES + 40)
    code = admin.post(
        "accounts/v1/devices/enrolments",
        {"site_code": SITE, "till_name": f"Journée {network.name}"},
    )["enrolment_code"]
    enrolled = network.client().post("accounts/v1/devices", {"enrolment_code": code})
    network.settled()
    port = json.loads(network.stack.home.stack_file.read_text())
    stripe = next(each["port"] for each in port["processes"] if each["name"] == "stripe")
    return Day(
        network=network,
        till_id=enrolled["till_id"],
        itself=network.client(enrolled["device_token"]),
        seller=network.as_("till_operator", site_code=SITE),
        manager=network.as_("site_manager", site_code=SITE),
        people=network.entitle_many(24, site_codes=["saint-denis"]),
        bank=network.opened.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{stripe}/control", timeout=30.0)
        ),
    )


class TestTillDay:
    def test_ends_in_an_archive_that_proves_every_cent(self, day: Day, tmp_path: Path) -> None:
        till = f"recharges/v1/tills/{day.till_id}"
        session = day.seller.post(f"{till}/drawer-sessions", {"float": FLOAT})
        drawer = f"recharges/v1/drawer-sessions/{session['drawer_session_id']}"
        assert session["float_cents"] == FLOAT_CENTS

        with ThreadPoolExecutor(8) as pool:
            cash = list(pool.map(day.sell_for_cash, range(CASH_SALES)))
            cards = list(pool.map(day.sell_by_card, range(CARD_SALES)))
        unseen = day.sell_by_card(3, reveal=False)

        # a change of mind before the PIN was seen, and a PIN that does not work
        day.manager.post(f"recharges/v1/sales/{unseen}/refunds", {"reason": "changed their mind"})
        day.await_state(unseen, "refunded")
        bad = cash[0]["sale_id"]
        refund = day.manager.post(f"recharges/v1/sales/{bad}/refunds", {"reason": "PIN refused"})
        day.network.as_("operator_partner", operator="sfr").post(
            f"recharges/v1/refunds/{refund['refund_id']}/answer",
            {"granted": True, "why": "never used"},
        )
        day.manager.post(
            f"recharges/v1/refunds/{refund['refund_id']}/payout", {"till_id": day.till_id}
        )
        reprint = day.manager.post(
            f"recharges/v1/sales/{cards[0]}/reprints", {"reason": "paper jam", "format": "html"}
        )
        assert "DUPLICATA 1" in reprint["printed"]["content"]
        again = refusal(day.seller.post, f"recharges/v1/sales/{cards[1]}/reveals", {})
        assert again == "recharges.reveal.already"

        self.dispute(day, cards[2])
        self.sell_offline(day)
        hidden, seen = (each.get(f"{drawer}/x") for each in (day.seller, day.manager))
        assert hidden["expected_cents"] is None

        expected = (
            FLOAT_CENTS + (CASH_SALES + OFFLINE_SALES) * SMALL_PRICE_CENTS - SMALL_PRICE_CENTS
        )
        assert seen["expected_cents"] == expected
        counted = day.seller.post(f"{drawer}/close", {"counted": pieces_of(expected)})
        assert (counted["expected_cents"], counted["gap_cents"]) == (expected, 0)
        assert counted["state"] == "closed"
        again = refusal(day.seller.post, f"{drawer}/close", {"counted": pieces_of(expected)})
        assert again.startswith("recharges.drawer.")

        [closing] = day.seller.get(f"{till}/closings?period=day")
        sold = CASH_SALES + CARD_SALES + 1 + OFFLINE_SALES
        assert closing["ticket_count"] == sold + 2
        assert closing["sold_cents"] == sold * SMALL_PRICE_CENTS
        assert closing["refunded_cents"] == 2 * SMALL_PRICE_CENTS
        assert closing["perpetual_real_cents"] == closing["real_cents"]

        day.network.settled()
        self.archive(day, tmp_path, anchors=self.anchors_of(day, closing["closing_id"]))
        day.network.audit()

    def sell_offline(self, day: Day) -> None:
        """The line fails for an hour."""
        till = f"recharges/v1/tills/{day.till_id}"
        person_ref = day.people[0]
        lease = day.itself.post(
            f"{till}/leases",
            {"offer_code": SMALL_OFFER, "quantity": 15, "people": [person_ref]},
        )
        device = Device(till_id=day.till_id, seller_id=person_ref, lease=lease)
        pins = [device.sell(person_ref, at=clock.now()) for _ in range(OFFLINE_SALES)]
        assert len(set(pins)) == OFFLINE_SALES
        for _ in range(2):  # the first answer was lost
            outcomes = day.itself.post(f"{till}/offline-sales", device.waiting)
        assert {each["outcome"] for each in outcomes} == {"known"}
        back = day.itself.post(
            f"recharges/v1/leases/{lease['lease_id']}/return",
            {"chain": {"sequence": device.sequence, "hash": device.hash}},
        )
        assert (back["state"], back["sold"]) == ("returned", OFFLINE_SALES)

    def dispute(self, day: Day, sale_id: str) -> None:
        """A cardholder's bank takes its money back, and then does not."""
        [paid] = day.network.rows(
            "SELECT intent_id FROM recharges.card_sale WHERE sale_id = %s", sale_id
        )
        opened = day.bank.post(f"/payment_intents/{paid['intent_id']}/dispute", json={}).json()
        day.bank.post(f"/disputes/{opened['id']}/close", json={"status": "won"})

        def states() -> list[str]:
            return [
                each["state"]
                for each in day.seller.get(f"recharges/v1/sales/{sale_id}")["disputes"]
            ]

        eventually(lambda: states() == ["won"])

    def anchors_of(self, day: Day, closing_id: str) -> list[str]:
        """What left the service with the Z: the ends of the chains, told and printed alike."""
        told = day.network.rows(
            "SELECT kind, sequence, encode(hash, 'hex') AS hash FROM settlement.anchor"
            " WHERE till_id = %s",
            day.till_id,
        )
        assert {"ticket", "grand_total", "duplicate", "event"} <= {each["kind"] for each in told}
        z = day.seller.post(f"recharges/v1/closings/{closing_id}/prints", {"format": "html"})
        assert z["copy_no"] == 0
        for each in told:
            assert each["hash"][:16] in z["printed"]["content"]
        return [f"{each['kind']}:{each['sequence']}:{each['hash'][:16]}" for each in told]

    def archive(self, day: Day, folder: Path, *, anchors: list[str]) -> None:
        """Write the till's archive, verify it, and see that one changed cent is found and named."""
        file = folder / "archive.jsonl"
        year = str(business_date(clock.now()).year)
        words = ("recharges", "export-archive", "--till", day.till_id, "--year", year, str(file))
        done = day.network.stack.relais(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        outside = [word for anchor in anchors for word in ("--anchor", anchor)]
        whole = day.network.stack.relais("verify-archive", str(file), *outside)
        assert whole.returncode == 0, whole.stdout + whole.stderr

        text = file.read_text(encoding="utf-8")
        assert text.count('\\"total_cents\\":150') > 100
        file.write_text(text.replace('\\"total_cents\\":150', '\\"total_cents\\":140', 1))
        broken = day.network.stack.relais("verify-archive", str(file))
        assert broken.returncode == 1
        assert "ticket" in broken.stdout + broken.stderr
