"""Starts the stand-in for Stripe as a process, and hears its webhooks as a service would."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import stripe

from deploy.local.home import ROOT

API_KEY = "sk_test_known_to_every_test"
OTHER_API_KEY = "sk_test_of_another_account"
WEBHOOK_SECRET = "whsec_known_to_every_test"
STARTED_WITHIN_S = 20.0
HEARD_WITHIN_S = 20.0
POLL_S = 0.02


@dataclass
class Hearer:
    """Where webhooks arrive: keeps what verifies, and answers as it is told."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)  # of the next answers; then 200
    posts: list[tuple[bytes, str]] = field(default_factory=list)
    events: list[stripe.Event] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]

    def wait_for(self, count: int) -> list[stripe.Event]:
        """Waits until that many have been heard."""
        wait_until(lambda: len(self.events) >= count, lambda: f"heard only {self.types}")
        return self.events

    def wait_for_type(self, event_type: str) -> None:
        wait_until(lambda: event_type in self.types, lambda: f"heard only {self.types}")

    def hear(self, payload: bytes, signature: str) -> int:
        self.posts.append((payload, signature))
        event = stripe.Webhook.construct_event(payload, signature, WEBHOOK_SECRET)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.events.append(event)
        return status


@contextmanager
def hearing() -> Iterator[Hearer]:
    """A hearer that listens."""
    hearer = Hearer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(hearer.hear(payload, self.headers["Stripe-Signature"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hearer.url = f"http://127.0.0.1:{server.server_port}/hooks"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield hearer
        finally:
            server.shutdown()
            thread.join()


@dataclass(kw_only=True)
class StandIn:
    """One stand-in, its process and its state."""

    folder: Path
    port: int
    webhook_url: str
    process: subprocess.Popen[bytes] | None = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=30, trust_env=False))

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "STRIPE_API_KEY": f"{API_KEY},{OTHER_API_KEY}",
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "STRIPE_WEBHOOK_URL": self.webhook_url,
            "STRIPE_STATE_FILE": str(self.folder / "stripe.sqlite3"),
            "RELAIS_HTTP_PORT": str(self.port),
        }

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "deploy.stripe"], cwd=ROOT, env=self.environment()
        )
        wait_until(self.answers, lambda: "the stand-in does not answer", limit_s=STARTED_WITHIN_S)

    def answers(self) -> bool:
        try:
            return self.http.get(f"{self.base}/readyz").is_success
        except httpx.TransportError:
            return False

    def kill9(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def client(self, *, api_key: str = API_KEY, retries: int = 0) -> stripe.StripeClient:
        """The real client, which does not try again unless it is told to."""
        return stripe.StripeClient(
            api_key, base_addresses={"api": self.base}, max_network_retries=retries
        )

    def control(self, address: str, *, verb: str = "POST", **wish: Any) -> Any:
        """What a customer, a bank or the weather does."""
        body = json.dumps(wish) if verb == "POST" else None
        answer = self.http.request(
            verb,
            f"{self.base}/control/{address}",
            content=body,
            headers={"Content-Type": "application/json"},
        )
        assert answer.is_success, answer.text
        return answer.json()

    def bad_day(self, kind: str, **details: Any) -> None:
        """Announces trouble."""
        self.control("bad_days", kind=kind, **details)

    def states(self) -> list[str]:
        """How every delivery stands, in the order of events."""
        shown = self.control("deliveries", verb="GET")["deliveries"]
        return [each["state"] for each in shown]


@contextmanager
def playing(folder: Path, *, webhook_url: str = "") -> Iterator[StandIn]:
    """A stand-in that runs; it is ended when the test is."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    stand_in = StandIn(folder=folder, port=port, webhook_url=webhook_url)
    try:
        stand_in.start()
        yield stand_in
    finally:
        stand_in.http.close()
        if stand_in.process:
            stand_in.process.kill()
            stand_in.process.wait()


def wait_until(
    holds: Callable[[], bool], otherwise: Callable[[], str], *, limit_s: float = HEARD_WITHIN_S
) -> None:
    """Polls, bounded."""
    until = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < until, otherwise()
        time.sleep(POLL_S)
