"""What a sale at a till decides: the order of refusals, and what each order leaves to the next."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from kernel.refusal import Refusal
from services.recharges.domain import sale
from services.recharges.domain.cap import (
    CapExceeded,
    Counts,
    EntitlementEnded,
    EntitlementMissing,
    EntitlementNotBegun,
)
from services.recharges.domain.sale import (
    Books,
    OfferUnknown,
    Order,
    Sale,
    TenderedTooLittle,
    TillNotYours,
    TillRevoked,
    TillUnknown,
)
from services.recharges.domain.stock import NoVoucherLeft
from tests.recharges.build import (
    DAY,
    SITE,
    a_lot,
    a_till,
    an_entitlement,
    an_order,
    the_books,
)

TILL = a_till()
PERSON = UUID(int=42)
Change = Callable[[Books, Order], tuple[Books, Order]]


def shop(
    *, vouchers: int = 100, used_cents: int = 0, cap_cents: int = 3000, last_sequence: int = 0
) -> Books:
    return the_books(
        tills=[replace(TILL, last_sequence=last_sequence)],
        entitlements=[an_entitlement(PERSON, cap_cents=cap_cents)],
        used_cents={PERSON: used_cents},
        lots=[a_lot(vouchers)] if vouchers else [],
    )


def sold(outcome: Sale | Refusal) -> Sale:
    assert isinstance(outcome, Sale), outcome
    return outcome


def left_in(books: Books) -> int:
    return sum(lot.left for lots in books.lots.values() for lot in lots)


class TestDecide:
    def test_sells_and_says_what_it_costs_gives_back_and_leaves_of_the_cap(self) -> None:
        books = shop(last_sequence=7)

        done = sold(
            sale.decide(
                books, [an_order(TILL.till_id, PERSON, ("sfr-15", 2), tendered_cents=1000)]
            )[0]
        )

        assert (done.total_cents, done.change_cents, done.cap_left_cents) == (500, 500, 2500)
        assert (done.ticket_no, done.site_code, done.business_date) == (8, SITE, DAY)
        assert [pick.position for pick in done.lines[0].picks] == [1, 2]
        assert left_in(books) == 98

    def test_gives_the_second_order_of_a_till_the_next_ticket(self) -> None:
        books = shop()

        first, second = sale.decide(books, [an_order(TILL.till_id, PERSON) for _ in range(2)])

        assert [sold(first).ticket_no, sold(second).ticket_no] == [1, 2]
        assert books.tills[TILL.till_id].last_sequence == 2
        assert sold(second).cap_left_cents == sold(first).cap_left_cents - 250

    def test_leaves_nothing_of_a_refused_order_to_the_next(self) -> None:
        books = shop(vouchers=3)
        refused = an_order(TILL.till_id, PERSON, ("sfr-15", 2), ("sfr-15", 2))

        outcomes = sale.decide(books, [refused, an_order(TILL.till_id, PERSON, ("sfr-15", 3))])

        assert isinstance(outcomes[0], NoVoucherLeft)
        after = sold(outcomes[1])
        assert (after.ticket_no, after.cap_left_cents) == (1, 3000 - 750)
        assert [pick.position for pick in after.lines[0].picks] == [1, 2, 3]

    def test_takes_different_vouchers_for_two_lines_of_the_same_offer(self) -> None:
        done = sold(
            sale.decide(shop(), [an_order(TILL.till_id, PERSON, ("sfr-15", 2), ("sfr-15", 1))])[0]
        )

        assert [[pick.position for pick in line.picks] for line in done.lines] == [[1, 2], [3]]

    def test_sells_only_what_lies_at_the_site_of_the_till(self) -> None:
        books = the_books(
            tills=[TILL],
            entitlements=[an_entitlement(PERSON)],
            lots=[a_lot(5, site_code="antony")],
        )

        assert isinstance(sale.decide(books, [an_order(TILL.till_id, PERSON)])[0], NoVoucherLeft)

    def test_counts_the_face_value_against_the_cap_where_the_rule_says_so(self) -> None:
        books = replace_counts(shop(), Counts.FACE_VALUE)

        first, second, third = sale.decide(
            books, [an_order(TILL.till_id, PERSON) for _ in range(3)]
        )

        assert [sold(first).cap_left_cents, sold(second).cap_left_cents] == [1500, 0]
        assert isinstance(third, CapExceeded)

    @given(
        wanted=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), max_size=12),
        vouchers=st.integers(0, 20),
        cap_cents=st.integers(0, 20).map(lambda count: count * 250),
    )
    def test_keeps_tickets_gap_free_caps_held_and_vouchers_sold_once(
        self, wanted: list[tuple[int, int]], vouchers: int, cap_cents: int
    ) -> None:
        people = [UUID(int=number) for number in range(3)]
        tills = [a_till(), a_till(last_sequence=3), a_till()]
        books = the_books(
            tills=tills,
            entitlements=[an_entitlement(person, cap_cents=cap_cents) for person in people],
            lots=[a_lot(vouchers)] if vouchers else [],
        )
        orders = [
            an_order(tills[who].till_id, people[who], ("sfr-15", quantity))
            for who, quantity in wanted
        ]

        done = [each for each in sale.decide(books, orders) if isinstance(each, Sale)]

        picked = [pick.position for each in done for line in each.lines for pick in line.picks]
        assert picked == list(range(1, len(picked) + 1))
        assert left_in(books) == vouchers - len(picked)
        for till in tills:
            numbers = [each.ticket_no for each in done if each.order.till_id == till.till_id]
            first = till.last_sequence + 1
            assert numbers == list(range(first, first + len(numbers)))
        for person in people:
            bought = sum(each.total_cents for each in done if each.order.person_ref == person)
            assert bought == books.allowances[person].used_cents <= cap_cents

    @given(tendered_cents=st.integers(0, 100_000), quantity=st.integers(1, 10))
    def test_takes_exactly_the_price_out_of_what_is_tendered(
        self, tendered_cents: int, quantity: int
    ) -> None:
        order = an_order(TILL.till_id, PERSON, ("sfr-15", quantity), tendered_cents=tendered_cents)

        outcome = sale.decide(shop(), [order])[0]

        if tendered_cents < 250 * quantity:
            assert isinstance(outcome, TenderedTooLittle)
        else:
            done = sold(outcome)
            assert done.change_cents == tendered_cents - 250 * quantity
            assert done.total_cents == 250 * quantity


def replace_counts(books: Books, counts: Counts) -> Books:
    books.counts = counts
    return books


def unknown_till(books: Books, order: Order) -> tuple[Books, Order]:
    return books, replace(order, till_id=uuid4())


def anothers_till(books: Books, order: Order) -> tuple[Books, Order]:
    return books, replace(order, seller_sites=frozenset({"antony"}))


def revoked_till(books: Books, order: Order) -> tuple[Books, Order]:
    books.tills = {till_id: replace(till, active=False) for till_id, till in books.tills.items()}
    return books, order


def unknown_offer(books: Books, order: Order) -> tuple[Books, Order]:
    books.offers = {}
    return books, order


def no_entitlement(books: Books, order: Order) -> tuple[Books, Order]:
    books.entitlements = {}
    return books, order


def too_little_cash(books: Books, order: Order) -> tuple[Books, Order]:
    return books, replace(order, tendered_cents=Cents(249))


def cap_used_up(books: Books, order: Order) -> tuple[Books, Order]:
    books.allowances = {
        person: replace(allowance, used_cents=Cents(2751))
        for person, allowance in books.allowances.items()
    }
    return books, order


def empty_stock(books: Books, order: Order) -> tuple[Books, Order]:
    books.lots = {}
    return books, order


# In the order in which the rules are asked.
REFUSALS: list[tuple[Change, type[Refusal]]] = [
    (unknown_till, TillUnknown),
    (anothers_till, TillNotYours),
    (revoked_till, TillRevoked),
    (unknown_offer, OfferUnknown),
    (no_entitlement, EntitlementMissing),
    (too_little_cash, TenderedTooLittle),
    (cap_used_up, CapExceeded),
    (empty_stock, NoVoucherLeft),
]


class TestRefusals:
    @pytest.mark.parametrize("first", range(len(REFUSALS)))
    def test_come_from_the_first_rule_that_says_no(self, first: int) -> None:
        books, order = shop(), an_order(TILL.till_id, PERSON)
        for change, _ in REFUSALS[first:]:
            books, order = change(books, order)

        assert type(sale.decide(books, [order])[0]) is REFUSALS[first][1]

    @pytest.mark.parametrize("which", range(len(REFUSALS)))
    def test_move_nothing(self, which: int) -> None:
        change, kind = REFUSALS[which]
        books, order = change(shop(), an_order(TILL.till_id, PERSON))
        before = dict(books.tills), dict(books.allowances), dict(books.lots)

        assert type(sale.decide(books, [order])[0]) is kind
        assert (dict(books.tills), dict(books.allowances), dict(books.lots)) == before

    @pytest.mark.parametrize(
        ("from_on", "until_on", "kind"),
        [
            (DAY + timedelta(days=1), DAY + timedelta(days=9), EntitlementNotBegun),
            (DAY - timedelta(days=9), DAY, EntitlementEnded),
        ],
    )
    def test_say_when_an_entitlement_begins_or_ended(
        self, from_on: date, until_on: date, kind: type[Refusal]
    ) -> None:
        books = the_books(
            tills=[TILL],
            entitlements=[an_entitlement(PERSON, from_on=from_on, until_on=until_on)],
            lots=[a_lot(1)],
        )

        assert type(sale.decide(books, [an_order(TILL.till_id, PERSON)])[0]) is kind

    def test_spare_an_administrator_the_question_of_the_site(self) -> None:
        order = an_order(TILL.till_id, PERSON, seller_sites=None)

        assert sold(sale.decide(shop(), [order])[0]).ticket_no == 1
