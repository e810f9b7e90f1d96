"""The exchange, queues and bindings of the bus, declared from the list of who hears what.

    relais.facts (topic, durable)
        | type
        v
    <service>.<handler>             quorum; the handler's work
        | transient failure            | more deliveries than the delivery limit
        v                              v
    <service>.<handler>.retry.<n>s  <service>.parked    (then the table parked_delivery)
        | after n seconds
        v
    <service>.<handler>

Everything is declared by whoever comes first, relay or consumer, always with the same arguments;
a fact told before its hearer ever started waits in the hearer's queue.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from chassis.broker import Broker
from chassis.settings import Settings

EXCHANGE = "relais.facts"
SUBSCRIPTIONS = Path(__file__).resolve().parents[1] / "contracts" / "subscriptions.json"


@dataclass(frozen=True, slots=True)
class Topology:
    """Which queues hear which types of fact."""

    subscriptions: Mapping[str, Sequence[str]]

    @classmethod
    def read(cls) -> Self:
        """Read the subscriptions that `make contracts` wrote down from the code."""
        return cls(json.loads(SUBSCRIPTIONS.read_text(encoding="utf-8")))

    def queues(self, *, service: str | None = None) -> list[str]:
        """List the work queues, of one service or of all."""
        every = {queue for queues in self.subscriptions.values() for queue in queues}
        return sorted(q for q in every if service is None or service_of(q) == service)

    def types_heard(self, queue: str) -> list[str]:
        """List the types of fact bound to a queue."""
        return sorted(t for t, queues in self.subscriptions.items() if queue in queues)

    def services_hearing(self, fact_type: str) -> list[str]:
        """List the services with a queue that hears a type."""
        return sorted({service_of(queue) for queue in self.subscriptions.get(fact_type, ())})

    def is_heard(self, fact_type: str) -> bool:
        """Say whether any queue hears a type."""
        return bool(self.subscriptions.get(fact_type))


def service_of(queue: str) -> str:
    """Return the service that a queue belongs to."""
    return queue.partition(".")[0]


def parking_queue(service: str) -> str:
    """Return the queue in which the broker leaves what it delivered too often."""
    return f"{service}.parked"


def retry_queue(queue: str, *, delay_s: int) -> str:
    """Return the queue in which a delivery waits before it comes back."""
    return f"{queue}.retry.{delay_s}s"


def declare(
    broker: Broker,
    topology: Topology,
    *,
    settings: Settings,
    queues: Iterable[str] | None = None,
) -> None:
    """Make sure the exchange and the queues exist, all of them or those named, and are bound."""
    wanted = topology.queues() if queues is None else list(queues)
    broker.declare_exchange(EXCHANGE, kind="topic")
    for service in sorted({service_of(queue) for queue in wanted}):
        broker.declare_queue(parking_queue(service), arguments=_bounded(settings))
    for queue in wanted:
        broker.declare_queue(queue, arguments=work_arguments(queue, settings=settings))
        for delay_s in settings.retry_delays_s:
            broker.declare_queue(
                retry_queue(queue, delay_s=delay_s),
                arguments=retry_arguments(queue, delay_s=delay_s, settings=settings),
            )
        for fact_type in topology.types_heard(queue):
            broker.bind(queue, exchange=EXCHANGE, routing_key=fact_type)


def waiting(
    broker: Broker, topology: Topology, *, service: str, settings: Settings
) -> dict[str, int]:
    """Count the messages that wait for each handler of a service, those to be retried as well."""
    return {
        queue: sum(
            broker.length(each)
            for each in (
                queue,
                *(retry_queue(queue, delay_s=delay_s) for delay_s in settings.retry_delays_s),
            )
        )
        for queue in topology.queues(service=service)
    }


def work_arguments(queue: str, *, settings: Settings) -> dict[str, Any]:
    """Return the arguments of a work queue: what it cannot deliver goes to the parking queue."""
    return _bounded(settings) | {
        "x-delivery-limit": settings.delivery_limit,
        **_dead_letters_to(parking_queue(service_of(queue))),
    }


def retry_arguments(queue: str, *, delay_s: int, settings: Settings) -> dict[str, Any]:
    """Return the arguments of a retry queue: after its delay a message returns to its work."""
    return _bounded(settings) | {"x-message-ttl": delay_s * 1000, **_dead_letters_to(queue)}


def _bounded(settings: Settings) -> dict[str, Any]:
    # A full queue refuses the publisher, who keeps the fact in its outbox: nothing is dropped.
    return {
        "x-queue-type": "quorum",
        "x-max-length": settings.queue_length_max,
        "x-overflow": "reject-publish",
    }


def _dead_letters_to(queue: str) -> dict[str, Any]:
    # Through the default exchange, which routes by queue name and needs no binding; at-least-once
    # keeps the message here until the other queue has confirmed it (needs reject-publish).
    return {
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": queue,
        "x-dead-letter-strategy": "at-least-once",
    }
