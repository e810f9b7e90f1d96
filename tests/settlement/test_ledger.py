"""The ledger on PostgreSQL: exactly once, in any order, append-only, each operator to itself."""

import random
import re
import time
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from psycopg.rows import dict_row

from chassis.auth import Caller
from kernel.envelope import Envelope
from kernel.period import Month
from services.settlement import api, handlers, store
from services.settlement.domain.posting import Contradiction
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
from tests.settlement.bus import balances, deliver

Tx = psycopg.Connection[dict[str, Any]]
FACTS = [
    a_batch("b1", offers=[(20, 30000), (5, 2500)]),
    a_batch("b2", operator="orange", site="paris-19", offers=[(10, 10000)]),
    *(a_sale(f"s{n}", lines=[("sfr", 1 + n % 3, 250, 1500)]) for n in range(6)),
    a_sale("mixed", site="paris-19", lines=[("sfr", 1, 150, 0), ("orange", 2, 300, 1000)]),
    a_sale("card", tender="card", day="2026-11-21"),
    a_report("r1", lines=10, billed=900, reversed_=-100, adjusted=-50),
    a_report("r2", operator="orange", billed=0, lines=2, reversed_=-200),
    a_device_sold("d1"),
    a_refund("back", of="s1", lines=[("sfr", 2, 250, 1500)], day="2026-11-21"),
    a_refund("dead", of="card", tender="card", vouchers="refunded_by_operator"),
    a_till_opened("short", cents=500),
    cash_moved(1, -1000, purpose="bank"),
    cash_moved(2, 1000, purpose="safe"),
    a_drawer("short", expected=3000, counted=2950),
    a_till_opened("right", site="paris-19", cents=0),
    a_drawer("right", site="paris-19"),
    vouchers_moved("transfer.sent", "t1", offers=[("sfr-0", "sfr", 5, 7500)]),
    vouchers_moved("transfer.received", "t1", site="paris-19", offers=[("sfr-0", "sfr", 4, 6000)]),
    vouchers_moved(
        "voucher.written_off", "m1", cause="missing", offers=[("sfr-0", "sfr", 1, 1500)]
    ),
    vouchers_moved("voucher.written_off", "l1", cause="lost", offers=[("sfr-1", "sfr", 2, 1000)]),
    vouchers_moved("voucher.found", "f1", offers=[("sfr-1", "sfr", 1, 500)], day="2026-11-22"),
    vouchers_moved(
        "voucher.written_off",
        "e1",
        cause="expired",
        site="paris-19",
        offers=[("sfr-0", "sfr", 1, 1500), ("orange-0", "orange", 2, 2000)],
    ),
]


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    return tx_of("settlement")


def connected(schema: Schema) -> Tx:
    return psycopg.connect(
        schema.url, row_factory=dict_row, options="-c search_path=settlement,public"
    )


def rows(tx: Tx, table: str) -> list[dict[str, Any]]:
    return tx.execute(f"SELECT * FROM {table}").fetchall()


