"""Prints HTML as accessible PDF (PDF/UA-1), in a process of its own beside the service's.

WeasyPrint takes tenths of a second of one core in Python, and logs: on a thread of the service it
would hold up every till, and wait there for a lock that only the hub can give.  The press is
started when it is first needed, prints one page after the other, ends with the service, and is
started again when it has died.
"""

import atexit
import os
import socket
import struct
import subprocess
import sys
import threading
from functools import cache

from kernel.refusal import Throttled

WAIT_S_MAX, PRINT_S_MAX = 20.0, 40.0
_LENGTH = struct.Struct(">I")
_DONE, _FAILED = b"+", b"-"
#: What a press needs of our environment: no address, no secret.
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "PYTHONPATH", "TMPDIR")


class PressBusy(Throttled):
    """Too many papers are being printed. Try again in a moment."""

    code = "printing.busy"


class PrintFailed(Exception):
    """The page cannot be printed: a defect of ours."""


class Press:
    """One press, which callers use in turn."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def print(self, page: str) -> bytes:
        """Return the document; PressBusy when the turn does not come in time."""
        if not self._turn.acquire(timeout=WAIT_S_MAX):
            raise PressBusy(retry_after_s=5)
        try:
            try:
                return self._ask(page)
            except OSError:  # it was ended, or hangs: a fresh one is asked once
                self.stop()
                return self._ask(page)
        finally:
            self._turn.release()

    def stop(self) -> None:
        """End the press; the next page starts another."""
        if self._line is not None:
            self._line.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._line = self._process = None

    def _ask(self, page: str) -> bytes:
        line = self._line or self._start()
        _send(line, page.encode())
        answer = _receive(line)
        if answer[:1] == _FAILED:
            raise PrintFailed(answer[1:].decode())
        return answer[1:]

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  # our own module
                [sys.executable, "-m", "chassis.press", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            )
        ours.settimeout(PRINT_S_MAX)
        self._line = ours
        return ours


@cache
def press() -> Press:
    """The press of this process."""
    made = Press()
    atexit.register(made.stop)
    return made


def serve(line: socket.socket) -> None:
    """Print what comes until nobody is there any more."""
    while True:
        try:
            page = _receive(line)
        except OSError:
            return
        try:
            answer = _DONE + _print(page.decode())
        except Exception as error:
            answer = _FAILED + f"{type(error).__name__}: {error}"[:2000].encode()
        _send(line, answer)


def _print(page: str) -> bytes:
    # Imported here: whoever only speaks to a press does not pay for it.
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # What a page shows is in the page itself; nothing is fetched from anywhere.
    made = HTML(string=page, url_fetcher=URLFetcher(allowed_protocols=("data",)))
    document: bytes = made.write_pdf(pdf_variant="pdf/ua-1")
    return document


def _send(line: socket.socket, content: bytes) -> None:
    line.sendall(_LENGTH.pack(len(content)) + content)


def _receive(line: socket.socket) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(line, _LENGTH.size))
    return _exactly(line, length)


def _exactly(line: socket.socket, count: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < count:
        piece = line.recv(min(count - len(pieces), 1 << 20))
        if not piece:
            raise ConnectionError("the other side is gone")
        pieces += piece
    return bytes(pieces)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
    # Nothing is left to write; taking Pango down piece by piece has crashed at this very end.
    os._exit(0)
