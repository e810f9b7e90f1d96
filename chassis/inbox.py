"""Each consumer handles each fact once, in the transaction that remembers it."""

from collections.abc import Collection, Sequence
from typing import Literal
from uuid import UUID

from chassis.db import Transaction
from kernel.envelope import Envelope

Ending = Literal["applied", "refused", "superseded"]

# Sorted, so that two processes that were delivered the same facts wait for one another instead of
# deadlocking.  A fact that stands twice in one batch conflicts with itself and is claimed once.
_CLAIM = """
INSERT INTO inbox (consumer, event_id, type, ending)
SELECT %(consumer)s, heard.event_id, heard.type, %(ending)s
  FROM unnest(%(event_ids)s::uuid[], %(types)s::text[]) AS heard (event_id, type)
 ORDER BY heard.event_id
    ON CONFLICT DO NOTHING
RETURNING event_id
"""

_SUPERSEDE = """
UPDATE inbox
   SET ending = 'superseded'
 WHERE consumer = %(consumer)s
   AND event_id = ANY (%(event_ids)s)
"""


def claim(
    tx: Transaction,
    *,
    consumer: str,
    facts: Sequence[Envelope],
    ending: Ending = "applied",
) -> list[Envelope]:
    """Remember the facts as handled; return those that were not yet, once each, in their order."""
    rows = tx.execute(
        _CLAIM,
        {
            "consumer": consumer,
            "ending": ending,
            "event_ids": [fact.id for fact in facts],
            "types": [fact.type for fact in facts],
        },
    )
    claimed = {row["event_id"] for row in rows}
    fresh = []
    for fact in facts:
        if fact.id in claimed:
            claimed.discard(fact.id)
            fresh.append(fact)
    return fresh


def supersede(tx: Transaction, *, consumer: str, event_ids: Collection[UUID]) -> None:
    """Remember that claimed facts changed nothing because newer ones had been applied before."""
    if event_ids:
        tx.execute(_SUPERSEDE, {"consumer": consumer, "event_ids": list(event_ids)})
