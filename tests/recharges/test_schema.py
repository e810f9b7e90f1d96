"""The database alone keeps the promises, whatever code or person writes to it."""

from collections.abc import Iterator
from dataclasses import replace
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors

from services.recharges.api.refunds import AskRefund
from services.recharges.domain.card import Intent
from services.recharges.handlers import cards, refunds
from services.recharges.handlers.cards import Tools
from services.recharges.store import lots
from services.recharges.store import selling as sales
from tests.fix_stack import FreshSchema
from tests.recharges.build import NOON, an_order
from tests.recharges.shop import KEYS, PINS, Shop, Tx, connect, connect_as_admin, done, new_id

TOOLS = Tools(pins=PINS, keys=KEYS, new_id=new_id)
APPEND_ONLY = (
    "batch",
    "voucher",
    "sale",
    "sale_line",
    "sale_voucher",
    "reveal",
    "cash_line",
    "journal",
)
COPY_SALE = """
INSERT INTO sale
SELECT %(sale_id)s, %(key)s, request_hash, till_id, site_code, %(ticket_no)s, person_ref, sold_by,
       sold_at, business_date, tender, total_cents, tendered_cents, change_cents, cap_left_cents
  FROM sale
 LIMIT 1
"""


@pytest.fixture
def sold(shop: Shop) -> Shop:
    """A shop with one sale of two vouchers, and five left."""
    till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(7)
    order = an_order(till, person, ("sfr-15", 2))
    done(shop.sell([order])[0])
    shop.sell([order])
    return shop


def sell_by_hand(shop: Shop) -> dict[str, object]:
    """A second sale, written as no code of ours would."""
    values = {"sale_id": uuid4(), "key": str(uuid4()), "ticket_no": 99}
    shop.tx.execute(COPY_SALE, values)
    shop.tx.execute(
        "INSERT INTO sale_line VALUES (%(sale_id)s, 1, 'sfr-15', 'sfr', 1, 250, 1500)", values
    )
    return values


@pytest.fixture(scope="module")
def owner(fresh_schema: FreshSchema) -> Iterator[Tx]:
    """The administrator, to whom every table is open, on a schema with a sale in it."""
    schema = fresh_schema("recharges")
    with connect(schema) as tx:
        shop = Shop(tx=tx)
        till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(1)
        order = an_order(till, person)
        for _ in range(2):
            done(shop.sell([order])[0])
    with connect_as_admin(schema) as tx:
        yield tx
        tx.rollback()


class TestJournals:
    @pytest.mark.parametrize("table", APPEND_ONLY)
    @pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE"])
    def test_refuse_every_change_even_of_an_administrator(
        self, owner: Tx, table: str, verb: str
    ) -> None:
        column = owner.execute(
            "SELECT attname FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND attidentity = '' LIMIT 1",
            (table,),
        ).fetchone()
        assert column is not None
        statement = {
            "UPDATE": f"UPDATE {table} SET {column['attname']} = {column['attname']}",
            "DELETE": f"DELETE FROM {table}",
            "TRUNCATE": f"TRUNCATE {table} CASCADE",
        }[verb]
        counted = f"SELECT count(*) AS n FROM {table}"
        before = owner.execute(counted.encode()).fetchone()
        assert before is not None
        assert before["n"] > 0

        with pytest.raises(errors.RestrictViolation, match="append-only"), owner.transaction():
            owner.execute(statement.encode())
        assert owner.execute(counted.encode()).fetchone() == before

    @pytest.mark.parametrize(
        "statement",
        ["DROP TABLE journal", "ALTER TABLE journal DISABLE TRIGGER ALL", "TRUNCATE journal"],
    )
    def test_cannot_be_opened_by_the_service_itself(self, shop: Shop, statement: str) -> None:
        with pytest.raises(errors.InsufficientPrivilege):
            shop.tx.execute(statement.encode())


