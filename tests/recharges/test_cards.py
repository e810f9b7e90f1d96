"""Card sales as a till makes them: held, paid, revealed once, or all given back."""

import json
from uuid import UUID, uuid4

import pytest

from services.recharges.gateway import ANSWER_S_MAX
from tests.fix_service import keyed
from tests.recharges.cards import POOR, CardShop
from tests.recharges.door import SELLER, an_order, committed


@pytest.fixture
def shop(card_shop: CardShop) -> CardShop:
    return card_shop


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


class TestKey:
    def test_gives_the_same_answer_at_any_point(self, shop: CardShop) -> None:
        shop.stock_up(1)
        person, key = shop.buyer(), str(uuid4())
        first = shop.ask(person, key=key)

        again = shop.ask(person, key=key)
        shop.pay(first.json())
        shop.wait_for(first.json(), "completed")
        afterwards = shop.ask(person, key=key)

        assert first.status_code == again.status_code == afterwards.status_code == 202
        assert first.content == again.content == afterwards.content
        other = shop.ask(person, key=key, quantity=2)
        assert (other.status_code, other.json()["code"]) == (409, "idempotency.key_reused")
        cash = shop.door.sell(an_order(shop.till, person), key=key)
        assert (cash.status_code, cash.json()["code"]) == (409, "idempotency.key_reused")

    def test_of_a_cash_sale_is_kept_from_a_card_sale(self, shop: CardShop) -> None:
        shop.stock_up(1)
        person, key = shop.buyer(), str(uuid4())
        assert shop.door.sell(an_order(shop.till, person), key=key).status_code == 201

        answer = shop.ask(person, key=key)

        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency.key_reused")

    @pytest.mark.parametrize("trouble", ["cut", "cut_before", "rate_limit"])
    def test_goes_on_from_where_a_lost_answer_left_it(self, shop: CardShop, trouble: str) -> None:
        shop.stock_up(1)
        person, key = shop.buyer(), str(uuid4())
        intents = len(shop.stand_in.client().v1.payment_intents.list({"limit": 100}).data)
        shop.stand_in.bad_day(trouble, path="/v1/payment_intents")

        away = shop.ask(person, key=key)
        asked = shop.ask(person, key=key)

        assert (away.status_code, away.json()["code"]) == (503, "recharges.payment.cards_away")
        assert away.headers["Retry-After"] == "2"
        assert away.json()["detail"].startswith("Le service de carte bancaire ne répond pas.")
        assert asked.status_code == 202, asked.text
        made = shop.stand_in.client().v1.payment_intents.list({"limit": 100}).data
        assert len(made) == intents + 1
        shop.pay(asked.json())
        shop.wait_for(asked.json(), "completed")

    def test_outlives_an_answer_that_came_too_late(self, shop: CardShop) -> None:
        shop.stock_up(1)
        person, key = shop.buyer(), str(uuid4())
        shop.stand_in.bad_day("slow", path="/v1/payment_intents", seconds=ANSWER_S_MAX + 1)

        late = shop.ask(person, key=key)
        asked = shop.ask(person, key=key)

        assert (late.status_code, asked.status_code) == (503, 202)
        shop.give_up(asked.json())

    def test_that_stripe_keeps_an_error_under_ends_with_all_given_back(
        self, shop: CardShop
    ) -> None:
        shop.stock_up(1)
        person, key, left = shop.buyer(), str(uuid4()), shop.left()
        shop.stand_in.bad_day("server_error_after", path="/v1/payment_intents")
        assert [shop.ask(person, key=key).status_code for _ in range(2)] == [503, 503]
        row = {"sale_id": str(shop.one("SELECT sale_id FROM card_sale WHERE key = %s", key))}

        shop.age(row, minutes=1)

        shop.until(lambda: shop.state(row) == "voided")
        assert shop.left() == left

    def test_of_a_sale_given_back_is_refused(self, shop: CardShop) -> None:
        shop.stock_up(1)
        person, key = shop.buyer(cap_cents=250), str(uuid4())
        shop.stand_in.bad_day("cut_before", path="/v1/payment_intents", count=1)
        assert shop.ask(person, key=key).status_code == 503
        sale_id = shop.one("SELECT sale_id FROM card_sale WHERE key = %s", key)
        row = {"sale_id": str(sale_id)}

        shop.age(row, minutes=1)
        shop.until(lambda: shop.state(row) == "voided")

        over = shop.ask(person, key=key)
        assert (over.status_code, over.json()["code"]) == (
            409,
            "recharges.payment.card_sale_over",
        )
        assert shop.show(row)["why"] == "cards_away"
        shop.give_up(shop.asked(person))  # vouchers and cap are there again


