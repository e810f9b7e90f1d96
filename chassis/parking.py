"""Deliveries that failed for good: kept as rows, seen by people, replayed or discarded by them."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from chassis.db import Transaction
from kernel.envelope import Envelope, Malformed

_DETAIL_CHARS_MAX = 2_000
#: What the column holds; who says more than that in a header does not tell the truth.
_ATTEMPTS_MAX = 2**31 - 1

# A delivery that is parked and not yet settled stands once: a crash between this row and the
# acknowledgement delivers it again.  The lock waits for a person who is settling it just now:
# what failed again after its replay is parked again, not mistaken for the row being settled.
_LOCK_SAME = """
SELECT parked_id
  FROM parked_delivery
 WHERE state = 'parked'
   AND consumer = %(consumer)s
   AND body = %(body)s
   FOR UPDATE
"""

_PARK = """
INSERT INTO parked_delivery (consumer, event_id, type, reason, detail, body, headers, attempts)
VALUES (%(consumer)s, %(event_id)s, %(type)s, %(reason)s, %(detail)s, %(body)s, %(headers)s,
        %(attempts)s)
"""

_COUNT = "SELECT count(*) AS parked FROM parked_delivery WHERE state = 'parked'"

_FIND = """
SELECT parked_id, consumer, event_id, type, reason, detail, body, headers, attempts, parked_at,
       state, settled_at, settled_by, settled_why
  FROM parked_delivery
 WHERE (state = 'parked' OR %(settled_too)s)
   AND parked_id > %(after)s
 ORDER BY parked_id
 LIMIT %(limit)s
"""

_LOCK = """
SELECT parked_id, consumer, event_id, type, reason, detail, body, headers, attempts, parked_at,
       state, settled_at, settled_by, settled_why
  FROM parked_delivery
 WHERE parked_id = %(parked_id)s
   FOR UPDATE
"""

_SETTLE = """
UPDATE parked_delivery
   SET state = %(state)s, settled_at = clock_timestamp(), settled_by = %(who)s,
       settled_why = %(why)s
 WHERE parked_id = %(parked_id)s
"""


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
    consumer, reason = _storable(consumer), _storable(reason)
    if tx.execute(_LOCK_SAME, {"consumer": consumer, "body": body}).fetchone():
        return
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
            "attempts": max(0, min(attempts, _ATTEMPTS_MAX)),
        },
    )


def count(tx: Transaction) -> int:
    """Count the deliveries that wait for a person."""
    row = tx.execute(_COUNT).fetchone()
    return int(row["parked"]) if row else 0


def find(
    tx: Transaction, *, settled_too: bool = False, after: int = 0, limit: int | None = None
) -> list[dict[str, Any]]:
    """List the parked deliveries, oldest first."""
    asked = {"settled_too": settled_too, "after": after, "limit": limit}
    return tx.execute(_FIND, asked).fetchall()


def lock(tx: Transaction, parked_id: int) -> dict[str, Any] | None:
    """Return one parked delivery, locked until the transaction ends; None if there is none."""
    return tx.execute(_LOCK, {"parked_id": parked_id}).fetchone()


def settle(
    tx: Transaction, parked_id: int, *, state: Literal["replayed", "discarded"], who: str, why: str
) -> None:
    """Remember what a person decided about a delivery."""
    tx.execute(_SETTLE, {"parked_id": parked_id, "state": state, "who": who, "why": why})


def _identity(body: bytes) -> tuple[UUID | None, str | None]:
    try:
        fact = Envelope.from_json(body)
    except Malformed:
        return None, None
    return fact.id, _storable(fact.type)


def _storable(text: str) -> str:
    """Return the text without what PostgreSQL cannot store: NUL and lone surrogates."""
    return text.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()
