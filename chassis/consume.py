"""`@consume(*types)`: a service's method hears facts, a list at a time, in one transaction.

    @consume("referrals.entitlement.opened.v1")
    def on_entitlement_opened(self, tx: Transaction, facts: list[Envelope]) -> None: ...

nameko gives the life cycle and the injected dependencies; everything else is in `chassis.listen`.
"""

import logging
from collections.abc import Callable, Iterable
from threading import Event
from typing import Any, Protocol, TypeVar
from uuid import UUID

import psycopg
from nameko.extensions import Entrypoint, SharedExtension

from chassis import worker
from chassis.collect import Collector
from chassis.db import Transaction
from chassis.listen import Listener
from chassis.resources import Resources
from chassis.topology import Topology
from kernel.envelope import Envelope
from kernel.refusal import Refusal, Superseded

_log = logging.getLogger(__name__)

_MEASURE_S = 5.0


class Parking(SharedExtension):  # type: ignore[misc]  # nameko has no types
    """Empties the service's parking queue and counts what is parked, once per process."""

    resources = Resources()
    _collector: Collector | None = None

    def start(self) -> None:
        """Start the collecting and the counting green threads."""
        settings = self.resources.settings
        if "consume" not in settings.parts or self._collector is not None:
            return
        self._stopping = Event()
        self._collector = Collector(
            self.container.service_name,
            database=self.resources.database,
            amqp_url=settings.amqp_url.get_secret_value(),
            plan=Topology.read(),
            settings=settings,
        )
        self._threads = [
            self.container.spawn_managed_thread(self._collector.receiver.run, "parking"),
            self.container.spawn_managed_thread(self._measure, "parked"),
        ]

    def _measure(self) -> None:
        while self._collector is not None and not self._stopping.is_set():
            try:
                self._collector.measure()
            except psycopg.OperationalError as error:
                _log.info("parked deliveries not counted", extra={"reason": str(error)})
            self._stopping.wait(_MEASURE_S)

    def stop(self) -> None:
        """Stop both."""
        if self._collector is not None:
            self._stopping.set()
            self._collector.receiver.stop()
            for thread in self._threads:
                thread.wait()


class Consume(Entrypoint):  # type: ignore[misc]
    """One method that hears facts: queue `<service>.<method>`, one batch at a time, in order."""

    resources = Resources()
    parking = Parking()

    def __init__(self, *types: str, batch_max: int | None = None) -> None:
        self.types = types
        self.batch_max = batch_max
        self._listener: Listener | None = None
        super().__init__(expected_exceptions=(Refusal, Superseded))

    @property
    def consumer(self) -> str:
        """The consumer's name, which is its queue's."""
        return f"{self.container.service_name}.{self.method_name}"

    def start(self) -> None:
        """Start the consumer's green thread, in processes whose parts name it."""
        settings = self.resources.settings
        if "consume" not in settings.parts:
            return
        plan = Topology.read()
        if plan.types_heard(self.consumer) != sorted(self.types):
            raise RuntimeError(
                f"{self.consumer} hears {sorted(self.types)}, but contracts/subscriptions.json"
                f" says {plan.types_heard(self.consumer)}; `make contracts` writes it anew"
            )
        self._listener = Listener(
            self.consumer,
            handle=self._handle,
            database=self.resources.database,
            amqp_url=settings.amqp_url.get_secret_value(),
            plan=plan,
            settings=settings,
            batch_count_max=self.batch_max,
        )
        self._thread = self.container.spawn_managed_thread(
            self._listener.receiver.run, self.consumer
        )

    def _handle(self, tx: Transaction, facts: list[Envelope]) -> Iterable[UUID] | None:
        """Run the method on a nameko worker and wait for it, keeping the connection alive."""
        assert self._listener is not None  # noqa: S101  # only the listener calls this
        beat = self._listener.receiver.broker.beat
        outcome: Iterable[UUID] | None = worker.call(self, (tx, facts), meanwhile=beat)
        return outcome

    def stop(self) -> None:
        """Finish the batch at hand, acknowledge it, cancel, close."""
        if self._listener is not None:
            self._listener.receiver.stop()
            self._thread.wait()


Method = TypeVar("Method", bound=Callable[..., Any])


class Declare(Protocol):
    """Declares a method of a service class as a hearer of these types of fact."""

    def __call__(self, *types: str, batch_max: int | None = None) -> Callable[[Method], Method]: ...


consume: Declare = Consume.decorator
