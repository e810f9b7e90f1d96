"""Batches and single vouchers: released, frozen, recalled, set aside, damaged, lost, found."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from psycopg import errors

from chassis.auth import OtherSite, RoleNotAllowed
from services.recharges.domain import batch, stock
from services.recharges.domain.batch import BatchRefused, BatchState, NothingToRelease, Verb
from services.recharges.domain.stock import State, StateRefused
from services.recharges.handlers import batches
from services.recharges.handlers import stock as counts
from services.recharges.store import lots
from tests.recharges.build import NOON, SITE, a_file, an_order, rows
from tests.recharges.shop import Shop, done, new_id
from tests.recharges.staff import (
    LYON,
    a_call,
    change_batch,
    change_vouchers,
    conserve,
    last_batch,
    quarantine_deliveries,
    receive,
    release,
    send,
    stock_at,
)

SIZE = 6


@pytest.fixture
def serials(shop: Shop) -> list[str]:
    """Six vouchers on sale, by serial."""
    shop.open_site(LYON)
    return [line["serial"] for line in shop.stock_up(SIZE)]


@pytest.fixture
def waiting(shop: Shop) -> UUID:
    """A batch in quarantine, received by the command line."""
    quarantine_deliveries(shop)
    shop.stock_up(SIZE)
    return last_batch(shop)


def sell(shop: Shop, quantity: int = 1) -> list[str]:
    till, person = shop.enrol_till(), shop.entitle(cap_cents=100_000)
    sold = done(shop.sell([an_order(till, person, ("sfr-15", quantity))])[0])
    return [each.serial for each in sold.vouchers]


class TestRelease:
    def test_lets_a_delivery_out_of_quarantine(self, shop: Shop, waiting: UUID) -> None:
        assert stock_at(shop) == {"quarantined": SIZE}

        released = release(shop, waiting)

        assert (released.state, released.vouchers) == (BatchState.ACTIVE, SIZE)
        assert stock_at(shop) == {"available": SIZE}
        sell(shop)

    def test_is_refused_to_the_person_who_received_it(self, shop: Shop) -> None:
        quarantine_deliveries(shop)
        shop.open_site()
        receiver = a_call()
        shop.receive(a_file(rows(SIZE)), received_by=receiver.caller.user_id)

        with pytest.raises(batch.ReleasedAlone):
            release(shop, last_batch(shop), call=receiver)
        release(shop, last_batch(shop), call=a_call())

    def test_is_refused_to_the_person_who_set_the_vouchers_aside(
        self, shop: Shop, serials: list[str]
    ) -> None:
        doubter = a_call()
        change_vouchers(shop, "quarantined", serials=serials[1:3], call=doubter)

        with pytest.raises(batch.ReleasedAlone):
            release(shop, last_batch(shop), call=doubter)
        assert release(shop, last_batch(shop)).vouchers == 2
        conserve(shop)

    def test_is_refused_to_a_manager_of_another_site(self, shop: Shop, waiting: UUID) -> None:
        with pytest.raises(OtherSite):
            release(shop, waiting, call=a_call("site_manager", LYON))

    def test_is_refused_when_nothing_waits(self, shop: Shop, serials: list[str]) -> None:
        with pytest.raises(NothingToRelease):
            release(shop, last_batch(shop))

    @pytest.mark.parametrize("verb", ["freeze", "recall"])
    def test_is_refused_of_a_batch_that_is_not_active(
        self, shop: Shop, waiting: UUID, verb: Verb
    ) -> None:
        change_batch(shop, waiting, verb)

        with pytest.raises(BatchRefused):
            release(shop, waiting)

    def test_of_no_batch_is_refused(self, shop: Shop) -> None:
        with pytest.raises(batch.BatchUnknown):
            release(shop, uuid4())

    def test_leaves_what_waited_too_long_to_the_clock(self, shop: Shop, waiting: UUID) -> None:
        later = a_call(now=datetime(2035, 7, 1, 12, tzinfo=UTC))

        assert release(shop, waiting, call=later).vouchers == 0
        assert stock_at(shop) == {"quarantined": SIZE}
        assert counts.expire_vouchers(shop.tx, now=later.now, new_id=new_id) == SIZE
        assert stock_at(shop) == {"expired": SIZE}


class TestFreeze:
    def test_takes_a_batch_off_sale_and_back(self, shop: Shop, serials: list[str]) -> None:
        sell(shop)
        assert change_batch(shop, last_batch(shop), "freeze").vouchers == SIZE - 1
        assert stock_at(shop) == {"sold": 1, "frozen": SIZE - 1}
        till, person = shop.enrol_till(), shop.entitle()
        (refused,) = shop.sell([an_order(till, person)])
        assert isinstance(refused, stock.NoVoucherLeft)

        assert change_batch(shop, last_batch(shop), "unfreeze").vouchers == SIZE - 1
        assert stock_at(shop) == {"sold": 1, "available": SIZE - 1}
        conserve(shop)

    def test_leaves_what_is_in_doubt_to_its_second_person(
        self, shop: Shop, serials: list[str]
    ) -> None:
        change_vouchers(shop, "quarantined", serials=serials[:2])
        change_batch(shop, last_batch(shop), "freeze")
        change_batch(shop, last_batch(shop), "unfreeze")

        assert stock_at(shop) == {"quarantined": 2, "available": SIZE - 2}

    def test_reaches_what_was_held_when_it_comes_back(self, shop: Shop, serials: list[str]) -> None:
        transfer_id = send(shop, 2)
        change_batch(shop, last_batch(shop), "freeze")
        receive(shop, transfer_id)

        assert stock_at(shop, LYON) == {"frozen": 2}
        change_batch(shop, last_batch(shop), "unfreeze")
        assert stock_at(shop, LYON) == {"available": 2}

    def test_of_a_frozen_batch_is_refused(self, shop: Shop, serials: list[str]) -> None:
        change_batch(shop, last_batch(shop), "freeze")

        with pytest.raises(BatchRefused):
            change_batch(shop, last_batch(shop), "freeze")

    def test_is_undone_only_where_it_was_done(self, shop: Shop, waiting: UUID) -> None:
        with pytest.raises(BatchRefused):
            change_batch(shop, waiting, "unfreeze")

    def test_thaws_nothing_that_a_lost_device_may_still_hold(
        self, shop: Shop, serials: list[str]
    ) -> None:
        lease_id, till_id = uuid4(), shop.enrol_till()
        on_sale = lots.lock_available(shop.tx, site_code=SITE, offer_code="sfr-15", on=NOON.date())
        chosen = stock.carve(on_sale, offer_code="sfr-15", quantity=2)
        held = lots.hold(shop.tx, chosen, state=State.LEASED, held_by=lease_id, new_id=new_id)
        shop.tx.execute(
            "INSERT INTO lease (lease_id, till_id, device_id, site_code, offer_code, price_cents,"
            "                   state, count, leased_at, leased_by, expires_at, ended_at)"
            " VALUES (%s, %s, %s, %s, 'sfr-15', 250, 'revoked', 2, %s, %s, %s, %s)",
            (lease_id, till_id, uuid4(), SITE, NOON, uuid4(), NOON + timedelta(days=1), NOON),
        )
        for lot in held:
            shop.tx.execute(
                "INSERT INTO lease_range VALUES (%s, %s, %s, %s)",
                (lease_id, lot.batch_id, lot.first_position, lot.end_position),
            )
        lots.move(shop.tx, held, state=State.FROZEN)

        change_batch(shop, last_batch(shop), "freeze")
        change_batch(shop, last_batch(shop), "unfreeze")

        assert stock_at(shop) == {"frozen": 2, "available": SIZE - 2}
        change_vouchers(shop, "quarantined", serials=serials)
        release(shop, last_batch(shop))
        assert stock_at(shop) == {"available": SIZE}


class TestRecall:
    def test_is_final(self, shop: Shop, serials: list[str]) -> None:
        change_vouchers(shop, "quarantined", serials=serials[:1])
        sell(shop)
        recalled = change_batch(shop, last_batch(shop), "recall")

        assert (recalled.state, recalled.vouchers) == (BatchState.RECALLED, SIZE - 1)
        assert stock_at(shop) == {"sold": 1, "frozen": SIZE - 1}
        verbs: tuple[Verb, ...] = ("freeze", "unfreeze", "recall")
        for verb in verbs:
            with pytest.raises(BatchRefused):
                change_batch(shop, last_batch(shop), verb)
        with pytest.raises(BatchRefused):
            release(shop, last_batch(shop))
        with pytest.raises(errors.RestrictViolation):
            shop.tx.execute("UPDATE batch SET state = 'active'")

    def test_is_for_the_site_that_received_the_batch(self, shop: Shop, serials: list[str]) -> None:
        with pytest.raises(OtherSite):
            change_batch(shop, last_batch(shop), "recall", call=a_call("site_manager", LYON))


class TestChangeVouchers:
    @pytest.mark.parametrize("change", ["quarantined", "damaged", "lost"])
    def test_takes_single_vouchers_out_of_stock_and_says_why(
        self, shop: Shop, serials: list[str], change: str
    ) -> None:
        by = a_call()
        named = [serials[1], serials[2], serials[4]]

        assert change_vouchers(shop, change, serials=named, call=by) == 3

        conserve(shop)
        assert stock_at(shop) == {change: 3, "available": SIZE - 3}
        moved = shop.all("SELECT * FROM stock_move WHERE what = %s ORDER BY first_position", change)
        assert sum(row["end_position"] - row["first_position"] for row in moved) == 3
        assert {(row["moved_by"], row["why"]) for row in moved} == {
            (by.caller.user_id, "as it is told")
        }
        assert not set(sell(shop, 3)) & set(named)

    def test_takes_so_many_when_nobody_knows_which(self, shop: Shop, serials: list[str]) -> None:
        sell(shop, 2)

        assert change_vouchers(shop, "lost", count=3) == 3

        conserve(shop)
        assert stock_at(shop) == {"sold": 2, "lost": 3, "available": 1}
        with pytest.raises(stock.VouchersTooFew):
            change_vouchers(shop, "lost", count=2)

    def test_puts_what_is_found_in_quarantine(self, shop: Shop, serials: list[str]) -> None:
        finder = a_call()
        change_vouchers(shop, "lost", serials=serials[:3])
        change_vouchers(shop, "found", serials=serials[:2], call=finder)

        assert stock_at(shop) == {"lost": 1, "quarantined": 2, "available": SIZE - 3}
        with pytest.raises(batch.ReleasedAlone):
            release(shop, last_batch(shop), call=finder)
        release(shop, last_batch(shop))
        assert stock_at(shop) == {"lost": 1, "available": SIZE - 1}

    @pytest.mark.parametrize("change", ["quarantined", "damaged", "lost", "found"])
    def test_is_refused_for_what_is_sold(self, shop: Shop, serials: list[str], change: str) -> None:
        (sold,) = sell(shop)

        with pytest.raises(StateRefused):
            change_vouchers(shop, change, serials=[sold])

    def test_is_refused_for_what_another_site_has(self, shop: Shop, serials: list[str]) -> None:
        with pytest.raises(batches.SerialUnknown):
            change_vouchers(shop, "lost", serials=serials[:1], site_code=LYON)
        with pytest.raises(batches.SerialUnknown):
            change_vouchers(shop, "lost", serials=["none"])

    def test_beyond_setting_aside_is_a_supervisors(self, shop: Shop, serials: list[str]) -> None:
        cashier = a_call("till_operator")
        change_vouchers(shop, "quarantined", serials=serials[:1], call=cashier)

        for change in ("damaged", "lost", "found"):
            with pytest.raises(RoleNotAllowed):
                change_vouchers(shop, change, serials=serials[:1], call=cashier)


class TestExpire:
    def test_takes_out_what_is_past_its_day_once(self, shop: Shop, serials: list[str]) -> None:
        sell(shop)
        transfer_id = send(shop, 2)
        last_day = datetime(2035, 6, 30, 12, tzinfo=UTC)
        day_after = last_day + timedelta(days=1)

        assert counts.expire_vouchers(shop.tx, now=last_day, new_id=new_id) == 0
        assert counts.expire_vouchers(shop.tx, now=day_after, new_id=new_id) == 3
        assert counts.expire_vouchers(shop.tx, now=day_after, new_id=new_id) == 0

        assert stock_at(shop, now=day_after) == {"sold": 1, "in_transfer": 2, "expired": 3}
        (moved,) = shop.all("SELECT * FROM stock_move WHERE what = 'expired'")
        assert moved["moved_by"] is None
        receive(shop, transfer_id, call=a_call("till_operator", LYON, now=day_after))
        assert stock_at(shop, LYON, now=day_after) == {"expired": 2}


class TestShowBatch:
    def test_adds_up_to_what_was_delivered_wherever_it_is(
        self, shop: Shop, serials: list[str]
    ) -> None:
        sell(shop)
        transfer_id = send(shop, 2)
        receive(shop, transfer_id, *serials[-1:])
        change_vouchers(shop, "damaged", serials=serials[1:2])

        shown = batches.show_batch(shop.tx, last_batch(shop), call=a_call("admin"))

        assert shown.conserved
        assert sum(each.count for each in shown.counts) == shown.vouchers == SIZE
        assert {(each.site_code, each.state): each.count for each in shown.counts} == {
            (LYON, "available"): 1,
            (SITE, "lost"): 1,
            (SITE, "sold"): 1,
            (SITE, "damaged"): 1,
            (SITE, "available"): 2,
        }
        assert [each.what for each in shown.moves][-4:] == [
            "sent",
            "missing",
            "arrived",
            "damaged",
        ]

    def test_is_for_sites_that_have_some_of_it(self, shop: Shop, serials: list[str]) -> None:
        with pytest.raises(OtherSite):
            batches.show_batch(shop.tx, last_batch(shop), call=a_call("till_operator", LYON))
        receive(shop, send(shop, 1))
        batches.show_batch(shop.tx, last_batch(shop), call=a_call("till_operator", LYON))


class TestStates:
    @pytest.mark.parametrize("before", sorted(State))
    @pytest.mark.parametrize("after", sorted(State))
    def test_change_in_the_database_as_the_table_says(
        self, shop: Shop, serials: list[str], before: State, after: State
    ) -> None:
        lot_id = shop.one("SELECT lot_id FROM lot")
        for state in self.way_to(before):
            self.put(shop, lot_id, state)
        conserve(shop)

        if after in stock.TRANSITIONS[before] or after is before:
            self.put(shop, lot_id, after)
        else:
            with pytest.raises(errors.CheckViolation) as refused:
                self.put(shop, lot_id, after)
            assert refused.value.diag.constraint_name == "lot_state_follows"

    def way_to(self, wanted: State) -> list[State]:
        ways = {State.AVAILABLE: list[State]()}
        while wanted not in ways:
            for state, way in list(ways.items()):
                for following in sorted(stock.TRANSITIONS[state]):
                    ways.setdefault(following, [*way, following])
        return ways[wanted]

    def put(self, shop: Shop, lot_id: UUID, state: State) -> None:
        shop.tx.execute(
            "UPDATE lot SET state = %s, held_by = %s,"
            "       next_position = CASE WHEN %s THEN end_position ELSE first_position END"
            " WHERE lot_id = %s",
            (
                state,
                uuid4() if state in stock.HELD else None,
                state in stock.TAKEN,
                lot_id,
            ),
        )


class TestBadMoves:
    """Whatever code or person writes them, the database refuses."""

    @pytest.mark.parametrize(
        ("change", "constraint"),
        [
            ("state = 'reserved'", "lot_holder"),
            ("held_by = gen_random_uuid()", "lot_holder"),
            ("state = 'disputed'", "lot_state_follows"),
            ("state = 'gone'", "lot_state_follows"),
            ("state = 'sold_out'", "lot_left"),
            ("next_position = end_position", "lot_left"),
            ("taking = 0", "lot_taking_check"),
        ],
    )
    def test_of_a_lot(self, shop: Shop, serials: list[str], change: str, constraint: str) -> None:
        with pytest.raises(errors.CheckViolation) as refused:
            shop.tx.execute(f"UPDATE lot SET {change}".encode())
        assert refused.value.diag.constraint_name == constraint

    @pytest.mark.parametrize(
        "statement",
        [
            "DELETE FROM lot",
            "UPDATE lot SET end_position = end_position - 1",
            "UPDATE lot SET first_position = first_position + 1, next_position = next_position + 1",
            "UPDATE lot SET end_position = end_position + 1",
        ],
    )
    def test_that_lose_or_make_a_voucher(
        self, shop: Shop, serials: list[str], statement: str
    ) -> None:
        shop.tx.execute(statement.encode())

        with pytest.raises(errors.CheckViolation) as refused:
            conserve(shop)
        assert refused.value.diag.constraint_name == "batch_conserved"

    @pytest.mark.parametrize("verb", ["UPDATE stock_move SET why = ''", "DELETE FROM stock_move"])
    def test_of_what_was_recorded(self, shop: Shop, serials: list[str], verb: str) -> None:
        change_vouchers(shop, "lost", count=1)

        with pytest.raises(errors.RestrictViolation, match="append-only"):
            shop.tx.execute(verb.encode())
