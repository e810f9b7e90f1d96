"""What equipment holds on a person, and what is left of it once they are erased."""

import pytest
from psycopg import errors

from chassis import personal
from chassis.db import Transaction
from chassis.forgotten import NO_WORDS, PersonErased, WordsRefused
from tests.equipment.build import PERSON, Workshop
from tests.erasures import forget


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


def test_whoever_is_forgotten_buys_nothing_more_and_keeps_their_guarantee_without_words(
    tx: Transaction, workshop: Workshop
) -> None:
    device_id, other_id = workshop.ready(), workshop.ready()
    workshop.sell(device_id)
    forget(tx, PERSON, service="equipment")

    with pytest.raises(PersonErased):
        workshop.sell(other_id)
    with pytest.raises(WordsRefused):
        workshop.repair(device_id)
    repair = workshop.repair(device_id, fault=NO_WORDS)

    assert repair.under_guarantee
    assert forget(tx, PERSON, service="equipment")["repairs"] == 1
