"""Papers printed in a process of their own, by many at once, and again when that process dies."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chassis import press as pressing
from chassis.press import Press, PressBusy
from deploy.local.home import ROOT

PAGE = "<html lang=fr><title>Bon</title><p>Bonjour</p></html>"
#: What a service does: patched by eventlet, many green threads print while the hub goes on.
_GREEN = """
import eventlet
eventlet.monkey_patch()
from chassis.press import press
ticks = []
def tick():
    while True:
        ticks.append(1)
        eventlet.sleep(0.01)
eventlet.spawn(tick)
pool = eventlet.GreenPool()
page = "<html lang=fr><title>Bon</title><p>Bonjour</p></html>"
made = list(pool.imap(lambda _: press().print(page), range(6)))
print(all(each.startswith(b"%PDF") for each in made), len(made), len(ticks) > 20)
"""


@pytest.fixture
def press() -> Iterator[Press]:
    made = Press()
    yield made
    made.stop()


class TestPress:
    def test_prints_for_many_at_once(self, press: Press) -> None:
        with ThreadPoolExecutor(4) as callers:
            made = list(callers.map(lambda _: press.print(PAGE), range(8)))
        assert all(each.startswith(b"%PDF-") for each in made)

    def test_prints_beside_a_hub_that_goes_on(self) -> None:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _GREEN],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.stdout.split() == ["True", "6", "True"], done.stderr

    def test_is_started_again_when_it_was_killed(self, press: Press) -> None:
        press.print(PAGE)
        assert press._process is not None
        os.kill(press._process.pid, signal.SIGKILL)
        assert press.print(PAGE).startswith(b"%PDF-")

    def test_ends_with_whoever_asked_it(self, press: Press) -> None:
        press.print(PAGE)
        assert press._process is not None
        assert press._line is not None
        press._line.close()  # as the system does for a process that is killed
        assert press._process.wait(timeout=20) == 0

    def test_knows_no_secret(self, press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RELAIS_PIN_KEYS", "not for printers")
        press.print(PAGE)
        assert press._process is not None
        known = Path(f"/proc/{press._process.pid}/environ").read_bytes()
        assert not re.search(rb"RELAIS|DATABASE|AMQP", known)

    def test_turns_away_whom_it_cannot_serve_in_time(
        self, press: Press, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pressing, "WAIT_S_MAX", 0.1)
        with press._turn, pytest.raises(PressBusy):
            press.print(PAGE)

    def test_fetches_nothing(self, press: Press) -> None:
        page = PAGE.replace("Bonjour", "<img src='http://127.0.0.1:9/x.png' alt=x>")
        began = time.monotonic()
        assert press.print(page).startswith(b"%PDF-")
        assert time.monotonic() - began < 30

    def test_says_what_it_could_not_print(self, press: Press) -> None:
        press.print(PAGE)
        assert press._line is not None
        pressing._send(press._line, b"\xff")
        assert pressing._receive(press._line).startswith(b"-UnicodeDecodeError")
        assert press.print(PAGE).startswith(b"%PDF-")
