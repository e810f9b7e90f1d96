"""A shop in a real schema, opened by the functions of the service itself."""

import base64
import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import uuid_utils
from psycopg.rows import DictRow

from kernel.refusal import Refusal
from services.recharges import events, intake
from services.recharges.api import selling as api
from services.recharges.domain.sale import Order
from services.recharges.handlers import learning, selling
from services.recharges.seal import PinSeal
from services.recharges.signing import JournalKeys
from tests.connections import borrowed
from tests.fix_stack import Schema
from tests.recharges.build import NOON, SITE, a_file, rows

PIN_KEYS = (
    "test:" + base64.urlsafe_b64encode(hashlib.sha256(b"pins of the tests").digest()).decode()
)
PINS = PinSeal(PIN_KEYS)
JOURNAL_KEYS = (
    "test:" + base64.urlsafe_b64encode(hashlib.sha256(b"journal of the tests").digest()).decode()
)
KEYS = JournalKeys(JOURNAL_KEYS)
#: Who takes deliveries in, and works at no desk of these tests.
RECEIVER = UUID(int=6)
Tx = psycopg.Connection[DictRow]


def new_id() -> UUID:
    return UUID(int=uuid_utils.uuid7().int)


def connect(schema: Schema) -> AbstractContextManager[Tx]:
    """Lend a connection as the service's own role."""
    return borrowed(schema.url, options="-c search_path=recharges,public -c timezone=UTC")


def connect_as_admin(schema: Schema) -> AbstractContextManager[Tx]:
    return borrowed(schema.admin_url, options="-c search_path=recharges,public")


@dataclass(kw_only=True)
class Shop:
    """What tests do to a schema of recharges through one open connection."""

    tx: Tx

    def open_site(self, site_code: str = SITE) -> str:
        learning.learn_sites(self.tx, [events.SiteOpened(site_code=site_code, name=site_code)])
        return site_code

    def enrol_till(self, *, site_code: str = SITE, device_id: UUID | None = None) -> UUID:
        till_id = uuid4()
        fact = events.DeviceEnrolled(
            device_id=device_id or uuid4(),
            till_id=till_id,
            site_code=site_code,
            till_name="Caisse 1",
        )
        learning.learn_tills(self.tx, [(fact, 1)])
        return till_id

    def entitle(
        self,
        person_ref: UUID | None = None,
        *,
        from_: str = "2026-01-01",
        until: str = "2036-01-01",
        cap_cents: int = 3000,
        sequence: int = 1,
    ) -> UUID:
        person_ref = person_ref or uuid4()
        told = events.EntitlementTold.model_validate(
            {
                "person_ref": person_ref,
                "from": from_,
                "until": until,
                "monthly_cap_cents": cap_cents,
            }
        )
        learning.learn_entitlements(self.tx, [(told, sequence)])
        return person_ref

    def receive(
        self,
        content: bytes,
        *,
        batch_code: str | None = None,
        site_code: str = SITE,
        operator: str = "sfr",
        count: int | None = None,
        face_value_cents: int | None = None,
        now: datetime = NOON,
        steps: list[tuple[str, int, int]] | None = None,
        received_by: UUID | None = RECEIVER,
    ) -> events.BatchReceived:
        # An import has a transaction of its own, whose end drops this; our tests hold several.
        self.tx.execute("DROP TABLE IF EXISTS pg_temp.incoming")
        return intake.receive_batch(
            self.tx,
            content,
            operator=operator,
            batch_code=batch_code or f"batch-{uuid4()}",
            site_code=site_code,
            count=count,
            face_value_cents=face_value_cents,
            pins=PINS,
            new_id=new_id,
            now=now,
            progress=lambda *step: None if steps is None else steps.append(step),
            received_by=received_by,
        )

    def stock_up(
        self,
        count: int,
        *,
        site_code: str = SITE,
        offer_code: str = "sfr-15",
        use_by: str = "2035-06-30",
    ) -> list[dict[str, str]]:
        """Receive that many new vouchers; return the lines of their delivery."""
        self.open_site(site_code)
        lines = rows(count, offer_code=offer_code, use_by=use_by)
        self.receive(a_file(lines), site_code=site_code)
        return lines

    def sell(self, orders: Sequence[Order]) -> list[api.SaleDone | Refusal]:
        return selling.sell_recharges(self.tx, orders, pins=PINS, keys=KEYS, new_id=new_id)

    def all(self, query: str, *values: Any) -> list[dict[str, Any]]:
        return self.tx.execute(query.encode(), values).fetchall()

    def one(self, query: str, *values: Any) -> Any:
        """Return the only value of the only row."""
        (row,) = self.all(query, *values)
        (value,) = row.values()
        return value


def done(outcome: api.SaleDone | Refusal) -> api.SaleDone:
    assert isinstance(outcome, api.SaleDone), outcome
    return outcome


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
