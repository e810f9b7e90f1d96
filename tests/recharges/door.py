"""The HTTP door of a real recharges process, and what a till sends to it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.fix_service import bearer, serving
from tests.fix_stack import Schema
from tests.recharges.build import SITE
from tests.recharges.shop import JOURNAL_KEYS, PIN_KEYS, Shop, connect

SELLER = bearer("till_operator", SITE)
#: Keys of the tests, and a port where nobody listens.
CARDS_AWAY = {
    "STRIPE_API_KEY": "sk_test_known_to_every_test",
    "STRIPE_WEBHOOK_SECRET": "whsec_known_to_every_test",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}


@contextmanager
def committed(schema: Schema) -> Iterator[Shop]:
    """A shop whose every change is committed at the end of the block."""
    with connect(schema) as tx:
        yield Shop(tx=tx)


def an_order(
    till_id: UUID,
    person_ref: UUID,
    *,
    offer_code: str = "sfr-15",
    quantity: int = 1,
    tendered_cents: int = 10_000,
) -> dict[str, Any]:
    """The body of a sale."""
    return {
        "till_id": str(till_id),
        "person_ref": str(person_ref),
        "lines": [{"offer_code": offer_code, "quantity": quantity}],
        "payment": {"tender": "cash", "tendered_cents": tendered_cents},
    }


@dataclass(frozen=True, kw_only=True)
class Door:
    """A running process, and the schema behind it."""

    client: httpx.Client
    schema: Schema

    def sell(
        self, body: Any, *, as_: dict[str, str] = SELLER, key: str | None = None
    ) -> httpx.Response:
        return self.client.post(
            "/v1/sales",
            content=json.dumps(body),
            headers=as_ | {"Idempotency-Key": key or str(uuid4())},
        )

    def get(self, path: str, *, as_: dict[str, str] = SELLER, **parameters: str) -> httpx.Response:
        return self.client.get(path, headers=as_, params=parameters)

    def count(self, table: str) -> int:
        with committed(self.schema) as shop:
            counted: int = shop.one(f"SELECT count(*) FROM {table}")
        return counted


@contextmanager
def open_door(schema: Schema, **more: str) -> Iterator[Door]:
    """Start recharges' HTTP part on a schema; more than one may serve the same."""
    with serving(
        "recharges",
        schema=schema,
        RELAIS_PIN_KEYS=PIN_KEYS,
        RELAIS_JOURNAL_KEYS=JOURNAL_KEYS,
        **(CARDS_AWAY | more),
    ) as client:
        yield Door(client=client, schema=schema)
