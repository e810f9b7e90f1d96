"""The bus seen from outside the services: to listen in, and to say what nobody should."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import kombu
from prometheus_client.parser import text_string_to_metric_families

from chassis.topology import EXCHANGE
from kernel.envelope import Envelope
from tests.fix_network import Network

CONTENT_TYPE = "application/json"
PERSISTENT = 2


@contextmanager
def channel_to(amqp_url: str) -> Iterator[Any]:
    """A channel of the bare library, in confirm mode."""
    options = {"confirm_publish": True}
    with kombu.Connection(amqp_url, transport_options=options) as connection:  # type: ignore[attr-defined, no-untyped-call]
        yield connection.channel()


@dataclass(kw_only=True)
class Listening:
    """A queue of one's own, and what has come into it."""

    channel: Any
    queue: str
    facts: list[Envelope] = field(default_factory=list)

    def types(self) -> list[str]:
        """The types of all facts so far, in the order they came."""
        while (message := self.channel.basic_get(self.queue, no_ack=True)) is not None:
            self.facts.append(Envelope.from_json(message.body))
        return [fact.type for fact in self.facts]


@contextmanager
def listening(amqp_url: str, *routing_keys: str) -> Iterator[Listening]:
    """Hear what is told under some routing keys, beside everybody else who does."""
    with channel_to(amqp_url) as channel:
        queue = channel.queue_declare("", exclusive=True, durable=False).queue
        for routing_key in routing_keys:
            channel.queue_bind(queue, exchange=EXCHANGE, routing_key=routing_key)
        yield Listening(channel=channel, queue=queue)


def say(amqp_url: str, body: bytes, *, to: str, exchange: str = EXCHANGE) -> None:
    """Put bytes on the bus; `exchange=""` puts them straight into the queue `to`."""
    say_all(amqp_url, [(to, body)], exchange=exchange)


def say_all(
    amqp_url: str, messages: Iterable[tuple[str, bytes]], *, exchange: str = EXCHANGE
) -> None:
    """Put bodies on the bus, each under its routing key, in this order."""
    with channel_to(amqp_url) as channel:
        for routing_key, body in messages:
            message = channel.prepare_message(
                body, content_type=CONTENT_TYPE, properties={"delivery_mode": PERSISTENT}
            )
            channel.basic_publish(message, exchange=exchange, routing_key=routing_key)


@contextmanager
def cut_off(amqp_url: str, *, queue: str, types: Sequence[str]) -> Iterator[None]:
    """A queue that hears nothing of some types for a while, without its consumer's knowledge."""
    with channel_to(amqp_url) as channel:
        for fact_type in types:
            channel.queue_unbind(queue, exchange=EXCHANGE, routing_key=fact_type)
        try:
            yield
        finally:
            for fact_type in types:
                channel.queue_bind(queue, exchange=EXCHANGE, routing_key=fact_type)


def facts_told(network: Network, service: str, where: str, *arguments: Any) -> list[Envelope]:
    """Facts as they stand in a service's outbox, in its order."""
    rows = network.rows(
        "SELECT event_id AS id, type, subject, site, occurred_at AS time, data, sequence,"
        f" caused_by, traceparent FROM {service}.outbox WHERE {where}",
        *arguments,
    )
    return [Envelope(**row) for row in rows]


def endings(network: Network, process: str, *, consumer: str) -> dict[str, int]:
    """How many deliveries of a consumer have ended in which way, as its process counts them."""
    running = network.stack.now.process(process)
    assert running.metrics
    counted: dict[str, int] = {}
    for family in text_string_to_metric_families(httpx.get(running.metrics).text):
        for sample in family.samples:
            if sample.name == "relais_facts_total" and sample.labels["consumer"] == consumer:
                ending = sample.labels["ending"]
                counted[ending] = counted.get(ending, 0) + int(sample.value)
    return counted


def parked(network: Network, *words: str) -> list[dict[str, Any]]:
    """What `relais parked list` shows."""
    done = network.stack.relais("parked", "list", "--json", *words)
    assert done.returncode == 0, done.stderr
    shown: list[dict[str, Any]] = json.loads(done.stdout)
    return shown
