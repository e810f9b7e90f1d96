"""Lots in a real schema: cut, held, given back, sold, moved, and none ever lost."""

from collections.abc import Sequence
from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recharges.domain import stock
from services.recharges.domain.stock import Lot, NoVoucherLeft, State, StateRefused
from services.recharges.store import lots
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.build import DAY, SITE, an_order
from tests.recharges.shop import Shop, connect, done, new_id
from tests.recharges.staff import conserve

SIZE = 9


def on_sale(shop: Shop, *, on: date = DAY) -> list[Lot]:
    return lots.lock_available(shop.tx, site_code=SITE, offer_code="sfr-15", on=on)


def hold(shop: Shop, quantity: int, *, state: State = State.RESERVED) -> UUID:
    holder = uuid4()
    chosen = stock.carve(on_sale(shop), offer_code="sfr-15", quantity=quantity)
    lots.hold(shop.tx, chosen, state=state, held_by=holder, new_id=new_id)
    return holder


def cut_out(shop: Shop, batch_id: UUID, position: int) -> Lot:
    """Make a lot of one voucher."""
    (lot,) = lots.cut_out_each(shop.tx, [(batch_id, position)], new_id=new_id)
    return lot


def laid_out(shop: Shop) -> dict[tuple[UUID, int], str]:
    """The state of every single voucher, by batch and position."""
    return {
        (row["batch_id"], position): (
            "sold_out" if position < row["next_position"] and row["state"] in LEFT else row["state"]
        )
        for row in shop.all("SELECT * FROM lot")
        for position in range(row["first_position"], row["end_position"])
    }


#: The states that say what became of the vouchers before the pointer: they were sold.
LEFT = set(State) - stock.TAKEN


class Stocked:
    """Tests that start with nine vouchers on sale, or with two of them sold."""

    @pytest.fixture
    def batch_id(self, shop: Shop) -> UUID:
        shop.stock_up(SIZE)
        found: UUID = shop.one("SELECT batch_id FROM batch")
        return found

    def sell(self, shop: Shop, quantity: int) -> None:
        till, person = shop.enrol_till(), shop.entitle()
        done(shop.sell([an_order(till, person, ("sfr-15", quantity))])[0])

    def states(self, shop: Shop) -> str:
        """One letter for each voucher, in the order of the batch."""
        return "".join(state[0] for _, state in sorted(laid_out(shop).items()))


class TestHold(Stocked):
    def test_takes_the_last_vouchers_of_a_lot_and_leaves_its_pointer(
        self, shop: Shop, batch_id: UUID
    ) -> None:
        self.sell(shop, 2)
        hold(shop, 3)

        conserve(shop)
        assert self.states(shop) == "ssaaaarrr"
        assert [lot.left for lot in on_sale(shop)] == [4]

    def test_takes_all_of_a_lot_and_leaves_what_was_sold(self, shop: Shop, batch_id: UUID) -> None:
        self.sell(shop, 2)
        hold(shop, 7, state=State.LEASED)

        conserve(shop)
        assert self.states(shop) == "ssl" + "l" * 6
        assert on_sale(shop) == []

    def test_takes_what_is_used_soonest_first(self, shop: Shop, batch_id: UUID) -> None:
        shop.stock_up(2, use_by="2027-01-31")
        holder = hold(shop, 3)

        pieces = lots.held(shop.tx, holder)
        assert sorted((piece.use_by, piece.left) for piece in pieces) == [
            (date(2027, 1, 31), 2),
            (date(2035, 6, 30), 1),
        ]

    def test_is_refused_when_too_few_are_left(self, shop: Shop, batch_id: UUID) -> None:
        with pytest.raises(NoVoucherLeft):
            hold(shop, SIZE + 1)

    def test_is_refused_for_what_is_already_held(self, shop: Shop, batch_id: UUID) -> None:
        (piece,) = lots.held(shop.tx, hold(shop, 1))

        with pytest.raises(StateRefused):
            lots.hold(
                shop.tx,
                [(piece, piece.next_position, piece.end_position)],
                state=State.LEASED,
                held_by=uuid4(),
                new_id=new_id,
            )

    def test_is_not_offered_by_a_batch_that_is_not_active(self, shop: Shop, batch_id: UUID) -> None:
        shop.tx.execute("UPDATE batch SET state = 'frozen'")

        assert on_sale(shop) == []


