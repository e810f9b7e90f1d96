"""The totals of each day: always the sum of their transfers, whoever posts and in what order."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row

from services.settlement import store
from tests.fix_stack import FreshSchema, Schema, TxOf
from tests.settlement.build import (
    a_batch,
    a_device_sold,
    a_drawer,
    a_refund,
    a_report,
    a_sale,
    a_till_opened,
    cash_moved,
    vouchers_moved,
)
from tests.settlement.bus import deliver

Tx = psycopg.Connection[dict[str, Any]]
MIGRATIONS = [
    Path("services/settlement/migrations", name)
    for name in ("0002_pre_total_days.sql", "0004_pre_follow_cash_and_shelves.sql")
]
DAYS = ("2026-11-20", "2026-11-21", "2026-12-01")
SITES = ("saint-denis", "paris-19")
FACTS = [
    a_batch("b1", offers=[(40, 60000)]),
    a_batch("b2", operator="orange", site="paris-19", offers=[(20, 20000)]),
    *(
        a_sale(n, site=SITES[n % 2], day=DAYS[n % 3], tender=["cash", "card"][n % 5 == 0])
        for n in range(30)
    ),
    a_sale("two", lines=[("sfr", 1, 150, 0), ("orange", 2, 300, 1000)]),
    a_report("r1", lines=10, billed=900, reversed_=-100, adjusted=-50),
    a_device_sold("d1"),
    *(a_refund(("refund of", n), of=n, site=SITES[n % 2], day=DAYS[2]) for n in range(0, 30, 4)),
    a_till_opened("short"),
    cash_moved(1, -2000),
    a_drawer("short", counted=4900),
    vouchers_moved("transfer.sent", "t1", offers=[("sfr-0", "sfr", 2, 3000)]),
    vouchers_moved("voucher.written_off", "w1", cause="damaged", day=DAYS[1]),
]
KEY = "operator, booked_on, site_code, debit, credit, offer_code"


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    return tx_of("settlement")


def connected(schema: Schema) -> Tx:
    return psycopg.connect(
        schema.url, row_factory=dict_row, options="-c search_path=settlement,public"
    )


def kept(tx: Tx) -> list[dict[str, Any]]:
    store.see_operator(tx, None)
    return tx.execute(f"SELECT * FROM day_total ORDER BY {KEY}").fetchall()


def summed(tx: Tx) -> list[dict[str, Any]]:
    store.see_operator(tx, None)
    return tx.execute(
        f"SELECT {KEY}, sum(amount_cents)::bigint AS amount_cents,"
        " sum(item_count)::bigint AS item_count, count(*) AS transfer_count"
        f" FROM transfer GROUP BY {KEY} ORDER BY {KEY}"
    ).fetchall()


class TestTotals:
    def test_are_the_sum_of_the_transfers_however_often_facts_come(self, tx: Tx) -> None:
        facts = [*FACTS, *FACTS[:20]]
        random.Random(7).shuffle(facts)

        deliver(tx, facts)

        assert len(kept(tx)) > 20
        assert kept(tx) == summed(tx)

    def test_of_a_posting_that_fails_are_gone_with_it(self, tx: Tx) -> None:
        deliver(tx, FACTS)
        before = kept(tx)

        with pytest.raises(errors.UniqueViolation), tx.transaction():
            deliver(tx, [a_sale("fresh"), a_sale("two", fact="told anew")])

        assert kept(tx) == before

    def test_lose_nothing_while_two_post_the_same_days_at_once(
        self, fresh_schema: FreshSchema
    ) -> None:
        schema = fresh_schema("settlement")

        def post(who: int) -> None:
            with connected(schema) as tx:
                for turn in range(25):
                    lines = [("sfr", 1, 250, 1500), ("orange", 1, 300, 1000)]
                    names = [(who, turn, place) for place in range(8)]
                    random.Random(who * turn).shuffle(names)
                    deliver(
                        tx,
                        [
                            a_sale(name, lines=lines[:: 1 - 2 * who], day=DAYS[name[2] % 3])
                            for name in names
                        ],
                    )
                    tx.commit()

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(post, range(2)))

        with connected(schema) as tx:
            assert sum(row["transfer_count"] for row in kept(tx)) == 2 * 25 * 8 * 2 * 2
            assert kept(tx) == summed(tx)

    def test_begin_with_what_was_posted_before_there_were_totals(
        self, fresh_schema: FreshSchema
    ) -> None:
        schema = fresh_schema("settlement")
        with connected(schema) as tx:
            deliver(tx, FACTS)
        with psycopg.connect(schema.admin_url) as admin:
            admin.execute("SET search_path TO settlement, public")
            admin.execute("DROP TABLE day_total")
            admin.execute("DROP FUNCTION add_to_days CASCADE")
            admin.execute("ALTER TABLE transfer DROP COLUMN offer_code")
            admin.execute("SET ROLE settlement_owner")
            for migration in MIGRATIONS:
                admin.execute(migration.read_text(encoding="utf-8"))

        with connected(schema) as tx:
            assert len(kept(tx)) > 20
            assert kept(tx) == summed(tx)

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE day_total SET amount_cents = 0",
            "DELETE FROM day_total",
            "INSERT INTO day_total VALUES ('sfr', '2026-11-20', 'x', 'a', 'b', 1, 1, 1, '')",
        ],
    )
    def test_are_nobodys_to_write(self, tx: Tx, change: str) -> None:
        with pytest.raises(errors.InsufficientPrivilege):
            tx.execute(change)

    def test_show_a_partner_its_own_days(self, tx: Tx) -> None:
        deliver(tx, FACTS)
        store.see_operator(tx, "orange")

        seen = tx.execute("SELECT DISTINCT operator FROM day_total").fetchall()

        assert seen == [{"operator": "orange"}]
