"""People who come to buy during the fault tests, each as often as the monthly cap allows."""

import threading
from collections import deque
from collections.abc import Sequence

from tests.fix_network import SMALL_PRICE_CENTS

CAP_CENTS = 3_000
BOUGHT_BY_EACH = CAP_CENTS // SMALL_PRICE_CENTS


class Crowd:
    """Hands out purchases, never more to one person than the cap allows."""

    def __init__(self) -> None:
        self._left: deque[tuple[str, int]] = deque()
        self._turn = threading.Lock()

    @property
    def left(self) -> int:
        """How many vouchers all of them may still buy."""
        return sum(left for _, left in self._left)

    def let_in(self, people: Sequence[str]) -> None:
        """More people come, who have bought nothing yet."""
        self._left.extend((person, BOUGHT_BY_EACH) for person in people)

    def next_buyer(self, quantity: int) -> str:
        """Somebody who may still buy so many of the small offer this month."""
        with self._turn:
            while True:
                assert self._left, "the crowd has bought all it may: let more people in"
                person, left = self._left.popleft()
                if left >= quantity:
                    # To the end of the row: the next purchases are other people's.
                    self._left.append((person, left - quantity))
                    return person
