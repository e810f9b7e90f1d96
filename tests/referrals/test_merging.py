"""Two references that are one person, at the door of referrals and in what it tells."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.rows import dict_row

from kernel.money import Cents
from kernel.refusal import Refusal
from services.referrals.domain import merge
from services.referrals.domain.entitlement import Entitlement, EntitlementActive, standing
from services.referrals.domain.merge import MergedAlready, SamePerson
from services.referrals.domain.person import PersonUnknown
from services.referrals.domain.referral import OpenElsewhere
from services.referrals.handlers import clocks, learning, showing
from services.referrals.handlers.merging import merge_person, unmerge_person
from tests.fix_stack import FreshSchema, TxOf
from tests.referrals.build import (
    NOW,
    Tx,
    a_caller,
    a_fact,
    accept,
    new_id,
    open_site,
    person_of,
    renew,
    steps,
    submit,
)
from tests.referrals.build import told as facts_of

MANAGER = a_caller("site_manager", "saint-denis")
HOUR = timedelta(hours=1)


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


class TestMergedPerson:
    """Counted as one in referrals itself, each with their own again once it is undone."""

    @pytest.fixture(autouse=True)
    def sites(self, tx: Tx) -> None:
        open_site(tx)

    def test_is_entitled_once_in_the_network(self, tx: Tx) -> None:
        first, second = submit(tx), submit(tx)
        one = accept(tx, first.referral_id).person_ref
        other = person_of(tx, second.referral_id)
        join(tx, one, other)

        with pytest.raises(EntitlementActive):
            accept(tx, second.referral_id)

        part(tx, one)
        assert accept(tx, second.referral_id).person_ref == other

    def test_has_one_open_referral(self, tx: Tx) -> None:
        who: dict[str, Any] = {"given_name": "Zoé", "family_name": "Iris"}
        one = person_of(tx, submit(tx, **who).referral_id)
        other = accept(tx, submit(tx).referral_id).person_ref
        join(tx, other, one)
        renamed = tx.execute(
            "SELECT given_name, family_name FROM person WHERE person_ref = %s", (other,)
        ).fetchone()
        assert renamed is not None

        with pytest.raises(OpenElsewhere):
            submit(tx, **renamed)

        part(tx, other)
        submit(tx, **renamed)

    def test_renews_the_entitlement_that_ends_last_on_a_referral_of_either(self, tx: Tx) -> None:
        one = accept(tx, submit(tx).referral_id)
        later = NOW + timedelta(days=30)
        other = accept(tx, submit(tx).referral_id, now=later)
        join(tx, one.person_ref, other.person_ref)
        name = tx.execute(
            "SELECT given_name, family_name FROM person WHERE person_ref = %s", (one.person_ref,)
        ).fetchone()
        assert name is not None
        again = submit(tx, **name)

        renewed = renew(tx, one.person_ref, again.referral_id, now=later)

        assert renewed.person_ref == other.person_ref
        assert renewed.entitlement.from_on == other.entitlement.from_on
        assert renewed.entitlement.until_on > other.entitlement.until_on
        assert [fact["type"] for fact in facts_of(tx, other.person_ref)] == [
            "referrals.entitlement.opened.v1",
            "referrals.entitlement.renewed.v1",
        ]

    def test_is_shown_under_one_name_with_what_either_may_buy(self, tx: Tx) -> None:
        one = accept(tx, submit(tx).referral_id).person_ref
        other = person_of(tx, submit(tx).referral_id)
        join(tx, one, other)

        shown = [showing.show_person(tx, each, caller=MANAGER, now=NOW) for each in (one, other)]

        assert shown[0] == shown[1]
        assert shown[0].person_ref == other
        assert shown[0].entitlement is not None
        part(tx, one)
        assert showing.show_person(tx, other, caller=MANAGER, now=NOW).entitlement is None

    def test_comes_for_the_first_time_under_either_reference(self, tx: Tx) -> None:
        made = submit(tx)
        one = accept(tx, made.referral_id).person_ref
        (other,) = know(tx, 1)
        join(tx, one, other)
        sold = a_fact("recharges.sale.completed.v1", {"person_ref": str(other)}, at=NOW + HOUR)

        learning.note_visits(tx, [sold], now=NOW + HOUR, new_id=new_id)

        assert steps(tx, made.referral_id)[-1] == "first_visit"

    def test_is_reminded_of_the_end_that_comes_last(self, tx: Tx) -> None:
        one = accept(tx, submit(tx).referral_id)
        other = accept(tx, submit(tx).referral_id, now=NOW + timedelta(days=60))
        join(tx, one.person_ref, other.person_ref)
        soon = NOW + (one.entitlement.until_on - NOW.date()) - timedelta(days=9)

        assert clocks.remind_of_ends(tx, now=soon, new_id=new_id) == 0

        part(tx, one.person_ref)
        assert clocks.remind_of_ends(tx, now=soon, new_id=new_id) == 1

    def test_keeps_the_highest_cap_of_those_in_force(self) -> None:
        def held(cap_cents: int, *, from_on: date, until_on: date) -> Entitlement:
            return Entitlement(
                entitlement_id=uuid4(),
                person_ref=uuid4(),
                from_on=from_on,
                until_on=until_on,
                monthly_cap_cents=Cents(cap_cents),
            )

        low = held(2000, from_on=date(2026, 1, 1), until_on=date(2026, 12, 1))
        high = held(3000, from_on=date(2026, 3, 1), until_on=date(2026, 9, 1))
        same = held(3000, from_on=date(2026, 3, 1), until_on=date(2026, 8, 1))

        for on, best in (
            (date(2026, 2, 28), low),
            (date(2026, 3, 1), high),
            (date(2026, 9, 1), low),
            (date(2026, 12, 1), None),
        ):
            for order in ((low, high, same), (same, high, low)):
                assert standing(order, on=on) == best


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

    def test_and_acceptances_at_once_entitle_a_merged_person_once(
        self, fresh_schema: FreshSchema
    ) -> None:
        schema = fresh_schema("referrals")
        options = "-c search_path=referrals,public"

        def connect() -> Tx:
            return psycopg.connect(schema.url, row_factory=dict_row, options=options)

        with connect() as tx:
            open_site(tx)
            made = [submit(tx).referral_id for _ in range(6)]
            people = [person_of(tx, each) for each in made]
            for person, into in pairwise(people):
                join(tx, person, into)

        def take_in(referral_id: UUID) -> bool:
            with connect() as tx:
                try:
                    accept(tx, referral_id)
                except EntitlementActive:
                    return False
            return True

        with ThreadPoolExecutor(6) as desks:
            done = list(desks.map(take_in, made))

        assert sorted(done) == [False] * 5 + [True]
