"""The real process of equipment behind its HTTP door, for the tests that knock at it."""

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
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
from psycopg.rows import dict_row

from chassis.auth import Caller, Signer, public_key_of
from kernel.period import business_date
from services.equipment.domain.kind import Kind
from tests.equipment.build import (
    HERE,
    PERSON,
    Workshop,
    a_call,
    a_caller,
)
from tests.fix_stack import Schema

ROOT = Path(__file__).parents[2]
API = "/api/equipment/v1"
PRIVATE_KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
STARTED_WITHIN_S = 30.0
NOBODY = "00000000-0000-4000-8000-000000000000"


def connect(schema: Schema) -> psycopg.Connection[dict[str, Any]]:
    return psycopg.connect(
        schema.url, row_factory=dict_row, options="-c search_path=equipment,public"
    )


@contextmanager
def serving(
    schema: Schema, *, amqp_url: str | None = None
) -> Iterator[tuple[httpx.Client, subprocess.Popen[bytes]]]:
    """The service's process: its HTTP part alone, or the whole of it with a broker."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "DATABASE_URL": schema.url,
        "AMQP_URL": amqp_url or "amqp://nobody:nothing@127.0.0.1:9/",
        "RELAIS_VERIFY_KEY": public_key_of(PRIVATE_KEY),
        "RELAIS_HTTP_PORT": str(port),
        "RELAIS_PARTS": "http" if amqp_url is None else "http,consume,relay",
    }
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "services.equipment"], cwd=ROOT, env=environment
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0) as client:
            wait_until_it_answers(client, process)
            yield client, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_it_answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
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


def token_of(role: str = "till_operator", *, site_code: str = HERE) -> dict[str, str]:
    caller = Caller(user_id=UUID(int=1), role=role, site_codes=frozenset({site_code}))
    token = Signer(PRIVATE_KEY).sign(
        caller, token_id=uuid4(), now=datetime.now(UTC), lifetime=timedelta(hours=1)
    )
    return {"Authorization": f"Bearer {token}"}


def send(
    door: httpx.Client,
    path: str,
    body: Any = None,
    *,
    key: str | None = None,
    role: str = "till_operator",
    site_code: str = HERE,
    content: bytes | None = None,
) -> httpx.Response:
    headers = token_of(role, site_code=site_code) | {"Idempotency-Key": key or str(uuid4())}
    sent = {"content": content} if content is not None else {"json": body}
    return door.post(f"{API}{path}", headers=headers, **sent)


def read(door: httpx.Client, path: str, *, role: str = "till_operator") -> httpx.Response:
    return door.get(f"{API}{path}", headers=token_of(role))


def a_ready_device(schema: Schema, *, kind: Kind = Kind.LAPTOP) -> UUID:
    with connect(schema) as tx:
        now = datetime.now(UTC)
        shop = Workshop(tx=tx, call=a_call(a_caller(), now=now))
        device_id = shop.enter(kind=kind.value)
        shop.wipe(device_id, on=business_date(now))
        shop.test(device_id, kind=kind)
        shop.grade(device_id)
    return device_id


def a_purchase(**changes: Any) -> dict[str, Any]:
    return {
        "person_ref": str(PERSON),
        "site_code": HERE,
        "tendered_cents": 10_000,
        "tender": "cash",
    } | changes


def sales_of(schema: Schema, device_id: UUID) -> tuple[int, int]:
    with connect(schema) as tx:
        [row] = tx.execute(
            "SELECT (SELECT count(*) FROM sale WHERE device_id = %(id)s) AS sales,"
            "       (SELECT count(*) FROM outbox WHERE subject = %(id)s::text"
            "                                      AND type = 'equipment.device.sold.v1') AS told",
            {"id": device_id},
        ).fetchall()
    return row["sales"], row["told"]
