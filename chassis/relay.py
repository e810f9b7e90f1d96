"""Publishes what waits in the outbox, in batches, until the broker has confirmed each fact.

One relay per service is active, others stand by on its advisory lock.  A row is waiting as long as
it has no `published_at`; the relay never reads "id after the last seen", because rows commit in
another order than their ids.  A row the broker returned or refused keeps its place and is tried
again later and later; its subject waits with it, everything else goes on.  A crash between
publishing and marking publishes twice, which every inbox absorbs: never zero times.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import psycopg
from nameko.extensions import DependencyProvider
from pydantic_core import to_json

from chassis import metrics, outbox, topology
from chassis.backoff import Backoff, pause_s
from chassis.broker import Broker, BrokerAway, DeclaredOtherwise, Outcome, Outgoing
from chassis.db import Database, Transaction
from chassis.leader import Leader
from chassis.resources import Resources
from chassis.settings import Settings
from chassis.topology import Topology
from kernel.envelope import Envelope

_log = logging.getLogger(__name__)

_STANDBY_S = 0.5
_MEASURE_S = 1.0
_HELD_FIRST_S = 0.5
_HELD_S_MAX = 300.0
#: With more subjects held back than this the broker is ill as a whole: no new rows are tried.
_HELD_SUBJECTS_MAX = 5_000

_CLAIM = """
SELECT position, event_id, type, subject, sequence, site, occurred_at, caused_by, traceparent,
       data, attempts
  FROM outbox
 WHERE published_at IS NULL
   AND subject <> ALL (%(held)s)
 ORDER BY position
 LIMIT %(count)s
"""

_MARK = "UPDATE outbox SET published_at = clock_timestamp() WHERE position = ANY (%(positions)s)"

_HOLD = """
UPDATE outbox
   SET attempts = attempts + 1,
       next_attempt_at = clock_timestamp() + held.pause_s * interval '1 second'
  FROM unnest(%(positions)s::bigint[], %(pauses)s::float8[]) AS held (position, pause_s)
 WHERE outbox.position = held.position
