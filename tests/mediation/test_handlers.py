"""Cases on a real database: decided, stored whole, told once, seen by their own site."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.errors import RestrictViolation

from chassis.auth import OtherSite
from chassis.db import Transaction
from kernel.refusal import Refusal
from services.mediation import handlers, store
from services.mediation.api import cases as api
from services.mediation.domain.case import (
    CaseClosed,
    OpenAlready,
    Status,
    UnknownCase,
)
from services.mediation.domain.closing import AgreementStands
from services.mediation.domain.entitlement import (
    Entitlement,
    EntitlementNotInForce,
    EntitlementUnknown,
)
from services.mediation.domain.mandate import NotInForce, UnknownMandate
from services.mediation.domain.offer import (
    LineNearLimit,
    NotSigned,
    PaymentForbidden,
    UnknownOffer,
)
from tests.mediation.doing import (
    ELSEWHERE,
    HERE,
    PERSON,
    TODAY,
    a_call,
    a_line,
    accept,
    an_offer,
    commit_check,
    entitle,
    facts,
    mandated,
    negotiated,
    opened,
)


class TestADebtFileOfTheDemonstration:
    def test_from_the_door_to_the_agreed_plan(self, tx: Transaction) -> None:
        case_id = mandated(tx)
        limited = a_line(tx, case_id, ago_days=420, claimed_cents=2_500)
        near = a_line(tx, case_id, ago_days=344, claimed_cents=6_840)
        live = a_line(tx, case_id, ago_days=130, claimed_cents=2_500)
        ended = a_line(tx, case_id, kind="termination_fee", claimed_cents=25_000, due_cents=5_000)
        chased = a_line(tx, case_id, kind="collection_fee", claimed_cents=4_900, ago_days=40)

        contested = an_offer(
            tx,
            case_id,
            kind="limitation_claim",
            line_ids=(limited, chased),
            amount_cents=0,
            instalments=None,
            first_due_on=None,
        )
        accept(tx, contested.offer_id, person_signed_on=None)
        wanted: Mapping[str, Any] = {
            "line_ids": (near, live, ended),
            "amount_cents": 14_340,
            "instalments": 6,
        }
        with pytest.raises(LineNearLimit), tx.transaction():
            an_offer(tx, case_id, **wanted)
        asked = an_offer(
            tx, case_id, role="site_manager", override_reason="The person wants it.", **wanted
        )
        done = accept(tx, asked.offer_id)
        commit_check(tx)

        assert (done.status, done.outcome) == ("closed", "plan")
        assert (done.agreed_cents, done.saved_cents) == (14_340, 27_400)
        told = facts(tx)
        assert [fact["type"].removeprefix("mediation.") for fact in told] == [
            "case.opened.v1",
            "offer.made.v1",
            "offer.answered.v1",
            "offer.made.v1",
            "offer.answered.v1",
            "plan.agreed.v1",
            "case.closed.v1",
        ]
        assert {fact["subject"] for fact in told} == {str(case_id)}
        assert {fact["site"] for fact in told} == {HERE}
        assert told[-2]["data"] == {
            "case_id": str(case_id),
            "person_ref": str(PERSON),
            "offer_id": str(asked.offer_id),
            "operator": "sfr",
            "claimed_cents": 34_340,
            "agreed_cents": 14_340,
            "instalments": 6,
            "first_due_on": "2026-12-05",
            "last_due_on": "2027-05-05",
        }
        assert told[-1]["data"] == {
            "case_id": str(case_id),
            "person_ref": str(PERSON),
            "outcome": "plan",
            "claimed_cents": 41_740,
            "due_cents": 16_840,
            "agreed_cents": 14_340,
            "saved_cents": 27_400,
            "closed_on": "2026-11-20",
        }

    def test_shows_all_of_it_to_its_site(self, tx: Transaction) -> None:
        case_id, offer_id = negotiated(tx)
        accept(tx, offer_id)

        shown = handlers.show_case(tx, a_call(), case_id)

        assert (shown.status, shown.outcome, shown.agreed_cents) == ("closed", "plan", 32_000)
        assert [line.state for line in shown.lines] == ["settled"]
        assert [event.kind for event in shown.lines[0].events] == ["plan_request"]
        assert shown.lines[0].limitation.last_live_day == date(2027, 11, 20)
        assert sum(each.amount_cents for each in shown.offers[0].instalments) == 32_000
        assert [each.step for each in shown.history] == [
            "opened",
            "mandate_recorded",
            "line_added",
            "offer_made",
            "offer_answered",
        ]


class TestStore:
    def test_reads_back_what_was_decided(self, tx: Transaction) -> None:
        case_id = mandated(tx, "sfr", "free")
        events = ({"kind": "mediation", "on": date(2026, 9, 1), "until": date(2026, 10, 1)},)
        a_line(tx, case_id, label="Facture", events=events)
        a_line(tx, case_id, operator="free", due_cents=100)
        offer_id = an_offer(tx, case_id).offer_id
        counter = {"amount_cents": 30_000, "instalments": 3, "first_due_on": date(2026, 12, 5)}
        handlers.answer_offer(
            tx,
            a_call(),
            offer_id,
            api.AnswerOffer(answer="countered", answered_on=TODAY, counter=counter),
        )
        commit_check(tx)

        case = store.lock_case(tx, case_id)

        assert case == store.find_case(tx, case_id)
        assert (case.status, case.claimed_cents) == (Status.NEGOTIATING, 64_000)
        assert [len(line.events) for line in case.lines] == [2, 0]
        assert case.mandates[0].operators == {"sfr", "free"}
        assert [len(offer.instalments) for offer in case.offers] == [4, 3]
        assert case.offers[1].counter_to == offer_id
        assert case.offers[0].line_ids == case.offers[1].line_ids == {case.lines[0].line_id}

    def test_prepares_every_query(self, tx: Transaction) -> None:
        for statement in store.SQL.values():
            names = dict.fromkeys(_names(statement))
            numbered = statement
            for place, name in enumerate(names, start=1):
                numbered = numbered.replace(f"%({name})s", f"${place}")
            tx.execute(f"PREPARE checked AS {numbered}")
            tx.execute("DEALLOCATE checked")


def _names(statement: str) -> list[str]:
    return [part.partition(")s")[0] for part in statement.split("%(")[1:]]


class TestRefusals:
    def test_a_person_who_is_not_entitled_today_has_no_case(self, tx: Transaction) -> None:
        after = a_call(now=datetime(2027, 6, 1, 12, tzinfo=UTC))
        with pytest.raises(EntitlementNotInForce):
            handlers.open_case(tx, after, api.OpenCase(person_ref=PERSON, site_code=HERE))
        unknown = api.OpenCase(person_ref=UUID(int=404), site_code=HERE)
        with pytest.raises(EntitlementUnknown):
            handlers.open_case(tx, a_call(), unknown)

    def test_a_case_of_another_site_is_not_theirs(self, tx: Transaction) -> None:
        case_id, offer_id = negotiated(tx)
        elsewhere = a_call(site=ELSEWHERE)
        closing = api.CloseCase(outcome="withdrawn")
        saying = api.AnswerOffer(answer="refused", answered_on=TODAY)
        attempts: list[Callable[[], object]] = [
            lambda: handlers.show_case(tx, elsewhere, case_id),
            lambda: handlers.close_case(tx, elsewhere, case_id, closing),
            lambda: handlers.answer_offer(tx, elsewhere, offer_id, saying),
            lambda: handlers.open_case(
                tx, elsewhere, api.OpenCase(person_ref=PERSON, site_code=HERE)
            ),
        ]
        for attempt in attempts:
            with pytest.raises(OtherSite):
                attempt()

    def test_what_does_not_exist_is_not_found(self, tx: Transaction) -> None:
        with pytest.raises(UnknownCase):
            handlers.show_case(tx, a_call(), uuid4())
        with pytest.raises(UnknownOffer):
            accept(tx, uuid4())
        with pytest.raises(UnknownMandate):
            handlers.revoke_mandate(tx, a_call(), uuid4())

    def test_only_a_supervisor_overrides(self, tx: Transaction) -> None:
        case_id = mandated(tx)
        a_line(tx, case_id, ago_days=360)
        with pytest.raises(handlers.OverrideNotYours):
            an_offer(tx, case_id, override_reason="I say so.")

    def test_a_revoked_mandate_stops_the_case(self, tx: Transaction) -> None:
        case_id, offer_id = negotiated(tx)
        [mandate] = handlers.show_case(tx, a_call(), case_id).mandates
        handlers.revoke_mandate(tx, a_call(), mandate.mandate_id)
        for attempt in (lambda: a_line(tx, case_id), lambda: accept(tx, offer_id)):
            with pytest.raises(NotInForce):
                attempt()

    def test_an_admissible_file_forbids_the_plan(self, tx: Transaction) -> None:
        case_id = mandated(tx)
        a_line(tx, case_id)
        body = api.RecordOverIndebtedness(admissible_on=TODAY)
        handlers.record_over_indebtedness(tx, a_call(), case_id, body)
        with pytest.raises(PaymentForbidden):
            an_offer(tx, case_id)

    def test_a_plan_needs_the_persons_signature(self, tx: Transaction) -> None:
        _, offer_id = negotiated(tx)
        with pytest.raises(NotSigned):
            accept(tx, offer_id, person_signed_on=None)

    def test_a_closed_case_refuses_everything(self, tx: Transaction) -> None:
        case_id, offer_id = negotiated(tx)
        closed = handlers.close_case(tx, a_call(), case_id, api.CloseCase(outcome="withdrawn"))
        assert closed.outcome == "withdrawn"
        assert facts(tx)[-1]["type"] == "mediation.case.closed.v1"
        mandate = api.RecordMandate(operators=("sfr",), signed_on=TODAY, until_on=date(2027, 1, 1))
        file = api.RecordOverIndebtedness(admissible_on=TODAY)
        attempts: list[Callable[[], object]] = [
            lambda: a_line(tx, case_id),
            lambda: an_offer(tx, case_id),
            lambda: accept(tx, offer_id),
            lambda: handlers.record_mandate(tx, a_call(), case_id, mandate),
            lambda: handlers.record_over_indebtedness(tx, a_call(), case_id, file),
            lambda: handlers.close_case(tx, a_call(), case_id, api.CloseCase(outcome="withdrawn")),
        ]
        for attempt in attempts:
            with pytest.raises(CaseClosed):
                attempt()

    def test_a_refusal_leaves_no_trace(self, tx: Transaction) -> None:
        case_id = mandated(tx)
        a_line(tx, case_id, ago_days=360)
        before = (store.find_case(tx, case_id), facts(tx), store.list_steps(tx, case_id))
        with pytest.raises(Refusal), tx.transaction():
            an_offer(tx, case_id)
        assert (store.find_case(tx, case_id), facts(tx), store.list_steps(tx, case_id)) == before


class TestSecondCase:
    def test_is_refused_at_the_same_site_until_the_first_is_closed(self, tx: Transaction) -> None:
        first = opened(tx)
        with pytest.raises(OpenAlready) as refused:
            opened(tx)
        assert refused.value.values == {"case_id": first}

        handlers.close_case(tx, a_call(), first, api.CloseCase(outcome="withdrawn"))
        assert opened(tx) != first

    def test_is_another_sites_own_matter(self, tx: Transaction) -> None:
        opened(tx)
        there = api.OpenCase(person_ref=PERSON, site_code=ELSEWHERE)
        assert handlers.open_case(tx, a_call(site=ELSEWHERE), there).status == "opened"


class TestAnAgreedCase:
    def test_closes_as_what_was_agreed_and_keeps_the_reason(self, tx: Transaction) -> None:
        case_id, offer_id = negotiated(tx)
        a_line(tx, case_id, claimed_cents=5_000)
        accept(tx, offer_id)
        with pytest.raises(AgreementStands), tx.transaction():
            handlers.close_case(tx, a_call(), case_id, api.CloseCase(outcome="withdrawn"))

        closing = api.CloseCase(outcome="plan", left_open_reason="Orange does not answer.")
        assert handlers.close_case(tx, a_call(), case_id, closing).outcome == "plan"

        [kept] = tx.execute("SELECT details FROM case_event WHERE step = 'closed'")
        assert kept["details"]["left_open_reason"] == "Orange does not answer."
        assert facts(tx)[-1]["data"]["agreed_cents"] == 32_000

    def test_is_not_closed_as_withdrawn_by_the_database_either(self, tx: Transaction) -> None:
        case_id, offer_id = negotiated(tx)
        a_line(tx, case_id, claimed_cents=5_000)
        accept(tx, offer_id)
        with pytest.raises(RestrictViolation, match="a line is settled"):
            tx.execute(
                "UPDATE debt_case SET status = 'closed', outcome = 'withdrawn', closed_at = now()"
                " WHERE case_id = %s",
                (case_id,),
            )


class TestList:
    def test_pages_through_the_cases_of_the_callers_sites(self, tx: Transaction) -> None:
        mine = []
        for number in range(5):
            entitle(tx, person=UUID(int=100 + number))
            mine.append(opened(tx, person=UUID(int=100 + number)))
        there = api.OpenCase(person_ref=UUID(int=100), site_code=ELSEWHERE)
        handlers.open_case(tx, a_call(site=ELSEWHERE), there)

        first = handlers.list_cases(tx, a_call(), api.CasePage(limit=3))
        rest = handlers.list_cases(tx, a_call(), api.CasePage(limit=3, after=UUID(first.last)))

        assert [each.case_id for each in [*first.items, *rest.items]] == mine
        assert rest.last is None
        everywhere = handlers.list_cases(tx, a_call(role="admin", site="nowhere"), api.CasePage())
        assert len(everywhere.items) == 6

    def test_narrows_to_a_site_and_a_state(self, tx: Transaction) -> None:
        case_id, offer_id = negotiated(tx)
        a_line(tx, case_id, claimed_cents=5_000)
        accept(tx, offer_id)

        page = api.CasePage(site_code=HERE, state="negotiating")
        [shown] = handlers.list_cases(tx, a_call(), page).items

        assert (shown.case_id, shown.lines, shown.open_lines) == (case_id, 2, 1)
        assert (shown.claimed_cents, shown.agreed_cents) == (37_000, 32_000)
        assert handlers.list_cases(tx, a_call(), api.CasePage(state="opened")).items == []
        with pytest.raises(OtherSite):
            handlers.list_cases(tx, a_call(), api.CasePage(site_code=ELSEWHERE))


class TestEntitlements:
    def test_the_newest_fact_wins_whatever_the_order(self, tx: Transaction) -> None:
        entitle(tx, until_on=date(2028, 3, 1), sequence=3)
        entitle(tx, until_on=date(2026, 10, 1), sequence=2)
        entitle(tx, until_on=date(2028, 3, 1), sequence=3)
        [known] = store.lock_entitlements(tx, [PERSON])
        assert known.until_on == date(2028, 3, 1)

    def test_two_facts_of_one_person_fit_one_batch(self, tx: Transaction) -> None:
        older = Entitlement(person_ref=PERSON, from_on=TODAY, until_on=date(2027, 1, 1))
        newer = Entitlement(person_ref=PERSON, from_on=TODAY, until_on=date(2029, 1, 1))
        store.learn_entitlements(tx, [(newer, 9), (older, 8)])
        assert store.lock_entitlements(tx, [PERSON]) == [newer]