class TestVouchers:
    def test_voucher_sold_twice(self, sold: Shop) -> None:
        # django-oscar#4612, saleor#544, shopware#11245.
        values = sell_by_hand(sold)

        with pytest.raises(errors.UniqueViolation, match="sale_voucher_pkey"):
            sold.tx.execute(
                "INSERT INTO sale_voucher SELECT batch_id, position, %(sale_id)s, 1"
                "  FROM sale_voucher LIMIT 1",
                values,
            )

    def test_that_nobody_received_cannot_be_sold(self, sold: Shop) -> None:
        values = sell_by_hand(sold)

        with pytest.raises(errors.ForeignKeyViolation):
            sold.tx.execute(
                "INSERT INTO sale_voucher SELECT batch_id, 8, %(sale_id)s, 1 FROM batch", values
            )

    @pytest.mark.parametrize(
        ("serial", "pin_index", "constraint"),
        [
            ("serial", "'\\x00'", "voucher_serial_once"),
            ("'another'", "pin_index", "voucher_pin_once"),
        ],
    )
    def test_with_a_known_serial_or_pin_cannot_be_received(
        self, sold: Shop, serial: str, pin_index: str, constraint: str
    ) -> None:
        with pytest.raises(errors.UniqueViolation, match=constraint):
            sold.tx.execute(
                f"INSERT INTO voucher SELECT batch_id, 8, operator, {serial}, pin_key_id,"
                f" pin_sealed, {pin_index} FROM voucher LIMIT 1".encode()
            )


class TestSeenVouchers:
    """What somebody has seen the PIN of is on sale no more."""

    def test_sold_for_cash_stay_sold(self, sold: Shop) -> None:
        batch_id = sold.one("SELECT batch_id FROM batch")
        (lot,) = lots.cut_out_each(sold.tx, [(batch_id, 1)], new_id=new_id)

        with pytest.raises(errors.CheckViolation) as refused:
            lots.give_back(sold.tx, [lot])

        assert refused.value.diag.constraint_name == "seen_stays_sold"

    @pytest.mark.parametrize("how", ["unseen", "seen", "no refund"])
    def test_sold_by_card_are_on_sale_again_where_a_refund_came_first(
        self, shop: Shop, how: str
    ) -> None:
        till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(1)
        order = replace(an_order(till, person, tendered_cents=0), tender="card")
        card = cards.reserve(shop.tx, order, new_id=new_id)
        intent = Intent(
            intent_id="pi_x",
            client_secret="",
            status="succeeded",
            currency="eur",
            received_cents=card.total_cents,
            sale_id=str(card.sale_id),
        )
        cards.settle(shop.tx, card.sale_id, intent, tools=TOOLS, now=NOON)
        pen, by = TOOLS.pen(NOON), uuid4()
        sale = sales.find_sale(shop.tx, card.sale_id)
        refund = refunds.ask(shop.tx, sale, AskRefund(reason="trompé"), by=by, pen=pen)
        if how == "seen":
            shop.tx.execute(
                "INSERT INTO reveal (reveal_id, sale_id, revealed_by, revealed_at, reason, kind)"
                " SELECT gen_random_uuid(), sale_id, asked_by, asked_at - interval '1 s', 'x',"
                " 'first' FROM refund"
            )
        elif how == "no refund":
            shop.tx.execute("UPDATE refund_voucher SET denied = true")

        def pay_back() -> bool:
            return refunds.paid_back(shop.tx, refund.refund_id, stripe_refund_id="re_x", pen=pen)

        if how == "unseen":
            assert pay_back()
            assert shop.one("SELECT state FROM lot") == "available"
        else:
            with pytest.raises(errors.CheckViolation, match="stay sold"):
                pay_back()


class TestLots:
    @pytest.mark.parametrize(("first", "end"), [(7, 9), (1, 2), (3, 5), (1, 8)])
    def test_of_one_batch_never_overlap(self, sold: Shop, first: int, end: int) -> None:
        with pytest.raises(errors.ExclusionViolation):
            self.add(sold, first=first, end=end)

    def test_of_one_batch_may_lie_side_by_side(self, sold: Shop) -> None:
        self.add(sold, first=8, end=9)

        assert sold.one("SELECT count(*) FROM lot") == 2

    @pytest.mark.parametrize(
        "change",
        [
            "next_position = end_position + 1",
            "next_position = first_position - 1",
            "state = 'sold_out'",
            "next_position = end_position",
            "end_position = first_position",
            "state = 'sold'",
        ],
    )
    def test_point_at_a_voucher_of_their_own(self, sold: Shop, change: str) -> None:
        with pytest.raises(errors.CheckViolation):
            sold.tx.execute(f"UPDATE lot SET {change}".encode())

    def add(self, shop: Shop, *, first: int, end: int) -> None:
        shop.tx.execute(
            "INSERT INTO lot (lot_id, batch_id, site_code, offer_code, face_value_cents, use_by,"
            "                 first_position, next_position, end_position)"
            " SELECT %(lot_id)s, batch_id, site_code, offer_code, face_value_cents, use_by,"
            "        %(first)s, %(first)s, %(end)s"
            "   FROM lot LIMIT 1",
            {"lot_id": uuid4(), "first": first, "end": end},
        )


