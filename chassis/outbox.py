"""Facts wait here, in the transaction that caused them, until the relay publishes them."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_core import to_json

from chassis.columns import column
from chassis.db import Transaction
from kernel.envelope import Envelope

# Facts are numbered per subject, from 1: hearers drop what is older than what they know.  UNIQUE
# (subject, sequence) makes two writers of one subject fail rather than share a number.
# The relay is notified once per transaction: that takes a database-wide lock at its commit.
_APPEND = """
WITH appended AS (
    INSERT INTO outbox (event_id, type, subject, sequence, site, occurred_at, caused_by,
                        traceparent, data)
    SELECT told.event_id, told.type, told.subject,
           COALESCE(known.sequence, 0)
               + row_number() OVER (PARTITION BY told.subject ORDER BY told.place),
           told.site, told.occurred_at, told.caused_by, told.traceparent, told.data
      FROM unnest(%(event_ids)s::uuid[], %(types)s::text[], %(subjects)s::text[], %(sites)s::text[],
                  %(instants)s::timestamptz[], %(causes)s::uuid[], %(traces)s::text[],
                  %(data)s::jsonb[])
           WITH ORDINALITY
           AS told (event_id, type, subject, site, occurred_at, caused_by, traceparent, data, place)
      LEFT JOIN LATERAL (SELECT max(sequence) AS sequence
                           FROM outbox
                          WHERE outbox.subject = told.subject) AS known ON true
     ORDER BY told.place
)
SELECT pg_notify(%(channel)s, '')
"""


_MEASURE = """
SELECT count(*) AS waiting,
       count(*) FILTER (WHERE attempts > 0) AS held,
       COALESCE(extract(epoch FROM clock_timestamp() - min(occurred_at)), 0)::float8 AS oldest_s
  FROM outbox
 WHERE published_at IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpublished:
    """What has not been published yet: how many facts, how many held back, the age of the oldest.

    Held back: the broker returned or refused them, and they are tried again later and later.
    """

    waiting: int
    held: int
    oldest_s: float


def measure(tx: Transaction) -> Unpublished:
    """Measure what waits in the outbox."""
    row = tx.execute(_MEASURE).fetchone() or {}
    return Unpublished(
        waiting=row["waiting"], held=row["held"], oldest_s=max(0.0, float(row["oldest_s"]))
    )


def append(tx: Transaction, facts: Sequence[Envelope]) -> None:
    """Write facts into this transaction's outbox and wake the relay once it commits."""
    if not facts:
        return
    tx.execute(
        _APPEND,
        {
            "event_ids": column(fact.id for fact in facts),
            "types": column(fact.type for fact in facts),
            "subjects": column(fact.subject for fact in facts),
            "sites": column(fact.site for fact in facts),
            "instants": column(fact.time for fact in facts),
            "causes": column(fact.caused_by for fact in facts),
            "traces": column(fact.traceparent for fact in facts),
            "data": column(to_json(fact.data).decode() for fact in facts),
            "channel": channel(facts[0].service),
        },
    )


def channel(service: str) -> str:
    """Return the name on which the relay of a service listens."""
    return f"relais_outbox_{service}"
