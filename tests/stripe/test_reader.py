"""The reader of a demonstration: it holds one good card to each payment, and to none twice."""

from pathlib import Path

from deploy.stripe import intents
from deploy.stripe.cards import CARDS
from deploy.stripe.reader import Reader
from deploy.stripe.store import Books

_BAD = "pm_card_chargeDeclined"


class TestReader:
    def test_pays_what_has_waited_and_nobody_has_touched(self, tmp_path: Path) -> None:
        books = Books(tmp_path / "stripe.sqlite3")
        form = {"amount": 250, "currency": "eur"}
        with books.desk() as desk:
            waiting = intents.create(desk, form)["id"]
            declined = intents.create(desk, form)
            intents.pay(desk, declined, CARDS[_BAD], name=_BAD)

        Reader(books, pays_after_s=60).pay_what_waits()
        with books.desk() as desk:
            assert desk.need(intents.KIND, waiting)["status"] == "requires_payment_method"
        Reader(books, pays_after_s=0).pay_what_waits()

        with books.desk() as desk:
            assert desk.need(intents.KIND, waiting)["status"] == "succeeded"
            left = desk.need(intents.KIND, declined["id"])
            assert left["status"] == "requires_payment_method"
