"""The real process of equipment behind its HTTP door, for the tests that knock at it."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg

from kernel.period import business_date
from services.equipment.domain.kind import Kind
from tests.connections import borrowed
from tests.equipment.build import (
    HERE,
    PERSON,
    Workshop,
    a_call,
    a_caller,
)
from tests.fix_service import bearer
from tests.fix_stack import Schema

API = "/v1"
NOBODY = "00000000-0000-4000-8000-000000000000"


def connect(schema: Schema) -> AbstractContextManager[psycopg.Connection[dict[str, Any]]]:
    return borrowed(schema.url, options="-c search_path=equipment,public")


def token_of(role: str = "till_operator", *, site_code: str = HERE) -> dict[str, str]:
    return bearer(role, site_code, user_id=UUID(int=1))


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
