"""Facts wait here, in the transaction that caused them, until the relay publishes them."""

from collections.abc import Sequence

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
