"""A PostgreSQL connection that waits on eventlet's hub: cheap, and never in another's way.

psycopg's own `wait_selector`, patched by eventlet, also lets the other green threads run, but it
makes a selector for every wait; a batch of sales waits some forty times.  The contract kept here
is that of `psycopg.waiting`: a generator yields what it waits for and is sent what is ready.
"""

import time
from typing import Any

from eventlet import patcher
from eventlet.hubs import trampoline
from psycopg import Connection
from psycopg import errors as psycopg_errors
from psycopg.abc import RV, PQGen
from psycopg.waiting import Ready, Wait

# The kernel's own, which returns at once, not eventlet's, which gives way to others.
_select = patcher.original("select")
_READ, _WRITE = Ready.R, Ready.W
_LOOK_S = 0.02


class _TooLate(Exception):
    """The socket was not ready within the time this wait was given."""


class GreenConnection(Connection[dict[str, Any]]):
    """A connection whose every wait is a switch to the hub, in processes that eventlet patched."""

    def wait(self, gen: PQGen[RV], interval: float = 0.0, timeout: float | None = None) -> RV:
        """Run a psycopg generator to its end."""
        if not patcher.is_monkey_patched("socket"):
            return super().wait(gen, interval=interval or 0.1, timeout=timeout)
        fileno = self.pgconn.socket
        # Without a time-out nothing needs waking up for: the server's own limits bound a
        # statement, and TCP's a server that is gone.
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            wanted = next(gen)
            while True:
                ready = _wait(fileno, wanted, deadline=deadline)
                wanted = gen.send(ready)
                if ready is Ready.NONE:
                    raise psycopg_errors._WaitTimeout("wait timeout expired")
        except StopIteration as end:
            value: RV = end.value
            return value


def is_silent(connection: Connection[dict[str, Any]]) -> bool:
    """Say whether an idle connection has nothing to read: a server that ended it says so there."""
    look = _select.poll()
    look.register(connection.fileno(), _select.POLLIN)
    return not look.poll(0)


def _wait(fileno: int, wanted: Wait, *, deadline: float | None) -> Ready:
    if wanted == Wait.R:
        return _READ if _switch(fileno, deadline=deadline, read=True) else Ready.NONE
    if wanted == Wait.W:
        return _WRITE if _switch(fileno, deadline=deadline, write=True) else Ready.NONE
    # Reading and writing at once: a socket is nearly always writable, so ask before waiting.  Only
    # behind a statement of some megabytes is it not; the hub listens one way at a time, so we look
    # the other way now and then.
    now = _select.poll()
    now.register(fileno, _select.POLLIN | _select.POLLOUT)
    while True:
        for _, events in now.poll(0):
            readable = events & ~_select.POLLOUT
            writable = events & _select.POLLOUT
            return Ready((_READ if readable else 0) | (_WRITE if writable else 0))
        if deadline is not None and time.monotonic() >= deadline:
            return Ready.NONE
        _switch(fileno, deadline=time.monotonic() + _LOOK_S, write=True)


def _switch(
    fileno: int, *, deadline: float | None, read: bool = False, write: bool = False
) -> bool:
    """Give way to the hub until the socket is ready; say whether it was, within the deadline."""
    left = None if deadline is None else max(0.001, deadline - time.monotonic())
    try:
        trampoline(fileno, read=read, write=write, timeout=left, timeout_exc=_TooLate)
    except _TooLate:  # ours alone: a caller's own eventlet.Timeout goes through
        return False
    return True
