"""One Idempotency-Key, whatever else asks under it: no money for nothing, one command each."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import httpx
import pytest

from tests.fix_stack import FreshSchema
from tests.recharges.cards import CardShop, a_card_order, card_shop, told
from tests.recharges.door import Door, an_order, open_door
from tests.recharges.shop import connect_as_admin
from tests.recharges.test_cards import books_hold

ROUNDS = 12


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


def reused(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json()["code"] == "idempotency.key_reused"


class TestKeyOfCashAndCardAtOnce:
    def test_leaves_no_charged_card_without_its_sale(self, shop: CardShop) -> None:
        """Two tills, two processes: neither waits for the other, and both tables take the key."""
        shop.stock_up(4 * ROUNDS)
        tills = shop.till, shop.enrol_till()
        with open_door(shop.schema, **told(shop.stand_in)) as other:
            for _ in range(ROUNDS):
                self._race(shop, other, *tills)

    def _race(self, shop: CardShop, other: Door, till: UUID, other_till: UUID) -> None:
        key = str(uuid4())
        by_card = a_card_order(till, shop.buyer())
        in_cash = an_order(other_till, shop.buyer())
        with ThreadPoolExecutor(2) as crowd:
            asked = crowd.submit(shop.door.sell, by_card, key=key)
            sold = crowd.submit(other.sell, in_cash, key=key)
        card, cash = asked.result(), sold.result()

        assert card.status_code == 202 or reused(card), card.text
        assert cash.status_code == 201 or reused(cash), cash.text
        assert {card.status_code, cash.status_code} != {409}
        if card.status_code == 202:
            shop.pay(card.json())
            shop.wait_for(card.json(), "completed")
            assert shop.reveal(card.json()).status_code == 201
        assert shop.door.sell(by_card, key=key).content == card.content
        again = other.sell(in_cash, key=key)
        assert again.json() == cash.json()
        assert reused(other.sell(in_cash | {"till_id": str(till)}, key=key))
        assert reused(shop.door.sell(by_card | {"till_id": str(other_till)}, key=key))

    def test_taken_by_cash_while_the_card_was_pending_books_the_card(self, shop: CardShop) -> None:
        shop.stock_up(2)
        key = str(uuid4())
        asked = shop.ask(key=key).json()
        with connect_as_admin(shop.schema) as tx:  # as a process that read before the card's did
            shop.door.sell(an_order(shop.enrol_till(), shop.buyer()), key=f"{key}-")
            tx.execute("ALTER TABLE sale DISABLE TRIGGER USER")
            tx.execute("UPDATE sale SET key = %s WHERE key = %s", (key, f"{key}-"))
            tx.execute("ALTER TABLE sale ENABLE TRIGGER USER")

        shop.pay(asked)

        shop.wait_for(asked, "completed")


class TestPaidCardThatCannotBeBooked:
    def test_is_told_to_somebody_and_booked_once_it_can_be(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked = shop.asked()
        with connect_as_admin(shop.schema) as tx:
            tx.execute("ALTER TABLE sale ADD CONSTRAINT odd CHECK (tender <> 'card') NOT VALID")
        try:
            shop.pay(asked)
            looked = shop.until_answered(asked, 503)
            given_up = shop.post(f"/v1/sales/{asked['sale_id']}/cancellations")
            figures = shop.door.client.get("/metrics").text
        finally:
            with connect_as_admin(shop.schema) as tx:
                tx.execute("ALTER TABLE sale DROP CONSTRAINT odd")

        for answer in (looked, given_up):
            assert (answer.status_code, answer.json()["code"]) == (
                503,
                "recharges.payment.paid_not_booked",
            )
        assert 'relais_card_alerts_total{kind="paid_not_booked"}' in figures
        shop.wait_for(asked, "completed")


class TestKeyOfAReveal:
    def test_stands_for_one_sale_and_keeps_no_pin(self, shop: CardShop) -> None:
        shop.stock_up(2)
        first, second, key = shop.paid(), shop.paid(), str(uuid4())

        revealed = shop.reveal(first, key=key)

        assert revealed.status_code == 201, revealed.text
        assert reused(shop.reveal(second, key=key))
        assert shop.reveal(first, key=key).json() == revealed.json()
        kept = shop.one("SELECT answer::text FROM command_answer WHERE key = %s", key)
        assert all(each["pin"] not in kept for each in revealed.json()["vouchers"])
        assert shop.reveal(second).status_code == 201

    def test_of_a_refused_one_is_free_again(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked, key = shop.asked(), str(uuid4())
        assert shop.reveal(asked, key=key).json()["code"] == "recharges.reveal.not_paid_yet"
        shop.pay(asked)
        shop.wait_for(asked, "completed")

        assert shop.reveal(asked, key=key).status_code == 201


class TestKeyOfACancellation:
    def test_stands_for_one_sale(self, shop: CardShop) -> None:
        shop.stock_up(2)
        first, second, key = shop.asked(), shop.asked(), str(uuid4())

        ended = shop.post(f"/v1/sales/{first['sale_id']}/cancellations", key=key)

        assert ended.json() == {"sale_id": first["sale_id"], "state": "voided"}
        again = shop.post(f"/v1/sales/{first['sale_id']}/cancellations", key=key)
        assert again.json() == ended.json()
        assert reused(shop.post(f"/v1/sales/{second['sale_id']}/cancellations", key=key))
        assert shop.state(second) == "pending"
        assert reused(shop.post(f"/v1/sales/{first['sale_id']}/reveals", key=key))
        shop.give_up(second)

    def test_is_kept_for_its_sale_while_stripe_is_away(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked, key = shop.asked(), str(uuid4())
        path = f"/v1/sales/{asked['sale_id']}/cancellations"
        shop.stand_in.bad_day(
            "cut", path=f"/v1/payment_intents/{asked['payment']['intent_id']}/cancel"
        )

        away = shop.post(path, key=key)
        shop.stand_in.control("bad_days", verb="DELETE")
        ended = shop.post(path, key=key)

        assert (away.status_code, ended.json()["state"]) == (503, "voided")
