"""What recharges holds on a person, and what is left of it once they are erased."""

from uuid import UUID, uuid4

import pytest
from psycopg import errors

from chassis import personal
from tests.fix_stack import TxOf
from tests.recharges.build import NOON, an_order
from tests.recharges.shop import Shop, done, new_id

WORDS = "Madame Pimprenelle a perdu son ticket"


@pytest.fixture
def shop(tx_of: TxOf) -> Shop:
    return Shop(tx=tx_of("recharges"))


def sold(shop: Shop, person_ref: UUID) -> UUID:
    """A sale with a refund that was asked for and a ticket printed again, both with words."""
    shop.stock_up(2)
    till_id = shop.enrol_till()
    order = an_order(till_id=till_id, person_ref=person_ref)
    sale_id = done(shop.sell([order])[0]).sale_id
    shop.tx.execute(
        "INSERT INTO refund (refund_id, sale_id, till_id, site_code, amount_cents, tender,"
        " vouchers, state, reason, asked_at, asked_by) VALUES"
        " (%s, %s, %s, 'saint-denis', 250, 'cash', 'returned', 'asked', %s, %s, %s)",
        (new_id(), sale_id, till_id, WORDS, NOON, uuid4()),
    )
    shop.tx.execute(
        "INSERT INTO reveal (reveal_id, sale_id, revealed_by, revealed_at, reason, kind, copy_no)"
        " VALUES (%s, %s, %s, %s, %s, 'reprint', 1)",
        (new_id(), sale_id, uuid4(), NOON, WORDS),
    )
    return sale_id


class TestHeld:
    def test_is_all_of_the_person_and_nothing_of_another(self, shop: Shop) -> None:
        mine, other = shop.entitle(), shop.entitle()
        sale_id, theirs = sold(shop, mine), sold(shop, other)

        held = personal.find_held(shop.tx, [mine], service="recharges")

        [sale] = held["sales"]
        assert (sale["sale_id"], sale["total_cents"]) == (sale_id, 250)
        assert sale["lines"][0]["quantity"] == 1
        assert [row["reason"] for row in held["refunds"]] == [WORDS]
        assert WORDS in [row["reason"] for row in held["reveals"]]
        assert [row["used_cents"] for row in held["months"]] == [250]
        assert str(theirs) not in str(held)
        both = personal.find_held(shop.tx, [mine, other], service="recharges")
        assert {row["sale_id"] for row in both["sales"]} == {sale_id, theirs}


class TestForgotten:
    def test_are_the_words_and_not_the_books(self, shop: Shop) -> None:
        mine, other = shop.entitle(), shop.entitle()
        sold(shop, mine)
        sold(shop, other)

        counts = personal.blank_words(shop.tx, [mine], service="recharges")

        assert (counts["refunds"], counts["reveals"]) == (1, 1)
        assert WORDS not in str(personal.find_held(shop.tx, [mine], service="recharges"))
        assert WORDS in str(personal.find_held(shop.tx, [other], service="recharges"))
        [sale] = personal.find_held(shop.tx, [mine], service="recharges")["sales"]
        assert sale["person_ref"] == mine
        again = personal.blank_words(shop.tx, [mine], service="recharges")
        assert set(again.values()) == {0}

    def test_are_never_replaced(self, shop: Shop) -> None:
        sold(shop, shop.entitle())
        for statement in (
            "UPDATE reveal SET reason = 'autre'",
            "UPDATE reveal SET revealed_by = gen_random_uuid()",
            "DELETE FROM reveal",
        ):
            with pytest.raises(errors.RestrictViolation), shop.tx.transaction():
                shop.tx.execute(statement.encode())
