"""What is done to the processes of a stack: killed, stopped, compared."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.fix_stack import RunningStack

RESTARTED_WITHIN_S = 10.0


def kill(stack: RunningStack, name: str) -> None:
    """Kill a process without warning, and wait until the supervisor has started another."""
    killed = stack.kill9(name)
    stack.wait_restarted(name, killed=killed, limit_s=RESTARTED_WITHIN_S)


def pids_but(stack: RunningStack, name: str) -> dict[str, int]:
    """The processes of the stack, but for one."""
    return {each.name: each.pid for each in stack.now.processes if each.name != name}


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process that is there, holds its connections and does nothing."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
