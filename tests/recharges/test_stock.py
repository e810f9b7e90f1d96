"""Which vouchers a sale takes from a site's lots."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.recharges.domain import stock
from services.recharges.domain.stock import Lot, NoVoucherLeft, State
from tests.recharges.build import a_lot

use_by_days = st.integers(0, 3).map(lambda days: date(2027, 1, 1) + timedelta(days=days))
lots_on_sale = st.lists(
    st.builds(a_lot, st.integers(0, 6), use_by=use_by_days, first_position=st.integers(1, 500)),
    max_size=5,
).map(stock.soonest_first)


def laid_out(lots: list[Lot]) -> list[tuple[date, object, int]]:
    """Every single voucher of the lots, as a person would lay them on a table."""
    return [
        (lot.use_by, lot.batch_id, position)
        for lot in lots
        for position in range(lot.next_position, lot.end_position)
    ]


class TestTake:
    @given(lots=lots_on_sale, quantities=st.lists(st.integers(1, 8), max_size=6))
    def test_takes_what_a_person_would_take_from_the_front_of_the_table(
        self, lots: list[Lot], quantities: list[int]
    ) -> None:
        table = laid_out(lots)
        for quantity in quantities:
            if len(table) < quantity:
                with pytest.raises(NoVoucherLeft) as refusal:
                    stock.take(lots, offer_code="sfr-15", quantity=quantity)
                assert refusal.value.values["left"] == len(table)
                assert laid_out(lots) == table
                continue
            picks, after = stock.take(lots, offer_code="sfr-15", quantity=quantity)
            taken, table = table[:quantity], table[quantity:]
            # Told by their places in their batches, which stay however lots are cut.
            assert [(pick.use_by, pick.batch_id, pick.position) for pick in picks] == sorted(taken)
            assert laid_out(list(after)) == table
            lots = list(after)

    @given(lots=lots_on_sale, quantity=st.integers(1, 20))
    def test_takes_nothing_that_is_good_for_longer_than_what_it_leaves(
        self, lots: list[Lot], quantity: int
    ) -> None:
        if sum(lot.left for lot in lots) < quantity:
            return
        picks, after = stock.take(lots, offer_code="sfr-15", quantity=quantity)
        left = [lot.use_by for lot in after if lot.left]
        assert not left or max(pick.use_by for pick in picks) <= min(left)

    def test_goes_on_in_the_next_lot_when_the_first_is_empty(self) -> None:
        first, second = a_lot(2, use_by=date(2027, 1, 1)), a_lot(5, use_by=date(2027, 2, 1))

        picks, after = stock.take([first, second], offer_code="sfr-15", quantity=3)

        assert [pick.lot_id for pick in picks] == [first.lot_id, first.lot_id, second.lot_id]
        assert [lot.left for lot in after] == [0, 4]

    def test_takes_the_last_voucher_and_refuses_the_next_one(self) -> None:
        _, after = stock.take([a_lot(1)], offer_code="sfr-15", quantity=1)

        with pytest.raises(NoVoucherLeft) as refusal:
            stock.take(after, offer_code="sfr-15", quantity=1)
        assert str(refusal.value) == "This site has 0 vouchers left for sfr-15; 1 were asked for."


class TestSoonestFirst:
    def test_puts_the_older_lot_first_on_the_same_day(self) -> None:
        lots = [a_lot(1, use_by=date(2027, 1, 1)) for _ in range(8)]
        lots.append(a_lot(1, use_by=date(2026, 12, 31)))

        ordered = stock.soonest_first(lots)

        assert ordered[0] is lots[-1]
        assert [lot.lot_id for lot in ordered[1:]] == sorted(lot.lot_id for lot in lots[:-1])


def state_of(lot: Lot) -> State:
    """What the database's CHECK says of a lot's pointer."""
    return State.AVAILABLE if lot.left else State.SOLD_OUT


class TestTransitions:
    @pytest.mark.parametrize("left", range(4))
    @pytest.mark.parametrize("quantity", range(1, 5))
    def test_are_the_only_ones_that_taking_makes(self, left: int, quantity: int) -> None:
        lot = a_lot(left)
        before = state_of(lot)
        try:
            _, (lot,) = stock.take([lot], offer_code="sfr-15", quantity=quantity)
        except NoVoucherLeft:
            assert left < quantity
            assert state_of(lot) is before
        else:
            assert state_of(lot) in stock.TRANSITIONS[before]

    def test_name_every_state_and_never_leave_what_the_operator_took_back(self) -> None:
        assert set(stock.TRANSITIONS) == set(State)
        assert stock.TRANSITIONS[State.REFUNDED] == stock.TRANSITIONS[State.EXPIRED] == frozenset()