class TestPosting:
    def test_ends_with_the_figures_of_the_facts(self, tx: Tx) -> None:
        deliver(tx, FACTS)

        net = balances(tx)
        assert net["sfr", "saint-denis", "till_cash"] == (250 * (12 - 2), 0)
        # 500 float, a deposit and what came for it, the gap, and all that was counted.
        assert net["network", "saint-denis", "till_cash"] == (500 - 50 - 2950, 0)
        assert net["network", "saint-denis", "bank_deposits"] == (1000, 1)
        assert net["network", "saint-denis", "site_cash"] == (6000 - 500 - 1000 + 2950, 1 - 2)
        assert net["sfr", "saint-denis", "card_receivable"] == (0, 0)
        assert net["sfr", "saint-denis", "credits_sold"] == (1500 * (13 - 3), 13 - 3)
        assert net["sfr", "saint-denis", "credits_stock"] == (
            32500 - 1500 * 11 - 7500 - 1000 + 500,
            25 - 11 - 5 - 2 + 1,
        )
        assert net["sfr", "saint-denis", "credits_in_transit"] == (6000, 4)
        assert net["sfr", "paris-19", "credits_in_transit"] == (-6000, -4)
        assert net["sfr", "saint-denis", "credits_lost"] == (1500 + 500, 2)
        assert net["orange", "paris-19", "credits_expired"] == (2000, 2)
        assert net["sfr", "saint-denis", "credits_given"] == (1500 - 32500, 1 - 25)
        assert net["network", "saint-denis", "cash_differences"] == (50, 1)
        assert net["network", "paris-19", "cash_differences"] == (0, -1)
        assert net["sfr", "paris-19", "credits_stock"] == (6000 - 1500, 4 - 1 - 1)
        assert net["orange", "paris-19", "credits_given"] == (-10000, -10)
        assert net["sfr", "network", "option_gifts"] == (-750, -10)
        assert net["orange", "network", "option_receivable"] == (-200, 2)
        assert net["network", "saint-denis", "equipment_income"] == (-6000, -1)

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    @given(order=st.permutations(FACTS), again=st.lists(st.sampled_from(FACTS), max_size=12))
    def test_ends_the_same_in_any_order_however_often(
        self, tx: Tx, order: list[Envelope], again: list[Envelope]
    ) -> None:
        with tx.transaction(force_rollback=True):
            deliver(tx, FACTS)
            straight = balances(tx)
        shuffled = [*order, *again]
        random.Random(len(again)).shuffle(shuffled)
        with tx.transaction(force_rollback=True):
            deliver(tx, shuffled)
            assert balances(tx) == straight
            assert (
                handlers.draw_up_period(tx, operator="sfr", period=Month(2026, 11)).differences
                == []
            )
            assert sum(cents for cents, _ in straight.values()) == 0
            assert sum(items for _, items in straight.values()) == 0

    def test_same_sale_under_another_fact_id_is_refused(self, tx: Tx) -> None:
        deliver(tx, [a_sale("one")])

        with pytest.raises(errors.UniqueViolation), tx.transaction():
            deliver(tx, [a_sale("one", fact="told anew")])

        assert balances(tx)["sfr", "saint-denis", "till_cash"] == (250, 0)

    def test_same_fact_past_a_forgotten_inbox_changes_nothing(self, tx: Tx) -> None:
        deliver(tx, [a_sale("one"), a_sale("two")])
        # The service may not forget what it heard; as after a restore, other ids stand there.
        tx.execute("UPDATE inbox SET event_id = gen_random_uuid()")

        deliver(tx, [a_sale("one"), a_sale("three")])

        assert balances(tx)["sfr", "saint-denis", "till_cash"] == (750, 0)

    def test_contradictory_fact_leaves_no_trace(self, tx: Tx) -> None:
        with pytest.raises(Contradiction), tx.transaction():
            deliver(tx, [a_sale("good"), a_sale("bad", total_cents=1)])

        assert balances(tx) == {}
        assert rows(tx, "inbox") == []

    def test_takes_no_longer_as_the_ledger_grows(self, fresh_schema: FreshSchema) -> None:
        """Plans kept since the tables were empty once made the thirtieth batch 40 times slower."""
        took_s: list[float] = []
        with connected(fresh_schema("settlement")) as fresh:
            for batch in range(30):
                facts = [a_sale((batch, number)) for number in range(200)]
                started = time.perf_counter()
                deliver(fresh, facts)
                fresh.commit()
                took_s.append(time.perf_counter() - started)

        assert min(took_s[-5:]) < 6 * min(took_s[:5])


