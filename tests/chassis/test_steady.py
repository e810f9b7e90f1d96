"""Statements prepared once and sent together: the same rows, values and errors as psycopg's own."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Json

from chassis.db import Database, Transaction
from chassis.settings import Settings
from tests.fix_stack import FreshSchema

_ADD_SITE = "INSERT INTO site VALUES (%(code)s, %(name)s)"
_NAMES = "SELECT name FROM site WHERE site_code = ANY(%(codes)s) ORDER BY name"
_PREPARED = "SELECT count(*) AS known FROM pg_prepared_statements WHERE statement LIKE %s"


@pytest.fixture(scope="module")
def url(fresh_schema: FreshSchema) -> str:
    return fresh_schema("recharges").url


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """One connection alone, so that what it has prepared is seen by the next transaction."""
    database = Database(
        url,
        schema="recharges",
        settings=Settings.model_construct(lock_wait_ms_max=200),
        steady=True,
    )
    yield database
    database.close()


def names(tx: Transaction, *codes: str) -> list[str]:
    return [row["name"] for row in tx.execute(_NAMES, {"codes": list(codes)})]


class TestRows:
    @pytest.mark.parametrize(
        ("type_", "value"),
        [
            ("text", 'l\'été \\ "%s" 100 %'),
            ("bigint", 2**40),
            ("integer", -7),
            ("boolean", True),
            ("date", date(2026, 11, 22)),
            ("timestamptz", datetime(2026, 11, 22, 8, 30, tzinfo=UTC)),
            ("uuid", UUID(int=5)),
            ("bytea", b"\x00\xff"),
            ("text[]", ["a", None, "c"]),
            ("bigint", None),
        ],
    )
    def test_give_back_what_was_sent(self, database: Database, type_: str, value: Any) -> None:
        with database.transaction() as tx:
            row = tx.execute(
                f"SELECT %(it)s::{type_} AS it, %(it)s IS NULL AS nothing", {"it": value}
            )
            assert row.fetchone() == {"it": value, "nothing": value is None}

    def test_read_json_and_statements_without_names_or_values(self, database: Database) -> None:
        with database.transaction() as tx:
            assert tx.execute("SELECT %s AS a, %s::json AS b", ("x", Json([1]))).fetchall() == [
                {"a": "x", "b": [1]}
            ]
            assert tx.execute("SELECT '100 %' AS a").fetchone() == {"a": "100 %"}
            assert tx.execute("SELECT 7 %% %s AS a", (4,)).fetchone() == {"a": 3}

    def test_are_fetched_once_and_counted(self, database: Database) -> None:
        with database.transaction() as tx:
            rows = tx.execute("SELECT n FROM generate_series(1, 4) AS n")
            assert rows.rowcount == 4
            assert rows.fetchone() == {"n": 1}
            assert [row["n"] for row in rows] == [2, 3, 4]
            assert rows.fetchone() is None
            assert tx.execute(_ADD_SITE, {"code": "counted", "name": "C"}).rowcount == 1


class TestPipeline:
    def test_is_sent_at_its_end_or_when_its_rows_are_asked_for(self, database: Database) -> None:
        with database.transaction() as tx:
            with tx.pipeline():
                tx.execute(_ADD_SITE, {"code": "p1", "name": "First"})
                assert names(tx, "p1", "p2") == ["First"]
                tx.execute(_ADD_SITE, {"code": "p2", "name": "Second"})
            assert names(tx, "p1", "p2") == ["First", "Second"]

    def test_commits_in_its_last_statement(self, database: Database) -> None:
        with database.transaction() as tx, tx.pipeline():
            tx.execute(_ADD_SITE, {"code": "committed", "name": "Committed"})
            tx.execute("COMMIT")
        with database.transaction() as tx:
            assert names(tx, "committed") == ["Committed"]

    def test_that_raises_sends_nothing_more(self, database: Database) -> None:
        def fail() -> None:
            with database.transaction() as tx, tx.pipeline():
                tx.execute(_ADD_SITE, {"code": "never", "name": "Never"})
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
        with database.transaction() as tx:
            assert names(tx, "never") == []
            tx.execute(_ADD_SITE, {"code": "never", "name": "Now"})

    def test_raises_the_first_error_and_changes_nothing(self, database: Database) -> None:
        def clash() -> None:
            with database.transaction() as tx, tx.pipeline():
                tx.execute(_ADD_SITE, {"code": "twice", "name": "Once"})
                tx.execute(_ADD_SITE, {"code": "twice", "name": "Twice"})
                tx.execute("SELECT 'never reached, never prepared'")

        for _ in range(2):  # what was not prepared behind the error is prepared the next time
            with pytest.raises(errors.UniqueViolation) as raised:
                clash()
            assert raised.value.diag.constraint_name == "site_pkey"
            with database.transaction() as tx:
                assert names(tx, "twice") == []
                reached = tx.execute("SELECT 'never reached, never prepared' AS said").fetchone()
                assert reached == {"said": "never reached, never prepared"}


class TestStatements:
    def test_are_prepared_once(self, database: Database) -> None:
        for number in range(3):
            with database.transaction() as tx:
                tx.execute("SELECT %(number)s::bigint AS prepared_once", {"number": number})
        with database.transaction() as tx:
            assert tx.execute(_PREPARED, ("%prepared_once%",)).fetchone() == {"known": 1}

    def test_that_are_wrong_say_so_each_time(self, database: Database) -> None:
        for _ in range(2):
            with database.transaction() as tx, pytest.raises(errors.SyntaxError):
                tx.execute("SELECT FROM WHERE")

    def test_leave_no_answer_behind_when_their_caller_is_interrupted(
        self, database: Database
    ) -> None:
        class Interrupted(BaseException):
            pass

        def interrupt(*_: Any, **__: Any) -> None:
            raise Interrupted

        def work() -> None:
            with database.transaction() as tx:
                tx.execute("SELECT 1")
                tx.wait = interrupt  # type: ignore[method-assign]
                tx.execute("SELECT 'an answer nobody reads'")

        with pytest.raises(Interrupted):
            work()
        with database.transaction() as tx:
            assert tx.execute("SELECT 2 AS two").fetchone() == {"two": 2}

    def test_on_a_line_that_is_lost_raise(self, database: Database, url: str) -> None:
        def work() -> None:
            with database.transaction() as tx:
                tx.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        with pytest.raises(psycopg.OperationalError):
            work()
        with database.transaction() as tx:
            assert tx.execute("SELECT 2 AS two").fetchone() == {"two": 2}
