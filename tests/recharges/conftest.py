"""The fixture `shop`: recharges' schema, rolled back at the end."""

import pytest

from tests.fix_stack import TxOf
from tests.recharges.shop import Shop


@pytest.fixture
def shop(tx_of: TxOf) -> Shop:
    tx = tx_of("recharges")
    tx.execute("SET timezone TO 'UTC'")
    return Shop(tx=tx)
