"""Facts from the outbox to two hearers, and the peer: bare py-amqp without a database."""

import multiprocessing
import time
from multiprocessing.synchronize import Event as Gate
from typing import Any

import amqp
import psycopg

from bench import counts
from bench.counts import Void
from bench.world import World

_TELL = """
INSERT INTO outbox (event_id, type, subject, sequence, site, occurred_at, data)
SELECT gen_random_uuid(), 'recharges.sale.completed.v1', sale_id::text, 1, 'bench', now(),
       jsonb_build_object('sale_id', sale_id, 'till_id', gen_random_uuid(), 'ticket_no', n,
           'person_ref', gen_random_uuid(), 'business_date', current_date, 'tender', 'cash',
           'total_cents', 250, 'lines', jsonb_build_array(jsonb_build_object(
               'offer_code', 'sfr-15', 'operator', 'sfr', 'quantity', 1, 'price_cents', 250,
               'face_value_cents', 1500, 'serials', jsonb_build_array('bench-' || n))))
  FROM (SELECT n, gen_random_uuid() AS sale_id FROM generate_series(1, %s) AS n) AS made
"""
_BODY = b"x" * 800
_QUEUES = ("bench.peer.one", "bench.peer.two")
_EXCHANGE = "bench.peer"


def told_per_second(connection: psycopg.Connection, *, facts: int) -> float:
    """Commit so many facts at once; return the rate until both hearers have committed them."""
    before = counts.read(connection)
    connection.execute(_TELL, (facts,))
    connection.execute("NOTIFY relais_outbox_recharges")
    started = time.perf_counter()
    counts.await_heard(connection, before, facts=facts)
    seconds = time.perf_counter() - started
    after = counts.read(connection)
    if after.ledger_entries - before.ledger_entries != facts:
        raise Void("the ledger did not grow by the facts that were told")
    return facts / seconds


def peer_per_second(world: World, *, facts: int) -> float:
    """Publish to two quorum queues, confirmed in batches, until two consumers have read all."""
    with _connect(world) as connection:
        channel = connection.channel()
        channel.exchange_declare(_EXCHANGE, "topic", durable=True, auto_delete=False)
        for queue in _QUEUES:
            quorum = {"x-queue-type": "quorum"}
            channel.queue_declare(queue, durable=True, auto_delete=False, arguments=quorum)
            channel.queue_bind(queue, _EXCHANGE, "bench.#")
        context = multiprocessing.get_context("spawn")
        ready = [context.Event() for _ in _QUEUES]
        done = [context.Event() for _ in _QUEUES]
        readers = [
            context.Process(target=_read, args=(world.stack.amqp_url, queue, facts, *gates))
            for queue, *gates in zip(_QUEUES, ready, done, strict=True)
        ]
        for reader in readers:
            reader.start()
        for gate in ready:
            gate.wait(30)
        started = time.perf_counter()
        _publish(channel, facts)
        heard = all(gate.wait(60) for gate in done)
        seconds = time.perf_counter() - started
        for reader in readers:
            reader.join(10)
        for queue in _QUEUES:
            channel.queue_delete(queue)
        channel.exchange_delete(_EXCHANGE)
    if not heard:
        raise Void("the peer's consumers did not read every message")
    return facts / seconds


def _publish(channel: Any, facts: int) -> None:
    """Publish with confirms in flight, a thousand at a time."""
    confirmed = 0

    def count(tag: int, multiple: bool) -> None:
        nonlocal confirmed
        confirmed = tag if multiple else confirmed + 1

    channel.confirm_select()
    channel.events["basic_ack"].add(count)
    for number in range(1, facts + 1):
        message = amqp.Message(_BODY, delivery_mode=2)
        channel._basic_publish(message, exchange=_EXCHANGE, routing_key="bench.fact")
        while number - confirmed >= 1_000 or (number == facts and confirmed < facts):
            channel.connection.drain_events(timeout=30)


def _read(url: str, queue: str, facts: int, ready: Gate, done: Gate) -> None:
    """Read so many messages, acknowledging a hundred at a time."""
    left = facts
    with _connection(url) as connection:
        channel = connection.channel()
        channel.basic_qos(0, 500, False)

        def take(message: Any) -> None:
            nonlocal left
            left -= 1
            if left % 100 == 0:
                channel.basic_ack(message.delivery_tag, multiple=True)

        channel.basic_consume(queue, callback=take)
        ready.set()
        while left:
            connection.drain_events(timeout=30)
    done.set()


def _connect(world: World) -> Any:
    return _connection(world.stack.amqp_url)


def _connection(url: str) -> Any:
    from kombu.utils.url import url_to_parts

    _, host, port, user, password, path, _ = url_to_parts(url)
    connection = amqp.Connection(
        host=f"{host}:{port}",
        userid=user,
        password=password,
        virtual_host=path or "/",
    )
    connection.connect()
    return connection
