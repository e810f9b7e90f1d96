"""Consumers, relay and timers in the processes that run them: nameko, eventlet, signals."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from chassis import outbox
from tests.chassis.bus import ON_SALE, Bus, a_fact, eventually
from tests.chassis.wire import wire_to
from tests.fix_service import free_port

ROOT = Path(__file__).parents[2]
Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(bus: Bus, tmp_path: Path) -> Iterator[Start]:
    """Starts copies of the hearing service, and ends those that are left."""
    subscriptions = tmp_path / "subscriptions.json"
    subscriptions.write_text(json.dumps(dict(bus.plan.subscriptions)))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONWARNINGS": "ignore",
        "DATABASE_URL": bus.database_url,
        "RELAIS_VERIFY_KEY": base64.urlsafe_b64encode(bytes(32)).decode(),
        "RETRY_DELAYS_S": "[1, 2]",
        "QUEUE_LENGTH_MAX": "100000",
        "TEST_SUBSCRIPTIONS": str(subscriptions),
    }
    with ExitStack() as started:

        def start_one(
            *, parts: str = "consume", amqp_url: str = bus.amqp_url
        ) -> "subprocess.Popen[bytes]":
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.chassis.hearing_process"],
                cwd=ROOT,
                env=environment
                | {"RELAIS_PARTS": parts, "AMQP_URL": amqp_url}
                # Every process shows its health, on a port that no other has.
                | {"RELAIS_HTTP_PORT": str(free_port())},
            )
            started.callback(process.wait, 10)
            started.callback(process.kill)
            return process

        yield start_one


class TestConsumer:
    def test_hears_with_its_dependencies_injected(self, bus: Bus, start: Start) -> None:
        bus.declare()
        start()
        bus.put_facts([a_fact(number) for number in range(300)])

        eventually(lambda: bus.effects() == 300, within_s=30)

        assert bus.endings() == {"applied": 300}

    def test_brings_every_ending_about_under_the_engine(self, bus: Bus, start: Start) -> None:
        bus.declare()
        bus.put_facts(
            [
                a_fact(1),
                a_fact(2, do="refuse"),
                a_fact(3, do="step aside"),
                a_fact(4, do="crash"),
                a_fact(5, do="clash"),
                a_fact(6),
            ]
        )
        start()

        eventually(lambda: len(bus.parked()) == 2, within_s=30)
        assert [row["reason"] for row in bus.parked()] == ["crashed", "retries_exhausted"]
        assert bus.endings() == {"applied": 2, "refused": 1, "superseded": 1}

    def test_stopped_in_the_middle_finishes_its_batch_and_loses_nothing(
        self, bus: Bus, start: Start
    ) -> None:
        bus.declare()
        process = start()
        bus.put_facts([a_fact(0)])
        eventually(lambda: bus.effects() == 1, within_s=30)
        bus.put_facts([a_fact(1, do="dawdle"), *(a_fact(number) for number in range(2, 200))])
        eventually(lambda: bus.number("settlement", _SLEEPING) == 1)

        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0

        done = bus.effects()
        assert 1 < done < 200, "it finishes the batch at hand and begins no other"
        assert bus.depth(ON_SALE) == 200 - done
        start()
        eventually(lambda: bus.effects() == 200, within_s=30)
        assert bus.endings() == {"applied": 200}

    def test_killed_in_the_middle_doubles_nothing(self, bus: Bus, start: Start) -> None:
        bus.declare()
        bus.put_facts([a_fact(number) for number in range(2000)])
        for _ in range(2):
            process = start()
            before = bus.effects()
            eventually(lambda before=before: bus.effects() > before, within_s=30)  # type: ignore[misc]
            process.kill()
        start()

        eventually(lambda: bus.effects() == 2000, within_s=30)
        assert bus.number("settlement", "SELECT count(DISTINCT number) FROM effect") == 2000

    def test_starts_while_the_broker_is_away(self, bus: Bus, start: Start) -> None:
        bus.declare()
        bus.put_facts([a_fact(1)])
        with wire_to(bus.amqp_url) as (wire, url):
            wire.refuses = True
            process = start(amqp_url=url)
            time.sleep(4.0)
            assert process.poll() is None, "the service died of a broker that is away"
            wire.refuses = False
            eventually(lambda: bus.effects() == 1, within_s=30)


class TestTimer:
    def test_fires_in_one_process_and_moves_on_when_that_is_killed(
        self, bus: Bus, start: Start
    ) -> None:
        bus.declare()
        processes = {process.pid: process for process in (start(), start())}
        eventually(lambda: bus.number("settlement", "SELECT count(*) FROM tick") >= 6, within_s=30)
        [row] = bus.rows("settlement", "SELECT DISTINCT pid FROM tick")
        leader = row["pid"]

        processes[leader].kill()

        [other] = set(processes) - {leader}
        eventually(
            lambda: bus.number("settlement", "SELECT count(*) FROM tick WHERE pid = %s", other) > 1,
            within_s=30,
        )


class TestRelayPart:
    def test_hands_over_at_once_when_it_is_stopped(self, bus: Bus, start: Start) -> None:
        bus.declare()
        first = start(parts="relay")
        self.tell(bus, count=100)
        eventually(lambda: bus.depth(ON_SALE) == 100, within_s=30)
        start(parts="relay")
        time.sleep(3.0)

        first.send_signal(signal.SIGTERM)
        self.tell(bus, count=1)

        assert eventually(lambda: bus.depth(ON_SALE) == 101) < 5.0
        assert first.wait(10) == 0

    @staticmethod
    def tell(bus: Bus, *, count: int) -> None:
        with bus.database("settlement").transaction() as tx:
            outbox.append(tx, [a_fact(number) for number in range(count)])


_SLEEPING = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%' AND state = 'active'"
    "   AND pid <> pg_backend_pid()"
)
