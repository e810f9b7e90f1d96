"""Tills that take cash and cards at once, customers who do what customers do, and the bank.

A till asks for what was not answered again under the same key, and remembers every answer.  What a
customer does with a card is decided by the number of the purchase, so that each happens often.
"""

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import httpx
import stripe

from deploy.demo.data.network import SELLING
from deploy.local import keyring
from tests.faults.crowd import Crowd
from tests.fix_network import SMALL_OFFER, SMALL_PRICE_CENTS, Network

AT_ONCE = 500
ASK_AGAIN_S = 0.1
LOOK_S = 0.3
GIVE_UP_AFTER_S = 80.0
ANSWER_WITHIN_S = 12.0


class Custom(StrEnum):
    """What a customer does."""

    CASH = "pays cash"
    CARD = "pays by card and waits for the PIN"
    SECOND_CARD = "is declined, and pays with another card"
    GOES = "pays by card and goes, and nobody looks"
    CHANGES_MIND = "is declined, and the till gives the sale up"
    PAYS_LATE = "pays at the moment the till gives the sale up"
    VANISHES = "is asked to authenticate, and is never seen again"


#: One of twenty purchases after the other.
CUSTOMS = (
    *[Custom.CASH] * 9,
    *[Custom.CARD] * 5,
    Custom.SECOND_CARD,
    Custom.GOES,
    Custom.CHANGES_MIND,
    *[Custom.PAYS_LATE] * 2,
    Custom.VANISHES,
)


@dataclass(slots=True, kw_only=True)
class Purchase:
    """One purchase as its till remembers it."""

    key: str
    custom: Custom
    site_code: str
    body: dict[str, Any]
    #: What came instead of an answer, each time.
    lost: list[str] = field(default_factory=list)
    #: The answer to the sale, then to its reveal.
    asked: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)
    refused: str = ""

    @property
    def sale_id(self) -> str:
        return str(self.asked["sale_id"])


class Bank:
    """The stand-in for Stripe, from the customers' side and from its own books."""

    def __init__(self, network: Network) -> None:
        running = next(each for each in network.stack.now.processes if each.name == "stripe")
        self._base = f"http://127.0.0.1:{running.port}"
        self._http = network.opened.enter_context(httpx.Client(timeout=ANSWER_WITHIN_S))
        self._client = stripe.StripeClient(
            keyring.load(network.stack.home).stripe_api_key,
            base_addresses={"api": self._base},
            max_network_retries=0,
        )

    def pay(self, intent_id: str, card: str) -> bool:
        """Hold a card to the terminal until the bank has heard of it; say whether it may be paid.

        It may not be any more, or may be paid already, when the intent stands otherwise.
        """
        answer = self._insist(f"/control/payment_intents/{intent_id}/pay", payment_method=card)
        return answer.is_success

    def bad_day(self, kind: str, **details: Any) -> None:
        """Announce trouble."""
        assert self._insist("/control/bad_days", kind=kind, **details).is_success

    def end_bad_days(self) -> None:
        """From now on everything goes well."""
        self._http.delete(f"{self._base}/control/bad_days").raise_for_status()

    def _insist(self, path: str, **wish: Any) -> httpx.Response:
        until = time.monotonic() + GIVE_UP_AFTER_S
        while True:
            try:
                return self._http.post(f"{self._base}{path}", json=wish)
            except httpx.TransportError:
                assert time.monotonic() < until, "the bank does not answer"
                time.sleep(ASK_AGAIN_S)

    def intents(self) -> Iterator[dict[str, Any]]:
        """Every payment in the bank's books."""
        page = self._client.v1.payment_intents.list({"limit": 100})
        for each in page.auto_paging_iter():
            yield each.to_dict()

    def given_back(self) -> Counter[str]:
        """What went back of each payment, in cents."""
        cents: Counter[str] = Counter()
        for each in self._client.v1.refunds.list({"limit": 100}).auto_paging_iter():
            if each.status == "succeeded":
                cents[str(each.payment_intent)] += each.amount
        return cents


