"""Many tills in one process: raw sockets, one sale at a time on each, no library in the way."""

import json
import random
import selectors
import socket
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from bench.world import World

_PRICE_CENTS = 250


class WrongAnswer(Exception):
    """A sale was not answered 201."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """What a run of sales took."""

    count: int
    seconds: float
    latencies_s: tuple[float, ...]


class Till:
    """One connection to the HTTP door."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent_at = 0.0
        self._answer = b""

    def ask(self, request: bytes) -> None:
        """Send one sale."""
        self._answer = b""
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def answered(self) -> bool:
        """Read what came; say whether the answer is whole, and that it is a sale's."""
        self._answer += self.socket.recv(65_536)
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if not separator:
            return False
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) < length:
            return False
        if b" 201 " not in head.split(b"\r\n", 1)[0]:
            raise WrongAnswer(self._answer.decode(errors="replace")[:600])
        return True


def sell(world: World, *, count: int, connections: int) -> Sold:
    """Sell `count` recharges over so many connections and time each."""
    port = world.stack.process("recharges").port
    requests = list(_requests(world, count=count))
    tills = [Till(port) for _ in range(min(connections, count))]
    latencies: list[float] = []
    waiting = selectors.DefaultSelector()
    started = time.perf_counter()
    for till in tills:
        waiting.register(till.socket, selectors.EVENT_READ, till)
        till.ask(requests.pop())
    while len(latencies) < count:
        for key, _ in waiting.select(timeout=30):
            till = key.data
            if till.answered():
                latencies.append(time.perf_counter() - till.sent_at)
                if requests:
                    till.ask(requests.pop())
    seconds = time.perf_counter() - started
    for till in tills:
        till.socket.close()
    return Sold(count=count, seconds=seconds, latencies_s=tuple(latencies))


def _requests(world: World, *, count: int) -> Iterator[bytes]:
    chance = random.Random()
    for _ in range(count):
        till_id, token = chance.choice(world.tills)
        body = json.dumps(
            {
                "till_id": till_id,
                "person_ref": chance.choice(world.people),
                "lines": [{"offer_code": "sfr-15", "quantity": 1}],
                "payment": {"tender": "cash", "tendered_cents": 2 * _PRICE_CENTS},
            }
        ).encode()
        yield (
            b"POST /api/recharges/v1/sales HTTP/1.1\r\nHost: relais\r\n"
            b"Content-Type: application/json\r\n"
            b"Authorization: Bearer " + token.encode() + b"\r\n"
            b"Idempotency-Key: " + str(uuid.uuid4()).encode() + b"\r\n"
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
        )
