"""A bus of two services for tests: `recharges` tells sales, `settlement` and `impact` hear them."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Self
from uuid import uuid4

import amqp

from chassis import outbox, topology
from chassis.broker import Broker, BrokerAway, Delivery, Outcome, Outgoing
from chassis.db import Database
from chassis.listen import Handle, Listener
from chassis.receive import Receiver
from chassis.relay import Relay
from chassis.settings import Settings
from chassis.topology import Topology
from kernel.envelope import Envelope
from tests.connections import borrowed

SALE = "recharges.sale.completed.v1"
STOCK = "recharges.stock.low.v1"
ON_SALE = "settlement.on_sale"
ALSO_ON_SALE = "impact.on_sale"
PLAN = Topology({SALE: [ON_SALE, ALSO_ON_SALE], STOCK: [ON_SALE]})
QUIET_S = 0.05


def limits(**changed: Any) -> Settings:
    """The settings of a test: production's, less patient."""
    return Settings.model_construct(
        **{
            "retry_delays_s": (1, 2),
            "confirm_seconds_max": 3.0,
            "database_wait_seconds_max": 1.0,
            "queue_length_max": 100_000,
            **changed,
        }
    )


def a_fact(
    number: int = 1, *, type: str = SALE, subject: str | None = None, **data: Any
) -> Envelope:
    return Envelope(
        id=uuid4(),
        type=type,
        subject=subject or f"sale-{number}",
        site="paris-19",
        time=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        data={"number": number, **data},
    )


def eventually(holds: Callable[[], bool], *, within_s: float = 10.0) -> float:
    """Wait until something holds; return how long it took; fail when it never does."""
    started = time.monotonic()
    while not holds():
        if time.monotonic() - started > within_s:
            raise AssertionError(f"still not so after {within_s} s")
        time.sleep(0.02)
    return time.monotonic() - started


def declare_all(amqp_url: str) -> None:
    """Declare the queues of all services, before one is started: two at once hinder each other.

    Who asks for a queue while another is having it made is refused once; services ask again.
    """
    with Broker(amqp_url, name="test") as broker:
        topology.declare(broker, Topology.read(), settings=Settings.model_construct())


