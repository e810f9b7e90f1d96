"""Many tills at once: the last vouchers, one person's cap, one key; through two processes."""

import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.demo.data.network import SELLING
from tests.faults.crowd import CAP_CENTS, Crowd
from tests.faults.lossy import lossy_wire
from tests.faults.rush import rush
from tests.faults.tills import Sale, Tills
from tests.fix_network import LARGE_OFFER, LARGE_PRICE_CENTS, SMALL_OFFER, Network

pytestmark = pytest.mark.fault

LAST = 10
RUSHING = 64
RETRIES = 100
PEOPLE_AT_ONCE = 4
#: A site of the network that the demonstration delivers no vouchers to.
EMPTY_SITE = "grenoble"


def sale_of(network: Network, body: dict[str, Any], *, site_code: str) -> Sale:
    return Sale(
        key=f"race-{uuid.uuid4()}",
        body=body,
        token=network.token("till_operator", site_code=site_code),
        began_at=time.monotonic(),
    )


def outcomes(answers: list[httpx.Response]) -> Counter[tuple[int, str]]:
    return Counter((each.status_code, each.json().get("code", "")) for each in answers)


class TestLastVouchers:
    def test_are_sold_once_each_to_the_first(
        self, network: Network, crowd: Crowd, second_door: str, tmp_path: Path
    ) -> None:
        delivery = network.deliver(tmp_path, site_code=EMPTY_SITE, count=LAST)
        till_id = network.till(EMPTY_SITE)
        asked = [
            sale_of(
                network,
                network.basket(crowd.next_buyer(1), till_id=till_id, offer_code=SMALL_OFFER),
                site_code=EMPTY_SITE,
            )
            for _ in range(RUSHING)
        ]
        answers = rush(asked, doors=[network.stack.web, second_door])
        assert outcomes(answers) == {
            (201, ""): LAST,
            (409, "recharges.stock.no_voucher_left"): RUSHING - LAST,
        }
        sold = [answer.json() for answer in answers if answer.status_code == 201]
        pins = [voucher["pin"] for sale in sold for voucher in sale["vouchers"]]
        assert sorted(pins) == sorted(delivery.pins)
        tickets = sorted(sale["ticket_no"] for sale in sold)
        assert tickets == list(range(tickets[0], tickets[0] + LAST))
        network.audit()


class TestCap:
    def test_holds_for_one_person_at_three_sites_at_once(
        self, network: Network, second_door: str
    ) -> None:
        people = network.entitle_many(PEOPLE_AT_ONCE, site_codes=SELLING[:1])
        here, there, elsewhere = SELLING
        asked = [
            sale_of(
                network,
                network.basket(person_ref, till_id=network.till(site_code), offer_code=LARGE_OFFER),
                site_code=site_code,
            )
            for person_ref in people
            # Every second one goes to the second process: the two share no till and no shelf, so
            # that nothing but the person's own count stands between them.
            for site_code in (here, there, here, elsewhere) * 6
        ]
        answers = rush(asked, doors=[network.stack.web, second_door])
        bought = CAP_CENTS // LARGE_PRICE_CENTS
        assert outcomes(answers) == {
            (201, ""): bought * len(people),
            (409, "recharges.sale.cap_exceeded"): len(asked) - bought * len(people),
        }
        left: dict[str, list[int]] = {person_ref: [] for person_ref in people}
        for sale, answer in zip(asked, answers, strict=True):
            if answer.status_code == 201:
                left[sale.body["person_ref"]].append(answer.json()["cap"]["left_cents"])
        for each in left.values():
            assert sorted(each) == list(range(0, CAP_CENTS, LARGE_PRICE_CENTS))
        network.audit()


class TestLostAnswer:
    def test_retried_a_hundred_times_at_once_is_one_sale(
        self, network: Network, crowd: Crowd, second_door: str
    ) -> None:
        site_code = SELLING[0]
        body = network.basket(
            crowd.next_buyer(2),
            till_id=network.till(site_code),
            offer_code=SMALL_OFFER,
            quantity=2,
        )
        sale = sale_of(network, body, site_code=site_code)
        with (
            lossy_wire(network.stack.web, one_in=1) as (wire, web),
            httpx.Client(base_url=f"{web}/api", timeout=30.0) as http,
            pytest.raises(httpx.TransportError),
        ):
            sale.ask(http)
        assert wire.lost == 1
        assert self.stored(network, sale) == {"sale": 1, "voucher": 2, "cash": 1, "fact": 1}
        answers = rush([sale] * RETRIES, doors=[network.stack.web, second_door])
        assert [each.status_code for each in answers] == [201] * RETRIES
        assert len({each.text for each in answers}) == 1
        assert self.stored(network, sale) == {"sale": 1, "voucher": 2, "cash": 1, "fact": 1}
        network.audit()

    def test_of_a_sale_asked_for_a_hundred_times_at_once_is_one_sale(
        self, network: Network, crowd: Crowd, second_door: str
    ) -> None:
        site_code = SELLING[1]
        body = network.basket(
            crowd.next_buyer(1), till_id=network.till(site_code), offer_code=SMALL_OFFER
        )
        sale = sale_of(network, body, site_code=site_code)
        answers = rush([sale] * RETRIES, doors=[network.stack.web, second_door])
        assert [each.status_code for each in answers] == [201] * RETRIES
        assert len({each.text for each in answers}) == 1
        assert self.stored(network, sale) == {"sale": 1, "voucher": 1, "cash": 1, "fact": 1}
        network.audit()

    def test_of_every_fifth_sale_costs_nothing(self, network: Network, crowd: Crowd) -> None:
        with (
            lossy_wire(network.stack.web, one_in=5) as (wire, web),
            Tills(network, crowd, web=web) as tills,
        ):
            tills.sell_some(80)
        assert wire.lost >= 16
        assert tills.asked_again
        tills.see_all_stored_once()
        network.audit()

    @staticmethod
    def stored(network: Network, sale: Sale) -> dict[str, int]:
        """How often the sale of a key stands in each table."""
        tables = {
            "sale": "recharges.sale WHERE key = %s",
            "voucher": "recharges.sale_voucher JOIN recharges.sale USING (sale_id) WHERE key = %s",
            "cash": "recharges.cash_line JOIN recharges.sale USING (sale_id) WHERE key = %s",
            "fact": "recharges.outbox JOIN recharges.sale ON sale_id::text = subject"
            " WHERE key = %s",
        }
        return {
            name: network.number(f"SELECT count(*) FROM {table}", sale.key)
            for name, table in tables.items()
        }
