"""Tills that sell all the time and never forget what they asked and what they were answered.

A sale whose answer was lost, or was a 5xx, is asked for again under the same key until it has an
answer: that is all a till ever does.  Afterwards what the tills saw acknowledged is compared with
what is stored.
"""

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx

from deploy.demo.data.network import SELLING
from tests.faults.crowd import Crowd
from tests.fix_network import SMALL_OFFER, Network

TILLS = 6
PAUSE_S = 0.15
ANSWER_WITHIN_S = 5.0
ASK_AGAIN_S = 0.1
GIVE_UP_AFTER_S = 90.0
ASKED_AGAIN_MAX = 25


@dataclass(slots=True, kw_only=True)
class Sale:
    """One sale as its till remembers it."""

    key: str
    body: dict[str, Any]
    token: str
    began_at: float
    #: What came instead of an answer, each time.
    lost: list[str] = field(default_factory=list)
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)
    answered_at: float = 0.0

    def ask(self, http: httpx.Client) -> httpx.Response:
        """Send it once."""
        return http.post(
            "/recharges/v1/sales",
            json=self.body,
            headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": self.key},
        )


class Tills:
    """Sells at three sites from several threads until the block ends, and to the last answer."""

    def __init__(self, network: Network, crowd: Crowd, *, web: str | None = None) -> None:
        self.label = uuid.uuid4().hex
        self.sales: list[Sale] = []
        self._network = network
        self._crowd = crowd
        self._web = web or network.stack.web
        self._tokens = {
            site_code: network.token("till_operator", site_code=site_code) for site_code in SELLING
        }
        self._closing = threading.Event()
        self._troubles: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._run, args=(number,), name=f"till-{number}")
            for number in range(TILLS)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        if self._troubles and error is None:
            raise self._troubles[0]

    # -- one till ------------------------------------------------------------------------------

    def _run(self, number: int) -> None:
        rng = random.Random(number)
        site_code = SELLING[number % len(SELLING)]
        try:
            with httpx.Client(base_url=f"{self._web}/api", timeout=ANSWER_WITHIN_S) as http:
                while not self._closing.is_set():
                    self._sell(http, site_code=site_code, quantity=rng.choice((1, 1, 2)))
                    time.sleep(PAUSE_S)
        except BaseException as trouble:
            self._troubles.append(trouble)

    def _sell(self, http: httpx.Client, *, site_code: str, quantity: int) -> None:
        sale = Sale(
            key=f"{self.label}-{uuid.uuid4()}",
            body=self._network.basket(
                self._crowd.next_buyer(quantity),
                till_id=self._network.till(site_code),
                offer_code=SMALL_OFFER,
                quantity=quantity,
            ),
            token=self._tokens[site_code],
            began_at=time.monotonic(),
        )
        self.sales.append(sale)
        while True:
            try:
                answered = sale.ask(http)
            except httpx.TransportError as error:
                sale.lost.append(type(error).__name__)
            else:
                if answered.status_code < 500:
                    sale.status, sale.answer = answered.status_code, answered.json()
                    sale.answered_at = time.monotonic()
                    return
                sale.lost.append(str(answered.status_code))
            waited_s = time.monotonic() - sale.began_at
            assert waited_s < GIVE_UP_AFTER_S, f"no answer after {waited_s:.0f} s: {sale.lost}"
            time.sleep(ASK_AGAIN_S)

    # -- while they sell -----------------------------------------------------------------------

    @property
    def acknowledged(self) -> int:
        """How many sales have been acknowledged so far."""
        return sum(sale.status == 201 for sale in tuple(self.sales))

    def sell_some(self, count: int, *, within_s: float = 60.0) -> None:
        """Wait until so many more sales have been acknowledged."""
        goal = self.acknowledged + count
        until = time.monotonic() + within_s
        while self.acknowledged < goal:
            assert not self._troubles, self._troubles
            assert time.monotonic() < until, f"{goal - self.acknowledged} sales are still missing"
            time.sleep(0.02)

    # -- afterwards ----------------------------------------------------------------------------

    @property
    def asked_again(self) -> list[Sale]:
        """Sales whose first answer never came."""
        return [sale for sale in self.sales if sale.lost]

    def see_all_stored_once(self) -> None:
        """Compare what the tills saw acknowledged with what is stored, sale by sale."""
        assert [sale.answer for sale in self.sales if sale.status != 201] == []
        acknowledged = {
            sale.key: (sale.answer["sale_id"], sale.answer["ticket_no"]) for sale in self.sales
        }
        rows = self._network.rows(
            "SELECT key, sale_id::text, ticket_no FROM recharges.sale WHERE key LIKE %s",
            f"{self.label}-%",
        )
        stored = {row["key"]: (row["sale_id"], row["ticket_no"]) for row in rows}
        assert len(rows) == len(stored)
        assert acknowledged.keys() - stored.keys() == set()
        assert stored.keys() - acknowledged.keys() == set()
        assert stored == acknowledged
        self._see_vouchers_once()
        self._see_same_answers()

    def _see_vouchers_once(self) -> None:
        rows = self._network.rows(
            "SELECT sale.key, voucher.serial FROM recharges.sale"
            " JOIN recharges.sale_voucher USING (sale_id)"
            " JOIN recharges.voucher USING (batch_id, position) WHERE sale.key LIKE %s",
            f"{self.label}-%",
        )
        bound = sorted((row["key"], row["serial"]) for row in rows)
        handed_over = sorted(
            (sale.key, voucher["serial"])
            for sale in self.sales
            for voucher in sale.answer["vouchers"]
        )
        assert bound == handed_over
        serials = [serial for _, serial in handed_over]
        assert len(serials) == len(set(serials))

    def _see_same_answers(self) -> None:
        """Ask again for sales, those first whose answer had been lost: each is as it was."""
        chosen = [*self.asked_again, *self.sales][:ASKED_AGAIN_MAX]
        with httpx.Client(base_url=f"{self._network.stack.web}/api", timeout=30.0) as http:
            for sale in chosen:
                again = sale.ask(http)
                assert (again.status_code, again.json()) == (sale.status, sale.answer)
