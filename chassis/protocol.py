"""HTTP/1.1 as a server of ours reads and writes it: heads read by llhttp, answers written whole.

The standard library reads heads with its parser of e-mail.  That takes as long as all that a
till's request needs besides, and lets pass what a proxy in front of us may read in another way than
we do (RFC 9112, section 11): a space before the colon, a folded line, two lengths.  Whoever sends
such a thing is answered 400 and hung up on.
"""

import logging
import time
from email.utils import formatdate
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from nameko.web.server import HttpOnlyProtocol
from werkzeug.exceptions import RequestURITooLarge
from werkzeug.wrappers import Response

from chassis import problem

_log = logging.getLogger(__name__)

_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_VERSIONS = ("1.1", "1.0")
#: What says where the body ends, and whom it is for, is said once.
_ONCE = frozenset({"content-length", "transfer-encoding", "host"})


class _Malformed(Exception):
    """This is no head of a request."""


class _Headers:
    """Headers, as eventlet asks for them."""

    def __init__(self) -> None:
        #: As they came.
        self._headers: list[tuple[str, str]] = []
        self._values: dict[str, str] = {}

    def add(self, name: str, value: str) -> None:
        """Take one in; a second of the same name continues the first, where that may be."""
        known = name.lower()
        self._headers.append((name, value))
        if known not in self._values:
            self._values[known] = value
        elif known in _ONCE:
            raise _Malformed
        else:
            self._values[known] += f",{value}"

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a header, however its name is written."""
        return self._values.get(name.lower(), default)

    def get_content_type(self) -> str:
        """Return what a body is of which nobody says it."""
        return "application/octet-stream"


class _Head:
    """What llhttp finds, as it finds it."""

    def __init__(self) -> None:
        self.path = b""
        self.found: list[tuple[bytes, bytes]] = []
        self.is_complete = False

    def on_url(self, url: bytes) -> None:
        self.path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.found.append((name, value))

    def on_headers_complete(self) -> None:
        self.is_complete = True


class Protocol(HttpOnlyProtocol):  # type: ignore[misc]  # nameko has no types
    """One connection: eventlet's, but for how it reads a head and writes an answer."""

    def _read_request_line(self) -> bytes:
        """Read the first line of a head; one that is too long is answered here, as eventlet would
        with nothing to read.
        """
        line: bytes = super()._read_request_line()
        if len(line) < self.server.url_length_limit:
            return line
        self.close_connection = True
        self.command, self.request_version = "GET", "HTTP/1.1"
        refused = problem.response(RequestURITooLarge(), language="fr")
        self.connection.sendall(self._written(refused))
        return b""

    def parse_request(self) -> bool:
        """Read the head whose first line is in `raw_requestline`; say whether it is one."""
        self.close_connection = True
        head = _Head()
        parser = HttpRequestParser(head)
        try:
            self._feed(parser, head)
            self._keep(parser, head)
        except (_Malformed, HttpParserError):
            self.wfile.write(_BAD_REQUEST)
            return False
        wishes = self.headers.get("connection", "").lower()
        self.close_connection = "close" in wishes or (
            self.request_version == "HTTP/1.0" and "keep-alive" not in wishes
        )
        return True

    def _feed(self, parser: HttpRequestParser, head: _Head) -> None:
        line = self.raw_requestline
        while True:
            try:
                parser.feed_data(line)
            except HttpParserUpgrade:  # asked for, and not given
                return
            if head.is_complete:
                return
            line = self.rfile.readline()  # eventlet bounds each line, and all of them
            if not line:
                raise _Malformed

    def _keep(self, parser: HttpRequestParser, head: _Head) -> None:
        self.requestline = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        self.command = parser.get_method().decode("ascii")
        self.path = head.path.decode("latin-1")
        version = parser.get_http_version()
        if version not in _VERSIONS:
            raise _Malformed
        self.request_version = f"HTTP/{version}"
        self.headers = _Headers()
        for name, value in head.found:
            self.headers.add(name.decode("latin-1"), value.decode("latin-1"))
        coding = self.headers.get("transfer-encoding")
        if coding is not None and (coding.lower(), version) != ("chunked", "1.1"):
            raise _Malformed

    def handle_one_response(self) -> None:
        """Answer what was asked, in one write; `application` makes a whole answer of it."""
        asked = self.environ["eventlet.input"]
        try:
            response = self.application(self.environ)
        except Exception:
            _log.exception("no answer")
            response = Response(status=500)
            self.close_connection = True
        if asked.should_send_hundred_continue:  # it may still send its body, or not
            self.close_connection = True
        self.connection.sendall(self._written(response))
        if not self.close_connection:
            try:
                asked.discard()
            except (ValueError, OSError):  # chunks that are none, or a caller who left
                self.close_connection = True

    def _written(self, response: Response) -> bytes:
        body = response.get_data()
        response.headers["Date"] = formatdate(time.time(), usegmt=True)
        if response.status_code in (204, 304):
            body = b""
        else:
            response.headers["Content-Length"] = str(len(body))
        if self.close_connection:
            response.headers["Connection"] = "close"
        elif self.request_version == "HTTP/1.0":
            response.headers["Connection"] = "keep-alive"
        head = "".join(f"{name}: {value}\r\n" for name, value in response.headers)
        whole = f"HTTP/1.1 {response.status}\r\n{head}\r\n".encode("latin-1")
        return whole if self.command == "HEAD" else whole + body
