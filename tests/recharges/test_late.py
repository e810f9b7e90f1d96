"""Late tickets and closings: what was sold offline is counted once, in the day it came in."""

from datetime import date, timedelta

import pytest

from services.recharges.api.closings import ClosingShown
from services.recharges.handlers import closings, reports
from services.recharges.store import SQL
from tests.recharges.build import DAY, NOON, an_order
from tests.recharges.counter import HOUR, Counter, pen
from tests.recharges.shop import Shop, done

NEXT_DAY = DAY + timedelta(days=1)


@pytest.fixture
def counter(shop: Shop) -> Counter:
    shop.stock_up(20)
    return Counter(shop=shop)


def close(counter: Counter, *, on: date) -> ClosingShown:
    """Close the till's day; return the closing."""
    tx = counter.shop.tx
    (till,) = tx.execute(SQL["lock_tills"], {"till_ids": [counter.till_id]}).fetchall()
    at = NOON + (on - DAY) + 6 * HOUR
    made = closings.close_day(tx, till, on=on, pen=pen(at, None))
    (shown,) = reports.show_made(tx, made).closings
    return shown


def late(closing: ClosingShown) -> list[tuple[date, int, int]]:
    return [(each.business_date, each.count, each.real_cents) for each in closing.late]


class TestLateTicket:
    def test_of_a_day_that_is_closed_enters_the_next_closing_and_is_shown_there(
        self, counter: Counter
    ) -> None:
        shop, person = counter.shop, counter.shop.entitle()
        lease_id = counter.take(5, person, cents=1000)
        done(shop.sell([an_order(counter.till_id, person)])[0])
        counter.sell(lease_id, person, quantity=2)
        first = close(counter, on=DAY)

        assert counter.upload(at=NOON + 20 * HOUR) == [("accepted", None)]
        second = close(counter, on=NEXT_DAY)

        assert (first.ticket_count, late(first)) == (1, [])
        assert (second.ticket_count, late(second)) == (1, [(DAY, 1, 500)])
        assert second.from_sequence == first.until_sequence

    def test_late_offline_order_counted_twice_by_a_closing(self, counter: Counter) -> None:
        shop, person = counter.shop, counter.shop.entitle()
        lease_id = counter.take(5, person)
        lines = [counter.sell(lease_id, person) for _ in range(3)]
        counter.upload(lines[:2])
        made = [close(counter, on=DAY)]
        counter.upload(lines, at=NOON + 20 * HOUR)
        counter.upload(lines, at=NOON + 21 * HOUR)
        made += [close(counter, on=NEXT_DAY), close(counter, on=NEXT_DAY)]

        assert [each.ticket_count for each in made] == [2, 1, 0]
        assert made[-1].perpetual_real_cents == 750
        assert shop.one("SELECT sum(total_cents)::int FROM sale") == 750

    def test_unsynced_sale_at_closing_is_not_lost(self, counter: Counter) -> None:
        # odoo#203431: closed while a device still held sales.
        person = counter.shop.entitle()
        lease_id = counter.take(5, person)
        counter.sell(lease_id, person)
        assert close(counter, on=DAY).ticket_count == 0

        counter.upload(at=NOON + 20 * HOUR)

        assert close(counter, on=NEXT_DAY).perpetual_real_cents == 250
