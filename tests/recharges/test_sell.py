"""Sales on a real database: what is stored, told and refused."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from chassis.idempotency import KeyReused
from services.recharges.domain import journal
from services.recharges.domain.cap import (
    CapExceeded,
    EntitlementEnded,
    EntitlementMissing,
    EntitlementNotBegun,
)
from services.recharges.domain.sale import (
    OfferUnknown,
    TenderedTooLittle,
    TillNotYours,
    TillRevoked,
    TillUnknown,
)
from services.recharges.domain.stock import NoVoucherLeft
from services.recharges.events import DeviceRevoked, SaleCompleted
from services.recharges.handlers.learning import learn_tills
from services.recharges.handlers.showing import show_sale
from tests.recharges.build import NOON, an_order
from tests.recharges.shop import Shop, done, utc

SELLER = UUID(int=7)


class TestSell:
    def test_binds_exactly_one_voucher_to_each_unit(self, shop: Shop) -> None:
        till, person, lines = shop.enrol_till(), shop.entitle(), shop.stock_up(6)

        sales = shop.sell([an_order(till, person, ("sfr-15", 2)) for _ in range(3)])

        shown = [(voucher.serial, voucher.pin) for sale in sales for voucher in done(sale).vouchers]
        assert sorted(shown) == sorted((line["serial"], line["pin"]) for line in lines)
        assert shop.one("SELECT count(DISTINCT (batch_id, position)) FROM sale_voucher") == 6
        assert shop.one("SELECT sum(quantity)::int FROM sale_line") == 6
        assert shop.all("SELECT next_position, end_position, state FROM lot") == [
            {"next_position": 7, "end_position": 7, "state": "sold_out"}
        ]

    def test_change_given_counted_as_cash(self, shop: Shop) -> None:
        # erpnext#23125: 20 € handed over for 2.50 € leave 2.50 € in the drawer.
        till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(1)

        sale = done(shop.sell([an_order(till, person, ("sfr-15", 1), tendered_cents=2000)])[0])

        assert (sale.total_cents, sale.change_cents) == (250, 1750)
        assert shop.all("SELECT kind, amount_cents, till_id FROM cash_line") == [
            {"kind": "sale", "amount_cents": 250, "till_id": till}
        ]

    def test_chains_every_ticket_to_the_one_before(self, shop: Shop) -> None:
        tills = [shop.enrol_till(), shop.enrol_till()]
        person, _ = shop.entitle(cap_cents=100_000), shop.stock_up(8)
        for _ in range(2):
            shop.sell([an_order(till, person) for till in tills for _ in range(2)])

        for till in tills:
            rows = shop.all(
                "SELECT sequence, record, previous_hash, hash FROM journal"
                " WHERE till_id = %s ORDER BY sequence",
                till,
            )
            chain = [tuple(row.values()) for row in rows]
            assert [row["sequence"] for row in rows] == [1, 2, 3, 4]
            assert journal.first_break(chain) is None
            assert shop.all(
                "SELECT last_sequence, last_hash FROM till WHERE till_id = %s", till
            ) == [{"last_sequence": 4, "last_hash": rows[-1]["hash"]}]

    def test_tells_what_was_sold_without_pin_or_name(self, shop: Shop) -> None:
        till, person, lines = shop.enrol_till(), shop.entitle(), shop.stock_up(2)

        sale = done(shop.sell([an_order(till, person, ("sfr-15", 2))])[0])

        (told,) = shop.all("SELECT * FROM outbox WHERE type = 'recharges.sale.completed.v1'")
        assert (told["subject"], told["site"], told["sequence"]) == (
            str(sale.sale_id),
            "saint-denis",
            1,
        )
        assert told["occurred_at"] == NOON
        assert told["published_at"] is None
        fact = SaleCompleted.model_validate(told["data"])
        assert fact.model_dump(mode="json") == {
            "sale_id": str(sale.sale_id),
            "till_id": str(till),
            "ticket_no": 1,
            "person_ref": str(person),
            "business_date": "2026-11-21",
            "tender": "cash",
            "total_cents": 500,
            "lines": [
                {
                    "offer_code": "sfr-15",
                    "operator": "sfr",
                    "quantity": 2,
                    "price_cents": 250,
                    "face_value_cents": 1500,
                    "serials": [line["serial"] for line in lines],
                }
            ],
        }

    def test_sells_the_soonest_use_by_day_first_whatever_came_first(self, shop: Shop) -> None:
        till, person = shop.enrol_till(), shop.entitle()
        late = shop.stock_up(2, use_by="2035-12-31")
        soon = shop.stock_up(2, use_by="2035-01-31")

        sale = done(shop.sell([an_order(till, person, ("sfr-15", 3))])[0])

        assert [voucher.serial for voucher in sale.vouchers] == [
            *(line["serial"] for line in soon),
            late[0]["serial"],
        ]

    def test_sells_no_voucher_behind_its_use_by_day(self, shop: Shop) -> None:
        till, person = shop.enrol_till(), shop.entitle()
        shop.stock_up(1, use_by="2026-12-31")
        last_minute = utc("2026-12-31T22:59:59")  # 23:59:59 in Paris

        late = an_order(till, person, ordered_at=last_minute + timedelta(seconds=1))
        assert isinstance(shop.sell([late])[0], NoVoucherLeft)
        assert done(shop.sell([an_order(till, person, ordered_at=last_minute)])[0])

    def test_shows_the_sale_again_without_its_pin(self, shop: Shop) -> None:
        till, person, (line,) = shop.enrol_till(), shop.entitle(), shop.stock_up(1)
        sale = done(shop.sell([an_order(till, person)])[0])

        shown = show_sale(shop.tx, sale.sale_id, language="fr").model_dump_json()

        assert line["serial"] in shown
        assert line["pin"] not in shown


class TestPins:
    def test_are_in_clear_in_no_column_of_any_table(self, shop: Shop) -> None:
        till, person, lines = shop.enrol_till(), shop.entitle(), shop.stock_up(5)
        order = an_order(till, person, ("sfr-15", 2))
        shop.sell([order])
        shop.sell([order])  # revealed a second time

        columns = shop.all(
            "SELECT attrelid::regclass::text AS place, attname, atttypid::regtype::text AS kind"
            "  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE relnamespace IN ('recharges'::regnamespace, pg_my_temp_schema())"
            "   AND relkind = 'r' AND attnum > 0 AND NOT attisdropped"
        )
        searched = 0
        for column in columns:
            # As PostgreSQL writes it; bytes as the text that they may hold.
            place, name = column["place"], column["attname"]
            text = f"encode({name}, 'escape')" if column["kind"] == "bytea" else f"{name}::text"
            for row in shop.all(f"SELECT {text} AS value FROM {place}"):
                searched += 1
                for line in lines:
                    assert line["pin"] not in (row["value"] or ""), f"{place}.{name}"
        assert searched > 100
        serials = shop.all("SELECT serial FROM voucher")
        assert {row["serial"] for row in serials} == {line["serial"] for line in lines}

    def test_are_recorded_each_time_they_are_shown_again(self, shop: Shop) -> None:
        till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(1)
        order = an_order(till, person)

        first, *again = (done(shop.sell([order])[0]) for _ in range(3))

        assert again == [first, first]
        assert (
            shop.all("SELECT sale_id, revealed_by, reason, revealed_at FROM reveal")
            == [
                {
                    "sale_id": first.sale_id,
                    "revealed_by": SELLER,
                    "reason": "retry",
                    "revealed_at": NOON,
                }
            ]
            * 2
        )


class TestSameKey:
    def test_within_one_batch_is_one_sale_and_one_answer(self, shop: Shop) -> None:
        till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(3)
        order = an_order(till, person, key="lost")
        twin = an_order(till, person, key="lost")

        first, again, other = shop.sell([order, twin, an_order(till, person)])

        assert done(again) == done(first)
        assert (done(first).ticket_no, done(other).ticket_no) == (1, 2)
        assert shop.one("SELECT count(*) FROM sale") == 2
        assert shop.one("SELECT count(*) FROM reveal") == 1

    def test_across_batches_is_one_sale_and_the_same_answer(self, shop: Shop) -> None:
        # iATS#258: charged twice because the first answer was lost.
        till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(5)
        lines = [("sfr-15", 2), ("sfr-15", 1)]
        first = done(shop.sell([an_order(till, person, *lines, key="lost")])[0])
        later = NOON + timedelta(days=70)  # another month, another business day

        again = shop.sell([an_order(till, person, *lines, key="lost", ordered_at=later)])

        assert again == [first]
        assert len({voucher.pin for voucher in first.vouchers}) == 3
        assert shop.one("SELECT count(*) FROM sale") == 1
        assert shop.one("SELECT sum(used_cents)::int FROM cap_month") == 750

    def test_names_vouchers_of_several_lots_in_the_same_order(self, shop: Shop) -> None:
        till, person = shop.enrol_till(), shop.entitle()
        shop.stock_up(1)
        shop.stock_up(1)
        # As it is after many cuts: the lot that is older lies behind the other one.
        shop.tx.execute(
            "UPDATE lot SET lot_id = '00000000-0000-7000-8000-000000000000'"
            " WHERE batch_id = (SELECT max(batch_id::text)::uuid FROM batch)"
        )
        order = an_order(till, person, ("sfr-15", 2))

        first, again = done(shop.sell([order])[0]), done(shop.sell([order])[0])

        assert again == first

    @pytest.mark.parametrize("together", [True, False])
    def test_with_another_body_is_refused_and_changes_nothing(
        self, shop: Shop, together: bool
    ) -> None:
        till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(5)
        order = an_order(till, person, key="mine")
        other = an_order(till, person, ("sfr-15", 2), key="mine")

        outcomes = (
            shop.sell([order, other]) if together else shop.sell([order]) + shop.sell([other])
        )

        assert done(outcomes[0]).total_cents == 250
        assert isinstance(outcomes[1], KeyReused)
        assert shop.one("SELECT count(*) FROM sale") == 1
        assert shop.one("SELECT count(*) FROM reveal") == 0

    def test_of_a_refused_order_is_refused_alike_and_free_to_try_again(self, shop: Shop) -> None:
        till, person = shop.enrol_till(), shop.entitle()
        order, twin = an_order(till, person, key="early"), an_order(till, person, key="early")

        refused = shop.sell([order, twin])
        shop.stock_up(1)
        sold = shop.sell([an_order(till, person, key="early")])

        assert [type(outcome) for outcome in refused] == [NoVoucherLeft, NoVoucherLeft]
        assert done(sold[0]).ticket_no == 1

    def test_keeps_its_answer_after_the_till_was_revoked(self, shop: Shop) -> None:
        till, person, _ = shop.enrol_till(), shop.entitle(), shop.stock_up(2)
        order = an_order(till, person)
        first = shop.sell([order])
        revoked = DeviceRevoked(device_id=uuid4(), till_id=till, site_code="saint-denis")
        learn_tills(shop.tx, [(revoked, 2)])

        assert shop.sell([order]) == first
        assert isinstance(shop.sell([an_order(till, person)])[0], TillRevoked)


class TestRefusedOrder:
    def test_does_not_hurt_the_others_of_its_batch(self, shop: Shop) -> None:
        till, elsewhere = shop.enrol_till(), shop.enrol_till(site_code="antony")
        person = shop.entitle(cap_cents=1000)
        ended = shop.entitle(until="2026-11-21")
        not_begun = shop.entitle(from_="2026-11-22")
        shop.stock_up(4)
        orders = [
            (an_order(uuid4(), person), TillUnknown),
            (an_order(elsewhere, person), TillNotYours),
            (an_order(till, person, ("orange-5", 1)), OfferUnknown),
            (an_order(till, uuid4()), EntitlementMissing),
            (an_order(till, ended), EntitlementEnded),
            (an_order(till, not_begun), EntitlementNotBegun),
            (an_order(till, person, tendered_cents=249), TenderedTooLittle),
            (an_order(till, person, ("sfr-15", 4)), None),
            (an_order(till, person, ("sfr-15", 1)), CapExceeded),
            (an_order(till, shop.entitle(), ("sfr-15", 1)), NoVoucherLeft),
        ]

        outcomes = shop.sell([order for order, _ in orders])

        for outcome, (_, kind) in zip(outcomes, orders, strict=True):
            assert type(outcome) is kind if kind else done(outcome).ticket_no == 1
        for table in ("sale", "journal", "cash_line", "sale_line"):
            assert shop.one(f"SELECT count(*) FROM {table}") == 1
        assert shop.one("SELECT count(*) FROM outbox WHERE type LIKE '%%sale%%'") == 1


class TestMonthlyCap:
    def test_holds_over_three_sites_together(self, shop: Shop) -> None:
        person = shop.entitle(cap_cents=750)
        sites = ["saint-denis", "paris-19", "antony"]
        tills = {site: shop.enrol_till(site_code=site) for site in sites}
        for site in sites:
            shop.stock_up(5, site_code=site)
        orders = [
            an_order(tills[site], person, ("sfr-15", 1), seller_sites=frozenset({site}))
            for site in (*sites, *sites)
        ]

        outcomes = shop.sell(orders)

        assert [done(outcome).cap.left_cents for outcome in outcomes[:3]] == [500, 250, 0]
        assert all(isinstance(outcome, CapExceeded) for outcome in outcomes[3:])
        assert shop.one("SELECT used_cents FROM cap_month") == 750

    def test_refuses_one_cent_over(self, shop: Shop) -> None:
        till, _ = shop.enrol_till(), shop.stock_up(4)

        exact, over = shop.entitle(cap_cents=500), shop.entitle(cap_cents=499)
        outcomes = shop.sell([an_order(till, person, ("sfr-15", 2)) for person in (exact, over)])

        assert done(outcomes[0]).cap.left_cents == 0
        assert isinstance(outcomes[1], CapExceeded)

    def test_calendar_month_which_time_zone(self, shop: Shop) -> None:
        # opencollective#4556: which calendar month, in which time zone.
        tills = [shop.enrol_till(), shop.enrol_till()]  # one for each day
        person, _ = shop.entitle(cap_cents=250), shop.stock_up(4)
        last_of_november = utc("2026-11-30T22:59:59")  # 23:59:59 in Paris
        first_of_december = utc("2026-11-30T23:00:00")  # midnight in Paris, still November in UTC

        outcomes = [
            shop.sell([an_order(till, person, ordered_at=at)])[0]
            for till, at in (
                (tills[0], last_of_november),
                (tills[0], last_of_november),
                (tills[1], first_of_december),
                (tills[1], first_of_december),
            )
        ]

        assert done(outcomes[0]).cap.month == "2026-11"
        assert isinstance(outcomes[1], CapExceeded)
        assert done(outcomes[2]).cap.month == "2026-12"
        assert isinstance(outcomes[3], CapExceeded)
        days = shop.all("SELECT business_date::text FROM sale ORDER BY 1")
        assert [day["business_date"] for day in days] == ["2026-11-30", "2026-12-01"]

    def test_calendar_month_which_time_zone_in_summer(self, shop: Shop) -> None:
        person, _ = shop.entitle(cap_cents=250), shop.stock_up(2)

        months = [
            done(shop.sell([an_order(shop.enrol_till(), person, ordered_at=utc(at))])[0]).cap.month
            for at in ("2027-06-30T21:59:59", "2027-06-30T22:00:00")
        ]

        assert months == ["2027-06", "2027-07"]

    def test_follows_an_entitlement_that_was_raised_or_lowered(self, shop: Shop) -> None:
        till, person, _ = shop.enrol_till(), shop.entitle(cap_cents=500), shop.stock_up(9)
        assert done(shop.sell([an_order(till, person, ("sfr-15", 2))])[0]).cap.left_cents == 0

        shop.entitle(person, cap_cents=1000, sequence=2)
        assert done(shop.sell([an_order(till, person)])[0]).cap.left_cents == 250
        shop.entitle(person, cap_cents=300, sequence=3)
        assert isinstance(shop.sell([an_order(till, person)])[0], CapExceeded)
        assert shop.one("SELECT used_cents FROM cap_month") == 750