class TestStatement:
    def test_is_net_of_refunds(self, tx: Tx) -> None:
        deliver(
            tx,
            [
                a_batch(offers=[(10, 15000)]),
                *(a_sale(n, lines=[("sfr", 2, 250, 1500)]) for n in range(3)),
                a_refund("back", of=0, lines=[("sfr", 2, 250, 1500)]),
                a_refund("dead", of=1, vouchers="refunded_by_operator"),
                a_drawer(expected=100, counted=90),
                cash_moved(1, -100),
                vouchers_moved("transfer.sent", "away", offers=[("sfr-0", "sfr", 1, 1500)]),
                vouchers_moved(
                    "voucher.written_off",
                    "torn",
                    cause="damaged",
                    offers=[("sfr-0", "sfr", 2, 3000)],
                ),
            ],
        )

        drawn = handlers.draw_up_period(tx, operator="sfr", period=Month(2026, 11))

        assert {leg.name: (leg.total_cents, leg.count) for leg in drawn.legs} == {
            "credits_given": (15000 - 1500, 10 - 1),
            "credits_sold": (1500 * 3, 3),
            "credits_left": (15000 - 1500 * 4 - 3000, 10 - 4 - 2),
            "credits_written_off": (3000, 2),
            "recharge_cash": (250 * 3, 3),
            "recharge_card": (0, 0),
            "option_gifts": (0, 0),
        }
        assert drawn.differences == []
        assert [
            (site.left_count, site.transferred_count, site.written_off_count)
            for site in drawn.credits
        ] == [(10 - 4 - 1 - 2, -1, 2)]
        assert [day.cash_cents for day in drawn.takings] == [250 * 3]


class TestDatabase:
    @pytest.mark.parametrize("table", ["entry", "transfer"])
    @pytest.mark.parametrize("change", ["UPDATE {} SET site_code = 'x'", "DELETE FROM {}"])
    def test_gives_the_service_no_right_to_change(self, tx: Tx, table: str, change: str) -> None:
        with pytest.raises(errors.InsufficientPrivilege):
            tx.execute(change.format(table))

    @pytest.mark.parametrize("table", ["entry", "transfer"])
    @pytest.mark.parametrize(
        "change", ["UPDATE {} SET site_code = 'x'", "DELETE FROM {}", "TRUNCATE {}"]
    )
    def test_refuses_change_even_to_its_administrator(
        self, fresh_schema: FreshSchema, table: str, change: str
    ) -> None:
        with (
            psycopg.connect(fresh_schema("settlement").admin_url) as admin,
            pytest.raises(errors.RestrictViolation),
        ):
            admin.execute(change.format(f"settlement.{table}"))

    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"amount_cents": 249}, errors.CheckViolation),
            ({"amount_cents": -250}, errors.CheckViolation),
            ({"item_count": 1}, errors.CheckViolation),
            ({"credit": "till_cash"}, errors.CheckViolation),
            ({"credit": "option_gifts"}, errors.CheckViolation),
            ({"offer_code": "sfr-15"}, errors.CheckViolation),
            ({"fact_id": uuid4()}, errors.CheckViolation),
        ],
    )
    def test_refuses_transfers_that_do_not_add_up(
        self, tx: Tx, changed: dict[str, object], error: type[Exception]
    ) -> None:
        store.see_operator(tx, None)
        fact_id = uuid4()
        moved: dict[str, object] = {
            "fact_id": fact_id,
            "debit": "till_cash",
            "credit": "recharge_income",
            "amount_cents": 250,
            "item_count": 0,
            "offer_code": "",
        }
        post = """
            WITH told AS (
                 INSERT INTO entry (fact_id, operator, kind, document, site_code, booked_on,
                                    declared_cents, declared_face_value_cents, declared_count)
                 VALUES (%(entry)s, 'sfr', 'sale_completed', 'x', 'antony', '2026-11-20',
                         250, 0, 0))
            INSERT INTO transfer
            VALUES (%(fact_id)s, 'sfr', 1, 'antony', '2026-11-20', %(debit)s, %(credit)s,
                    %(amount_cents)s, %(item_count)s, %(offer_code)s)
        """
        with tx.transaction(force_rollback=True):
            tx.execute(post, moved | {"entry": fact_id})

        with pytest.raises(error):
            tx.execute(post, moved | changed | {"entry": fact_id})

    def test_refuses_an_entry_without_its_transfers(self, tx: Tx) -> None:
        store.see_operator(tx, None)

        with pytest.raises(errors.CheckViolation, match="posts nothing of what it declared"):
            tx.execute(
                "INSERT INTO entry (fact_id, operator, kind, document, site_code, booked_on,"
                " declared_cents, declared_face_value_cents, declared_count)"
                " VALUES (%s, 'sfr', 'sale_completed', 'x', 'antony', '2026-11-20', 250, 0, 0)",
                (uuid4(),),
            )

    def test_refuses_a_transfer_added_to_an_entry_that_adds_up(self, tx: Tx) -> None:
        deliver(tx, [a_sale("one")])

        with pytest.raises(errors.CheckViolation, match="do not add up"):
            tx.execute(
                "INSERT INTO transfer SELECT fact_id, operator, 9::smallint, site_code, booked_on,"
                " debit, credit, 1, 0, '' FROM transfer WHERE position = 2"
            )

    def test_prepares_every_query(self, tx: Tx) -> None:
        for name, sql in store.SQL.items():
            numbered: str = sql
            for place, parameter in enumerate(dict.fromkeys(re.findall(r"%\(\w+\)s", sql)), 1):
                numbered = numbered.replace(parameter, f"${place}")
            tx.execute(f"PREPARE try_{name} AS {numbered.rstrip(';')}")