class TestRelease(Stocked):
    def test_puts_back_what_was_held(self, shop: Shop, batch_id: UUID) -> None:
        lots.release(shop.tx, hold(shop, 3))

        conserve(shop)
        assert self.states(shop) == "a" * SIZE
        assert shop.one("SELECT count(*) FROM lot WHERE held_by IS NOT NULL") == 0

    def test_freezes_what_its_batch_no_longer_sells(self, shop: Shop, batch_id: UUID) -> None:
        holder = hold(shop, 3)
        shop.tx.execute("UPDATE batch SET state = 'recalled'")

        lots.release(shop.tx, holder)

        assert self.states(shop) == "aaaaaafff"

    def test_leaves_what_was_sold_of_it(self, shop: Shop, batch_id: UUID) -> None:
        holder = hold(shop, 3, state=State.LEASED)
        sold = cut_out(shop, batch_id, 8)
        lots.sell_held(shop.tx, [sold])

        lots.release(shop.tx, holder)

        conserve(shop)
        assert self.states(shop) == "aaaaaaasa"


class TestSellHeld(Stocked):
    def test_sells_all_that_is_held_and_names_it(self, shop: Shop, batch_id: UUID) -> None:
        picks = lots.sell_held(shop.tx, lots.held(shop.tx, hold(shop, 2)))

        conserve(shop)
        assert [(pick.batch_id, pick.position) for pick in picks] == [(batch_id, 8), (batch_id, 9)]
        assert self.states(shop) == "aaaaaaass"
        assert shop.one("SELECT count(*) FROM lot WHERE held_by IS NOT NULL") == 0


class TestCutOut(Stocked):
    @pytest.mark.parametrize("position", range(1, SIZE + 1))
    def test_makes_a_lot_of_any_voucher_and_changes_no_state(
        self, shop: Shop, batch_id: UUID, position: int
    ) -> None:
        self.sell(shop, 2)
        hold(shop, 3)
        before = laid_out(shop)

        lot = cut_out(shop, batch_id, position)

        conserve(shop)
        assert (lot.first_position, lot.end_position) == (position, position + 1)
        assert lot.state == before[batch_id, position]
        assert laid_out(shop) == before

    def test_cuts_several_at_once_in_the_order_asked_for(self, shop: Shop, batch_id: UUID) -> None:
        wanted = [(batch_id, position) for position in (7, 2, 3, 9)]

        cut = lots.cut_out_each(shop.tx, wanted, new_id=new_id)

        conserve(shop)
        assert [(lot.batch_id, lot.first_position) for lot in cut] == wanted
        assert {lot.left for lot in cut} == {1}

    def test_of_no_voucher_is_refused(self, shop: Shop, batch_id: UUID) -> None:
        with pytest.raises(lots.VoucherUnknown):
            cut_out(shop, batch_id, SIZE + 1)


class TestGiveBack(Stocked):
    def test_of_a_voucher_sold_unseen_lets_it_be_taken_once_more(
        self, shop: Shop, batch_id: UUID
    ) -> None:
        lots.sell_held(shop.tx, lots.held(shop.tx, hold(shop, 2)))
        lot = cut_out(shop, batch_id, SIZE)

        (back,) = lots.give_back(shop.tx, [lot])

        conserve(shop)
        assert back.taking == 2
        assert self.states(shop) == "a" * 7 + "sa"
        self.sell(shop, 8)
        assert self.states(shop) == "s" * SIZE
        assert shop.one("SELECT taking FROM sale_voucher WHERE position = %s", SIZE) == 2


