"""Callers who send one Idempotency-Key at once take turns before any of them takes a connection.

They would wait in the database as well, each holding a connection of the pool, and a till that
retries a slow command would keep every other one of this process waiting.  Callers in different
processes still meet in the database: one connection for each process and key.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from eventlet.semaphore import Semaphore

from kernel.refusal import Unavailable


@dataclass(slots=True)
class _Turn:
    free: Semaphore = field(default_factory=Semaphore)
    caller_count: int = 0
    answered: bool = False


class Turns:
    """Who works on which key in this process; a key nobody works on is forgotten."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    @contextmanager
    def take(self, key: str, *, wait_s: float) -> Iterator[None]:
        """Wait for the key, and refuse after `wait_s`: the caller comes back with the same key.

        Once a caller went through, those behind it only read its answer: they go together.
        """
        turn = self._turns.setdefault(key, _Turn())
        turn.caller_count += 1
        try:
            if not turn.free.acquire(timeout=wait_s):
                raise Unavailable()
            if turn.answered:
                turn.free.release()
                yield
                return
            try:
                yield
                turn.answered = True
            finally:
                turn.free.release()
        finally:
            turn.caller_count -= 1
            if not turn.caller_count:
                del self._turns[key]
