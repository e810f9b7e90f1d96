"""One bounded connection to RabbitMQ: every wait has a limit, every trouble is one exception.

py-amqp is used underneath, with or without eventlet's patched sockets.  One green thread owns a
Broker; after BrokerAway it is closed and another is opened, never repaired.
"""

import errno
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import amqp
from amqp.exceptions import AMQPError, PreconditionFailed
from amqp.transport import TCPTransport

from chassis import frames

#: Bodies are CloudEvents in structured mode; they travel under the plain JSON type so that any
#: AMQP consumer decodes them (kombu and nameko refuse content types they do not know).
CONTENT_TYPE = "application/json"
_HEARTBEAT_S = 20
_CONNECT_S_MAX = 5.0
_GOODBYE_S_MAX = 2.0
#: A moment, not zero: py-amqp spins for ever on half a frame when the timeout is zero.
_MOMENT_S = 0.0005
_WRITE_TOGETHER = 100
_READ_BYTES = 4096


class BrokerAway(Exception):
    """The broker cannot be reached, does not answer in time, or has closed the connection."""


class DeclaredOtherwise(Exception):
    """A queue or exchange exists with other arguments than ours (406); only a person can help."""


class Outcome(StrEnum):
    """What became of a published message."""

    CONFIRMED = "confirmed"
    RETURNED = "returned"  # mandatory, and no queue is bound
    REFUSED = "refused"  # nack: a queue is full or has no leader
    UNKNOWN = "unknown"  # no answer in time: it may or may not have arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message to publish, persistent."""

    exchange: str
    routing_key: str
    body: bytes
    message_id: str
    mandatory: bool
    headers: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A message received and not yet acknowledged."""

    tag: int
    body: bytes
    headers: Mapping[str, Any]


class Broker:
    """A connection with a channel in confirm mode and, once asked for, a consuming channel."""

    def __init__(self, url: str, *, name: str, confirm_s_max: float = 10.0) -> None:
        self._confirm_s_max = confirm_s_max
        self._tag = 0
        self._in_flight: dict[int, int] = {}
        self._returned: set[str] = set()
        self._outcomes: list[Outcome] = []
        self._message_ids: list[str] = []
        self._consumer: Any = None
        self._consumer_tag = ""
        #: The broker is short of memory or disk and reads nothing from us until it says so.
        self.blocked = False
        self.trouble: BrokerAway | None = None
        self._connection: Any = amqp.Connection(
            **_connection_arguments(url),
            client_properties={"connection_name": name},
            heartbeat=_HEARTBEAT_S,
            connect_timeout=_CONNECT_S_MAX,
            on_blocked=self._on_blocked,
            on_unblocked=self._on_unblocked,
        )
        try:
            with _translated("cannot connect"):
                self._connection.connect()
                # The limit of every read and write that names none of its own.
                self._connection.transport.sock.settimeout(confirm_s_max)
                self._read_ahead()
                self._publisher: Any = self._connection.channel()
                self._publisher.confirm_select()
        except Exception:
            self._connection.collect()
            raise
        self._publisher.events["basic_ack"].add(self._on_ack)
        self._publisher.events["basic_nack"].add(self._on_nack)
        self._publisher.events["basic_return"].add(self._on_return)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Say goodbye if the broker listens, and close the socket in any case."""
        try:
            if self._connection.connected:
                self._connection.transport.sock.settimeout(_GOODBYE_S_MAX)
                self._connection.close()
        except (OSError, AMQPError):
            # Closed from the other side: what we did not acknowledge is theirs again.
            pass
        finally:
            self._connection.collect()

    def _read_ahead(self) -> None:
        """Read what has come in at once: py-amqp asks the system for each field of each frame.

        Its own buffer keeps what was read beyond the field, so nothing else changes.
        """
        transport = self._connection.transport
        if isinstance(transport, TCPTransport):
            receive = transport.sock.recv
            transport._quick_recv = lambda count: receive(max(count, _READ_BYTES))

    # -- declaring ---------------------------------------------------------------------------

    def declare_exchange(self, name: str, *, kind: str) -> None:
        """Make sure a durable exchange exists."""
        with _declaring(f"exchange {name}"):
            self._publisher.exchange_declare(name, kind, durable=True, auto_delete=False)

    def declare_queue(self, name: str, *, arguments: Mapping[str, Any]) -> None:
        """Make sure a durable queue exists, with exactly these arguments."""
        with _declaring(f"queue {name}"):
            self._publisher.queue_declare(
                name, durable=True, auto_delete=False, arguments=dict(arguments)
            )

    def length(self, queue: str) -> int:
        """Count the messages that wait in a queue that exists."""
        with _declaring(f"queue {queue}"):
            found = self._publisher.queue_declare(queue, passive=True)
        return int(found.message_count)

    def bind(self, queue: str, *, exchange: str, routing_key: str) -> None:
        """Make sure an exchange routes a key to a queue."""
        with _declaring(f"the binding of queue {queue}"):
            self._publisher.queue_bind(queue, exchange=exchange, routing_key=routing_key)

    # -- publishing --------------------------------------------------------------------------

    def publish(self, messages: Sequence[Outgoing]) -> list[Outcome]:
        """Publish all, then wait once, for a bounded time, until each has its answer.

        A connection lost on the way leaves UNKNOWN outcomes and `trouble`; what was confirmed
        before stays confirmed, so that the caller can remember it before it calls `check`.
        """
        self._outcomes = [Outcome.UNKNOWN] * len(messages)
        self._message_ids = [message.message_id for message in messages]
        self._returned.clear()
        self._in_flight.clear()
        try:
            with _translated("publishing failed"):
                self._send(messages)
            self._await_answers()
        except BrokerAway as away:
            self.trouble = away
        return self._outcomes

    def check(self) -> None:
        """Raise what `publish` ran into."""
        if self.trouble is not None:
            raise self.trouble

    def _send(self, messages: Sequence[Outgoing]) -> None:
        for first in range(0, len(messages), _WRITE_TOGETHER):
            written = []
            for place, message in enumerate(messages[first : first + _WRITE_TOGETHER], first):
                self._tag += 1
                self._in_flight[self._tag] = place
                written.append(self._frames_of(message))
            # One system call for many messages; then other green threads may run.
            self._connection.transport.write(b"".join(written))
            self._connection.bytes_sent += len(written)
            time.sleep(0)

    def _frames_of(self, message: Outgoing) -> bytes:
        return frames.publish(
            self._publisher.channel_id,
            exchange=message.exchange,
            routing_key=message.routing_key,
            mandatory=message.mandatory,
            content_type=CONTENT_TYPE,
            message_id=message.message_id,
            headers=message.headers,
            body=message.body,
            frame_max=self._connection.frame_max,
        )

    def _await_answers(self) -> None:
        deadline = time.monotonic() + self._confirm_s_max
        while self._in_flight and not self.blocked:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                raise BrokerAway(
                    f"{len(self._in_flight)} of {len(self._outcomes)} confirms did not come"
                    f" within {self._confirm_s_max} s"
                )
            self.drain(min(left_s, 1.0))

    def _on_ack(self, tag: int, multiple: bool) -> None:
        for place in self._answered(tag, multiple):
            returned = self._message_ids[place] in self._returned
            self._outcomes[place] = Outcome.RETURNED if returned else Outcome.CONFIRMED

    def _on_nack(self, tag: int, multiple: bool) -> None:
        for place in self._answered(tag, multiple):
            self._outcomes[place] = Outcome.REFUSED

    def _on_return(
        self, _error: Exception, _exchange: str, _routing_key: str, message: Any
    ) -> None:
        # The broker sends the return before the ack of the same message.
        self._returned.add(str(message.properties.get("message_id")))

    def _answered(self, tag: int, multiple: bool) -> list[int]:
        if not multiple:
            place = self._in_flight.pop(tag, None)
            return [] if place is None else [place]
        tags = [waiting for waiting in self._in_flight if waiting <= tag]
        return [self._in_flight.pop(waiting) for waiting in tags]

    def _on_blocked(self, _reason: str) -> None:
        self.blocked = True

    def _on_unblocked(self) -> None:
        self.blocked = False

    # -- receiving ---------------------------------------------------------------------------

    def consume(
        self, queue: str, *, prefetch: int, on_delivery: Callable[[Delivery], None]
    ) -> None:
        """Let the broker push up to `prefetch` unacknowledged messages of a queue."""

        def received(message: Any) -> None:
            on_delivery(
                Delivery(
                    tag=message.delivery_info["delivery_tag"],
                    body=message.body if isinstance(message.body, bytes) else b"",
                    headers=message.headers or {},
                )
            )

        with _translated(f"cannot consume {queue}"):
            self._consumer = self._connection.channel()
            self._consumer.auto_decode = False  # bodies stay bytes whatever their header says
            self._consumer.basic_qos(0, prefetch, False)
            self._consumer_tag = self._consumer.basic_consume(queue, callback=received)

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Tell the broker that a delivery, or all up to it, needs no redelivery."""
        with _translated("cannot acknowledge"):
            self._consumer.basic_ack(tag, multiple)

    def cancel(self) -> None:
        """Ask for no more deliveries."""
        with _translated("cannot cancel"):
            self._consumer.basic_cancel(self._consumer_tag)

    def drain(self, seconds: float = _MOMENT_S) -> bool:
        """Take in one thing the broker sent, waiting up to `seconds`; say whether it came."""
        with _translated("connection lost"):
            try:
                self._connection.drain_events(timeout=max(seconds, _MOMENT_S))
            except TimeoutError as nothing:
                if nothing.errno == errno.ETIMEDOUT:  # the peer is gone, we did not wait in vain
                    raise BrokerAway("connection lost: the peer does not answer") from nothing
                return False
        return True

    def drain_while(self, wanting: Callable[[], bool]) -> None:
        """Take in what has come in already, as long as it is wanted.

        The same as `drain` again and again, without a time-out set and taken back for each frame.
        """
        transport = self._connection.transport
        with (
            _translated("connection lost"),
            suppress(TimeoutError),
            transport.having_timeout(_MOMENT_S),
        ):
            while wanting():
                self._connection.on_inbound_frame(transport.read_frame())

    def tick(self) -> None:
        """Send a heartbeat when one is due; raise when the broker's are missing."""
        with _translated("no heartbeat"):
            self._connection.heartbeat_tick()

    def beat(self) -> None:
        """Send a heartbeat now, from a thread that is busy and reads nothing."""
        with _translated("no heartbeat"):
            self._connection.send_heartbeat()


