"""People who come to buy during the fault tests, each as often as the monthly cap allows."""

import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from deploy.demo.data.network import SELLING
from tests.fix_network import SMALL_PRICE_CENTS, Network

PEOPLE = 240
CAP_CENTS = 3_000
SPARE = 200
BOUGHT_BY_EACH = CAP_CENTS // SMALL_PRICE_CENTS


class Crowd:
    """Hands out purchases, never more to one person than the cap allows."""

    def __init__(self, people: Sequence[str]) -> None:
        self._left = deque((person, BOUGHT_BY_EACH) for person in people)
        self._turn = threading.Lock()

    def next_buyer(self, quantity: int) -> str:
        """Somebody who may still buy so many of the small offer this month."""
        with self._turn:
            while True:
                assert self._left, "the crowd has bought all it may: let more people come"
                person, left = self._left.popleft()
                if left >= quantity:
                    # To the end of the row: the next purchases are other people's.
                    self._left.append((person, left - quantity))
                    return person


def gather(network: Network, *, folder: Path) -> Crowd:
    """Entitle the crowd, and deliver what all of it may buy to the sites, which sell alike."""
    people = network.entitle_many(PEOPLE, site_codes=SELLING)
    for site_code in SELLING:
        network.deliver(folder, site_code=site_code, count=PEOPLE * BOUGHT_BY_EACH // 3 + SPARE)
    return Crowd(people)
