"""What recharges holds on a person, and what is left of it once they are erased."""

from uuid import UUID, uuid4

import pytest
from psycopg import errors

from chassis import personal
from chassis.forgotten import NO_WORDS, WordsRefused
from services.recharges.api.refunds import AnswerRefund, AskRefund
from services.recharges.domain.cap import EntitlementMissing
from services.recharges.domain.journal import Kind
from services.recharges.handlers import prints, refunds, reprints
from services.recharges.store.selling import find_sale
from tests.erasures import forget
from tests.fix_stack import TxOf
from tests.recharges.build import NOON, an_order
from tests.recharges.counter import Counter, pen
from tests.recharges.shop import PINS, Shop, done, new_id

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


class TestWhoeverIsForgotten:
    def test_buys_nothing_more_and_has_no_cap_set_aside(self, shop: Shop) -> None:
        shop.stock_up(4)
        counter, person, other = Counter(shop=shop), shop.entitle(), shop.entitle()
        forget(shop.tx, person, service="recharges")
        shop.entitle(person, sequence=9)  # told late

        [refused] = shop.sell([an_order(till_id=counter.till_id, person_ref=person)])
        counter.take(2, person, other)

        assert isinstance(refused, EntitlementMissing)
        [aside] = shop.all("SELECT person_ref FROM lease_allowance")
        assert aside["person_ref"] == other

    def test_has_what_was_sold_offline_before_booked_all_the_same(self, shop: Shop) -> None:
        shop.stock_up(2)
        counter, person = Counter(shop=shop), shop.entitle()
        counter.sell(counter.take(2, person), person)
        forget(shop.tx, person, service="recharges")

        assert counter.upload() == [("accepted", None)]
        assert shop.one("SELECT count(*) FROM sale WHERE person_ref = %s", person) == 1

    def test_may_give_a_voucher_back_without_words(self, shop: Shop) -> None:
        person = shop.entitle()
        shop.stock_up(1)
        till_id = shop.enrol_till()
        [outcome] = shop.sell([an_order(till_id=till_id, person_ref=person)])
        sale = find_sale(shop.tx, done(outcome).sale_id)
        forget(shop.tx, person, service="recharges")

        def ask(reason: str) -> UUID:
            body = AskRefund(reason=reason)
            shown = refunds.ask(shop.tx, sale, body, by=uuid4(), pen=pen(NOON, None))
            return shown.refund_id

        with pytest.raises(WordsRefused):
            ask(WORDS)
        answered = refunds.answer(
            shop.tx,
            ask(NO_WORDS),
            AnswerRefund(granted=True, why=WORDS),
            operator="sfr",
            by=uuid4(),
            pen=pen(NOON, None),
        )

        assert (answered.state, answered.answer) == ("granted", "")
        assert shop.one("SELECT count(*) FROM refund WHERE answer <> ''") == 0

    def test_has_papers_printed_again_without_words(self, shop: Shop) -> None:
        person = shop.entitle()
        sale_id = sold(shop, person)
        sale = find_sale(shop.tx, sale_id)
        forget(shop.tx, person, service="recharges")
        paper = prints.Paper(
            till_id=sale["till_id"],
            kind=Kind.TICKET,
            sequence=sale["ticket_no"],
            person_ref=person,
        )

        def again(reason: str) -> tuple[int, int]:
            by, at = uuid4(), pen(NOON, None)
            done = reprints.reprint(shop.tx, sale_id, reason=reason, by=by, pins=PINS, pen=at)
            copy_no = prints.print_copy(
                shop.tx, paper, reason=reason, by=by, is_supervisor=True, pen=at
            )
            return done.copy_no, copy_no

        for act in (
            lambda: again(WORDS),
            lambda: prints.print_copy(
                shop.tx, paper, reason=WORDS, by=uuid4(), is_supervisor=True, pen=pen(NOON, None)
            ),
        ):
            with pytest.raises(WordsRefused):
                act()
        assert again(NO_WORDS) == (2, 0)