class TestJoinPieces(Stocked):
    def test_makes_one_lot_again_of_what_was_cut_and_came_back(
        self, shop: Shop, batch_id: UUID
    ) -> None:
        self.sell(shop, 2)
        holders = [hold(shop, 1) for _ in range(4)]
        for holder in holders[:2]:
            lots.sell_held(shop.tx, lots.held(shop.tx, holder))
        for holder in holders[2:]:
            lots.release(shop.tx, holder)
        before = laid_out(shop)
        assert shop.one("SELECT count(*) FROM lot") == 5

        assert lots.join_pieces(shop.tx) == 3

        conserve(shop)
        assert laid_out(shop) == before
        assert self.states(shop) == "ssaaaaass"
        assert shop.one("SELECT count(*) FROM lot") == 2
        assert lots.join_pieces(shop.tx) == 0
        self.sell(shop, 5)
        assert self.states(shop) == "s" * SIZE

    def test_leaves_alone_what_is_held_or_not_alike(self, shop: Shop, batch_id: UUID) -> None:
        hold(shop, 1)
        hold(shop, 1)
        lot = cut_out(shop, batch_id, 1)
        lots.move(shop.tx, [lot], state=State.DAMAGED)
        self.sell(shop, 1)

        assert lots.join_pieces(shop.tx) == 0

    def test_leaves_alone_what_somebody_works_on(self, fresh_schema: FreshSchema) -> None:
        schema = fresh_schema("recharges")
        with connect(schema) as tx:
            shop = Shop(tx=tx)
            shop.stock_up(SIZE)
            lots.release(tx, hold(shop, 1))
        with connect(schema) as tx, connect(schema) as other:
            other.execute("SELECT FROM lot ORDER BY first_position LIMIT 1 FOR UPDATE")
            assert lots.join_pieces(tx) == 0
            other.rollback()
            assert lots.join_pieces(tx) == 1


class TestMove(Stocked):
    @pytest.mark.parametrize("wanted", sorted(State))
    def test_follows_the_table_of_states(self, shop: Shop, batch_id: UUID, wanted: State) -> None:
        lots.sell_held(shop.tx, lots.held(shop.tx, hold(shop, 2)))
        lot = cut_out(shop, batch_id, SIZE)

        if wanted in stock.TRANSITIONS[State.SOLD_OUT]:
            lots.move(shop.tx, [lot], state=wanted)
            assert laid_out(shop)[batch_id, SIZE] == wanted
        else:
            with pytest.raises(StateRefused):
                lots.move(shop.tx, [lot], state=wanted)
            assert laid_out(shop)[batch_id, SIZE] == "sold_out"


@pytest.fixture(scope="module")
def stocked(fresh_schema: FreshSchema) -> Schema:
    """A schema with two deliveries of nine, the second to be used sooner."""
    schema = fresh_schema("recharges")
    with connect(schema) as tx:
        for days in (100, 50):
            Shop(tx=tx).stock_up(SIZE, use_by=str(DAY + timedelta(days=days)))
    return schema


steps = st.lists(
    st.tuples(
        st.sampled_from(["hold", "release", "sell", "cut", "back", "join"]),
        st.integers(1, 2 * SIZE),
    ),
    max_size=12,
)


class TestSequences:
    @settings(max_examples=60)
    @given(steps=steps)
    def test_lose_no_voucher_and_give_none_two_states(
        self, stocked: Schema, steps: Sequence[tuple[str, int]]
    ) -> None:
        with connect(stocked) as tx:
            shop = Shop(tx=tx)
            self.run(shop, steps)
            tx.rollback()

    def run(self, shop: Shop, steps: Sequence[tuple[str, int]]) -> None:
        table = laid_out(shop)
        places = sorted(table)
        holders: dict[UUID, list[tuple[UUID, int]]] = {}
        for verb, number in steps:
            place = places[number - 1]
            if verb == "hold":
                if sum(state == "available" for state in table.values()) < number:
                    continue
                holder = hold(shop, number)
                pieces = lots.held(shop.tx, holder)
                holders[holder] = [
                    (lot.batch_id, position)
                    for lot in pieces
                    for position in range(lot.first_position, lot.end_position)
                ]
                assert len(holders[holder]) == number
                assert {table[each] for each in holders[holder]} == {"available"}
                table |= dict.fromkeys(holders[holder], "reserved")
            elif verb in ("release", "sell") and holders:
                holder, positions = holders.popitem()
                if verb == "release":
                    lots.release(shop.tx, holder)
                else:
                    lots.sell_held(shop.tx, lots.held(shop.tx, holder))
                table |= dict.fromkeys(positions, "available" if verb == "release" else "sold_out")
            elif verb in ("cut", "back"):
                batch_id, position = place
                lot = cut_out(shop, batch_id, position)
                if verb == "back" and table[place] == "sold_out":
                    lots.give_back(shop.tx, [lot])
                    table[place] = "available"
            elif verb == "join":
                lots.join_pieces(shop.tx)
            conserve(shop)
            assert laid_out(shop) == table