class TestCaps:
    def test_are_never_overrun(self, sold: Shop) -> None:
        with pytest.raises(errors.CheckViolation, match="cap_held"):
            sold.tx.execute("UPDATE cap_month SET used_cents = cap_cents + 1")

    def test_never_count_below_nothing(self, sold: Shop) -> None:
        with pytest.raises(errors.CheckViolation):
            sold.tx.execute("UPDATE cap_month SET used_cents = -1")

    def test_are_counted_by_calendar_month(self, sold: Shop) -> None:
        with pytest.raises(errors.CheckViolation):
            sold.tx.execute("INSERT INTO cap_month SELECT %s, '2026-11-02', 3000, 0", (uuid4(),))


class TestSales:
    @pytest.mark.parametrize(
        ("total", "tendered", "change"),
        [(250, 2000, 1749), (250, 2000, 2000), (250, 200, -50), (0, 100, 100), (250, 0, 0)],
    )
    def test_with_change_that_does_not_balance(
        self, sold: Shop, total: int, tendered: int, change: int
    ) -> None:
        columns = "total_cents, tendered_cents, change_cents"
        statement = COPY_SALE.replace(columns, f"{total}, {tendered}, {change}")
        assert statement != COPY_SALE

        with pytest.raises(errors.CheckViolation):
            sold.tx.execute(
                statement.encode(), {"sale_id": uuid4(), "key": "another", "ticket_no": 2}
            )

    @pytest.mark.parametrize(("key", "ticket_no"), [("key", "2"), ("'another'", "ticket_no")])
    def test_with_a_key_or_a_ticket_of_another(self, sold: Shop, key: str, ticket_no: str) -> None:
        statement = COPY_SALE.replace("%(key)s", key).replace("%(ticket_no)s", ticket_no)

        with pytest.raises(errors.UniqueViolation):
            sold.tx.execute(statement.encode(), {"sale_id": uuid4()})

    def test_put_one_line_of_cash_in_the_drawer(self, sold: Shop) -> None:
        with pytest.raises(errors.UniqueViolation):
            sold.tx.execute(
                "INSERT INTO cash_line (till_id, site_code, business_date, recorded_at, kind,"
                "                       amount_cents, sale_id)"
                " SELECT till_id, site_code, business_date, recorded_at, kind, amount_cents,"
                "        sale_id FROM cash_line"
            )

    def test_take_one_place_of_the_journal(self, sold: Shop) -> None:
        with pytest.raises(errors.UniqueViolation):
            sold.tx.execute("INSERT INTO journal SELECT * FROM journal")


class TestDatedSettings:
    @pytest.mark.parametrize("from_on", ["2014-03-01", "2026-01-01", "2010-01-01"])
    def test_of_the_tariff_never_overlap(self, shop: Shop, from_on: str) -> None:
        with pytest.raises((errors.ExclusionViolation, errors.UniqueViolation)):
            shop.tx.execute(
                "INSERT INTO tariff (offer_code, from_on, price_cents, face_value_cents)"
                " VALUES ('sfr-15', %s, 300, 1500)",
                (from_on,),
            )

    def test_of_the_cap_never_overlap(self, shop: Shop) -> None:
        with pytest.raises(errors.ExclusionViolation):
            shop.tx.execute(
                "INSERT INTO rule (name, from_on, value)"
                " VALUES ('cap_counts', '2026-01-01', 'price')"
            )


class TestOtherRoles:
    def test_cannot_read_a_row_of_recharges(self, fresh_schema: FreshSchema) -> None:
        schema = fresh_schema("recharges")
        with psycopg.connect(schema.admin_url, autocommit=True) as admin:
            admin.execute("DROP ROLE IF EXISTS stranger_to_recharges")
            admin.execute("CREATE ROLE stranger_to_recharges")
            admin.execute("SET ROLE stranger_to_recharges")

            with pytest.raises(errors.InsufficientPrivilege):
                admin.execute("SELECT * FROM recharges.voucher")
            admin.execute("RESET ROLE")
            admin.execute("DROP ROLE stranger_to_recharges")
