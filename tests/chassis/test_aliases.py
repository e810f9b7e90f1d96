"""Who is the same person, in every service that knows people, whatever order it is heard in."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from uuid import UUID

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.rows import DictRow, dict_row

from chassis import aliases
from chassis.aliases import KnowsPeople
from deploy import contracts
from kernel.envelope import Envelope
from tests.fix_stack import FreshSchema, Schema
from tests.merges import ends, history, merged, unmerged

A, B, C, D = (UUID(int=number) for number in range(1, 5))
SERVICES = [
    name
    for name in contracts.service_names()
    if issubclass(contracts.service_class(name), KnowsPeople)
]
Tx = psycopg.Connection[DictRow]


def connect(schema: Schema, service: str) -> Tx:
    options = f"-c search_path={service},public"
    return psycopg.connect(schema.url, row_factory=dict_row, options=options)


def known(tx: Tx) -> dict[UUID, UUID]:
    return {
        row["person_ref"]: row["same_as"]
        for row in tx.execute("SELECT person_ref, same_as FROM person_alias")
    }


def test_whoever_keeps_a_reference_to_people_knows_them() -> None:
    assert SERVICES == ["equipment", "mediation", "recharges"]


@pytest.fixture(scope="module", params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def schema(service: str, fresh_schema: FreshSchema) -> Schema:
    return fresh_schema(service)


@pytest.fixture
def tx(schema: Schema, service: str) -> Iterator[Tx]:
    tx = connect(schema, service)
    yield tx
    tx.rollback()
    tx.close()


class TestAlias:
    @pytest.mark.parametrize("together", [True, False])
    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_of_a_chain_is_its_last_whatever_came_first(
        self, tx: Tx, order: Sequence[int], together: bool
    ) -> None:
        facts = [merged(A, B), merged(B, C), merged(D, B)]
        told = [facts[place] for place in order]
        for batch in [told] if together else [[each] for each in told]:
            assert aliases.learn(tx, batch) == []
        assert aliases.learn(tx, told) == [fact.id for fact in told]  # heard again

        assert known(tx) == {A: C, B: C, D: C}

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_is_undone_in_the_middle_of_a_chain(self, tx: Tx, order: Sequence[int]) -> None:
        facts = [merged(A, B), merged(B, C), unmerged(B, C), merged(D, A)]
        for place in order:
            aliases.learn(tx, [facts[place]])

        assert known(tx) == {A: B, D: B}

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_that_was_turned_round_is_followed_the_new_way(
        self, tx: Tx, order: Sequence[int]
    ) -> None:
        facts = [merged(A, B), unmerged(A, B), merged(B, A)]
        for place in order:
            aliases.learn(tx, [facts[place]])

        assert known(tx) == {B: A}

    def test_of_an_undone_merge_may_be_made_again_with_another(self, tx: Tx) -> None:
        aliases.learn(tx, [merged(A, B), unmerged(A, B)])
        assert known(tx) == {}

        aliases.learn(tx, [merged(A, C, sequence=3)])
        late = merged(A, B)

        assert aliases.learn(tx, [late]) == [late.id]
        assert known(tx) == {A: C}

    def test_leads_from_each_reference_to_all(self, tx: Tx) -> None:
        aliases.learn(tx, [merged(C, B), merged(A, B)])

        for person in (A, B, C):
            assert aliases.references(tx, person) == [B, A, C]
        assert aliases.references(tx, D) == [D]


people = st.sampled_from([A, B, C, D])
changes = st.lists(st.tuples(people, people, st.booleans()), max_size=10)


class TestSequences:
    @settings(max_examples=60)
    @given(changes=changes, data=st.data())
    def test_of_merges_and_undoings_in_any_order_and_twice_are_what_stands(
        self,
        schema: Schema,
        service: str,
        changes: list[tuple[UUID, UUID, bool]],
        data: st.DataObject,
    ) -> None:
        facts, into = history(changes)
        again = data.draw(st.lists(st.sampled_from(facts), max_size=3)) if facts else []
        with connect(schema, service) as tx:
            for each in data.draw(st.permutations([*facts, *again])):
                aliases.learn(tx, [each])
            assert known(tx) == ends(into)
            tx.rollback()


class TestTwoHearers:
    def test_that_lengthen_one_chain_at_once_both_see_it(
        self, fresh_schema: FreshSchema, service: str
    ) -> None:
        schema = fresh_schema(service)

        def hear(told: Envelope) -> None:
            with connect(schema, service) as tx:
                aliases.learn(tx, [told])

        with ThreadPoolExecutor(4) as hearers:
            list(hearers.map(hear, [merged(A, B), merged(B, C), merged(C, D)]))

        with connect(schema, service) as tx:
            assert known(tx) == {A: D, B: D, C: D}
