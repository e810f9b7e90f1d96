"""Somebody is erased or exported while others refer them, take them in, renew or merge them.

Nobody is ever told to ask again: whoever locks several things of a person locks them in one order.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from kernel.refusal import Refusal
from services.referrals.handlers import learning
from services.referrals.handlers.merging import merge_person
from tests.fix_stack import FreshSchema, Schema
from tests.referrals.build import (
    NOW,
    Tx,
    a_fact,
    accept,
    new_id,
    open_site,
    person_of,
    renew,
    submit,
)
from tests.referrals.rights import MANAGER, erase, export

ROUNDS = 12
FEW_ROUNDS = 4
WAITS_WITHIN_S = 10.0


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    made = fresh_schema("referrals")
    with connect(made) as tx:
        open_site(tx)
    return made


def connect(schema: Schema) -> Any:
    return psycopg.connect(
        schema.url, row_factory=dict_row, options="-c search_path=referrals,public"
    )


def at_once(schema: Schema, *acts: Callable[[Tx], object]) -> list[str]:
    """Do each in a transaction of its own, all at the same time; give the codes of refusals."""

    def act(do: Callable[[Tx], object]) -> str:
        try:
            with connect(schema) as tx:
                do(tx)
        except Refusal as refusal:
            return refusal.code
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(act, acts))


def somebody() -> Any:
    word = "".join(chr(ord("a") + int(digit, 16)) for digit in uuid4().hex[:12])
    return {"given_name": "Zoé", "family_name": f"Séneçon {word}", "birth_date": "1961-02-03"}


def taken_in(schema: Schema, person: Any) -> UUID:
    with connect(schema) as tx:
        return accept(tx, submit(tx, **person).referral_id).person_ref


def number(schema: Schema, query: str, *values: Any) -> int:
    with connect(schema) as tx:
        [row] = tx.execute(query.encode(), values).fetchall()
        [value] = row.values()
        return int(value)


def wait_for_a_lock(schema: Schema) -> None:
    """Return once somebody waits for what somebody else holds."""
    until = time.monotonic() + WAITS_WITHIN_S
    waiting = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    )
    while not number(schema, waiting):
        assert time.monotonic() < until, "nobody waits"
        time.sleep(0.01)


BACK = "SELECT count(*) FROM pseudonym JOIN person USING (person_ref) WHERE erased_at IS NOT NULL"
OPEN = (
    "SELECT count(*) FROM referral JOIN pseudonym USING (person_ref)"
    " WHERE erased_at IS NOT NULL AND state IN ('submitted', 'seen') AND %s < expires_on"
)
ENTITLED = (
    "SELECT count(*) FROM entitlement JOIN pseudonym USING (person_ref)"
    " WHERE erased_at IS NOT NULL AND until_on > %s::date + 1"
)


class TestErasure:
    def test_meets_referrals_of_the_same_person(self, schema: Schema) -> None:
        for _ in range(ROUNDS):
            person = somebody()
            person_ref = taken_in(schema, person)
            at_once(
                schema,
                lambda tx, who=person: submit(tx, **who),  # type: ignore[misc]
                lambda tx, ref=person_ref: erase(tx, ref),  # type: ignore[misc]
                lambda tx, who=person: submit(tx, **who),  # type: ignore[misc]
            )
        assert number(schema, BACK) == 0
        assert number(schema, OPEN, NOW.date()) == 0
        assert number(schema, "SELECT count(*) FROM erasure") >= ROUNDS - 2

    def test_meets_an_acceptance(self, schema: Schema) -> None:
        for _ in range(ROUNDS):
            with connect(schema) as tx:
                sent = submit(tx, **somebody()).referral_id
                person_ref = person_of(tx, sent)
            at_once(
                schema,
                lambda tx, sent=sent: accept(tx, sent),  # type: ignore[misc]
                lambda tx, ref=person_ref: erase(tx, ref),  # type: ignore[misc]
            )
        assert number(schema, BACK) == 0
        assert number(schema, OPEN, NOW.date()) == 0
        assert number(schema, ENTITLED, NOW.date()) == 0

    def test_meets_a_merge_and_another_erasure(self, schema: Schema) -> None:
        for _ in range(ROUNDS):
            one, other = (taken_in(schema, somebody()) for _ in range(2))
            at_once(
                schema,
                lambda tx, a=one, b=other: merge_person(  # type: ignore[misc]
                    tx, a, b, caller=MANAGER, now=NOW, new_id=new_id
                ),
                lambda tx, ref=other: erase(tx, ref, meant=[ref]),  # type: ignore[misc]
                lambda tx, ref=other: erase(tx, ref, meant=[ref]),  # type: ignore[misc]
            )
            merged = number(schema, "SELECT count(*) FROM person_merge WHERE person_ref = %s", one)
            asked = "SELECT count(*) FROM erasure WHERE person_refs @> ARRAY[%s::uuid]"
            assert number(schema, asked, other) == 1 - merged, "one of the two, and not both"
            assert number(schema, asked, one) == 0

    def test_does_not_take_whoever_is_merged_in_while_it_waits(self, schema: Schema) -> None:
        one, other = (taken_in(schema, somebody()) for _ in range(2))
        with connect(schema) as merging, ThreadPoolExecutor(1) as pool:
            merge_person(merging, one, other, caller=MANAGER, now=NOW, new_id=new_id)
            waiting = pool.submit(at_once, schema, lambda tx: erase(tx, other))
            wait_for_a_lock(schema)
            merging.commit()
            assert waiting.result() == ["referrals.erasure.merged_meanwhile"]

    def test_meets_visits_of_who_is_erased(self, schema: Schema) -> None:
        for _ in range(FEW_ROUNDS):
            people = [taken_in(schema, somebody()) for _ in range(3)]
            visits = [
                a_fact(
                    "recharges.sale.completed.v1",
                    {"sale_id": str(uuid4()), "person_ref": str(each)},
                    at=NOW + timedelta(hours=1),
                )
                for each in people
            ]
            at_once(
                schema,
                lambda tx, told=visits: learning.note_visits(  # type: ignore[misc]
                    tx, told, now=NOW, new_id=new_id
                ),
                *(lambda tx, ref=each: erase(tx, ref) for each in people),
            )
        assert number(schema, BACK) == 0


class TestExport:
    def test_meets_the_renewal_of_the_same_person(self, schema: Schema) -> None:
        for _ in range(FEW_ROUNDS):
            person = somebody()
            person_ref = taken_in(schema, person)
            with connect(schema) as tx:
                sent = submit(tx, **person).referral_id
            outcomes = at_once(
                schema,
                lambda tx, ref=person_ref, sent=sent: renew(tx, ref, sent),  # type: ignore[misc]
                lambda tx, ref=person_ref: export(tx, ref),  # type: ignore[misc]
                lambda tx, ref=person_ref: export(tx, ref),  # type: ignore[misc]
            )
            assert outcomes == ["", "", ""]
