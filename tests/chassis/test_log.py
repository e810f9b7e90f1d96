"""What a log line says, and what it keeps to itself."""

import json
import logging
import sys
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import errors

from chassis.log import JsonLines
from tests.fix_stack import TxOf


def line_of(error: Exception) -> dict[str, Any]:
    try:
        raise error
    except Exception:
        record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", None, sys.exc_info())
    line: dict[str, Any] = json.loads(JsonLines().format(record))
    return line


# Apart from the statement: a traceback shows the source of what failed, of many lines from 3.13 on.
ROW = ("Pélagie", "Hirondelle", "", "1961-03-09", "+33639980477")


class TestExceptions:
    def test_row_that_broke_a_constraint_is_not_quoted(self, tx_of: TxOf) -> None:
        tx = tx_of("referrals")
        with pytest.raises(errors.CheckViolation) as broken:
            tx.execute(
                "INSERT INTO person VALUES (gen_random_uuid(), %s, %s, %s, %s, %s, NULL, now())",
                ROW,
            )
        assert "Hirondelle" in str(broken.value), "PostgreSQL does quote it"

        written = line_of(broken.value)["exception"]

        assert "person_name_key_check" in written, "which constraint it was is said"
        assert "Hirondelle" not in written
        assert "639980477" not in written

    @pytest.mark.parametrize("as_given", [str, lambda error: error])
    def test_nor_where_the_error_is_a_field_or_the_message(
        self, as_given: Callable[[Exception], object]
    ) -> None:
        error = errors.CheckViolation(
            'violates "held"\nDETAIL:  Failing row contains (Hirondelle).'
        )
        record = logging.LogRecord("x", logging.INFO, "", 1, "%s", (error,), None)
        record.reason = as_given(error)

        written = JsonLines().format(record)

        assert "Hirondelle" not in written
        assert json.loads(written)["reason"] == 'violates "held"\nDETAIL: (not logged)'
