"""One service's database: transactions, limits, and connections that the server has ended."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolTimeout

from chassis.db import Database
from chassis.settings import Settings
from tests.fix_stack import FreshSchema, Schema

LIMITS = Settings.model_construct(
    database_connections_max=2, database_wait_seconds_max=1.0, lock_wait_ms_max=200
)


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("recharges")


@pytest.fixture(params=[False, True], ids=["any statement", "few statements"])
def database(schema: Schema, request: pytest.FixtureRequest) -> Iterator[Database]:
    database = Database(schema.url, schema="recharges", settings=LIMITS, steady=request.param)
    yield database
    database.close()


def one(database: Database, query: LiteralString) -> Any:
    with database.transaction() as tx:
        (row,) = tx.execute(query).fetchall()
    (value,) = row.values()
    return value


def end_connections(schema: Schema) -> int:
    with psycopg.connect(schema.admin_url, autocommit=True) as admin:
        row = admin.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'relais-recharges'"
        ).fetchone()
    assert row is not None
    return int(row[0])


class TestTransaction:
    def test_commits_what_was_done(self, database: Database) -> None:
        kept: LiteralString = "SELECT count(*) FROM site WHERE name = 'Kept'"
        before = one(database, kept)
        with database.transaction() as tx:
            tx.execute("INSERT INTO site VALUES (gen_random_uuid()::text, 'Kept')")

        assert one(database, kept) == before + 1

    def test_rolls_back_when_the_block_raises(self, database: Database) -> None:
        def fail() -> None:
            with database.transaction() as tx:
                tx.execute("INSERT INTO site VALUES ('gone', 'Gone')")
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        assert one(database, "SELECT count(*) FROM site WHERE site_code = 'gone'") == 0

    def test_is_the_services_own_and_counts_time_in_utc(self, database: Database) -> None:
        assert one(database, "SELECT current_schema") == "recharges"
        assert one(database, "SHOW timezone") == "UTC"
        assert one(database, "SELECT current_user") == "recharges"
        assert one(database, "SHOW application_name") == "relais-recharges"

    def test_waits_for_a_lock_no_longer_than_its_limit(self, database: Database) -> None:
        lock: LiteralString = "SELECT pg_advisory_xact_lock(1)"
        with (
            database.transaction() as first,
            database.transaction() as second,
        ):
            first.execute(lock)
            with pytest.raises(errors.LockNotAvailable):
                second.execute(lock)


class TestConnections:
    def test_are_no_more_than_the_limit(self, database: Database) -> None:
        with (
            database.transaction(),
            database.transaction(),
            pytest.raises(PoolTimeout),
            database.transaction(),
        ):
            pass

    def test_are_waited_for(self, database: Database) -> None:
        both = Barrier(2)

        def work(number: int) -> int:
            with database.transaction() as tx:
                tx.execute("SELECT 1")
                if number < 2:
                    both.wait(timeout=20)  # two are out at once; the others wait for them
            return number

        with ThreadPoolExecutor(6) as callers:
            assert list(callers.map(work, range(6))) == list(range(6))

    def test_that_the_server_ended_while_idle_are_replaced_unnoticed(
        self, database: Database, schema: Schema
    ) -> None:
        with database.transaction(), database.transaction():
            pass
        for _ in range(3):
            assert end_connections(schema) > 0
            assert one(database, "SELECT 1") == 1
            database.check()

    def test_that_the_server_ends_at_work_raise_and_are_not_handed_out_again(
        self, database: Database, schema: Schema
    ) -> None:
        def work() -> None:
            with database.transaction() as tx:
                tx.execute("SELECT 1")
                end_connections(schema)
                tx.execute("SELECT 1")

        with pytest.raises(psycopg.OperationalError):
            work()
        assert one(database, "SELECT 1") == 1

    def test_that_are_lost_at_the_commit_never_look_committed(
        self, database: Database, schema: Schema
    ) -> None:
        def work() -> None:
            with database.transaction() as tx:
                tx.execute("INSERT INTO site VALUES ('lost', 'Lost')")
                end_connections(schema)

        with pytest.raises(psycopg.OperationalError):
            work()
        assert one(database, "SELECT count(*) FROM site WHERE site_code = 'lost'") == 0


class TestCheck:
    def test_raises_when_nobody_answers(self, schema: Schema) -> None:
        port = urlsplit(schema.url).port
        away = Database(schema.url.replace(f":{port}/", ":9/"), schema="recharges", settings=LIMITS)

        with pytest.raises(PoolTimeout):
            away.check()
        away.close()
