"""The reader of a demonstration: it holds one good card to each payment, and to none twice."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from deploy.stripe import intents
from deploy.stripe.cards import CARDS
from deploy.stripe.reader import Reader
from deploy.stripe.store import Books

_BAD = "pm_card_chargeDeclined"


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    with closing(Books(tmp_path / "stripe.sqlite3")) as made:
        yield made


class TestReader:
    def test_pays_what_has_waited_and_nobody_has_touched(self, books: Books) -> None:
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
