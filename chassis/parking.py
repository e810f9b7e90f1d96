"""Deliveries that failed for good: kept as rows, seen by people, replayed or discarded by them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from chassis.db import Transaction
from kernel.envelope import Envelope, Malformed

_DETAIL_CHARS_MAX = 2_000

# A delivery that is parked and not yet settled stands once: a crash between this row and the
# acknowledgement delivers it again.
_PARK = """
INSERT INTO parked_delivery (consumer, event_id, type, reason, detail, body, headers, attempts)
SELECT %(consumer)s, %(event_id)s, %(type)s, %(reason)s, %(detail)s, %(body)s, %(headers)s,
       %(attempts)s
 WHERE NOT EXISTS (SELECT 1
                     FROM parked_delivery
                    WHERE state = 'parked'
                      AND consumer = %(consumer)s
                      AND body = %(body)s)
"""

_COUNT = "SELECT count(*) AS parked FROM parked_delivery WHERE state = 'parked'"


def park(
    tx: Transaction,
    *,
    consumer: str,
    body: bytes,
    reason: str,
    detail: str,
    headers: Mapping[str, Any],
    attempts: int,
) -> None:
    """Keep a delivery that failed for good, with the reason, until a person settles it."""
    event_id, fact_type = _identity(body)
    tx.execute(
        _PARK,
        {
            "consumer": consumer,
            "event_id": event_id,
            "type": fact_type,
            "reason": reason,
            "detail": _storable(detail)[:_DETAIL_CHARS_MAX],
            "body": body,
            "headers": Jsonb({name: _storable(str(value)) for name, value in headers.items()}),
            "attempts": attempts,
        },
    )


def count(tx: Transaction) -> int:
    """Count the deliveries that wait for a person."""
    row = tx.execute(_COUNT).fetchone()
    return int(row["parked"]) if row else 0


def _identity(body: bytes) -> tuple[UUID | None, str | None]:
    try:
        fact = Envelope.from_json(body)
    except Malformed:
        return None, None
    return fact.id, _storable(fact.type)


def _storable(text: str) -> str:
    """Return the text without what PostgreSQL cannot store: NUL and lone surrogates."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
