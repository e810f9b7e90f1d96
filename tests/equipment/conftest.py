"""The fixtures that the tests of equipment share."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from chassis.db import Transaction
from kernel.period import add_months, business_date
from services.equipment import handlers
from tests.equipment.build import (
    ELSEWHERE,
    Workshop,
    a_site,
    an_entitlement,
)
from tests.equipment.door import a_ready_device, connect
from tests.fix_service import serving
from tests.fix_stack import FreshSchema, Schema, TxOf


@pytest.fixture
def tx(tx_of: TxOf) -> Transaction:
    tx = tx_of("equipment")
    handlers.learn_sites(tx, [a_site(), a_site(ELSEWHERE, name="Marseille")])
    handlers.learn_entitlements(tx, [an_entitlement()])
    return tx


@pytest.fixture
def workshop(tx: Transaction) -> Workshop:
    return Workshop(tx=tx)


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    schema = fresh_schema("equipment")
    with connect(schema) as tx:
        today = business_date(datetime.now(UTC))
        handlers.learn_sites(tx, [a_site(), a_site(ELSEWHERE)])
        handlers.learn_entitlements(
            tx,
            [an_entitlement(from_on=today - timedelta(days=1), until_on=add_months(today, 9))],
        )
    return schema


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[httpx.Client]:
    with serving("equipment", schema=schema) as client:
        yield client


@pytest.fixture(scope="module")
def ready(schema: Schema) -> UUID:
    """A device that is ready, and that no bad request changes."""
    return a_ready_device(schema)
