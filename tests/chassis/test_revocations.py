"""Whose access has ended: kept by each service, known to each of its processes within a moment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from chassis import revocations
from chassis.db import Database
from chassis.revocations import Watch
from tests.chassis.bus import Bus, eventually

NOW = datetime.now(UTC)
LATER = NOW + timedelta(hours=12)
#: So long that only a notification can have been what woke the watch.
NEVER_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Ending:
    kind: str = "session"
    subject_id: UUID = field(default_factory=uuid4)
    issued_before: datetime = NOW
    expires_at: datetime = LATER


@pytest.fixture
def database(bus: Bus) -> Database:
    return bus.database("settlement")


def keep(database: Database, *ended: Ending) -> None:
    with database.transaction() as tx:
        revocations.keep(tx, ended)


def kept(database: Database) -> dict[UUID, tuple[datetime, datetime]]:
    with database.transaction() as tx:
        rows = tx.execute("SELECT * FROM access_ended").fetchall()
    return {row["subject_id"]: (row["issued_before"], row["expires_at"]) for row in rows}


@contextmanager
def watching(database: Database, *, poll_s: float = NEVER_S) -> Iterator[Watch]:
    watch = Watch(database, poll_s=poll_s)
    threading.Thread(target=watch.run, daemon=True).start()
    try:
        yield watch
    finally:
        watch.stop()
        with database.transaction() as tx:
            tx.execute("SELECT pg_notify('relais_access_settlement', '')")


def is_ended(watch: Watch, ending: Ending, *, before: bool = True) -> bool:
    issued_at = NOW - timedelta(microseconds=1) if before else NOW
    return watch.is_ended(ending.subject_id, issued_at=issued_at.timestamp())


class TestEnding:
    def test_is_kept_once_with_its_latest_instants(self, database: Database) -> None:
        early, late = Ending(), NOW + timedelta(minutes=1)
        same = Ending(subject_id=early.subject_id, issued_before=late, expires_at=late)

        keep(database, early, same)
        keep(database, early)

        assert kept(database) == {early.subject_id: (late, LATER)}

    def test_is_forgotten_once_its_tokens_have_expired(self, database: Database) -> None:
        keep(database, Ending(expires_at=NOW))
        fresh = Ending()

        keep(database, fresh)

        assert list(kept(database)) == [fresh.subject_id]


class TestWatch:
    def test_refuses_what_was_issued_before_and_nothing_else(self, database: Database) -> None:
        ending = Ending()
        keep(database, ending)
        watch = Watch(database, poll_s=NEVER_S)

        watch.read()

        assert is_ended(watch, ending)
        assert not is_ended(watch, ending, before=False)
        assert not is_ended(watch, Ending())
        assert not watch.is_ended(None, issued_at=0.0)

    def test_hears_of_an_ending_as_soon_as_it_is_committed(self, database: Database) -> None:
        first, second = Ending(), Ending()
        keep(database, first)
        with watching(database) as watch:
            eventually(lambda: is_ended(watch, first))

            keep(database, second)

            assert eventually(lambda: is_ended(watch, second)) < 1.0

    def test_looks_again_by_itself_should_a_notification_be_lost(self, database: Database) -> None:
        first, silent = Ending(), Ending()
        keep(database, first)
        with watching(database, poll_s=0.1) as watch:
            eventually(lambda: is_ended(watch, first))
            with database.transaction() as tx:
                tx.execute(
                    "INSERT INTO access_ended VALUES (%s, 'user', %s, %s)",
                    (silent.subject_id, NOW, LATER),
                )

            eventually(lambda: is_ended(watch, silent))

    def test_outlives_its_connection_and_hears_what_it_missed(
        self, bus: Bus, database: Database
    ) -> None:
        first, second = Ending(), Ending()
        keep(database, first)
        with watching(database) as watch:
            eventually(lambda: is_ended(watch, first))
            with psycopg.connect(bus.database_url, autocommit=True) as admin:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND query LIKE 'SELECT subject_id%%'"
                )
            keep(database, second)

            eventually(lambda: is_ended(watch, second))
            assert is_ended(watch, first)
