"""Brings each delivery of a consumer to its one ending; knows nothing of nameko.

    done                 -> inbox `applied` with the effect, ack
    Superseded           -> rolled back, inbox `superseded`, ack
    Refusal              -> rolled back, inbox `refused`, ack
    transient failure    -> rolled back, published to the next retry queue, ack; after the last
                            rung parked
    database away        -> nothing, until it is back
    anything else        -> rolled back, parked with its reason, ack

What was waiting is handled as one batch in one transaction; when it fails, so are its parts, and
of a part that fails each delivery in a transaction of its own, so that the one at fault ends alone.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from math import isqrt
from uuid import UUID

from pydantic_core import from_json

from chassis import endings, inbox, metrics, parking, topology
from chassis.broker import Broker, BrokerAway, Delivery, Outcome, Outgoing
from chassis.db import Database, Transaction
from chassis.receive import Receiver
from chassis.settings import Settings
from chassis.topology import Topology
from kernel.envelope import Envelope, Malformed
from kernel.refusal import Refusal, Superseded

_log = logging.getLogger(__name__)

#: The only header we read or write.  The broker's own counters differ between its versions, and
#: whatever else a publisher put there is not carried on.
ATTEMPT = "x-relais-attempt"
#: More than any ladder has rungs: a header that says more is not ours.
_ATTEMPT_MAX = 1_000

#: A handler of facts; it may return the ids of those that a newer fact has superseded.
Handle = Callable[[Transaction, list[Envelope]], Iterable[UUID] | None]
Heard = tuple[Delivery, Envelope]


class Listener:
    """One consumer: a queue, the types it hears, and what is done with them."""

    def __init__(
        self,
        consumer: str,
        *,
        handle: Handle,
        database: Database,
        amqp_url: str,
        plan: Topology,
        settings: Settings,
        batch_count_max: int | None = None,
    ) -> None:
        self.consumer = consumer
        self._types = frozenset(plan.types_heard(consumer))
        self._handle = handle
        self._database = database
        self._amqp_url = amqp_url
        self._plan = plan
        self._settings = settings
        self.receiver = Receiver(
            consumer,
            connect=self._connect,
            settle=self._settle,
            batch_count_max=batch_count_max or settings.consume_batch_count_max,
        )

    def _connect(self) -> Broker:
        broker = Broker(
            self._amqp_url, name=self.consumer, confirm_s_max=self._settings.confirm_seconds_max
        )
        try:
            topology.declare(broker, self._plan, settings=self._settings, queues=[self.consumer])
        except Exception:
            broker.close()
            raise
        return broker

    # -- a batch -----------------------------------------------------------------------------

    def _settle(self, receiver: Receiver, deliveries: Sequence[Delivery]) -> None:
        heard: list[Heard] = []
        for delivery in deliveries:
            try:
                heard.append((delivery, self._read(delivery)))
            except (Malformed, endings.UnknownType) as error:
                self._park(delivery, error, fact_type="unknown")
                receiver.done(delivery)
        if heard and not self._settle_together(heard, receiver=receiver):
            # Some fact in it fails: smaller parts find it soon, and the others wait for little.
            for part in _parts(heard, count=isqrt(len(heard))):
                if not self._settle_together(part, receiver=receiver):
                    for delivery, fact in part:
                        self._settle_alone(delivery, fact, broker=receiver.broker)
                        receiver.done(delivery)

    def _settle_together(self, heard: Sequence[Heard], *, receiver: Receiver) -> bool:
        """Apply several facts in one transaction; say whether that went well."""
        if len(heard) == 1:
            return False  # a fact alone may be refused, retried or parked
        try:
            self._apply([fact for _, fact in heard])
        except Exception as error:
            if endings.database_is_away(error):
                raise
            _log.info(
                "batch failed, smaller ones follow",
                extra={"consumer": self.consumer, "reason": endings.detail(error)},
            )
            return False
        receiver.done_up_to([delivery for delivery, _ in heard])
        return True

    def _read(self, delivery: Delivery) -> Envelope:
        fact = Envelope.from_json(delivery.body, loads=from_json)
        if fact.type not in self._types:
            raise endings.UnknownType(f"{self.consumer} does not hear {fact.type}")
        return fact

    def _apply(self, facts: list[Envelope]) -> None:
        started = time.perf_counter()
        superseded: set[UUID] = set()
        with self._database.transaction() as tx:
            self._bound_waits(tx)
            fresh = inbox.claim(tx, consumer=self.consumer, facts=facts)
            if fresh:
                superseded.update(self._handle(tx, fresh) or ())
                inbox.supersede(tx, consumer=self.consumer, event_ids=superseded)
        metrics.fact_seconds.labels(self.consumer).observe(time.perf_counter() - started)
        applied = Counter(fact.type for fact in fresh if fact.id not in superseded)
        known = Counter(fact.type for fact in facts) - Counter(fact.type for fact in fresh)
        for ending, counts in (
            ("applied", applied),
            ("superseded", Counter(f.type for f in fresh if f.id in superseded)),
            ("duplicate", known),
        ):
            for fact_type, count in counts.items():
                self._count(fact_type, ending, count)

    def _bound_waits(self, tx: Transaction) -> None:
        # One fact that waits for a lock must not keep the others waiting for long.
        tx.execute(
            "SELECT set_config('lock_timeout', %s, true)",
            (str(self._settings.consume_lock_ms_max),),
        )

    # -- one delivery ------------------------------------------------------------------------

    def _settle_alone(self, delivery: Delivery, fact: Envelope, *, broker: Broker) -> None:
        try:
            self._apply([fact])
        except Superseded:
            self._remember(fact, ending="superseded")
        except Refusal as refusal:
            _log.info(
                "fact refused",
                extra={"consumer": self.consumer, "event_id": str(fact.id), "code": refusal.code},
            )
            self._remember(fact, ending="refused")
        except Exception as error:
            if endings.database_is_away(error):
                raise
            if endings.is_transient(error):
                self._retry(delivery, fact, error, broker=broker)
            else:
                self._park(delivery, error, fact_type=fact.type)

    def _remember(self, fact: Envelope, *, ending: inbox.Ending) -> None:
        with self._database.transaction() as tx:
            inbox.claim(tx, consumer=self.consumer, facts=[fact], ending=ending)
        self._count(fact.type, ending)

    def _retry(
        self, delivery: Delivery, fact: Envelope, error: Exception, *, broker: Broker
    ) -> None:
        attempt = attempt_of(delivery)
        delays_s = self._settings.retry_delays_s
        if attempt >= len(delays_s):
            final = endings.NoLongerTransient(f"{attempt + 1} attempts: {endings.detail(error)}")
            self._park(delivery, final, fact_type=fact.type)
            return
        queue = topology.retry_queue(self.consumer, delay_s=delays_s[attempt])
        message = Outgoing(
            exchange="",
            routing_key=queue,
            body=delivery.body,
            message_id=str(fact.id),
            mandatory=True,
            headers={ATTEMPT: attempt + 1},
        )
        outcome = broker.publish([message])[0]
        broker.check()
        if outcome is not Outcome.CONFIRMED:
            raise BrokerAway(f"{queue} did not take a delivery: {outcome}")
        self._count(fact.type, "retried")

    def _park(self, delivery: Delivery, error: Exception, *, fact_type: str) -> None:
        reason = endings.reason(error)
        with self._database.transaction() as tx:
            parking.park(
                tx,
                consumer=self.consumer,
                body=delivery.body,
                reason=reason,
                detail=endings.detail(error),
                headers={ATTEMPT: attempt_of(delivery)},
                attempts=attempt_of(delivery) + 1,
            )
        _log.error(
            "delivery parked",
            extra={"consumer": self.consumer, "reason": reason, "detail": endings.detail(error)},
            exc_info=error if reason == "crashed" else None,
        )
        self._count(fact_type, "parked")

    def _count(self, fact_type: str, ending: str, count: int = 1) -> None:
        metrics.facts.labels(self.consumer, fact_type, ending).inc(count)


def _parts(heard: Sequence[Heard], *, count: int) -> Iterable[Sequence[Heard]]:
    return (heard[start : start + count] for start in range(0, len(heard), count))


def attempt_of(delivery: Delivery) -> int:
    """Return how often a delivery has been sent to a retry queue; 0 when it does not say so."""
    attempt = delivery.headers.get(ATTEMPT)
    return attempt if type(attempt) is int and 0 < attempt <= _ATTEMPT_MAX else 0
