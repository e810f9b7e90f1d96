"""Bad input in masses during sales: refused in words, and nobody else is hurt by it."""

import itertools
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence

import httpx
import pytest

from deploy.demo.data.network import SELLING
from tests.faults.crowd import Crowd
from tests.faults.tills import Tills
from tests.fix_network import Network

pytestmark = pytest.mark.fault

FLOODING = 3
BAD = 240
PATH = "/api/recharges/v1/sales"
FIVE_MEGABYTES = b'{"till_id": "' + b"x" * 5_000_000 + b'"}'


class Bad:
    """One kind of bad request, and what it gets."""

    def __init__(
        self,
        token: str,
        *,
        content: bytes,
        gets: tuple[int, str],
        key: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self.token = token
        self.content = content
        self.gets = gets
        self.key = key

    def ask(self, http: httpx.Client) -> tuple[int, str]:
        answer = http.post(
            PATH,
            content=self.content,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Idempotency-Key": self.key(),
                "Content-Type": "application/json",
            },
        )
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        return answer.status_code, answer.json()["code"]


def bad_requests(network: Network) -> list[Bad]:
    """Every kind of bad request that a till could send."""
    till = network.token("till_operator", site_code=SELLING[0])
    other_site = network.token("till_operator", site_code=SELLING[1])
    mediator = network.token("mediator", site_code=SELLING[0])
    head, _, signature = till.rpartition(".")
    forged = f"{head}.{signature[::-1]}"
    sale = httpx.Request(
        "POST", "http://x", json=network.basket(str(uuid.uuid4()), till_id=network.till(SELLING[0]))
    ).content
    return [
        Bad(till, content=b"{not json", gets=(400, "relais.request.not_json")),
        Bad(till, content=b"\xff\xfe\x00", gets=(422, "relais.invalid")),
        Bad(till, content=FIVE_MEGABYTES, gets=(413, "relais.too_large")),
        Bad(
            till,
            content=sale.replace(b'"quantity":1', b'"quantity":0'),
            gets=(422, "relais.invalid"),
        ),
        Bad(till, content=sale, gets=(409, "recharges.entitlement.missing")),
        Bad(till, content=sale, gets=(422, "idempotency.key_missing"), key=lambda: ""),
        Bad(other_site, content=sale, gets=(403, "recharges.till.not_yours")),
        Bad(mediator, content=sale, gets=(403, "accounts.role.not_allowed")),
        Bad(forged, content=sale, gets=(401, "accounts.token.invalid")),
    ]


class TestFlood:
    def test_of_bad_requests_hurts_no_sale(self, network: Network, crowd: Crowd) -> None:
        kinds = bad_requests(network)
        got: Counter[tuple[tuple[int, str], tuple[int, str]]] = Counter()
        with Tills(network, crowd) as tills:
            tills.sell_some(10)
            flooding = [
                threading.Thread(target=flood, args=(network, kinds, got)) for _ in range(FLOODING)
            ]
            for thread in flooding:
                thread.start()
            for thread in flooding:
                thread.join()
            tills.sell_some(10)
        assert sum(got.values()) == FLOODING * (BAD // FLOODING)
        assert {answered for _, answered in got} == {kind.gets for kind in kinds}
        assert [pair for pair in got if pair[0] != pair[1]] == []
        assert tills.asked_again == []
        tills.see_all_stored_once()
        network.audit()


def flood(
    network: Network, kinds: Sequence[Bad], got: Counter[tuple[tuple[int, str], tuple[int, str]]]
) -> None:
    with httpx.Client(base_url=network.stack.web, timeout=30.0) as http:
        for kind in itertools.islice(itertools.cycle(kinds), BAD // FLOODING):
            got[kind.gets, kind.ask(http)] += 1