class TestDeclinedCard:
    def test_lets_the_customer_try_another(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked = shop.asked()

        shop.pay(asked, card="pm_card_chargeDeclinedInsufficientFunds")
        shop.until(lambda: shop.show(asked)["why"] == "insufficient_funds")

        assert shop.show(asked).items() >= {"state": "pending", "why_detail": POOR}.items()
        shop.pay(asked)
        shop.wait_for(asked, "completed")
        assert shop.show(asked)["why"] == shop.show(asked)["why_detail"] == ""

    def test_for_good_gives_all_back_when_the_time_is_over(self, shop: CardShop) -> None:
        shop.stock_up(1)
        person, left = shop.buyer(cap_cents=250), shop.left()
        asked = shop.asked(person)
        shop.pay(asked, card="pm_card_chargeDeclined")

        shop.age(asked, minutes=16)
        shop.until(lambda: shop.state(asked) == "voided")

        assert (shop.left(), shop.intent(asked)["status"]) == (left, "canceled")
        assert shop.one("SELECT used_cents FROM cap_month WHERE person_ref = %s", person) == 0
        (event,) = shop.all(
            "SELECT record::json->>'code' AS code, record::json->'details'->>'why' AS why"
            " FROM journal WHERE kind = 'event' AND record LIKE %s",
            f"%{asked['sale_id']}%",
        )
        assert event == {"code": "320", "why": "too_late"}
        assert shop.show(asked)["state"] == "voided"
        assert shop.reveal(asked).json()["code"] == "recharges.payment.card_sale_over"

    def test_may_be_given_up_at_once(self, shop: CardShop) -> None:
        shop.stock_up(1)
        left, asked = shop.left(), shop.asked()

        shop.give_up(asked)

        assert (shop.left(), shop.show(asked)["why"]) == (left, "given_up")

    def test_given_up_after_it_was_paid_is_completed(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked = shop.asked()
        shop.stand_in.bad_day("webhooks_dropped", count=2)
        shop.pay(asked)

        answer = shop.post(f"/v1/sales/{asked['sale_id']}/cancellations")

        assert answer.json() == {"sale_id": asked["sale_id"], "state": "completed"}


class TestFrozenBatch:
    def test_gives_no_pin_to_who_has_paid_meanwhile(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked = shop.paid()
        batch = shop.one(
            "SELECT batch_id FROM sale_voucher WHERE sale_id = %s", UUID(asked["sale_id"])
        )
        self._set(shop, batch, "frozen")

        answer = shop.reveal(asked)

        assert (answer.status_code, answer.json()["code"]) == (409, "recharges.reveal.frozen")
        self._set(shop, batch, "active")
        assert shop.reveal(asked).status_code == 201

    def _set(self, shop: CardShop, batch: UUID, state: str) -> None:
        with committed(shop.schema) as rows:
            rows.tx.execute("UPDATE batch SET state = %s WHERE batch_id = %s", (state, batch))


class TestReveal:
    def test_prints_the_ticket_at_once(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked = shop.paid()

        answer = shop.door.client.post(
            f"/v1/sales/{asked['sale_id']}/reveals", json={"ticket": "sms"}, headers=keyed(SELLER)
        )

        (voucher,) = answer.json()["vouchers"]
        assert voucher["pin"] in answer.json()["printed"]["content"].replace(" ", "")

    def test_of_a_cash_sale_happened_at_the_sale(self, shop: CardShop) -> None:
        shop.stock_up(1)
        sold = shop.door.sell(an_order(shop.till, shop.buyer())).json()

        assert shop.reveal(sold).json()["code"] == "recharges.reveal.already"

    def test_leaves_no_pin_in_what_is_kept(self, shop: CardShop) -> None:
        shop.stock_up(1)
        asked = shop.paid()
        pin = shop.reveal(asked).json()["vouchers"][0]["pin"]

        for table in ("command_answer", "card_sale", "outbox", "journal", "reveal", "stripe_event"):
            found = f"SELECT count(*) FROM {table} AS kept WHERE kept::text LIKE %s"
            assert shop.one(found, f"%{pin}%") == 0


class TestDrawer:
    def test_closed_while_a_card_was_pending_books_the_sale_in_none(self, shop: CardShop) -> None:
        shop.stock_up(2)
        assert shop.door.sell(an_order(shop.till, shop.buyer())).status_code == 201
        asked = shop.asked()
        session = shop.one("SELECT drawer_session_id FROM till WHERE till_id = %s", shop.till)
        with committed(shop.schema) as rows:
            rows.tx.execute(
                "UPDATE till SET drawer_session_id = NULL, drawer_opened_on = NULL"
                " WHERE till_id = %s",
                (shop.till,),
            )

        shop.pay(asked)
        shop.wait_for(asked, "completed")

        booked = "SELECT drawer_session_id FROM sale WHERE sale_id = %s"
        assert shop.one(booked, UUID(asked["sale_id"])) is None
        assert shop.one("SELECT drawer_session_id FROM till WHERE till_id = %s", shop.till) is None
        with committed(shop.schema) as rows:
            rows.tx.execute(
                "UPDATE till SET drawer_session_id = %s, drawer_opened_on ="
                " (SELECT business_date FROM drawer_session WHERE drawer_session_id = %s)"
                " WHERE till_id = %s",
                (session, session, shop.till),
            )
