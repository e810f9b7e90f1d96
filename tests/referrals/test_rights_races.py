"""Somebody is erased while others refer them, take them in, merge them or erase them too."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from kernel.refusal import Refusal
from services.referrals.handlers.merging import merge_person
from tests.fix_stack import FreshSchema, Schema
from tests.referrals.build import NOW, Tx, accept, new_id, open_site, submit
from tests.referrals.rights import MANAGER, erase

ROUNDS = 12


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
        except psycopg.errors.DeadlockDetected:
            return "again"  # as whoever asked would
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
                [row] = tx.execute(
                    "SELECT person_ref FROM referral WHERE referral_id = %s", (sent,)
                ).fetchall()
            at_once(
                schema,
                lambda tx, sent=sent: accept(tx, sent),  # type: ignore[misc]
                lambda tx, ref=row["person_ref"]: erase(tx, ref),  # type: ignore[misc]
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
                lambda tx, ref=other: erase(tx, ref),  # type: ignore[misc]
                lambda tx, ref=other: erase(tx, ref),  # type: ignore[misc]
            )
            merged = number(schema, "SELECT count(*) FROM person_merge WHERE person_ref = %s", one)
            left = number(schema, "SELECT count(*) FROM person WHERE person_ref = %s", one)
            assert left == 1 - merged, "who was merged is erased with them, and nobody else"
            asked = "SELECT count(*) FROM erasure WHERE person_refs @> ARRAY[%s::uuid]"
            assert number(schema, asked, other) == 1
