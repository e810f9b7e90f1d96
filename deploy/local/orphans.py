"""Finds and ends what a killed instance left running, by marks that no stranger carries.

Every child carries the stack's folder in its environment, and so do its own children.  PostgreSQL
and nginx overwrite their environment to show a title instead: they are known by their program
together with their working directory, which lies inside the stack.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from deploy.local.home import Home

MARK = "RELAIS_STACK"
TITLED_PROGRAMS = ("postgres", "nginx")
KILLED_WAIT_S = 5.0


def mark_of(home: Home, *, name: str) -> dict[str, str]:
    """The variable that says whose child a process is."""
    return {MARK: f"{home.path}|{name}"}


def of_child(home: Home, *, name: str, folder: Path) -> list[int]:
    """Processes of one child of this stack."""
    wanted = f"{MARK}={home.path}|{name}".encode()
    return [
        pid
        for pid in _pids()
        if wanted in _environment(pid)
        or (_program(pid) in TITLED_PROGRAMS and _directory(pid) == folder)
    ]


def of_stack(home: Home, *, folders: list[Path]) -> list[int]:
    """Processes of any child of this stack."""
    wanted = f"{MARK}={home.path}|".encode()
    return [
        pid
        for pid in _pids()
        if any(entry.startswith(wanted) for entry in _environment(pid))
        or (_program(pid) in TITLED_PROGRAMS and _directory(pid) in folders)
    ]


def end(find: Callable[[], list[int]], *, wait_s: float) -> int:
    """Ends what `find` finds: asked to stop first, killed after the wait. Says how many."""
    asked = find()
    if not asked:
        return 0
    for pid in asked:
        # PostgreSQL takes SIGTERM for "wait until every client has left".
        send(pid, signum=signal.SIGINT if _program(pid) == "postgres" else signal.SIGTERM)
    if not _gone(find, wait_s=wait_s):
        for pid in find():
            send(pid, signum=signal.SIGKILL)
        _gone(find, wait_s=KILLED_WAIT_S)
    return len(asked)


def send(pid: int, *, signum: signal.Signals) -> None:
    """A signal to a process that may have ended by itself meanwhile."""
    try:
        os.kill(pid, signum)
    except ProcessLookupError:
        return


def _gone(find: Callable[[], list[int]], *, wait_s: float) -> bool:
    until = time.monotonic() + wait_s
    while find():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def _pids() -> Iterator[int]:
    own = os.getpid()
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != own:
            yield int(entry)


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name.removesuffix(" (deleted)")
    except OSError:
        return ""


def _directory(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None
