"""Card sales against the stand-in for Stripe: held, paid, revealed once, or all given back."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from services.recharges.domain import journal
from tests.fix_stack import FreshSchema
from tests.recharges.cards import CardShop, a_card_order, an_event, card_shop


@pytest.fixture(scope="module")
def module_shop(
    fresh_schema: FreshSchema, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CardShop]:
    with card_shop(fresh_schema("recharges"), tmp_path_factory.mktemp("stripe")) as shop:
        yield shop


@pytest.fixture
def shop(module_shop: CardShop) -> Iterator[CardShop]:
    yield module_shop
    module_shop.stand_in.control("bad_days", verb="DELETE")
    books_hold(module_shop)


def books_hold(shop: CardShop) -> None:
    """Tickets are chained, vouchers sold once, and caps are what sales and holds come to."""
    rows = shop.all(
        "SELECT sequence, record, previous_hash, hash FROM journal"
        " WHERE till_id = %s AND kind = 'ticket' ORDER BY sequence",
        shop.till,
    )
    assert journal.first_break([tuple(row.values()) for row in rows]) is None
    waiting = shop.one("SELECT count(*) FROM card_sale WHERE state IN ('reserved', 'pending')")
    holders = shop.one("SELECT count(DISTINCT held_by) FROM lot WHERE state = 'reserved'")
    assert holders == waiting
    assert shop.one("SELECT count(*) FROM card_sale WHERE state = 'paid'") == shop.one(
        "SELECT count(*) FROM sale WHERE tender = 'card'"
    )


class TestCardSale:
    def test_is_held_then_paid_then_revealed(self, shop: CardShop) -> None:
        shop.stock_up(3)
        person = shop.buyer(cap_cents=1000)

        asked = shop.asked(person, quantity=2)

        assert set(asked) == {"sale_id", "state", "payment"}
        assert asked["state"] == "pending"
        intent = shop.intent(asked)
        assert asked["payment"] == {
            "intent_id": intent["id"],
            "client_secret": intent["client_secret"],
        }
        assert (intent["amount"], intent["currency"]) == (500, "eur")
        assert intent["metadata"] == {
            "sale_id": asked["sale_id"],
            "till_id": str(shop.till),
            "site": "saint-denis",
        }
        assert (shop.left(state="reserved"), shop.show(asked)["state"]) == (2, "pending")
        assert shop.reveal(asked).json()["code"] == "recharges.reveal.not_paid_yet"
        assert shop.ask(person, quantity=3).json()["code"] == "recharges.sale.cap_exceeded"

        shop.pay(asked)
        shop.wait_for(asked, "completed")

        shown = shop.show(asked)
        assert (shown["tender"], shown["total_cents"], shown["revealed"]) == ("card", 500, False)
        record = json.loads(
            shop.one(
                "SELECT record FROM journal WHERE kind = 'ticket' AND sequence = %s",
                shown["ticket_no"],
            )
        )
        assert record["payments"] == [
            {
                "tender": "card",
                "amount_cents": 500,
                "tendered_cents": 500,
                "change_cents": 0,
                "reference": intent["id"],
            }
        ]
        key = str(uuid4())
        revealed = shop.reveal(asked, key=key)
        assert revealed.status_code == 201, revealed.text
        assert revealed.json()["cap"]["left_cents"] == 500
        serials = [voucher["serial"] for voucher in revealed.json()["vouchers"]]
        assert serials == [voucher["serial"] for voucher in shown["vouchers"]]
        assert all(
            voucher["pin"] not in str(shop.show(asked)) for voucher in revealed.json()["vouchers"]
        )
        assert shop.reveal(asked, key=key).json() == revealed.json()
        assert shop.reveal(asked).json()["code"] == "recharges.reveal.already"
        assert shop.all(
            "SELECT type, data->>'tender' AS tender FROM outbox WHERE subject = %s",
            asked["sale_id"],
        ) == [{"type": "recharges.sale.completed.v1", "tender": "card"}]
