"""Values as PostgreSQL array literals: what goes in comes out."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow

from chassis.columns import column
from tests.fix_stack import TxOf

texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
# PostgreSQL counts microseconds of these years; time zones are its own.
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
KINDS: dict[str, tuple[LiteralString, st.SearchStrategy[Any]]] = {
    "text": ("text[]", texts | st.sampled_from(["NULL", "null", "", " ", "{}", '"', "\\", "a,b"])),
    "bigint": ("bigint[]", st.integers(-(2**63), 2**63 - 1)),
    "float": ("float8[]", st.floats(allow_nan=False)),
    "boolean": ("boolean[]", st.booleans()),
    "bytea": ("bytea[]", st.binary(max_size=40)),
    "uuid": ("uuid[]", st.uuids()),
    "date": ("date[]", st.dates(date(1, 1, 1), date(9999, 12, 31))),
    "timestamptz": ("timestamptz[]", instants),
}


@pytest.fixture
def read(tx_of: TxOf) -> Callable[[LiteralString, str], list[Any]]:
    """PostgreSQL's own reading of a literal."""
    tx: psycopg.Connection[DictRow] = tx_of("recharges")
    tx.execute("SET timezone TO 'UTC'")

    def read(kind: LiteralString, literal: str) -> list[Any]:
        row = tx.execute("SELECT %(it)s::" + kind + " AS found", {"it": literal}).fetchone()
        assert row is not None
        found: list[Any] = row["found"]
        return found

    return read


class TestColumn:
    @pytest.mark.parametrize("kind", KINDS)
    def test_is_read_back_by_postgresql_as_it_was(
        self, kind: str, read: Callable[[LiteralString, str], list[Any]]
    ) -> None:
        array, values = KINDS[kind]

        @settings(suppress_health_check=list(HealthCheck), max_examples=60)
        @given(wanted=st.lists(st.none() | values, max_size=6))
        def round_trip(wanted: list[Any]) -> None:
            assert read(array, column(wanted)) == wanted

        round_trip()

    def test_keeps_the_instant_of_another_time_zone(
        self, read: Callable[[LiteralString, str], list[Any]]
    ) -> None:
        instant = datetime.fromisoformat("2026-07-01T00:30:00+02:00")

        (found,) = read("timestamptz[]", column([instant]))

        assert found == instant
        assert found.utcoffset() == timedelta(0)
