"""The folder of one stack: where everything it keeps lies, and the lock that makes it one stack."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOG_BYTES_MAX = 8_000_000


class Trouble(Exception):
    """What keeps the stack from running, as one sentence for the person who started it."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths below `.local/`, or below what RELAIS_HOME names."""

    path: Path

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("RELAIS_HOME") or ROOT / ".local").absolute())

    @property
    def stack_file(self) -> Path:
        return self.path / "stack.json"

    @property
    def demo_file(self) -> Path:
        return self.path / "demo.json"

    @property
    def lock_file(self) -> Path:
        return self.path / "supervisor.lock"

    def log(self, name: str) -> Path:
        return self.path / "log" / f"{name}.log"

    def folder(self, name: str) -> Path:
        """A working folder, made on first use."""
        folder = self.path / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def prepare(self) -> None:
        self.folder("log")

    def supervisor_pid(self) -> int | None:
        """Who holds the lock; the number in the file counts only while somebody does."""
        if not self.lock_file.exists():
            return None
        with self.lock_file.open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read().strip() or 0)
        return None

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Holds the lock; the kernel lets go of it however this process ends."""
        self.prepare()
        with self.lock_file.open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Trouble(
                    f"a stack already runs on {self.path}: stop it with `relais down`, "
                    "or choose another folder with RELAIS_HOME and port with RELAIS_PORT."
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield


def rotate(log: Path, *, bytes_max: int = LOG_BYTES_MAX) -> None:
    """Keeps one older file, so that a log never takes much more than twice its bound.

    The writer holds the file open for appending: it is emptied rather than replaced.
    """
    if log.exists() and log.stat().st_size > bytes_max:
        shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def last_lines(log: Path, *, count: int = 12) -> str:
    """The end of a log, set in for a message."""
    if not log.exists():
        return "(no log)"
    return "\n".join(
        f"    {line}" for line in log.read_text(errors="replace").splitlines()[-count:]
    )


def write_private(path: Path, *, content: str) -> None:
    """Replaces a file whole, readable by its owner only: a reader never sees half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
    fresh.replace(path)
