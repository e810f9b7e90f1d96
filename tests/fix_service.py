"""Starts one service as a real process, without the bus, and speaks to its HTTP door."""

import base64
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import httpx

from chassis.auth import Caller, Signer, public_key_of
from deploy.local import seller
from deploy.local.home import ROOT
from tests.fix_stack import Schema

#: The keys of the tests: everybody knows them.
SIGNING_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
OTHER_KEY = base64.urlsafe_b64encode(bytes(range(1, 33))).decode()
STARTED_WITHIN_S = 30.0


def environment_of(schema: Schema, **more: str) -> dict[str, str]:
    """What a service process is told, with a broker that is away."""
    return os.environ | {
        # All addresses are loopback's: eventlet's own resolver takes long to load.
        "EVENTLET_NO_GREENDNS": "yes",
        "DATABASE_URL": schema.url,
        "AMQP_URL": "amqp://nobody:nothing@127.0.0.1:9/",
        "RELAIS_VERIFY_KEY": public_key_of(SIGNING_KEY),
        "RELAIS_PARTS": "http",
        "RELAIS_FACTOR_KEYS": f"f1:{OTHER_KEY}",
        "SMTP_URL": "smtp://127.0.0.1:9",
        **seller.DEMONSTRATION,
        **more,
    }


@contextmanager
def serving(service: str, *, schema: Schema, **more: str) -> Iterator[httpx.Client]:
    """The service in a process of its own, its HTTP part alone unless `more` says, and a client."""
    with running(service, schema=schema, **more) as (client, _):
        yield client


@contextmanager
def running(
    service: str, *, schema: Schema, **more: str
) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """The same, with the process for those who stop it."""
    port = int(more.pop("RELAIS_HTTP_PORT", 0)) or free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", f"services.{service}"],
        cwd=ROOT,
        env=environment_of(schema, RELAIS_HTTP_PORT=str(port), **more),
    )
    limits = httpx.Limits(max_connections=120)
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}/api/{service}", timeout=30.0, limits=limits
        ) as client:
            _wait_until_it_answers(client, process)
            yield client, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


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
        time.sleep(0.03)


def bearer(
    role: str,
    *site_codes: str,
    user_id: UUID | None = None,
    operator: str | None = None,
    volunteer: bool = False,
    name: str | None = None,
    key: str = SIGNING_KEY,
    lifetime: timedelta = timedelta(hours=1),
) -> dict[str, str]:
    """The header of somebody of that role at those sites."""
    caller = Caller(
        user_id=user_id or uuid4(),
        role=role,
        site_codes=frozenset(site_codes),
        operator=operator,
        volunteer=volunteer,
        name=name,
    )
    token = Signer(key).sign(caller, token_id=uuid4(), now=datetime.now(UTC), lifetime=lifetime)
    return {"Authorization": f"Bearer {token}"}


def keyed(headers: dict[str, str], *, key: str | None = None) -> dict[str, str]:
    """The headers of a command: with an Idempotency-Key, fresh unless it is given."""
    return headers | {"Idempotency-Key": key or str(uuid4())}
