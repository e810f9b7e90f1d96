"""A transaction of mediation in which one person is entitled; rolled back at the end."""

from collections.abc import Iterator

import pytest

from chassis.db import Transaction
from tests.fix_stack import TxOf
from tests.mediation.doing import entitle


@pytest.fixture
def tx(tx_of: TxOf) -> Iterator[Transaction]:
    with (connection := tx_of("mediation")).transaction(force_rollback=True):
        entitle(connection)
        yield connection