class MixedTills:
    """Sells many baskets at once at three sites, each to its end."""

    def __init__(self, network: Network, crowd: Crowd, *, bank: Bank, count: int) -> None:
        self.network = network
        self.bank = bank
        self.label = uuid.uuid4().hex
        customs = [CUSTOMS[number % len(CUSTOMS)] for number in range(count)]
        random.Random(count).shuffle(customs)
        self.purchases = [
            self._purchase(crowd, custom, SELLING[number % len(SELLING)])
            for number, custom in enumerate(customs)
        ]
        self._tokens = {
            site_code: network.token("till_operator", site_code=site_code) for site_code in SELLING
        }
        self._over = threading.Semaphore(0)
        self._http = network.opened.enter_context(
            httpx.Client(
                base_url=f"{network.stack.web}/api",
                timeout=ANSWER_WITHIN_S,
                limits=httpx.Limits(max_connections=AT_ONCE),
            )
        )

    def _purchase(self, crowd: Crowd, custom: Custom, site_code: str) -> Purchase:
        body = self.network.basket(
            crowd.next_buyer(1),
            till_id=self.network.till(site_code),
            offer_code=SMALL_OFFER,
        )
        if custom is not Custom.CASH:
            body["payment"] = {"tender": "card"}
        return Purchase(
            key=f"{self.label}-{uuid.uuid4()}", custom=custom, site_code=site_code, body=body
        )

    def start(self, pool: ThreadPoolExecutor) -> list[Any]:
        """Let everybody come."""
        return [pool.submit(self._serve, purchase) for purchase in self.purchases]

    def await_served(self, count: int) -> None:
        """Wait until so many more purchases have come to an end."""
        for _ in range(count):
            assert self._over.acquire(timeout=GIVE_UP_AFTER_S)

    # -- one purchase --------------------------------------------------------------------------

    def _serve(self, purchase: Purchase) -> None:
        try:
            answer = self._insist(purchase, "sales", body=purchase.body)
            if answer.is_success:
                purchase.asked = answer.json()
                self._pay(purchase)
            else:
                purchase.refused = answer.json()["code"]
        finally:
            self._over.release()

    def _pay(self, purchase: Purchase) -> None:
        if purchase.custom is Custom.CASH:
            purchase.shown = purchase.asked
            return
        intent_id = purchase.asked["payment"]["intent_id"]
        match purchase.custom:
            case Custom.CARD:
                self.bank.pay(intent_id, "pm_card_visa")
                self._reveal(purchase)
            case Custom.SECOND_CARD:
                self.bank.pay(intent_id, "pm_card_chargeDeclined")
                self.bank.pay(intent_id, "pm_card_mastercard")
                self._reveal(purchase)
            case Custom.GOES:
                self.bank.pay(intent_id, "pm_card_visa")
            case Custom.CHANGES_MIND:
                self.bank.pay(intent_id, "pm_card_chargeDeclined")
                self._give_up(purchase)
            case Custom.PAYS_LATE:
                paying = threading.Thread(target=self.bank.pay, args=(intent_id, "pm_card_visa"))
                paying.start()
                self._give_up(purchase)
                paying.join()
            case Custom.VANISHES:
                self.bank.pay(intent_id, "pm_card_authenticationRequired")

    def _give_up(self, purchase: Purchase) -> None:
        answer = self._insist(purchase, f"sales/{purchase.sale_id}/cancellations", body={})
        answer.raise_for_status()
        if answer.json()["state"] == "completed":
            self._reveal(purchase)

    def _reveal(self, purchase: Purchase) -> None:
        path = f"sales/{purchase.sale_id}"
        until = time.monotonic() + GIVE_UP_AFTER_S
        while (state := self._insist(purchase, path).json()["state"]) == "pending":
            assert time.monotonic() < until, f"{purchase.sale_id} was paid and is pending"
            time.sleep(LOOK_S)
        assert state == "completed", f"{purchase.sale_id} was paid and is {state}"
        answer = self._insist(purchase, f"{path}/reveals", body={})
        answer.raise_for_status()
        purchase.shown = answer.json()

    def _insist(self, purchase: Purchase, path: str, *, body: Any = None) -> httpx.Response:
        """Ask, under the same key, until there is an answer."""
        until = time.monotonic() + GIVE_UP_AFTER_S
        headers = {"Authorization": f"Bearer {self._tokens[purchase.site_code]}"}
        if body is not None:
            headers["Idempotency-Key"] = f"{purchase.key}{path.rpartition('/')[2]}"
        while True:
            try:
                answer = self._http.request(
                    "GET" if body is None else "POST",
                    f"/recharges/v1/{path}",
                    json=body,
                    headers=headers,
                )
            except httpx.TransportError as error:
                purchase.lost.append(type(error).__name__)
            else:
                if answer.status_code < 500:
                    return answer
                purchase.lost.append(str(answer.status_code))
            assert time.monotonic() < until, f"no answer at {path}: {purchase.lost}"
            time.sleep(ASK_AGAIN_S)

    # -- afterwards ----------------------------------------------------------------------------

    def see_all_stored_once(self) -> None:
        """Compare what the tills saw acknowledged with what is stored."""
        shown = {each.sale_id: each.shown for each in self.purchases if each.shown}
        sold = self.network.rows(
            "SELECT sale_id::text, ticket_no, tender, total_cents, count(*) AS vouchers,"
            " min(serial) AS serial"
            " FROM recharges.sale JOIN recharges.sale_voucher USING (sale_id)"
            " JOIN recharges.voucher USING (batch_id, position)"
            " WHERE sale.key LIKE %s OR sale_id IN"
            " (SELECT sale_id FROM recharges.card_sale WHERE key LIKE %s) GROUP BY sale_id",
            f"{self.label}-%",
            f"{self.label}-%",
        )
        stored = {row["sale_id"]: row for row in sold}
        assert shown.keys() <= stored.keys()
        for sale_id, answer in shown.items():
            row = stored[sale_id]
            [voucher] = answer["vouchers"]
            assert (answer["ticket_no"], voucher["serial"]) == (row["ticket_no"], row["serial"])
        assert {row["vouchers"] for row in sold} == {1}
        pins = [answer["vouchers"][0]["pin"] for answer in shown.values()]
        assert len(pins) == len(set(pins))
        cash = [each.sale_id for each in self.purchases if each.custom is Custom.CASH]
        assert sorted(cash) == sorted(row["sale_id"] for row in sold if row["tender"] == "cash")

    def see_money_accounted_for(self) -> None:
        """Each payment the bank took is one sale, or went back; each sale by card was paid."""
        ours = {each.sale_id: each for each in self.purchases if each.asked}
        by_card = {
            row["sale_id"]: row["intent_id"]
            for row in self.network.rows(
                "SELECT sale_id::text, intent_id FROM recharges.sale"
                " JOIN recharges.card_sale USING (sale_id)"
                " WHERE sale.tender = 'card' AND card_sale.key LIKE %s",
                f"{self.label}-%",
            )
        }
        given_back = self.bank.given_back()
        kept: dict[str, str] = {}
        for intent in self.bank.intents():
            sale_id, taken = intent["metadata"]["sale_id"], intent["amount_received"]
            if sale_id not in ours:
                continue
            assert intent["status"] in ("succeeded", "canceled"), intent["status"]
            assert taken in (0, SMALL_PRICE_CENTS)
            if taken - given_back[intent["id"]]:
                kept[sale_id] = intent["id"]
        assert kept == by_card
