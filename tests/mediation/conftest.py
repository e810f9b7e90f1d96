"""Mediation with one person entitled: in a transaction rolled back at the end, and at its door."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest

from chassis.db import Transaction
from tests.fix_service import serving
from tests.fix_stack import FreshSchema, Schema, TxOf
from tests.mediation.doing import entitle
from tests.mediation.door import OTHERS, PERSON, day


@pytest.fixture
def tx(tx_of: TxOf) -> Iterator[Transaction]:
    with (connection := tx_of("mediation")).transaction(force_rollback=True):
        entitle(connection)
        yield connection


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    made = fresh_schema("mediation")
    with psycopg.connect(made.url, options="-c search_path=mediation") as connection:
        connection.execute(
            "INSERT INTO entitlement SELECT unnest(%s::uuid[]), %s, %s, 1",
            ([PERSON, *OTHERS], day(-30), day(240)),
        )
    return made


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[httpx.Client]:
    with serving("mediation", schema=schema) as client:
        yield client
