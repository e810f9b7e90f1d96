"""Cash and cards at once, with kills in the middle: no PIN unpaid, no payment without its sale."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest

from tests.faults.card_tills import AT_ONCE, Bank, Custom, MixedTills
from tests.faults.crowd import Crowd
from tests.faults.killing import kill
from tests.fix_network import Network, eventually

pytestmark = pytest.mark.fault

SALES = 500
SOLD_BETWEEN = 100
WEBHOOKS_DROPPED, WEBHOOKS_TWICE, ANSWERS_CUT = 15, 15, 5
WAITING = "SELECT count(*) FROM recharges.card_sale WHERE state IN ('reserved', 'pending')"


@contextmanager
def impatient(network: Network) -> Iterator[None]:
    """Card sales that are not paid by now are too late, and the sweeper looks at once."""
    with psycopg.connect(network.stack.database_url, autocommit=True) as admin:
        set_minutes = "UPDATE recharges.rule SET value = %s WHERE name = 'card_minutes_max'"
        [(before,)] = admin.execute(
            "SELECT value FROM recharges.rule WHERE name = 'card_minutes_max'"
        ).fetchall()
        admin.execute(set_minutes, ("0",))
        admin.execute(
            "UPDATE recharges.card_sale SET look_at = now() WHERE state IN ('reserved', 'pending')"
        )
        try:
            yield
        finally:
            admin.execute(set_minutes, (before,))


class TestMixedSales:
    def test_lose_and_double_nothing_when_recharges_and_the_bank_are_killed(
        self, network: Network, crowd: Crowd
    ) -> None:
        bank = Bank(network)
        tills = MixedTills(network, crowd, bank=bank, count=SALES)
        bank.bad_day("webhooks_dropped", count=WEBHOOKS_DROPPED)
        bank.bad_day("webhooks_twice", count=WEBHOOKS_TWICE)
        bank.bad_day("cut", count=ANSWERS_CUT)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            served = tills.start(pool)
            for name in ("recharges", "stripe", "recharges"):
                tills.await_served(SOLD_BETWEEN)
                kill(network.stack, name)
            for each in served:
                each.result()
        bank.end_bad_days()
        with impatient(network):
            eventually(lambda: network.number(WAITING) == 0)

        assert [each for each in tills.purchases if each.lost], "the kills hit nothing"
        refused = Counter(each.refused for each in tills.purchases if each.refused)
        assert refused.keys() <= {"recharges.payment.card_sale_over"}, refused
        done = Counter(each.custom for each in tills.purchases if each.asked)
        assert done.keys() == set(Custom)
        tills.see_all_stored_once()
        tills.see_money_accounted_for()
        held = "SELECT count(*) FROM recharges.lot WHERE state = 'reserved'"
        assert network.number(held) == 0
        network.audit()