class TestRowLevelSecurity:
    FORGETFUL = "SELECT DISTINCT operator FROM {}"

    @pytest.fixture(autouse=True)
    def _posted(self, tx: Tx) -> None:
        deliver(tx, FACTS)

    def seen(self, tx: Tx, table: str) -> set[str]:
        return {row["operator"] for row in tx.execute(self.FORGETFUL.format(table))}

    @pytest.mark.parametrize("table", ["entry", "transfer"])
    def test_shows_a_partner_its_own_lines_though_the_query_forgot_to_ask(
        self, tx: Tx, table: str
    ) -> None:
        store.see_operator(tx, "orange")

        assert self.seen(tx, table) == {"orange"}

    @pytest.mark.parametrize("ask", ["period", "ledger"])
    def test_binds_the_transaction_in_which_a_partner_asks(self, tx: Tx, ask: str) -> None:
        partner = Caller(
            user_id=uuid4(), role="operator_partner", site_codes=frozenset(), operator="orange"
        )
        if ask == "period":
            handlers.read_period(tx, caller=partner, operator="orange", period="2026-11")
        else:
            handlers.list_ledger(tx, caller=partner, asked=api.LedgerQuery())

        assert self.seen(tx, "transfer") == {"orange"}

    @pytest.mark.parametrize("table", ["entry", "transfer"])
    def test_shows_nothing_to_a_transaction_that_names_nobody(self, tx: Tx, table: str) -> None:
        tx.execute("SELECT set_config('relais.operator', '', true)")

        assert self.seen(tx, table) == set()

    def test_shows_staff_everything(self, tx: Tx) -> None:
        store.see_operator(tx, None)

        assert self.seen(tx, "transfer") == {"sfr", "orange", "network"}

    def test_lets_no_partner_post(self, tx: Tx) -> None:
        store.see_operator(tx, "orange")

        with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
            tx.execute(
                "INSERT INTO entry (fact_id, operator, kind, document, site_code, booked_on,"
                " declared_cents, declared_face_value_cents, declared_count)"
                " VALUES (%s, 'orange', 'sale_completed', 'x', 'antony', '2026-11-20', 0, 0, 0)",
                (uuid4(),),
            )

    @pytest.mark.parametrize("operator", ["*", ""])
    def test_takes_no_operator_that_would_mean_everybody(self, tx: Tx, operator: str) -> None:
        with pytest.raises(ValueError, match="is no operator"):
            store.see_operator(tx, operator)

    def test_ends_with_the_transaction(self, fresh_schema: FreshSchema) -> None:
        with psycopg.connect(fresh_schema("settlement").url) as connection:
            connection.execute("SET search_path TO settlement, public")
            connection.execute("SELECT set_config('relais.operator', '*', true)")
            connection.commit()
            [setting] = connection.execute("SELECT current_setting('relais.operator', true)")

        assert setting == ("",)
