"""Two references that are one person: one cap, and each their own again when it is undone."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recharges.domain.cap import CapExceeded, EntitlementMissing
from services.recharges.events import PersonMerged, PersonUnmerged
from services.recharges.handlers.learning import learn_merges
from tests.fix_stack import FreshSchema, Schema
from tests.recharges.build import an_order
from tests.recharges.counter import Counter, used
from tests.recharges.shop import Shop, connect, done

A, B, C, D = (UUID(int=number) for number in range(1, 5))
Told = tuple[PersonMerged | PersonUnmerged, int]


def merged(person_ref: UUID, into: UUID, *, sequence: int = 1) -> Told:
    return PersonMerged(person_ref=person_ref, merged_into=into), sequence


def unmerged(person_ref: UUID, into: UUID, *, sequence: int = 2) -> Told:
    return PersonUnmerged(person_ref=person_ref, merged_into=into), sequence


def aliases(shop: Shop) -> dict[UUID, UUID]:
    return {row["person_ref"]: row["same_as"] for row in shop.all("SELECT * FROM person_alias")}


class TestAlias:
    @pytest.mark.parametrize("together", [True, False])
    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_of_a_chain_is_its_last_whatever_came_first(
        self, shop: Shop, order: Sequence[int], together: bool
    ) -> None:
        facts = [merged(A, B), merged(B, C), merged(D, B)]
        told = [facts[place] for place in order]
        for batch in [told] if together else [[each] for each in told]:
            learn_merges(shop.tx, batch)
        learn_merges(shop.tx, told)  # heard again

        assert aliases(shop) == {A: C, B: C, D: C}

    @pytest.mark.parametrize("order", list(permutations(range(4))))
    def test_is_undone_in_the_middle_of_a_chain(self, shop: Shop, order: Sequence[int]) -> None:
        facts = [merged(A, B), merged(B, C), unmerged(B, C), merged(D, A)]
        for place in order:
            learn_merges(shop.tx, [facts[place]])

        assert aliases(shop) == {A: B, D: B}

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_that_was_turned_round_is_followed_the_new_way(
        self, shop: Shop, order: Sequence[int]
    ) -> None:
        facts = [merged(A, B), unmerged(A, B), merged(B, A)]
        for place in order:
            learn_merges(shop.tx, [facts[place]])

        assert aliases(shop) == {B: A}

    def test_of_an_undone_merge_may_be_made_again_with_another(self, shop: Shop) -> None:
        learn_merges(shop.tx, [merged(A, B), unmerged(A, B)])
        assert aliases(shop) == {}

        learn_merges(shop.tx, [merged(A, C, sequence=3)])
        learn_merges(shop.tx, [merged(A, B)])  # an old one, late

        assert aliases(shop) == {A: C}


people = st.sampled_from([A, B, C, D])
changes = st.lists(st.tuples(people, people, st.booleans()), max_size=10)


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    return fresh_schema("recharges")


class TestSequences:
    @settings(max_examples=60)
    @given(changes=changes, data=st.data())
    def test_of_merges_and_undoings_in_any_order_are_what_stands(
        self, schema: Schema, changes: list[tuple[UUID, UUID, bool]], data: st.DataObject
    ) -> None:
        into: dict[UUID, UUID] = {}
        facts: list[Told] = []
        for sequence, (person, other, undo) in enumerate(changes, start=1):
            if undo and person in into:
                facts.append(unmerged(person, into.pop(person), sequence=sequence))
            elif person not in into and self.end(into, other) != person:
                into[person] = other
                facts.append(merged(person, other, sequence=sequence))
        with connect(schema) as tx:
            shop = Shop(tx=tx)
            for each in data.draw(st.permutations(facts)):
                learn_merges(tx, [each])
            assert aliases(shop) == {person: self.end(into, person) for person in into}
            tx.rollback()

    def end(self, into: dict[UUID, UUID], person: UUID) -> UUID:
        while person in into:
            person = into[person]
        return person


class TestMergedPerson:
    def test_has_one_cap_under_all_references(self, shop: Shop) -> None:
        till, _ = shop.enrol_till(), shop.stock_up(20)
        first, second, third = (shop.entitle(cap_cents=1000) for _ in range(3))
        for person in (first, second):
            done(shop.sell([an_order(till, person)])[0])

        learn_merges(shop.tx, [merged(first, second), merged(second, third)])
        sold = shop.sell([an_order(till, person) for person in (third, first, second)])

        assert [done(each).cap.left_cents for each in sold[:2]] == [250, 0]
        assert isinstance(sold[2], CapExceeded)
        total = shop.one("SELECT sum(used_cents)::int FROM cap_month")
        assert total == 1000

    def test_buys_with_the_entitlement_of_either_reference(self, shop: Shop) -> None:
        till, _ = shop.enrol_till(), shop.stock_up(5)
        bare, entitled = uuid4(), shop.entitle()
        assert isinstance(shop.sell([an_order(till, bare)])[0], EntitlementMissing)

        learn_merges(shop.tx, [merged(entitled, bare)])

        assert done(shop.sell([an_order(till, bare)])[0])

    def test_has_exactly_their_own_when_the_merge_is_undone(self, shop: Shop) -> None:
        # rdv-service-public#3429: merge says done and is not; here undo says done and is.
        till, _ = shop.enrol_till(), shop.stock_up(20)
        first, second = (shop.entitle(cap_cents=1000) for _ in range(2))
        done(shop.sell([an_order(till, first)])[0])
        learn_merges(shop.tx, [merged(first, second)])
        for person in (first, second, first):
            done(shop.sell([an_order(till, person)])[0])
        assert isinstance(shop.sell([an_order(till, second)])[0], CapExceeded)

        learn_merges(shop.tx, [unmerged(first, second)])

        assert (used(shop, first), used(shop, second)) == (750, 250)
        sold = shop.sell([an_order(till, person) for person in (first, second)])
        assert [done(each).cap.left_cents for each in sold] == [0, 500]

    def test_shares_the_cap_with_what_was_set_aside_offline(self, shop: Shop) -> None:
        shop.stock_up(20)
        counter = Counter(shop=shop)
        first, second = (shop.entitle(cap_cents=1000) for _ in range(2))
        lease_id = counter.take(5, first, cents=750)

        learn_merges(shop.tx, [merged(first, second)])
        sold = shop.sell([an_order(counter.till_id, second) for _ in range(2)])
        counter.sell(lease_id, first)

        assert done(sold[0]).cap.left_cents == 0
        assert isinstance(sold[1], CapExceeded)
        assert counter.upload() == [("accepted", None)]
        counter.give_back(lease_id)
        assert (used(shop, first), used(shop, second)) == (250, 250)
        learn_merges(shop.tx, [unmerged(first, second)])
        assert done(shop.sell([an_order(counter.till_id, first)])[0]).cap.left_cents == 500


class TestTwoHearers:
    def test_that_lengthen_one_chain_at_once_both_see_it(self, fresh_schema: FreshSchema) -> None:
        schema = fresh_schema("recharges")

        def hear(told: Told) -> None:
            with connect(schema) as tx:
                learn_merges(tx, [told])

        with ThreadPoolExecutor(4) as hearers:
            list(hearers.map(hear, [merged(A, B), merged(B, C), merged(C, D)]))

        with connect(schema) as tx:
            assert aliases(Shop(tx=tx)) == {A: D, B: D, C: D}
