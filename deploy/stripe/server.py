"""The HTTP server: Stripe's API, the back door, and whether it is ready."""

import ipaddress
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from deploy.stripe import control
from deploy.stripe.api import Answer, Api, Request
from deploy.stripe.store import Books

BODY_BYTES_MAX = 1_000_000
IDLE_S_MAX = 120
OWN_NAMES = ("127.0.0.1", "localhost", "::1")


class Server(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], *, api: Api, books: Books) -> None:
        self.api = api
        self.books = books
        super().__init__(address, Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away has its reasons; anything else is told in the log."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE_S_MAX
    # The head and the body leave in one piece: two would wait for one another.
    wbufsize = 65_536

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing of each request: the books know."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if (
            "Transfer-Encoding" in self.headers
            or not length.isdecimal()
            or int(length) > BODY_BYTES_MAX
        ):
            self.close_connection = True
            self._send(413, json.dumps({"error": {"type": "invalid_request_error"}}))
            return
        body = self.rfile.read(int(length)).decode("utf-8", errors="replace")
        address = urlsplit(self.path)
        if address.path in ("/healthz", "/readyz"):
            self._send(200, '{"status": "ready"}')
        elif address.path.split("/")[1] == "control":
            self._control(address.path, body)
        else:
            query = self.command == "GET"
            self._answer(
                self.server.api.answer(
                    Request(
                        method=self.command,
                        path=address.path,
                        encoded=address.query if query else body,
                        headers={name.lower(): value for name, value in self.headers.items()},
                    )
                )
            )

    def _control(self, path: str, body: str) -> None:
        """The back door; a page that a person looks at elsewhere can neither ask nor read here."""
        named = (urlsplit(f"//{self.headers.get('Host', '')}").hostname or "") in OWN_NAMES
        near = ipaddress.ip_address(self.client_address[0]).is_loopback
        media_type = self.headers.get("Content-Type", "").partition(";")[0].strip()
        if not (named and near):
            self._send(403, json.dumps({"error": {"message": "for this machine only"}}))
        elif self.command == "POST" and media_type != "application/json":
            self._send(415, json.dumps({"error": {"message": "send application/json"}}))
        else:
            status, document = control.answer(
                self.server.books, method=self.command, path=path, body=body
            )
            self._send(status, json.dumps(document, indent=2))

    def _answer(self, answer: Answer) -> None:
        if answer.cut:
            self.close_connection = True
            return
        self._send(answer.status, answer.body, headers=answer.headers)

    def _send(self, status: int, body: str, *, headers: dict[str, str] | None = None) -> None:
        payload = body.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(payload)
