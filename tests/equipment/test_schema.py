"""What the database itself refuses, whatever the code above it does."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from chassis.db import Transaction
from services.equipment import store
from services.equipment.domain.device import TRANSITIONS
from services.equipment.domain.functional_test import judge
from services.equipment.domain.kind import Condition, Grade, Kind
from services.equipment.domain.wipe import Method
from tests.equipment.build import (
    HERE,
    NOON,
    PERSON,
    TODAY,
    Workshop,
)

SALE: dict[str, Any] = {
    "step_no": 5,
    "wipe_step_no": 2,
    "test_step_no": 3,
    "grade_step_no": 4,
    "site_code": HERE,
    "person_ref": PERSON,
    "entitled_from": TODAY,
    "entitled_until": TODAY + timedelta(days=1),
    "condition": "used",
    "grade": "B",
    "price_cents": 6000,
    "tender": "cash",
    "tendered_cents": 7000,
    "change_cents": 1000,
    "business_date": TODAY,
    "sold_at": NOON,
    "sold_by": UUID(int=7),
}


def write_step(
    tx: Transaction, device_id: UUID, *, step_no: int, step: str, from_state: str, to_state: str
) -> None:
    tx.execute(
        store.SQL["add_step"],
        {
            "device_id": device_id,
            "step_no": step_no,
            "step": step,
            "from_state": from_state,
            "to_state": to_state,
            "site_code": HERE,
            "taken_by": UUID(int=7),
            "taken_at": NOON,
        },
    )


def write_sale(tx: Transaction, device_id: UUID, **changes: Any) -> None:
    """Write a sale of a ready device as the code never would: row by row, past the domain."""
    price = store.find_price(tx, condition=Condition.USED, grade=Grade.B, on=TODAY)
    assert price is not None
    row = SALE | {"sale_id": uuid4(), "device_id": device_id, "price_id": price.price_id} | changes
    write_step(
        tx,
        device_id,
        step_no=row["step_no"],
        step="sell",
        from_state="ready",
        to_state="sold",
    )
    tx.execute(store.SQL["add_sale"], row)


class TestSale:
    def test_stands_when_everything_is_right(self, workshop: Workshop) -> None:
        write_sale(workshop.tx, workshop.ready())

    @pytest.mark.parametrize(
        "changes",
        [
            {"wipe_step_no": 3},
            {"test_step_no": 2},
            {"test_step_no": 4},
            {"grade_step_no": 3},
            {"grade": "A"},
            {"condition": "new"},
            {"price_cents": 1},
            {"price_cents": 1, "tendered_cents": 1, "change_cents": 0},
            {"tendered_cents": 5999, "change_cents": -1},
            {"change_cents": 999},
            {"tender": "cheque"},
            {"site_code": "marseille"},
            {"entitled_from": TODAY + timedelta(days=1)},
            {"entitled_until": TODAY},
            {"business_date": TODAY - timedelta(days=1), "entitled_from": date(2026, 1, 1)},
        ],
        ids=str,
    )
    def test_is_refused(self, workshop: Workshop, changes: dict[str, Any]) -> None:
        device_id = workshop.ready()
        with pytest.raises(psycopg.IntegrityError):
            write_sale(workshop.tx, device_id, **changes)

    def test_is_refused_without_a_wipe_and_a_test(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        with pytest.raises(errors.ForeignKeyViolation):
            write_sale(workshop.tx, device_id, step_no=2)

    def test_is_refused_on_a_failed_test(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        workshop.wipe(device_id)
        workshop.test(device_id, failing=["screen"])
        with pytest.raises(errors.ForeignKeyViolation):
            write_step(
                workshop.tx,
                device_id,
                step_no=4,
                step="grade",
                from_state="test_failed",
                to_state="ready",
            )

    def test_is_refused_a_second_time(self, workshop: Workshop) -> None:
        device_id = workshop.ready()
        workshop.sell(device_id)
        workshop.repair(device_id, closed_on=TODAY)
        with pytest.raises(psycopg.IntegrityError):
            write_sale(workshop.tx, device_id, step_no=8)


class TestLife:
    def test_is_the_same_table_as_in_the_domain(self, tx: Transaction) -> None:
        rows = tx.execute("SELECT from_state, step, to_state FROM transition").fetchall()
        assert {tuple(row.values()) for row in rows} == {
            (state.value, step.value, to.value)
            for state, steps in TRANSITIONS.items()
            for step, to in steps.items()
        }

    def test_skips_no_step(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        with pytest.raises(errors.ForeignKeyViolation):
            write_step(
                workshop.tx,
                device_id,
                step_no=3,
                step="test",
                from_state="wiped",
                to_state="tested",
            )

    def test_begins_once(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        for step_no, from_state in ((2, None), (1, "ready")):
            with pytest.raises(psycopg.IntegrityError), workshop.tx.transaction():
                write_step(
                    workshop.tx,
                    device_id,
                    step_no=step_no,
                    step="receive",
                    from_state=from_state,  # type: ignore[arg-type]
                    to_state="received",
                )

    def test_is_where_the_last_step_ended(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        workshop.tx.execute("UPDATE device SET state = 'ready' WHERE device_id = %s", (device_id,))
        with pytest.raises(errors.ForeignKeyViolation):
            workshop.tx.execute("SET CONSTRAINTS ALL IMMEDIATE")

    def test_is_not_for_the_service_to_change(self, tx: Transaction) -> None:
        with pytest.raises(errors.InsufficientPrivilege):
            tx.execute("INSERT INTO transition VALUES ('received', 'sell', 'sold')")


class TestFunctionalTest:
    def write(self, workshop: Workshop, checks: str, *, passed: bool) -> None:
        device_id = workshop.enter()
        workshop.wipe(device_id)
        step, to_state = ("test", "tested") if passed else ("fail_test", "test_failed")
        write_step(
            workshop.tx,
            device_id,
            step_no=3,
            step=step,
            from_state="wiped",
            to_state=to_state,
        )
        workshop.tx.execute(
            store.SQL["add_test"],
            {
                "test_id": uuid4(),
                "device_id": device_id,
                "step_no": 3,
                "step": step,
                "passed": passed,
                "checks": checks,
                "battery_percent": None,
                "performed_on": TODAY,
            },
        )

    def test_covers_every_function(self, workshop: Workshop) -> None:
        with pytest.raises(errors.CheckViolation, match="every function"):
            self.write(workshop, '{"screen": true}', passed=True)

    def test_is_not_passed_with_one_that_fails(self, workshop: Workshop) -> None:
        checks = dict.fromkeys(store.list_checks(workshop.tx, on=TODAY)[Kind.LAPTOP], '"ok"')
        for value in ("false", "null", '"ok"'):
            written = ", ".join(f'"{name}": {value}' for name in checks)
            with pytest.raises(errors.CheckViolation), workshop.tx.transaction():
                self.write(workshop, f"{{{written}}}", passed=True)

    def test_lists_something_for_every_kind(self, tx: Transaction) -> None:
        lists = store.list_checks(tx, on=TODAY)
        assert set(lists) == set(Kind)
        for names in lists.values():
            assert judge(dict.fromkeys(names, True), required=names).passed


class TestWipe:
    def test_is_not_passed_without_a_certificate(self, workshop: Workshop) -> None:
        device_id = workshop.enter()
        step = (
            "INSERT INTO device_step (device_id, step_no, step, from_state, to_state, site_code,"
            " taken_by, taken_at) SELECT device_id, 2, 'wipe', 'received', 'wiped', site_code,"
            " taken_by, taken_at FROM device_step WHERE device_id = %s"
        )
        workshop.tx.execute(step, (device_id,))
        wipe = (
            "INSERT INTO wipe VALUES"
            " (gen_random_uuid(), %s, 2, 'wipe', true, 'purge', 'nwipe', %s, NULL, %s)"
        )
        with pytest.raises(errors.CheckViolation, match="certificate"), workshop.tx.transaction():
            workshop.tx.execute(wipe, (device_id, None, TODAY))
        workshop.tx.execute(wipe, (device_id, "W-1", TODAY))


class TestDevice:
    @pytest.mark.parametrize(
        ("kind", "imei", "serial"),
        [("phone", None, "S1"), ("laptop", "353280000000006", "S1"), ("tablet", None, None)],
    )
    def test_is_known_by_the_number_of_its_kind(
        self, workshop: Workshop, kind: str, imei: str | None, serial: str | None
    ) -> None:
        with pytest.raises(errors.CheckViolation):
            workshop.tx.execute(
                store.SQL["add_device"],
                {
                    "device_id": uuid4(),
                    "lot_id": workshop.enter_lot(),
                    "site_code": HERE,
                    "kind": kind,
                    "condition": "used",
                    "brand": "X",
                    "model": "Y",
                    "imei": imei,
                    "serial": serial,
                    "state": "received",
                    "step_no": 1,
                },
            )


class TestPrice:
    def test_has_one_line_for_a_day(self, tx: Transaction) -> None:
        with pytest.raises(errors.ExclusionViolation):
            tx.execute(
                "INSERT INTO price (condition, grade, price_cents, from_on)"
                " VALUES ('used', 'B', 5000, '2026-12-01')"
            )

    def test_changes_from_a_day_on(self, tx: Transaction) -> None:
        changes_on = date(2026, 12, 1)
        tx.execute("UPDATE price SET until_on = %s WHERE condition = 'used'", (changes_on,))
        tx.execute(
            "INSERT INTO price (condition, grade, price_cents, from_on)"
            " VALUES ('used', 'B', 5000, %s)",
            (changes_on,),
        )
        found = [
            store.find_price(tx, condition=Condition.USED, grade=Grade.B, on=day)
            for day in (changes_on - timedelta(days=1), changes_on)
        ]
        assert [price and price.price_cents for price in found] == [6000, 5000]


HISTORIES = (
    "lot",
    "device_step",
    "wipe",
    "functional_test",
    "grading",
    "sale",
    "guarantee",
    "repair",
    "repair_closing",
    "end_of_life",
)


class TestHistory:
    @pytest.mark.parametrize("table", HISTORIES)
    def test_is_never_rewritten(self, workshop: Workshop, table: str) -> None:
        sold, scrapped = workshop.ready(), workshop.enter(kind="phone")
        workshop.sell(sold)
        workshop.repair(sold, closed_on=TODAY)
        workshop.wipe(scrapped, method=Method.DESTROY)
        workshop.retire(scrapped)
        for change in (f"DELETE FROM {table}", f"UPDATE {table} SET step_no = 1"):
            change = change.replace("step_no = 1", "donor = ''") if table == "lot" else change
            with pytest.raises(errors.RestrictViolation), workshop.tx.transaction():
                workshop.tx.execute(change)


class TestQueries:
    def test_all_prepare(self, tx: Transaction) -> None:
        assert len(store.SQL) > 30
        for name, statement in store.SQL.items():
            names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
            prepared = re.sub(
                r"%\((\w+)\)s",
                lambda found, names=names: f"${names.index(found[1]) + 1}",  # type: ignore[misc]
                statement.rstrip(";"),
            )
            tx.execute(f"PREPARE q_{name} AS {prepared}")
