"""An operator's vouchers arrive in a file, are sold one by one, and the ledger knows how many."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from chassis import clock
from kernel.period import Month, business_date
from tests.fix_network import LARGE_FACE_CENTS, LARGE_OFFER, Network

pytestmark = pytest.mark.journey

SITE = "lyon"
DELIVERED = 5
LARGE: dict[str, Any] = {
    "site_code": SITE,
    "count": DELIVERED,
    "offer_code": LARGE_OFFER,
    "face_value_cents": LARGE_FACE_CENTS,
}
SMALL: dict[str, Any] = {"site_code": SITE, "count": DELIVERED}


class TestDelivery:
    def test_is_imported_sold_and_reconciled(self, network: Network, tmp_path: Path) -> None:
        network.settled()
        before = reconciled(network)
        delivery = network.deliver(tmp_path, **LARGE)
        person_ref = network.entitle(site_code=SITE)
        sale = network.sell(person_ref, site_code=SITE, quantity=2)
        assert {voucher["pin"] for voucher in sale["vouchers"]} <= delivery.pins
        network.settled()
        after = reconciled(network)
        moved = {name: after[name] - before[name] for name in after}
        assert moved == {
            "given_count": DELIVERED,
            "given_cents": delivery.face_value_cents,
            "sold_count": 2,
            "sold_cents": 2 * LARGE_FACE_CENTS,
            "left_count": DELIVERED - 2,
            "left_cents": (DELIVERED - 2) * LARGE_FACE_CENTS,
        }
        # Others find the shelf as it was: what is left here is sold off.
        network.sell(person_ref, site_code=SITE, quantity=DELIVERED - 2)

    def test_is_not_taken_twice(self, network: Network, tmp_path: Path) -> None:
        delivery = network.deliver(tmp_path, **SMALL)
        self.see_refused(network, delivery.words(), naming=delivery.batch)

    @pytest.mark.parametrize(
        ("harm", "naming"),
        [
            (lambda content: content[: len(content) // 2], "ligne"),
            (lambda content: content.replace(b"sfr-500mo;", b"sfr-500mo", 1), "ligne 2"),
            (lambda content: content.replace(b";500;", b";5OO;", 1), "ligne 2"),
            (lambda content: content + content.splitlines()[1] + b"\n", f"ligne {DELIVERED + 2}"),
            (lambda content: b"".join(content.splitlines(True)[:-1]), str(DELIVERED)),
            (lambda content: content.decode().encode("utf-16"), "cp1252"),
        ],
        ids=["cut in half", "broken line", "no number", "serial twice", "line missing", "utf-16"],
    )
    def test_that_is_damaged_changes_nothing(
        self,
        network: Network,
        tmp_path: Path,
        harm: Callable[[bytes], bytes],
        naming: str,
    ) -> None:
        delivery = network.write_delivery(tmp_path, **SMALL)
        delivery.file.write_bytes(harm(delivery.file.read_bytes()))
        self.see_refused(network, delivery.words(), naming=naming)

    @staticmethod
    def see_refused(network: Network, words: Sequence[str], *, naming: str) -> None:
        """The command says why in one sentence, and no voucher was taken."""
        counted = network.number("SELECT count(*) FROM recharges.voucher")
        refused = network.stack.relais(*words)
        assert refused.returncode == 1
        [sentence] = [each for each in refused.stderr.splitlines() if each.startswith("relais: ")]
        assert naming in sentence.lower() or naming in sentence
        assert "Traceback" not in refused.stderr
        assert network.number("SELECT count(*) FROM recharges.voucher") == counted


def reconciled(network: Network) -> dict[str, int]:
    """The site's figures in `relais settlement reconcile` of this month."""
    period = str(Month.of(business_date(clock.now())))
    done = network.stack.relais(
        *("settlement", "reconcile", "--operator", "sfr", "--period", period, "--json")
    )
    assert done.returncode == 0, done.stderr
    drawn = json.loads(done.stdout)
    # The option is reported after the month: nothing differs, but a leg is missing.
    assert (drawn["differences"], drawn["missing"]) == ([], ["option_gifts"])
    figures: dict[str, Any] = next(
        (each for each in drawn["credits"] if each["site_code"] == SITE), {}
    )
    names = ("given", "sold", "left")
    return {
        f"{name}_{unit}": figures.get(f"{name}_{unit}", 0)
        for name in names
        for unit in ("count", "cents")
    }
