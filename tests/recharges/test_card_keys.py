"""One Idempotency-Key, whatever else asks under it: no money for nothing, one command each."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import httpx
import pytest

from services.recharges.handlers.cards import reserve
from tests.recharges.build import an_order as an_order_of
from tests.recharges.cards import CardShop, a_card_order, told
from tests.recharges.door import Door, an_order, committed, open_door
from tests.recharges.shop import connect_as_admin, new_id

ROUNDS = 12


@pytest.fixture
def shop(card_shop: CardShop) -> CardShop:
    return card_shop


def reused(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and answer.json()["code"] == "idempotency.key_reused"


class TestKeyOfCashAndCardAtOnce:
    def test_makes_one_sale_of_the_two(self, shop: CardShop) -> None:
        """Two tills, two processes: only the key makes them meet."""
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

        assert (card.status_code, reused(cash)) == (202, True) or (
            (cash.status_code, reused(card)) == (201, True)
        ), (card.text, cash.text)
        if card.status_code == 202:
            shop.pay(card.json())
            shop.wait_for(card.json(), "completed")
            assert shop.reveal(card.json()).status_code == 201
        assert shop.door.sell(by_card, key=key).content == card.content
        again = other.sell(in_cash, key=key)
        assert again.json() == cash.json()
        assert self._sales_of(shop, key) == 1
        assert reused(other.sell(in_cash | {"till_id": str(till)}, key=key))
        assert reused(shop.door.sell(by_card | {"till_id": str(other_till)}, key=key))

    @pytest.mark.parametrize("first", ["card", "cash"])
    def test_waits_for_the_one_that_took_the_key_first(self, shop: CardShop, first: str) -> None:
        shop.stock_up(4)
        key, other_till = str(uuid4()), shop.enrol_till()
        order = an_order_of(shop.till, shop.buyer(), key=key, ordered_at=datetime.now(UTC))
        with ThreadPoolExecutor(1) as crowd:
            with committed(shop.schema) as uncommitted:
                if first == "card":
                    reserve(uncommitted.tx, replace(order, tender="card"), new_id=new_id)
                    body = an_order(other_till, shop.buyer())
                else:
                    uncommitted.sell([order])
                    body = a_card_order(other_till, shop.buyer())
                second = crowd.submit(shop.door.sell, body, key=key)
                waited, _ = wait([second], timeout=0.5)
                assert not waited
            assert reused(second.result())
        assert self._sales_of(shop, key) == 1

    def _sales_of(self, shop: CardShop, key: str) -> int:
        both = "SELECT key, tender FROM sale UNION ALL SELECT key, 'card' FROM card_sale"
        sales: int = shop.one(f"SELECT count(*) FROM ({both}) AS kept WHERE key = %s", key)
        return sales

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
