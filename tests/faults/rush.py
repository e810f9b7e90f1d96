"""Many tills at the door at the same instant."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.faults.tills import Sale

CONNECTIONS_MAX = 128
ANSWER_WITHIN_S = 60.0


def rush(sales: Sequence[Sale], *, doors: Sequence[str]) -> list[httpx.Response]:
    """Ask for every sale at once, each at the next of the doors; give the answers in order."""
    start = threading.Barrier(len(sales))
    limits = httpx.Limits(max_connections=CONNECTIONS_MAX)
    clients = [
        httpx.Client(base_url=f"{door}/api", timeout=ANSWER_WITHIN_S, limits=limits)
        for door in doors
    ]

    def ask(place: int) -> httpx.Response:
        start.wait(ANSWER_WITHIN_S)
        return sales[place].ask(clients[place % len(clients)])

    try:
        with ThreadPoolExecutor(len(sales)) as pool:
            return list(pool.map(ask, range(len(sales))))
    finally:
        for client in clients:
            client.close()
