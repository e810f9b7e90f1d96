"""Empties a service's parking queue into its table: what the broker gave up on becomes visible."""

from collections.abc import Sequence
from typing import Any

from chassis import metrics, parking, topology
from chassis.broker import Broker, Delivery
from chassis.db import Database
from chassis.receive import Receiver
from chassis.settings import Settings
from chassis.topology import Topology

_BATCH_COUNT_MAX = 50


class Collector:
    """The consumer of `<service>.parked`: deliveries that crashed their consumer too often."""

    def __init__(
        self,
        service: str,
        *,
        database: Database,
        amqp_url: str,
        plan: Topology,
        settings: Settings,
    ) -> None:
        self._service = service
        self._database = database
        self._amqp_url = amqp_url
        self._plan = plan
        self._settings = settings
        self.receiver = Receiver(
            topology.parking_queue(service),
            connect=self._connect,
            settle=self._settle,
            batch_count_max=_BATCH_COUNT_MAX,
        )

    def _connect(self) -> Broker:
        queues = self._plan.queues(service=self._service)
        broker = Broker(self._amqp_url, name=topology.parking_queue(self._service))
        try:
            topology.declare(broker, self._plan, settings=self._settings, queues=queues)
        except Exception:
            broker.close()
            raise
        return broker

    def _settle(self, receiver: Receiver, deliveries: Sequence[Delivery]) -> None:
        with self._database.transaction() as tx:
            for delivery in deliveries:
                queue, times, why = death_of(delivery, service=self._service)
                parking.park(
                    tx,
                    consumer=queue,
                    body=delivery.body,
                    reason=why,
                    detail=f"the broker gave up on it in {queue} ({why})",
                    headers={},
                    attempts=times,
                )
        receiver.done_up_to(deliveries)

    def measure(self) -> None:
        """Set the gauge of parked deliveries."""
        with self._database.transaction() as tx:
            metrics.parked.labels(self._service).set(parking.count(tx))


def death_of(delivery: Delivery, *, service: str) -> tuple[str, int, str]:
    """Return the work queue a dead letter comes from, how often it died there, and of what."""
    deaths: Any = delivery.headers.get("x-death")
    for death in deaths if isinstance(deaths, list) else []:
        # Retry queues are listed too: their messages "expire" on the way back to work.
        if isinstance(death, dict) and death.get("reason") != "expired":
            count = death.get("count")
            times = count if isinstance(count, int) else 0
            return str(death.get("queue")), times, str(death.get("reason"))
    return topology.parking_queue(service), 0, "unknown"
