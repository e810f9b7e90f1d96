"""One supervised process: how it is started, asked whether it is ready, and stopped."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import orphans
from deploy.local.home import Home, Trouble, last_lines, rotate

RESTART_DELAY_FIRST_S = 0.1
RESTART_DELAY_MAX_S = 2.0
HEALTHY_AFTER_S = 10.0
LEFTOVERS_WAIT_S = 0.3
POLL_S = 0.05


@dataclass(kw_only=True)
class Child:
    """A program of the stack; `order` says when it is stopped, low numbers first."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    port: int
    order: int
    answers: Callable[[], bool]
    home: Home
    metrics: str | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_wait_s: float = 10.0
    prepare: Callable[[], None] = lambda: None
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    failures: int = field(default=0, init=False)

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process and self.process.poll() is None else None

    @property
    def log(self) -> Path:
        return self.home.log(self.name)

    def start(self) -> None:
        """Starts the program once whatever a dead instance left is gone.

        The kernel sends it `stop_signal` when the thread that started it ends, so that children
        do not outlive a killed supervisor; the command `setpriv` arranges that, and changes the
        user, before it becomes the program itself.
        """
        self._end_leftovers()
        self.prepare()
        rotate(self.log)
        signal_name = self.stop_signal.name.removeprefix("SIG")
        leash = ["setpriv", "--pdeathsig", signal_name]
        if self.user:
            leash += ["--reuid", self.user, "--regid", self.user, "--init-groups"]
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*leash, "--", *self.command],
                env={**self.environment, **orphans.mark_of(self.home, name=self.name)},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C at the terminal is for the supervisor, which then stops us in order.
                start_new_session=True,
            )

    def died(self) -> int | None:
        """How it ended by itself, None while it runs."""
        return None if self.process is None else self.process.poll()

    def restart_delay_s(self) -> float:
        """How long to wait after this death: hardly at first, two seconds in a crash loop."""
        if time.monotonic() - self.started_at > HEALTHY_AFTER_S:
            self.failures = 0
        self.failures += 1
        return float(min(RESTART_DELAY_FIRST_S * 4 ** (self.failures - 1), RESTART_DELAY_MAX_S))

    def wait_ready(
        self,
        *,
        limit_s: float,
        deaths_max: int = 3,
        give_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """Waits until it answers; a crash loop or the limit is trouble, with the log's end."""
        until = time.monotonic() + limit_s
        while self.pid is None or not self.answers():
            if give_up():
                raise Trouble(f"{self.name} was stopped before it answered.")
            if self.failures >= deaths_max or (deaths_max == 1 and self.died() is not None):
                raise Trouble(
                    f"{self.name} stops again and again; the end of {self.log}:\n"
                    f"{last_lines(self.log)}"
                )
            if time.monotonic() > until:
                raise Trouble(
                    f"{self.name} did not answer within {limit_s:.0f} seconds; "
                    f"the end of {self.log}:\n{last_lines(self.log)}"
                )
            time.sleep(POLL_S)

    def ask_to_stop(self) -> None:
        if self.pid is not None:
            orphans.send(self.pid, signum=self.stop_signal)

    def stop(self) -> None:
        """Ends it and everything it started: asked first, killed when it takes too long."""
        self.ask_to_stop()
        if self.process is not None:
            try:
                self.process.wait(timeout=self.stop_wait_s)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._end_leftovers()

    def _end_leftovers(self) -> None:
        orphans.end(
            lambda: orphans.of_child(self.home, name=self.name, folder=self.folder),
            wait_s=LEFTOVERS_WAIT_S,
        )


def plain_environment() -> dict[str, str]:
    """What a child inherits: the person's environment without what names this stack's parts."""
    return {
        name: value
        for name, value in os.environ.items()
        if name == "RELAIS_LOG_LEVEL"
        or not name.startswith(
            ("RELAIS_", "RABBITMQ_", "ERL_", "PG", "DATABASE_URL", "AMQP_URL", "STRIPE_")
        )
    }


def find_program(name: str, *, first: str = "") -> str:
    """Where a program lies: in `first`, on PATH, or where Debian keeps it for administrators."""
    path = os.pathsep.join([first, os.environ.get("PATH", ""), "/usr/sbin"])
    found = shutil.which(name, path=path)
    if found is None:
        raise Trouble(f"{name} is not installed: run `make setup` as root.")
    return found
