"""Group commit: whatever commands of one kind are waiting run as one transaction.

There is no timer: the batch is what arrived while the one before it was being committed, so one
till alone waits for nobody and a hundred tills share one commit.  `run` gets a list of commands
and returns one answer or one Refusal for each, in the same order; when it raises, each command is
run again as a list of one, so that a command nobody foresaw fails alone.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar, cast

import eventlet
from eventlet.event import Event

from chassis import metrics
from kernel.refusal import Refusal

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
            outcomes = self._run([command for command, _ in entries])
            if len(outcomes) != len(entries):
                raise AssertionError(f"{len(entries)} {self._kind} got {len(outcomes)} outcomes")
        except Exception as error:
            if len(entries) == 1:
                entries[0][1].send_exception(error)
                return
            for entry in entries:
                self._commit([entry])
            return
        for (_, done), outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                done.send_exception(outcome)
            else:
                done.send(outcome)
