"""Two references that are one person, at the door of referrals and in what it tells."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import dict_row

from kernel.refusal import Refusal
from services.referrals.domain import merge
from services.referrals.domain.merge import MergedAlready, SamePerson
from services.referrals.domain.person import PersonUnknown
from services.referrals.handlers.merging import merge_person, unmerge_person
from tests.fix_stack import FreshSchema, TxOf
from tests.referrals.build import NOW, Tx, a_caller, new_id

MANAGER = a_caller("site_manager", "saint-denis")


def know(tx: Tx, count: int) -> list[UUID]:
    """So many people nobody has heard of."""
    people = [uuid4() for _ in range(count)]
    for person in people:
        tx.execute(
            "INSERT INTO person (person_ref, given_name, family_name, name_key, birth_date,"
            " known_since) VALUES (%s, 'Zoé', 'Coquelicot', %s, '1980-05-17', %s)",
            (person, f"zoe {person}", NOW),
        )
    return people


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    return tx_of("referrals")


def join(tx: Tx, person_ref: UUID, into: UUID) -> None:
    merge_person(tx, person_ref, into, caller=MANAGER, now=NOW, new_id=new_id)


def part(tx: Tx, person_ref: UUID) -> None:
    unmerge_person(tx, person_ref, caller=MANAGER, now=NOW, new_id=new_id)


def told(tx: Tx) -> list[dict[str, Any]]:
    return tx.execute(
        "SELECT type, subject, sequence, data FROM outbox ORDER BY subject, sequence"
    ).fetchall()


class TestMerge:
    def test_is_told_in_order_with_its_undoing(self, tx: Tx) -> None:
        person, other = know(tx, 2)

        join(tx, person, other)
        part(tx, person)
        join(tx, person, other)

        data = {"person_ref": str(person), "merged_into": str(other)}
        assert told(tx) == [
            {"type": kind, "subject": str(person), "sequence": sequence, "data": data}
            for sequence, kind in enumerate(
                (
                    "referrals.person.merged.v1",
                    "referrals.person.unmerged.v1",
                    "referrals.person.merged.v1",
                ),
                start=1,
            )
        ]

    def test_of_a_merged_person_is_refused_until_it_is_undone(self, tx: Tx) -> None:
        person, other, third = know(tx, 3)
        join(tx, person, other)

        with pytest.raises(MergedAlready):
            join(tx, person, third)
        join(tx, other, third)
        part(tx, person)
        join(tx, person, third)

    def test_in_a_circle_is_refused(self, tx: Tx) -> None:
        first, second, third = know(tx, 3)
        join(tx, first, second)
        join(tx, second, third)

        for person, into in ((third, first), (third, second), (third, third)):
            with pytest.raises(SamePerson):
                join(tx, person, into)

    def test_with_nobody_we_know_is_refused(self, tx: Tx) -> None:
        (person,) = know(tx, 1)

        for pair in ((person, uuid4()), (uuid4(), person)):
            with pytest.raises(PersonUnknown):
                join(tx, *pair)

    def test_that_does_not_stand_is_not_undone(self, tx: Tx) -> None:
        (person,) = know(tx, 1)

        with pytest.raises(merge.NotMerged):
            part(tx, person)
        assert told(tx) == []


class TestChains:
    @given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12))
    def test_never_go_in_a_circle(self, wanted: Sequence[tuple[int, int]]) -> None:
        people = [UUID(int=number) for number in range(5)]
        merges: dict[UUID, UUID] = {}
        for person, into in wanted:
            try:
                merge.require_apart(people[person], people[into], merges=merges)
            except Refusal:
                continue
            merges[people[person]] = people[into]
        for each in people:
            steps = 0
            while each in merges:
                each, steps = merges[each], steps + 1
                assert steps < len(people)


class TestMergesAtOnce:
    def test_do_not_close_a_circle(self, fresh_schema: FreshSchema) -> None:
        schema = fresh_schema("referrals")
        options = "-c search_path=referrals,public"

        def connect() -> Tx:
            return psycopg.connect(schema.url, row_factory=dict_row, options=options)

        with connect() as tx:
            people = know(tx, 3)

        def join_next(number: int) -> bool:
            with connect() as tx:
                try:
                    join(tx, people[number], people[(number + 1) % 3])
                except SamePerson:
                    return False
            return True

        with ThreadPoolExecutor(3) as managers:
            done = list(managers.map(join_next, range(3)))

        assert sorted(done) == [False, True, True]