@dataclass(kw_only=True)
class Bus:
    """A database with the services' schemas, and a vhost of the broker with their queues."""

    database_url: str
    amqp_url: str
    settings: Settings = field(default_factory=limits)
    plan: Topology = PLAN
    opened: dict[str, Database] = field(default_factory=dict)

    def database(self, service: str) -> Database:
        if service not in self.opened:
            self.opened[service] = Database(
                self.database_url, schema=service, settings=self.settings
            )
        return self.opened[service]

    def close(self) -> None:
        for database in self.opened.values():
            database.close()

    def with_settings(self, **changed: Any) -> Self:
        return type(self)(
            database_url=self.database_url,
            amqp_url=self.amqp_url,
            settings=limits(**changed),
            opened=self.opened,
        )

    # -- telling -----------------------------------------------------------------------------

    def tell(self, facts: Sequence[Envelope]) -> None:
        with self.database("recharges").transaction() as tx:
            outbox.append(tx, facts)

    def relay(self, *, amqp_url: str | None = None) -> Relay:
        return Relay(
            self.database("recharges"),
            amqp_url=amqp_url or self.amqp_url,
            plan=self.plan,
            settings=self.settings,
        )

    @contextmanager
    def relaying(self, relay: Relay | None = None) -> Iterator[Relay]:
        relay = relay or self.relay()
        thread = threading.Thread(target=relay.run, daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            relay.stop()
            thread.join(15)
            assert not thread.is_alive(), "the relay does not stop"

    def waiting(self) -> int:
        return self.number("recharges", "SELECT count(*) FROM outbox WHERE published_at IS NULL")

    # -- hearing -----------------------------------------------------------------------------

    def listener(
        self, handle: Handle, *, consumer: str = ON_SALE, amqp_url: str | None = None, **more: Any
    ) -> Listener:
        return Listener(
            consumer,
            handle=handle,
            database=self.database(topology.service_of(consumer)),
            amqp_url=amqp_url or self.amqp_url,
            plan=self.plan,
            settings=self.settings,
            **more,
        )

    @contextmanager
    def receiving(self, receiver: Receiver) -> Iterator[None]:
        thread = threading.Thread(target=receiver.run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            receiver.stop()
            thread.join(15)
            assert not thread.is_alive(), "the receiver does not stop"

    # -- the broker's side -------------------------------------------------------------------

    @contextmanager
    def broker(self) -> Iterator[Broker]:
        with Broker(self.amqp_url, name="test", confirm_s_max=5.0) as broker:
            yield broker

    @contextmanager
    def channel(self) -> Iterator[Any]:
        """A channel of the bare library, for what the chassis has no business doing."""
        with self.broker() as broker:
            yield broker._connection.channel()

    def declare(self) -> None:
        with self.broker() as broker:
            topology.declare(broker, self.plan, settings=self.settings)

    def put(
        self,
        body: bytes,
        *,
        queue: str = ON_SALE,
        headers: Mapping[str, int | str] = MappingProxyType({}),
    ) -> None:
        """Publish a body straight to a queue, as somebody who does not know our rules would."""
        message = Outgoing(
            exchange="",
            routing_key=queue,
            body=body,
            message_id="",
            mandatory=True,
            headers=headers,
        )
        with self.broker() as broker:
            assert broker.publish([message]) == [Outcome.CONFIRMED]

    def put_facts(self, facts: Sequence[Envelope], *, queue: str = ON_SALE) -> None:
        messages = [
            Outgoing(
                exchange="",
                routing_key=queue,
                body=fact.to_json(),
                message_id=str(fact.id),
                mandatory=True,
            )
            for fact in facts
        ]
        with self.broker() as broker:
            assert set(broker.publish(messages)) == {Outcome.CONFIRMED}

    def depth(self, queue: str) -> int:
        """How many messages are ready in a queue: all of them once nobody consumes it."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).message_count)

    def take(self, queue: str, *, count: int, within_s: float = 10.0) -> list[Delivery]:
        """Take messages out of a queue, acknowledged, in their order."""
        taken: list[Delivery] = []
        with self.broker() as broker:
            broker.consume(queue, prefetch=count, on_delivery=taken.append)
            until = time.monotonic() + within_s
            while len(taken) < count and time.monotonic() < until:
                broker.drain(QUIET_S)
            if taken:
                broker.ack(taken[-1].tag, multiple=True)
        return taken

    def forget_queues(self) -> None:
        """Delete every queue of the plan, so that the next test begins with none."""
        names = [topology.parking_queue(topology.service_of(q)) for q in self.plan.queues()]
        for queue in self.plan.queues():
            names.append(queue)
            names += [topology.retry_queue(queue, delay_s=delay) for delay in (1, 2, 5, 30, 300)]
        with suppress(BrokerAway, amqp.exceptions.NotFound), self.channel() as channel:
            for name in names:
                channel.queue_delete(name)
            channel.exchange_delete(topology.EXCHANGE)

    # -- the database's side -----------------------------------------------------------------

    def rows(self, service: str, query: str, *arguments: Any) -> list[dict[str, Any]]:
        with borrowed(self.database_url, options=f"-c search_path={service}") as connection:
            return connection.execute(query, arguments or None).fetchall()

    def number(self, service: str, query: str, *arguments: Any) -> int:
        [row] = self.rows(service, query, *arguments)
        [value] = row.values()
        return int(value)

    def effects(self, service: str = "settlement") -> int:
        return self.number(service, "SELECT count(*) FROM effect")

    def parked(self, service: str = "settlement") -> list[dict[str, Any]]:
        return self.rows(service, "SELECT * FROM parked_delivery ORDER BY parked_id")

    def endings(self, service: str = "settlement") -> dict[str, int]:
        rows = self.rows(service, "SELECT ending, count(*) AS n FROM inbox GROUP BY ending")
        return {row["ending"]: row["n"] for row in rows}
