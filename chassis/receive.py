"""Receives from one queue for ever: connect, collect what waits, settle it, acknowledge, go on.

What a delivery means is the business of `settle`, which gets what was waiting (no timer, at most
a batch) and calls `done` for each delivery it brought to an end.  It is called again with the
deliveries that are left when the database was away; nothing is acknowledged before its effect is
committed, so whatever happens here a delivery comes back rather than getting lost.
"""

import logging
import time
from collections.abc import Callable, Sequence
from threading import Event

from chassis.backoff import Backoff
from chassis.broker import Broker, BrokerAway, DeclaredOtherwise, Delivery
from chassis.endings import database_is_away

_log = logging.getLogger(__name__)

_IDLE_S = 0.5
_STOP_LOOK_S = 0.2


class Receiver:
    """One queue, one connection, one green thread; broker and database may come and go."""

    def __init__(
        self,
        queue: str,
        *,
        connect: Callable[[], Broker],
        settle: Callable[["Receiver", Sequence[Delivery]], None],
        batch_count_max: int,
    ) -> None:
        self.queue = queue
        self._connect = connect
        self._settle = settle
        self._batch_count_max = batch_count_max
        self._broker: Broker | None = None
        self._waiting: list[Delivery] = []
        self._stopping = Event()
        self._away = Backoff()
        self._database_away = Backoff()

    # -- the thread that runs ----------------------------------------------------------------

    def run(self) -> None:
        """Receive until `stop`; trouble is waited for with a growing pause, never raised."""
        while not self._stopping.is_set():
            try:
                self._open()
                self._serve()
            except (BrokerAway, DeclaredOtherwise) as trouble:
                self._note(trouble)
            except Exception:
                # A bug here must not end the service, nor spin.
                _log.exception("receiver failed", extra={"queue": self.queue})
            finally:
                self._close()
            if not self._stopping.is_set():
                self._stopping.wait(self._away.next_s())

    def _note(self, trouble: Exception) -> None:
        # Once per absence, not once per attempt.
        if self._away.failures == 0:
            level = logging.WARNING if isinstance(trouble, BrokerAway) else logging.ERROR
            _log.log(level, "receiver waits", extra={"queue": self.queue, "reason": str(trouble)})

    def _open(self) -> None:
        self._waiting.clear()
        self._broker = broker = self._connect()
        # Twice a batch: the next one travels while this one is being committed.
        broker.consume(
            self.queue, prefetch=2 * self._batch_count_max, on_delivery=self._waiting.append
        )

    def _serve(self) -> None:
        while not self._stopping.is_set():
            self._collect()
            if self._waiting:
                self._settle_waiting()
            self.broker.tick()
            # Not before a round went well: what fails at every connection must not spin.
            if self._away.reset():
                _log.info("broker is back", extra={"queue": self.queue})

    def _collect(self) -> None:
        if not self._waiting and not self.broker.drain(_IDLE_S):
            return
        self.broker.drain_while(lambda: len(self._waiting) < self._batch_count_max)

    def _settle_waiting(self) -> None:
        try:
            self._settle(self, self._waiting[: self._batch_count_max])
        except Exception as error:
            if not database_is_away(error):
                raise
            self._hold(error)
            return
        if self._database_away.reset():
            _log.info("database is back", extra={"queue": self.queue})

    def _hold(self, error: Exception) -> None:
        """Keep the deliveries, unacknowledged, and the connection alive for a pause."""
        if self._database_away.failures == 0:
            _log.warning("database away", extra={"queue": self.queue, "reason": str(error)})
        until = time.monotonic() + self._database_away.next_s()
        while not self._stopping.is_set() and (left_s := until - time.monotonic()) > 0:
            self.broker.drain(min(left_s, _STOP_LOOK_S))
            self.broker.tick()

    def _close(self) -> None:
        broker, self._broker = self._broker, None
        if broker is None:
            return
        try:
            if self._stopping.is_set():
                broker.cancel()
        except BrokerAway:
            pass
        finally:
            broker.close()
            self._waiting.clear()

    # -- what `settle` may call --------------------------------------------------------------

    @property
    def broker(self) -> Broker:
        """The connection at hand."""
        if self._broker is None:
            raise BrokerAway("not connected")
        return self._broker

    def done(self, delivery: Delivery) -> None:
        """Acknowledge one delivery whose effect is committed."""
        self.broker.ack(delivery.tag)
        self._waiting.remove(delivery)

    def done_up_to(self, deliveries: Sequence[Delivery]) -> None:
        """Acknowledge, in one message, deliveries before which none is left unacknowledged."""
        self.broker.ack(deliveries[-1].tag, multiple=True)
        last_tag = deliveries[-1].tag
        self._waiting[:] = [waiting for waiting in self._waiting if waiting.tag > last_tag]

    # -- the thread that stops it ------------------------------------------------------------

    def stop(self) -> None:
        """Ask `run` to finish the batch at hand, acknowledge it, cancel, close and return."""
        self._stopping.set()
