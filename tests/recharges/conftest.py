"""The fixtures `shop`, recharges' schema rolled back at the end, and two that run a service.

`card_shop` takes cards; `counter` is a till of its own at the door, and somebody who buys there.
"""

from collections.abc import Iterator

import pytest

from tests.fix_stack import FreshSchema, TxOf
from tests.recharges import cards
from tests.recharges.cards import CardShop
from tests.recharges.door import Door, committed, open_door
from tests.recharges.shop import Shop
from tests.recharges.till_door import TillDoor


@pytest.fixture
def shop(tx_of: TxOf) -> Shop:
    tx = tx_of("recharges")
    tx.execute("SET timezone TO 'UTC'")
    return Shop(tx=tx)


@pytest.fixture(scope="module")
def module_card_shop(
    fresh_schema: FreshSchema, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CardShop]:
    with cards.card_shop(fresh_schema("recharges"), tmp_path_factory.mktemp("stripe")) as shop:
        yield shop


@pytest.fixture
def card_shop(module_card_shop: CardShop) -> Iterator[CardShop]:
    """A shop that takes cards; at the end the weather is good and the books hold."""
    yield module_card_shop
    module_card_shop.stand_in.control("bad_days", verb="DELETE")
    cards.books_hold(module_card_shop)


@pytest.fixture(scope="module")
def counter_door(fresh_schema: FreshSchema) -> Iterator[Door]:
    with open_door(fresh_schema("recharges")) as door:
        with committed(door.schema) as shop:
            shop.stock_up(60)
        yield door


@pytest.fixture
def counter(counter_door: Door) -> TillDoor:
    with committed(counter_door.schema) as shop:
        return TillDoor(
            door=counter_door, till=shop.enrol_till(), person=shop.entitle(cap_cents=100_000)
        )
