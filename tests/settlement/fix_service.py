"""Starts the settlement service as a process of its own, on a database of its own."""

import base64
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from chassis.auth import Caller, Signer, public_key_of
from tests.fix_stack import Schema

ROOT = Path(__file__).parents[2]
NO_BROKER = "amqp://nobody:nothing@127.0.0.1:9/"
PRIVATE_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
STARTED_WITHIN_S = 30.0


@contextmanager
def serving(
    schema: Schema, *, amqp_url: str = NO_BROKER, parts: str = "http"
) -> Iterator[httpx.Client]:
    """The service, with a client at its door."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": schema.url,
        "AMQP_URL": amqp_url,
        "RELAIS_VERIFY_KEY": public_key_of(PRIVATE_KEY),
        "RELAIS_HTTP_PORT": str(port),
        "RELAIS_PARTS": parts,
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "services.settlement"], cwd=ROOT, env=environment
    )
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/settlement", timeout=30.0
        ) as client:
            _wait_until_it_answers(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(timeout=20)


def token_of(
    role: str, *, operator: str | None = None, sites: tuple[str, ...] = ("saint-denis",)
) -> dict[str, str]:
    """The header of someone who signed in."""
    caller = Caller(user_id=UUID(int=1), role=role, site_codes=frozenset(sites), operator=operator)
    token = Signer(PRIVATE_KEY).sign(
        caller, token_id=uuid4(), now=datetime.now(UTC), lifetime=timedelta(hours=1)
    )
    return {"Authorization": f"Bearer {token}"}


def _wait_until_it_answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTED_WITHIN_S
    while True:
        assert process.poll() is None, "the service has ended"
        try:
            if client.get("/healthz").is_success:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < until, "the service does not answer"
        time.sleep(0.1)
