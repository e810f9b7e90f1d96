"""`@every(seconds)`: a service's method runs now and then, in one transaction, in one process.

    @every(60)
    def end_entitlements(self, tx: Transaction) -> None: ...

Every copy of a service has the timer; the copy that holds the method's advisory lock fires, and
another takes over at its next tick once that one is gone.  A run that fails is rolled back,
logged, and tried again at the next tick.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from nameko.timer import Timer

from chassis import worker
from chassis.leader import Leader
from chassis.resources import Resources

_log = logging.getLogger(__name__)


class Every(Timer):  # type: ignore[misc]  # nameko has no types
    """nameko's timer, fired by one process at a time, with a transaction."""

    resources = Resources()

    def __init__(self, interval: float) -> None:
        super().__init__(interval, eager=True)
        self._leader: Leader | None = None

    def setup(self) -> None:
        """Name the right to fire after the method."""
        self._leader = Leader(self.resources.database, task=f"timer:{self.method_name}")

    def start(self) -> None:
        """Start ticking, in processes that consume: their work is not a caller's."""
        if "consume" in self.resources.settings.parts:
            super().start()

    def stop(self) -> None:
        """Stop ticking and let another process fire."""
        if self.gt is not None:
            super().stop()
        if self._leader is not None:
            self._leader.resign()

    def handle_timer_tick(self) -> None:
        """Run the method if this process leads; a database that is away costs one tick."""
        assert self._leader is not None  # noqa: S101  # set by setup
        try:
            if self._leader.leads():
                with self.resources.database.transaction() as tx:
                    worker.call(self, (tx,))
        except psycopg.OperationalError as error:
            _log.warning("timer skipped", extra={"method": self.method_name, "reason": str(error)})
        except Exception:
            _log.exception("timer failed", extra={"method": self.method_name})
        finally:
            self.worker_complete.send()


Method = TypeVar("Method", bound=Callable[..., Any])
every: Callable[[float], Callable[[Method], Method]] = Every.decorator
