"""The head of an HTTP/1.1 request, read strictly and without the standard library's e-mail parser.

That parser takes as long as all that a till's request needs besides, and lets pass what a proxy in
front of us may read in another way than we do (RFC 9112, section 11): a space before the colon, a
folded line, two lengths.  Whoever sends such a thing is answered 400 and hung up on.
"""

import re
from typing import Any

from nameko.web.server import HttpOnlyProtocol

_REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~\x80-\xff]+) (HTTP/1\.[01])")
_HEADER_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_LENGTH = re.compile("[0-9]{1,18}")
_BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
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


class Protocol(HttpOnlyProtocol):  # type: ignore[misc]  # nameko has no types
    """One connection: eventlet's, but for how it reads the head of a request."""

    def parse_request(self) -> bool:
        """Read the head whose first line is in `raw_requestline`; say whether it is one."""
        self.close_connection = True
        try:
            self._read_head()
        except _Malformed:
            self.wfile.write(_BAD_REQUEST)
            return False
        wishes = self.headers.get("connection", "").lower()
        self.close_connection = "close" in wishes or (
            self.request_version == "HTTP/1.0" and "keep-alive" not in wishes
        )
        return True

    def _read_head(self) -> None:
        self.requestline = self.raw_requestline.decode("latin-1").rstrip("\r\n")
        asked = _REQUEST_LINE.fullmatch(self.requestline)
        if asked is None:
            raise _Malformed
        self.command, self.path, self.request_version = asked.groups()
        self.headers = _Headers()
        while (line := self.rfile.readline()) not in (b"\r\n", b"\n"):
            header = _HEADER_LINE.fullmatch(line.decode("latin-1").rstrip("\r\n"))
            if header is None:  # or the connection ended
                raise _Malformed
            self.headers.add(header[1], header[2].rstrip(" \t"))
        length = self.headers.get("content-length")
        coding = self.headers.get("transfer-encoding")
        if length is not None and (coding is not None or not _LENGTH.fullmatch(length)):
            raise _Malformed
        if coding is not None and (coding.lower(), self.request_version) != ("chunked", "HTTP/1.1"):
            raise _Malformed
