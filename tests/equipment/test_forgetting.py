"""What equipment holds on a person, and what is left of it once they are erased."""

import pytest
from psycopg import errors

from chassis import personal
from chassis.db import Transaction
from tests.equipment.build import PERSON, Workshop


def test_sales_guarantees_and_repairs_are_held(tx: Transaction, workshop: Workshop) -> None:
    device_id = workshop.ready()
    workshop.sell(device_id)
    workshop.repair(device_id)

    held = personal.find_held(tx, [PERSON], service="equipment")

    [sale] = held["sales"]
    assert (sale["device_id"], sale["price_cents"]) == (device_id, 6_000)
    assert [repair["fault"] for repair in held["repairs"]] == ["No sound"]
    assert held["guarantees"][0]["device_id"] == device_id
    assert len(held["entitlements"]) == 1


def test_words_of_a_fault_are_forgotten_and_never_replaced(
    tx: Transaction, workshop: Workshop
) -> None:
    device_id = workshop.ready()
    workshop.sell(device_id)
    workshop.repair(device_id)

    counts = personal.blank_words(tx, [PERSON], service="equipment")

    assert counts == {"repairs": 1, "stored_answers": 0}
    held = personal.find_held(tx, [PERSON], service="equipment")
    assert [repair["fault"] for repair in held["repairs"]] == [""]
    assert held["sales"], "books keep the pseudonym"
    for statement in (
        "UPDATE repair SET fault = 'autre'",
        "UPDATE repair SET under_guarantee = NOT under_guarantee",
    ):
        with pytest.raises(errors.RestrictViolation), tx.transaction():
            tx.execute(statement.encode())
