"""Does one thing in a process that eventlet has patched, as production patches it, or not quite.

`python -m tests.chassis.green_process WHAT URL [steady] [not-patched] [own-wait] [slow-pool]`;
prints one line of JSON.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

WHAT, URL, *FLAWS = sys.argv[1:]

if "own-wait" not in FLAWS:
    os.environ["PSYCOPG_WAIT_FUNC"] = "wait_selector"

import eventlet  # noqa: E402

if "not-patched" not in FLAWS:
    eventlet.monkey_patch()

import psycopg  # noqa: E402

from chassis import green  # noqa: E402
from chassis.db import Database, Transaction, assert_hub_is_free  # noqa: E402

if "own-wait" in FLAWS:
    del green.GreenConnection.wait


class SlowDatabase(Database):
    """A database whose first connection takes its time, while the hub is as free as can be."""

    @contextmanager
    def transaction(self, *, wait_s: float | None = None) -> Iterator[Transaction]:
        """Give a transaction late."""
        eventlet.sleep(0.5)
        with super().transaction(wait_s=wait_s) as tx:
            yield tx


def check() -> str:
    """Ask what production asks at its start."""
    kind = SlowDatabase if "slow-pool" in FLAWS else Database
    try:
        assert_hub_is_free(kind(URL, schema="recharges"))
    except RuntimeError as error:
        return str(error)
    return "free"


def sleep_together() -> int:
    """Let five transactions sleep; say how many were seen asleep at one moment."""
    database = Database(URL, schema="recharges")

    def nap() -> None:
        with database.transaction() as tx:
            tx.execute("SELECT pg_sleep(1.5)")

    threads = [eventlet.spawn(nap) for _ in range(5)]
    seen = 0
    with psycopg.connect(URL, autocommit=True) as watching:
        while any(not thread.dead for thread in threads):
            row = watching.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
                " AND state = 'active' AND datname = current_database()"
            ).fetchone()
            seen = max(seen, row[0] if row else 0)
            eventlet.sleep(0.02)
    return seen


def send_and_receive() -> list[int]:
    """Push large statements through a pipeline whose answers are as large."""
    sizes = []
    with Database(URL, schema="recharges", steady="steady" in FLAWS).transaction() as tx:
        with tx.pipeline():
            cursors = [tx.execute("SELECT %s::text AS echo", ("é" * 2_000_000,)) for _ in range(4)]
        for cursor in cursors:
            row = cursor.fetchone()
            sizes.append(len(row["echo"]) if row else 0)
    return sizes


def send_much() -> int:
    """Send more than the kernel's buffers take at once: the server reads while we still write."""
    database = Database(URL, schema="recharges", steady="steady" in FLAWS)
    with eventlet.Timeout(60), database.transaction() as tx:
        row = tx.execute("SELECT length(%s::bytea) AS much", (b"x" * 40_000_000,)).fetchone()
    return row["much"] if row else 0


def listen() -> list[str]:
    """Wait for a notice that does not come, then for one that does."""
    database = Database(URL, schema="recharges")
    heard: list[str] = []
    with database.connect() as listening:
        listening.execute("LISTEN bell")
        heard += [notice.payload for notice in listening.notifies(timeout=0.3)]
        heard.append("silence")
        eventlet.spawn_after(0.3, ring, database)
        heard += [n.payload for n in listening.notifies(timeout=20.0, stop_after=1)]
    return heard


def ring(database: Database) -> None:
    """Send a notice from another connection."""
    with database.transaction() as tx:
        tx.execute("NOTIFY bell, 'rung'")


TASKS: dict[str, Callable[[], Any]] = {
    "check": check,
    "sleep": sleep_together,
    "echo": send_and_receive,
    "much": send_much,
    "listen": listen,
}
sys.stdout.write(json.dumps(TASKS[WHAT]()) + "\n")
sys.stdout.flush()
os._exit(0)  # the pool's threads are not what is tested
