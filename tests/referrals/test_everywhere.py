"""Merges and their undoing in every service that knows people, whatever happens in between.

The services' own handlers on real schemas; what referrals tells reaches each of the others in an
order of its own, some of it twice.  No merge and no undoing changes a row that is not about merges.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from psycopg.rows import dict_row

from chassis import aliases
from kernel.envelope import Envelope
from kernel.refusal import Refusal
from services.equipment import handlers as equipment
from services.equipment.domain.entitlement import EntitlementUnknown as NotEntitled
from services.mediation import handlers as mediation
from services.mediation.api.cases import OpenCase
from services.mediation.domain.case import OpenAlready
from services.mediation.domain.entitlement import EntitlementUnknown
from services.recharges import events as recharges
from services.recharges.domain.cap import EntitlementMissing
from services.recharges.handlers import learning
from services.referrals.domain.merge import MergedAlready, NotMerged, SamePerson
from services.referrals.handlers import merging, showing
from tests.equipment.build import NOON as EQUIPMENT_NOON
from tests.equipment.build import Workshop, a_site
from tests.fix_stack import FreshSchema, Schema
from tests.mediation.doing import HERE, a_call
from tests.merges import ends
from tests.recharges.build import an_order
from tests.recharges.shop import Shop, done
from tests.referrals.build import NOW, a_caller, accept, new_id, open_site, person_of, submit

SERVICES = ("referrals", "recharges", "mediation", "equipment")
#: What a merge is written to; all else it leaves as it is.
OF_MERGES = {"person_merge", "person_alias", "outbox", "access", "migration"}
MANAGER = a_caller("site_manager", "saint-denis")
PRICE_CENTS, CAP_CENTS = 250, 3000
people = st.integers(0, 3)

assert EQUIPMENT_NOON.date() == NOW.date()  # entitled on the day that equipment sells


class World(RuleBasedStateMachine):
    """Four references, of whom two are entitled, in four services."""

    schemas: dict[str, Schema]

    @initialize()
    def begin(self) -> None:
        self.tx = {
            name: psycopg.connect(
                schema.url, row_factory=dict_row, options=f"-c search_path={name},public"
            )
            for name, schema in self.schemas.items()
        }
        self.heard_up_to = 0
        self.into: dict[UUID, UUID] = {}
        self.used: dict[UUID, int] = {}
        self.with_case: set[UUID] = set()
        referrals = self.tx["referrals"]
        open_site(referrals)
        made = [submit(referrals) for _ in range(4)]
        for each in made[:2]:
            accept(referrals, each.referral_id)
        self.people: list[UUID] = [
            person_of(self.tx["referrals"], each.referral_id) for each in made
        ]
        self.entitled = set(self.people[:2])
        self.shop = Shop(tx=self.tx["recharges"])
        self.till = self.shop.enrol_till()
        self.shop.stock_up(40)
        equipment.learn_sites(self.tx["equipment"], [a_site()])
        self.workshop = Workshop(tx=self.tx["equipment"])
        self.device_id = self.workshop.ready()
        self.spread(lambda facts: facts)

    def teardown(self) -> None:
        for tx in getattr(self, "tx", {}).values():
            tx.rollback()
            tx.close()

    # -- what is told -----------------------------------------------------------------------------

    def spread(self, order: Callable[[list[Envelope]], list[Envelope]]) -> None:
        """Let the others hear what referrals told since, each in an order of its own."""
        rows = self.tx["referrals"].execute(
            "SELECT * FROM outbox WHERE position > %s ORDER BY position", (self.heard_up_to,)
        )
        facts = []
        for row in rows:
            self.heard_up_to = row["position"]
            facts.append(
                Envelope(
                    id=row["event_id"],
                    type=row["type"],
                    subject=row["subject"],
                    site=row["site"],
                    time=row["occurred_at"],
                    data=row["data"],
                    sequence=row["sequence"],
                )
            )
        for service in SERVICES[1:]:
            for fact in order(facts):
                self.hear(service, fact)

    def hear(self, service: str, fact: Envelope) -> None:
        tx = self.tx[service]
        if fact.type.startswith("referrals.person."):
            aliases.learn(tx, [fact])
        elif fact.type == "referrals.entitlement.opened.v1":
            if service == "recharges":
                told = recharges.EntitlementTold.hear(fact)
                learning.learn_entitlements(tx, [(told, fact.sequence)])
            else:
                learn = {"mediation": mediation, "equipment": equipment}[service].learn_entitlements
                learn(tx, [fact])

    # -- what is done -----------------------------------------------------------------------------

    @contextmanager
    def leaving_all_else_as_it_is(self) -> Iterator[None]:
        before = {service: self.dump(service) for service in SERVICES}
        yield
        assert {service: self.dump(service) for service in SERVICES} == before

    def dump(self, service: str) -> dict[str, str | None]:
        tx = self.tx[service]
        tables = tx.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s", (service,)
        ).fetchall()
        found = {}
        for name in {row["tablename"] for row in tables} - OF_MERGES:
            text = f"SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) AS rows FROM {name} AS t"
            found[name] = tx.execute(text.encode()).fetchall()[0]["rows"]
        assert len(found) > 5
        return found

    def cluster(self, person: UUID) -> set[UUID]:
        last = ends(self.into)
        return {each for each in self.people if last.get(each, each) == last.get(person, person)}

    @rule(data=st.data(), one=people, other=people)
    def merge(self, data: st.DataObject, one: int, other: int) -> None:
        person, into = self.people[one], self.people[other]
        with self.leaving_all_else_as_it_is():
            try:
                with self.tx["referrals"].transaction():
                    merging.merge_person(
                        self.tx["referrals"], person, into, caller=MANAGER, now=NOW, new_id=new_id
                    )
            except MergedAlready:
                assert person in self.into
            except SamePerson:
                assert person in self.cluster(into)
            else:
                self.into[person] = into
            self.spread(self.shuffled(data))
        self.look()

    @rule(data=st.data(), one=people)
    def undo(self, data: st.DataObject, one: int) -> None:
        person = self.people[one]
        with self.leaving_all_else_as_it_is():
            try:
                with self.tx["referrals"].transaction():
                    merging.unmerge_person(
                        self.tx["referrals"], person, caller=MANAGER, now=NOW, new_id=new_id
                    )
            except NotMerged:
                assert person not in self.into
            else:
                del self.into[person]
            self.spread(self.shuffled(data))
        self.look()

    @rule(data=st.data(), one=people, other=people)
    def merge_and_undo_before_anybody_hears(
        self, data: st.DataObject, one: int, other: int
    ) -> None:
        person, into = self.people[one], self.people[other]
        if person in self.into or person in self.cluster(into):
            return
        tx = self.tx["referrals"]
        with self.leaving_all_else_as_it_is():
            merging.merge_person(tx, person, into, caller=MANAGER, now=NOW, new_id=new_id)
            merging.unmerge_person(tx, person, caller=MANAGER, now=NOW, new_id=new_id)
            self.spread(self.shuffled(data))
        self.look()

    @rule(one=people)
    def buy(self, one: int) -> None:
        self.ask_for_credit(self.people[one], keep=True)

    @rule(one=people)
    def bring_a_debt(self, one: int) -> None:
        self.ask_for_help(self.people[one], keep=True)

    @rule(one=people)
    def buy_a_computer(self, one: int) -> None:
        self.ask_for_computer(self.people[one], keep=True)

    # -- what each service answers, whether or not it is kept -------------------------------------

    def ask_for_credit(self, person: UUID, *, keep: bool) -> None:
        with self.tx["recharges"].transaction(force_rollback=not keep):
            [outcome] = self.shop.sell([an_order(self.till, person)])
        if not self.cluster(person) & self.entitled:
            assert isinstance(outcome, EntitlementMissing)
            return
        used = sum(self.used.get(each, 0) for each in self.cluster(person)) + PRICE_CENTS
        assert done(outcome).cap.left_cents == CAP_CENTS - used
        if keep:
            self.used[person] = self.used.get(person, 0) + PRICE_CENTS

    def ask_for_help(self, person: UUID, *, keep: bool) -> None:
        wanted: type[Refusal] | None = None
        if not self.cluster(person) & self.entitled:
            wanted = EntitlementUnknown
        elif self.cluster(person) & self.with_case:
            wanted = OpenAlready
        refused: type[Refusal] | None = None
        tx = self.tx["mediation"]
        try:
            with tx.transaction(force_rollback=not keep):
                body = OpenCase(person_ref=person, site_code=HERE)
                mediation.open_case(tx, a_call(now=NOW), body)
        except Refusal as refusal:
            refused = type(refusal)
        assert refused is wanted
        if keep and wanted is None:
            self.with_case.add(person)

    def ask_for_computer(self, person: UUID, *, keep: bool) -> None:
        refused: type[Refusal] | None = None
        try:
            with self.tx["equipment"].transaction(force_rollback=not keep):
                sale = self.workshop.sell(self.device_id, person_ref=person)
                assert sale.person_ref == person
        except Refusal as refusal:
            refused = type(refusal)
        entitled = bool(self.cluster(person) & self.entitled)
        assert refused is (None if entitled else NotEntitled)
        if keep and entitled:
            self.device_id = self.workshop.ready()

    # -- what holds -------------------------------------------------------------------------------

    def shuffled(self, data: st.DataObject) -> Callable[[list[Envelope]], list[Envelope]]:
        def order(facts: list[Envelope]) -> list[Envelope]:
            again = data.draw(st.lists(st.sampled_from(facts), max_size=2)) if facts else []
            return data.draw(st.permutations([*facts, *again]))

        return order

    def look(self) -> None:
        """Whatever reference they come under, every service answers one person the same."""
        last = ends(self.into)
        for person in self.people:
            for tx in self.tx.values():
                known = aliases.references(tx, person)
                assert set(known) == self.cluster(person)
                assert known[0] == last.get(person, person)
            shown = showing.show_person(self.tx["referrals"], person, caller=MANAGER, now=NOW)
            assert shown.person_ref == last.get(person, person)
            assert (shown.entitlement is not None) == bool(self.cluster(person) & self.entitled)
            self.ask_for_credit(person, keep=False)
            self.ask_for_help(person, keep=False)
            self.ask_for_computer(person, keep=False)


@pytest.fixture(scope="module")
def schemas(fresh_schema: FreshSchema) -> dict[str, Schema]:
    return {service: fresh_schema(service) for service in SERVICES}


@pytest.mark.slow
def test_merge_then_undo_is_the_identity_for_every_service(schemas: dict[str, Schema]) -> None:
    world: Any = type("WorldHere", (World,), {"schemas": schemas})
    run_state_machine_as_test(
        world,
        settings=settings(
            max_examples=10,
            stateful_step_count=10,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # to shrink takes minutes here
            suppress_health_check=list(HealthCheck),
        ),
    )
