"""Group commit: whatever commands of one kind are waiting run as one transaction.

There is no timer: the batch is what arrived while the one before it was being committed, so one
till alone waits for nobody and a hundred tills share one commit.  `run` gets a list of commands
and returns one answer or one Refusal for each, in the same order.

A batch that fails is run once more: each command as a list of one, so that a command nobody
foresaw fails alone and two that got in each other's way (another process had the same key) do not;
all together when a connection broke.  Where the wait for a connection was in vain, all fail: the
callers know that they may ask again.
A failure may come after the commit, so `run` must give a command that is already done its answer.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import eventlet
from eventlet.event import Event
from psycopg_pool import PoolTimeout

from chassis import metrics
from chassis.endings import database_is_away
from kernel.refusal import Refusal

_log = logging.getLogger(__name__)

Command = TypeVar("Command")
Answer = TypeVar("Answer")
Run = Callable[[Sequence[Command]], Sequence[Answer | Refusal]]


class Batch(Generic[Command, Answer]):
    """Collects commands from green threads and runs them together."""

    def __init__(self, run: Run[Command, Answer], *, kind: str, count_max: int) -> None:
        self._run = run
        self._kind = kind
        self._count_max = count_max
        self._waiting: deque[tuple[Command, Event]] = deque()
        self._running = False

    def submit(self, command: Command) -> Answer:
        """Wait for the command's turn and return its answer; raise its Refusal or its failure."""
        done = Event()
        self._waiting.append((command, done))
        if not self._running:
            self._running = True
            eventlet.spawn(self._work)
        return cast(Answer, done.wait())

    def _work(self) -> None:
        try:
            while self._waiting:
                count = min(len(self._waiting), self._count_max)
                self._commit([self._waiting.popleft() for _ in range(count)])
        finally:
            self._running = False

    def _commit(self, entries: list[tuple[Command, Event]]) -> None:
        metrics.batch_size.labels(self._kind).observe(len(entries))
        try:
            self._answer(entries)
            return
        except PoolTimeout as error:
            _fail(entries, error)
            return
        except Exception as error:
            together = database_is_away(error)
            _log.info("batch failed, run again", extra={"kind": self._kind, "reason": str(error)})
        for group in [entries] if together else [[entry] for entry in entries]:
            try:
                self._answer(group)
            except Exception as error:
                _fail(group, error)

    def _answer(self, entries: list[tuple[Command, Event]]) -> None:
        outcomes = self._run([command for command, _ in entries])
        if len(outcomes) != len(entries):
            raise AssertionError(f"{len(entries)} {self._kind} got {len(outcomes)} outcomes")
        for (_, done), outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                done.send_exception(outcome)
            else:
                done.send(outcome)


def _fail(entries: Sequence[tuple[Command, Event]], error: Exception) -> None:
    for _, done in entries:
        done.send_exception(error)