@contextmanager
def _declaring(name: str) -> Iterator[None]:
    try:
        yield
    except PreconditionFailed as error:
        raise DeclaredOtherwise(
            f"{name} exists with other arguments ({error.reply_text}); drain and delete it, or"
            " give the new one another name"
        ) from error
    except (OSError, AMQPError) as error:
        raise BrokerAway(f"cannot declare {name}: {error}") from error


@contextmanager
def _translated(trouble: str) -> Iterator[None]:
    try:
        yield
    except (OSError, AMQPError) as error:
        raise BrokerAway(f"{trouble}: {str(error) or type(error).__name__}") from error


def _connection_arguments(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("amqp", "amqps", "pyamqp"):
        raise ValueError(f"AMQP_URL must begin with amqp:// or amqps://, not {parts.scheme}://")
    host = parts.hostname or "localhost"
    secure = parts.scheme == "amqps"
    address = f"[{host}]" if ":" in host else host
    return {
        "host": f"{address}:{parts.port or (5671 if secure else 5672)}",
        "userid": unquote(parts.username or "guest"),
        "password": unquote(parts.password or "guest"),
        "virtual_host": unquote(parts.path[1:]) or "/",
        "login_method": "PLAIN",
        "ssl": {"server_hostname": host, "cert_reqs": ssl.CERT_REQUIRED} if secure else False,
    }
