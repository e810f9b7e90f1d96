"""A wire to a server that carries every request and loses some of the answers."""

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class LossyWire:
    """Carries bytes both ways; loses an answer, and its connection, when `loses` says so.

    The answer is lost once its first bytes have come back, so what it tells of is committed.
    """

    def __init__(self, *, host: str, port: int, loses: Callable[[], bool]) -> None:
        self._target = (host, port)
        self._loses = loses
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: set[socket.socket] = set()
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.getsockname()[1])

    def close(self) -> None:
        """Stop listening, and end every connection."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for end in tuple(self._open):
            _end(end)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target)
            except OSError:
                return
            self._open |= {near, far}
            threading.Thread(target=self._ask, args=(near, far), daemon=True).start()
            threading.Thread(target=self._answer, args=(far, near), daemon=True).start()

    def _ask(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while octets := near.recv(65_536):
                far.sendall(octets)
        _end(far)

    def _answer(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while octets := far.recv(65_536):
                if self._loses():
                    self.lost += 1
                    break
                near.sendall(octets)
        for end in (near, far):
            _end(end)
            end.close()
            self._open.discard(end)


def _end(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)


@contextmanager
def lossy_wire(web: str, *, one_in: int) -> Iterator[tuple[LossyWire, str]]:
    """Give a wire to a web address that loses one answer in so many, and its own address."""
    parts = urlsplit(web)
    assert parts.hostname
    assert parts.port
    turns = itertools.count(1)
    wire = LossyWire(host=parts.hostname, port=parts.port, loses=lambda: next(turns) % one_in == 0)
    try:
        yield wire, f"http://127.0.0.1:{wire.port}"
    finally:
        wire.close()
