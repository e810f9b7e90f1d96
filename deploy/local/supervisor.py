"""Keeps children running: starts them, starts them again when they die, stops them in order."""

import signal
import threading
import time
from collections.abc import Callable, Sequence
from itertools import groupby
from types import FrameType

from deploy.local.child import Child
from deploy.local.home import rotate

POLL_S = 0.1
ROTATE_EVERY_S = 30.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Runs in the main thread, which starts every child: the kernel ends them if it goes.

    The start-up itself runs beside it in a thread of its own and hands children over with `add`,
    so that a server that dies while the services are being started is already looked after.
    """

    def __init__(self, *, say: Callable[[str], None], on_change: Callable[[], None]) -> None:
        self.children: list[Child] = []
        self._say = say
        self._on_change = on_change
        self._start_at: dict[str, float] = {}
        self._rotate_at = 0.0
        self._stopping = False
        self._trouble: BaseException | None = None

    def add(self, children: Sequence[Child]) -> None:
        """Hands children over; the main thread starts them in its next round."""
        self.children.extend(children)

    @property
    def stopping(self) -> bool:
        return self._stopping

    def run(self, boot: Callable[[], None]) -> None:
        """Supervises until a signal, or until `boot` fails, then stops every child."""
        for signum in STOP_SIGNALS:
            signal.signal(signum, self._stop_on_signal)
        threading.Thread(target=self._boot, args=(boot,), name="boot", daemon=True).start()
        try:
            while not self._stopping:
                # A list that only grows at its end may be read while the boot thread adds to it.
                changed = [self._tend(child) for child in tuple(self.children)]
                if any(changed):
                    self._on_change()
                self._rotate_logs()
                time.sleep(POLL_S)
        finally:
            self._stop_all()
        if self._trouble:
            raise self._trouble

    def _rotate_logs(self) -> None:
        if time.monotonic() > self._rotate_at:
            self._rotate_at = time.monotonic() + ROTATE_EVERY_S
            for child in tuple(self.children):
                rotate(child.log)

    def _stop_on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _boot(self, boot: Callable[[], None]) -> None:
        try:
            boot()
        except BaseException as trouble:
            # What fails because everything is being stopped is no trouble of its own.
            if not self._stopping:
                self._trouble = trouble
            self._stopping = True

    def _tend(self, child: Child) -> bool:
        """Starts the child when it is due; says whether its process changed."""
        if child.process is None:
            child.start()
            return True
        ended = child.died()
        if ended is None:
            return False
        now = time.monotonic()
        if child.name not in self._start_at:
            delay_s = child.restart_delay_s()
            self._start_at[child.name] = now + delay_s
            self._say(f"{child.name} ended ({_ending(ended)}), starting it again")
            return False
        if now < self._start_at[child.name]:
            return False
        del self._start_at[child.name]
        child.start()
        return True

    def _stop_all(self) -> None:
        for signum in STOP_SIGNALS:
            signal.signal(signum, signal.SIG_IGN)  # stopping is bounded: it need not be hurried
        started = sorted(
            (child for child in self.children if child.process), key=lambda child: child.order
        )
        for _, together in groupby(started, key=lambda child: child.order):
            group = list(together)
            for child in group:
                child.ask_to_stop()
            for child in group:
                child.stop()


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"code {code}"