"""

_FIND_HELD = """
SELECT subject, extract(epoch FROM max(next_attempt_at) - clock_timestamp())::float8 AS pause_s
  FROM outbox
 WHERE published_at IS NULL
   AND next_attempt_at > clock_timestamp()
 GROUP BY subject
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A row of the outbox on its way out."""

    position: int
    attempts: int
    fact: Envelope


class Relay:
    """The relay of one service; `run` is its thread, `step` one turn of it."""

    def __init__(
        self, database: Database, *, amqp_url: str, plan: Topology, settings: Settings
    ) -> None:
        self._service = database.schema
        self._leader = Leader(database, task="relay")
        self._amqp_url = amqp_url
        self._plan = plan
        self._settings = settings
        self._connection: Transaction | None = None
        self._broker: Broker | None = None
        self._held_until: dict[str, float] = {}
        self._measure_at = 0.0
        self._trouble = Backoff()
        self._stopping = Event()

    # -- the thread that runs ----------------------------------------------------------------

    def run(self) -> None:
        """Publish until `stop`; trouble is waited for with a growing pause, never raised."""
        poll_s = self._settings.relay_poll_ms / 1000
        gather_s = self._settings.relay_gather_ms / 1000
        while not self._stopping.is_set():
            try:
                leads = self._lead()
                published = self.step() if leads else 0
                if self._trouble.reset():
                    _log.info("relay goes on")
                if not leads:
                    self._stopping.wait(_STANDBY_S)
                elif not published:
                    self._listen(poll_s)
                elif published < self._settings.relay_batch_count_max:
                    self._stopping.wait(gather_s)
            except Exception as error:
                self._recover(error)
        self._drop_broker()
        self._resign()

    def stop(self) -> None:
        """Ask `run` to finish the batch at hand, mark it and return."""
        self._stopping.set()

    def _recover(self, error: Exception) -> None:
        """Drop what the failure has touched and wait; the rows stay where they are."""
        if self._trouble.failures == 0:
            anticipated = isinstance(
                error, BrokerAway | DeclaredOtherwise | psycopg.OperationalError
            )
            _log.warning(
                "relay waits", extra={"reason": str(error)}, exc_info=None if anticipated else error
            )
        self._drop_broker()
        if not isinstance(error, BrokerAway | DeclaredOtherwise):
            self._resign()
        self._stopping.wait(self._trouble.next_s())

    def _lead(self) -> bool:
        connection = self._leader.connection()
        if connection is None:
            return False
        if connection is not self._connection:
            self._connection = connection
            connection.execute(
                psycopg.sql.SQL("LISTEN {}").format(
                    psycopg.sql.Identifier(outbox.channel(self._service))
                )
            )
            rows = connection.execute(_FIND_HELD)
            now = time.monotonic()
            self._held_until = {row["subject"]: now + row["pause_s"] for row in rows}
            _log.info("relay leads", extra={"service": self._service})
        self._measure(connection)
        return True

    def _resign(self) -> None:
        self._connection = None
        self._leader.resign()
        for gauge in (metrics.outbox_waiting, metrics.outbox_oldest_seconds, metrics.outbox_held):
            gauge.set(0)  # another process counts them now

    def _listen(self, seconds: float) -> None:
        """Wait for a notification as a hint; the poll that follows is the truth."""
        if self._connection is not None:
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass

    # -- one turn ----------------------------------------------------------------------------

    def step(self) -> int:
        """Publish one batch of what waits and mark what was confirmed; return how many were."""
        broker = self._open_broker()
        broker.tick()
        while broker.drain():  # heartbeats, and whether the broker blocks us
            pass
        if broker.blocked or self._connection is None:
            return 0
        rows = self.claim(self._connection)
        if not rows:
            return 0
        outcomes = self.publish(broker, rows)
        confirmed = self._settle(self._connection, rows, outcomes)
        broker.check()
        return confirmed

    def claim(self, tx: Transaction) -> list[Waiting]:
        """Read the next rows that wait, in the order of their positions."""
        now = time.monotonic()
        self._held_until = {s: until for s, until in self._held_until.items() if until > now}
        if len(self._held_until) > _HELD_SUBJECTS_MAX:
            return []
        rows = tx.execute(
            _CLAIM,
            {"held": list(self._held_until), "count": self._settings.relay_batch_count_max},
        )
        chosen: list[Waiting] = []
        retried: set[str] = set()
        for row in rows:
            if row["subject"] in retried:
                continue  # lets the one that was held go first, and alone
            if row["attempts"]:
                retried.add(row["subject"])
            chosen.append(_waiting(row))
        return chosen

    def publish(self, broker: Broker, rows: Sequence[Waiting]) -> list[Outcome]:
        """Send the rows as messages and wait for the broker's answers."""
        return broker.publish(
            [
                Outgoing(
                    exchange=topology.EXCHANGE,
                    routing_key=row.fact.type,
                    body=row.fact.to_json(dumps=to_json),
                    message_id=str(row.fact.id),
                    mandatory=self._plan.is_heard(row.fact.type),
                )
                for row in rows
            ]
        )

    def _settle(self, tx: Transaction, rows: Sequence[Waiting], outcomes: Sequence[Outcome]) -> int:
        confirmed = [
            row.position
            for row, outcome in zip(rows, outcomes, strict=True)
            if outcome is Outcome.CONFIRMED
        ]
        held = [
            (row, outcome)
            for row, outcome in zip(rows, outcomes, strict=True)
            if outcome in (Outcome.RETURNED, Outcome.REFUSED)
        ]
        if confirmed:
            tx.execute(_MARK, {"positions": confirmed})
            metrics.relay_published.inc(len(confirmed))
        if held:
            self._hold(tx, held)
        return len(confirmed)

    def _hold(self, tx: Transaction, held: Sequence[tuple[Waiting, Outcome]]) -> None:
        now = time.monotonic()
        pauses = [
            pause_s(row.attempts + 1, first_s=_HELD_FIRST_S, cap_s=_HELD_S_MAX) for row, _ in held
        ]
        tx.execute(_HOLD, {"positions": [row.position for row, _ in held], "pauses": pauses})
        for (row, _), pause in zip(held, pauses, strict=True):
            known = self._held_until.get(row.fact.subject, 0.0)
            self._held_until[row.fact.subject] = max(known, now + pause)
        first, outcome = held[0]
        _log.warning(
            "facts held back",
            extra={"count": len(held), "type": first.fact.type, "outcome": str(outcome)},
        )

    def _measure(self, tx: Transaction) -> None:
        if time.monotonic() < self._measure_at:
            return
        started = time.monotonic()
        found = outbox.measure(tx)
        metrics.outbox_waiting.set(found.waiting)
        metrics.outbox_held.set(found.held)
        metrics.outbox_oldest_seconds.set(found.oldest_s)
        # Counting a long backlog must not become the relay's main work.
        ended = time.monotonic()
        self._measure_at = ended + max(_MEASURE_S, 20 * (ended - started))

    # -- the broker --------------------------------------------------------------------------

    def _open_broker(self) -> Broker:
        if self._broker is None:
            broker = Broker(
                self._amqp_url,
                name=f"{self._service}.relay",
                confirm_s_max=self._settings.confirm_seconds_max,
            )
            try:
                topology.declare(broker, self._plan, settings=self._settings)
            except Exception:
                broker.close()
                raise
            self._broker = broker
        return self._broker

    def _drop_broker(self) -> None:
        broker, self._broker = self._broker, None
        if broker is not None:
            broker.close()


class RelayProvider(DependencyProvider):  # type: ignore[misc]  # nameko has no types
    """Runs the relay beside a service's entry points, in processes whose parts name it."""

    resources = Resources()
    _relay: Relay | None = None

    def start(self) -> None:
        """Start the relay's green thread."""
        settings = self.resources.settings
        if "relay" not in settings.parts:
            return
        self._relay = Relay(
            self.resources.database,
            amqp_url=settings.amqp_url.get_secret_value(),
            plan=Topology.read(),
            settings=settings,
        )
        self._thread = self.container.spawn_managed_thread(self._relay.run, "relay")

    def stop(self) -> None:
        """Let the relay finish its batch."""
        if self._relay is not None:
            self._relay.stop()
            self._thread.wait()


def _waiting(row: Mapping[str, Any]) -> Waiting:
    return Waiting(
        position=row["position"],
        attempts=row["attempts"],
        fact=Envelope(
            id=row["event_id"],
            type=row["type"],
            subject=row["subject"],
            site=row["site"],
            time=row["occurred_at"],
            data=row["data"],
            sequence=row["sequence"],
            caused_by=row["caused_by"],
            traceparent=row["traceparent"],
        ),
    )
