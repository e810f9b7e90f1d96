"""The case: every status with every verb, the gates on the way, and how it ends."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from services.mediation.domain import case as cases
from services.mediation.domain.case import (
    TRANSITIONS,
    AdmissibleLater,
    Case,
    CaseClosed,
    OpenAlready,
    OutOfTurn,
    Status,
    Verb,
)
from services.mediation.domain.closing import Outcome
from services.mediation.domain.debt_line import State as LineState
from services.mediation.domain.debt_line import UnknownLine
from services.mediation.domain.entitlement import EntitlementNotInForce, EntitlementUnknown
from services.mediation.domain.limitation_law import EventKind, LineKind
from services.mediation.domain.mandate import NotInForce, UnknownMandate
from services.mediation.domain.offer import (
    Answer,
    Kind,
    LineLimited,
    Maker,
    NoLine,
    Offer,
    PaymentForbidden,
    Pending,
    UnknownOffer,
)
from services.mediation.domain.offer import State as OfferState
from tests.mediation.build import (
    ENTITLED,
    TODAY,
    a_case,
    a_line,
    a_mandate,
    a_negotiation,
    a_plan,
    accepted,
    an_offer,
    an_opened_case,
    answered,
    in_status,
    over_indebted,
    uid,
)

LIMITED = a_line(number=20, due_on=date(2025, 11, 20))


def _an_offer_of(case: Case) -> Offer:
    return case.offers[-1] if case.offers else an_offer()


# Each verb with arguments in order, so that only the status can refuse it.
DO: dict[Verb, Callable[[Case], Case]] = {
    Verb.RECORD_MANDATE: lambda case: cases.record_mandate(case, a_mandate(number=2), day=TODAY),
    Verb.REVOKE_MANDATE: lambda case: cases.revoke_mandate(case, uid(1), day=TODAY),
    Verb.RECORD_OVER_INDEBTEDNESS: lambda case: cases.record_over_indebtedness(
        case, admissible_on=TODAY, day=TODAY
    ),
    Verb.ADD_LINE: lambda case: cases.add_line(case, a_line(number=11), day=TODAY),
    Verb.MAKE_OFFER: lambda case: cases.make_offer(
        replace(case, offers=()), an_offer(lines=case.lines), plan=a_plan()
    ),
    Verb.ANSWER_OFFER: lambda case: cases.refuse_offer(
        case, answered(replace(_an_offer_of(case), state=OfferState.MADE), Answer.REFUSED)
    ),
    Verb.SETTLE_LAST_LINE: lambda case: cases.accept_offer(
        case,
        answered(replace(_an_offer_of(case), state=OfferState.MADE), Answer.ACCEPTED),
        override_reason=None,
        day=TODAY,
    ),
    Verb.CLOSE: lambda case: cases.close(case, outcome=Outcome.WITHDRAWN),
}
NEEDS_MANDATE = {Verb.ADD_LINE, Verb.MAKE_OFFER, Verb.SETTLE_LAST_LINE}


class TestLifeCycle:
    @pytest.mark.parametrize("status", list(Status))
    @pytest.mark.parametrize("verb", list(Verb))
    def test_allows_what_the_table_lists_and_nothing_else(self, status: Status, verb: Verb) -> None:
        case, becomes = in_status(status), TRANSITIONS[status].get(verb)
        if becomes is not None:
            assert DO[verb](case).status is becomes
            return
        refusal: type[Exception] = OutOfTurn
        if status is Status.CLOSED:
            refusal = CaseClosed
        elif status is Status.OPENED and verb in NEEDS_MANDATE:
            refusal = NotInForce
        with pytest.raises(refusal):
            DO[verb](case)

    def test_every_status_is_in_the_table_and_a_closed_case_is_the_end(self) -> None:
        assert set(TRANSITIONS) == set(Status)
        assert not TRANSITIONS[Status.CLOSED]


class TestOpen:
    def test_refuses_a_person_nobody_told_us_of(self) -> None:
        with pytest.raises(EntitlementUnknown):
            cases.open_case(
                an_opened_case(), entitlements=[], open_already=None, admissible_on=None
            )

    @pytest.mark.parametrize(
        ("day", "in_force"),
        [
            (date(2026, 8, 31), False),
            (date(2026, 9, 1), True),
            (date(2027, 5, 31), True),
            (date(2027, 6, 1), False),
        ],
    )
    def test_refuses_a_person_outside_their_entitlement(self, day: date, in_force: bool) -> None:
        case = replace(an_opened_case(), opened_on=day)
        if in_force:
            assert (
                cases.open_case(
                    case, entitlements=[ENTITLED], open_already=None, admissible_on=None
                )
                == case
            )
        else:
            with pytest.raises(EntitlementNotInForce):
                cases.open_case(
                    case, entitlements=[ENTITLED], open_already=None, admissible_on=None
                )

    def test_remembers_an_over_indebtedness_file(self) -> None:
        opened = cases.open_case(
            an_opened_case(), entitlements=[ENTITLED], open_already=None, admissible_on=TODAY
        )
        assert opened.over_indebtedness_admissible_on == TODAY

    def test_refuses_a_file_that_is_admissible_later(self) -> None:
        tomorrow = TODAY + timedelta(days=1)
        with pytest.raises(AdmissibleLater):
            cases.open_case(
                an_opened_case(), entitlements=[ENTITLED], open_already=None, admissible_on=tomorrow
            )


class TestMandates:
    def test_a_line_of_an_operator_that_no_mandate_names_is_refused(self) -> None:
        with pytest.raises(NotInForce):
            cases.add_line(in_status(Status.MANDATED), a_line(operator="free"), day=TODAY)

    def test_a_mandate_that_has_ended_stops_the_case(self) -> None:
        with pytest.raises(NotInForce):
            cases.add_line(a_case(), a_line(number=11), day=date(2027, 11, 1))

    def test_a_revocation_stops_lines_offers_and_agreements(self) -> None:
        for case, verb in (
            (a_case(), Verb.ADD_LINE),
            (a_case(), Verb.MAKE_OFFER),
            (a_negotiation(), Verb.SETTLE_LAST_LINE),
        ):
            stopped = cases.revoke_mandate(case, uid(1), day=TODAY)
            with pytest.raises(NotInForce):
                DO[verb](stopped)

    def test_a_refusal_can_be_written_down_after_a_revocation(self) -> None:
        stopped = cases.revoke_mandate(a_negotiation(), uid(1), day=TODAY)
        assert DO[Verb.ANSWER_OFFER](stopped).offers[-1].state is OfferState.REFUSED

    def test_revoking_one_that_the_case_does_not_have_is_refused(self) -> None:
        with pytest.raises(UnknownMandate):
            cases.revoke_mandate(a_case(), uid(99), day=TODAY)


class TestChooseLines:
    def test_takes_all_open_lines_of_the_operator(self) -> None:
        case = a_case(
            a_line(number=10),
            a_line(number=11, operator="free"),
            mandate=a_mandate(operators=("sfr", "free")),
        )
        assert cases.choose_lines(case, operator="sfr", line_ids=None) == {uid(10)}

    def test_refuses_a_line_of_another_operator_or_case(self) -> None:
        for number in (11, 99):
            with pytest.raises(UnknownLine):
                cases.choose_lines(a_case(), operator="sfr", line_ids=frozenset({uid(number)}))


class TestMakeOffer:
    def test_a_plan_request_restarts_the_limitation_of_its_lines(self) -> None:
        case = a_negotiation()
        assert [event.kind for event in case.lines[0].events] == [EventKind.PLAN_REQUEST]
        assert case.lines[0].limitation_on(TODAY).last_live_on == date(2027, 11, 21)

    @pytest.mark.parametrize("kind", [Kind.RECOMPUTATION, Kind.LIMITATION_CLAIM])
    def test_contesting_restarts_nothing(self, kind: Kind) -> None:
        amount_cents = 0 if kind is Kind.LIMITATION_CLAIM else 100
        case = a_negotiation(
            LIMITED, offer=an_offer(kind=kind, lines=[LIMITED], amount_cents=amount_cents)
        )
        assert case.lines[0].events == ()

    @pytest.mark.parametrize("kind", [Kind.PLAN_REQUEST, Kind.WAIVER_REQUEST])
    def test_acknowledging_a_limited_line_is_refused(self, kind: Kind) -> None:
        with pytest.raises(LineLimited):
            a_negotiation(LIMITED, offer=an_offer(kind=kind, lines=[LIMITED]))

    def test_a_supervisor_may_override_with_a_reason(self) -> None:
        case = a_negotiation(
            LIMITED, offer=an_offer(lines=[LIMITED], override_reason="The person insists.")
        )
        assert case.offers[0].override_reason == "The person insists."

    def test_nobody_may_override_the_ban_on_paying_old_debts(self) -> None:
        case = over_indebted(a_case(), admissible_on=date(2026, 10, 1))
        with pytest.raises(PaymentForbidden):
            cases.make_offer(case, an_offer(override_reason="No."), plan=a_plan())

    def test_the_ban_leaves_a_full_waiver_possible(self) -> None:
        case = over_indebted(a_case(), admissible_on=date(2026, 10, 1))
        waiver = an_offer(kind=Kind.WAIVER_REQUEST, amount_cents=0)
        assert cases.make_offer(case, waiver, plan=None).status is Status.NEGOTIATING

    def test_a_second_offer_waits_for_the_answer_to_the_first(self) -> None:
        with pytest.raises(Pending):
            cases.make_offer(a_negotiation(), an_offer(number=101), plan=a_plan())

    def test_an_offer_for_no_line_is_refused(self) -> None:
        settled = accepted(
            cases.add_line(a_negotiation(), a_line(number=11, operator="sfr"), day=TODAY)
        )
        with pytest.raises(NoLine):
            cases.make_offer(
                settled, replace(an_offer(number=101), line_ids=frozenset()), plan=a_plan()
            )


class TestAccept:
    def test_an_agreed_plan_closes_the_case_with_the_sums_told(self) -> None:
        closed = accepted(a_negotiation())
        assert (closed.status, closed.outcome) == (Status.CLOSED, Outcome.PLAN)
        assert closed.agreed_cents == sum(
            each.amount_cents for each in closed.offers[0].instalments
        )
        assert closed.saved_cents == 0

    def test_what_is_saved_is_claimed_less_agreed(self) -> None:
        lines = [
            a_line(number=10, claimed_cents=20_000),
            a_line(number=11, kind=LineKind.COLLECTION_FEE, claimed_cents=5_000),
            a_line(
                number=12, kind=LineKind.TERMINATION_FEE, claimed_cents=47_500, due_cents=17_500
            ),
        ]
        closed = accepted(a_negotiation(*lines, offer=an_offer(lines=lines, amount_cents=37_500)))
        assert (closed.claimed_cents, closed.due_cents) == (72_500, 37_500)
        assert (closed.agreed_cents, closed.saved_cents) == (37_500, 35_000)

    def test_a_case_with_another_open_line_stays_open(self) -> None:
        case = cases.add_line(a_negotiation(), a_line(number=11), day=TODAY)
        after = accepted(case)
        assert (after.status, after.outcome) == (Status.NEGOTIATING, None)
        assert [line.state for line in after.lines] == [LineState.SETTLED, LineState.OPEN]

    @pytest.mark.parametrize(
        ("kind", "amount_cents", "outcome"),
        [
            (Kind.PLAN_REQUEST, 32_000, Outcome.PLAN),
            (Kind.WAIVER_REQUEST, 0, Outcome.FULL_WAIVER),
            (Kind.WAIVER_REQUEST, 10_000, Outcome.PARTIAL_WAIVER),
            (Kind.WAIVER_REQUEST, 32_000, Outcome.PLAN),
            (Kind.RECOMPUTATION, 10_000, Outcome.FEE_RECOMPUTED),
        ],
    )
    def test_the_outcome_follows_from_what_was_asked(
        self, kind: Kind, amount_cents: int, outcome: Outcome
    ) -> None:
        case = a_negotiation(a_line(), offer=an_offer(kind=kind, amount_cents=amount_cents))
        assert accepted(case).outcome is outcome

    def test_an_accepted_limitation_is_an_outcome(self) -> None:
        claim = an_offer(kind=Kind.LIMITATION_CLAIM, lines=[LIMITED], amount_cents=0)
        closed = accepted(a_negotiation(LIMITED, offer=claim))
        assert (closed.outcome, closed.saved_cents) == (Outcome.LIMITATION_ACCEPTED, 32_000)

    def test_paying_a_line_that_became_limited_meanwhile_is_refused(self) -> None:
        asked = an_offer(kind=Kind.RECOMPUTATION, lines=[LIMITED], amount_cents=100)
        with pytest.raises(LineLimited):
            accepted(a_negotiation(LIMITED, offer=asked))

    def test_the_override_of_the_offer_holds_for_its_answer(self) -> None:
        asked = an_offer(
            kind=Kind.RECOMPUTATION, lines=[LIMITED], amount_cents=100, override_reason="Agreed."
        )
        assert accepted(a_negotiation(LIMITED, offer=asked)).status is Status.CLOSED

    def test_an_override_may_come_with_the_answer(self) -> None:
        asked = an_offer(kind=Kind.RECOMPUTATION, lines=[LIMITED], amount_cents=100)
        case = a_negotiation(LIMITED, offer=asked)
        assert accepted(case, override_reason="Agreed.").status is Status.CLOSED

    def test_a_file_that_became_admissible_meanwhile_forbids_the_payment(self) -> None:
        with pytest.raises(PaymentForbidden):
            accepted(over_indebted(a_negotiation(), admissible_on=TODAY))


class TestCounter:
    def test_a_counter_offer_waits_for_the_persons_answer(self) -> None:
        case = a_negotiation()
        said = answered(case.offers[0], Answer.COUNTERED)
        counter = cases.counter_of(said, offer_id=uid(101), amount_cents=Cents(30_000))
        after = cases.counter_offer(case, said, counter, plan=a_plan(amount_cents=30_000))
        assert [each.state for each in after.offers] == [OfferState.COUNTERED, OfferState.MADE]
        assert after.offers[1].maker is Maker.OPERATOR
        assert after.offers[1].counter_to == uid(100)
        assert accepted(after).agreed_cents == 30_000

    def test_our_counter_to_their_counter_passes_the_gates_again(self) -> None:
        asked = an_offer(kind=Kind.RECOMPUTATION, lines=[LIMITED], amount_cents=100)
        case = a_negotiation(LIMITED, offer=asked)
        case = replace(case, offers=(replace(case.offers[0], kind=Kind.PLAN_REQUEST),))
        said = answered(case.offers[0], Answer.COUNTERED)
        theirs = cases.counter_of(said, offer_id=uid(101), amount_cents=Cents(300))
        case = cases.counter_offer(case, said, theirs, plan=a_plan(amount_cents=300))
        said = answered(case.offers[1], Answer.COUNTERED)
        ours = cases.counter_of(said, offer_id=uid(102), amount_cents=Cents(200))
        assert ours.maker is Maker.ASSOCIATION
        with pytest.raises(LineLimited):
            cases.counter_offer(case, said, ours, plan=a_plan(amount_cents=200))


class TestFindOffer:
    def test_refuses_one_that_the_case_does_not_have(self) -> None:
        with pytest.raises(UnknownOffer):
            cases.find_offer(a_negotiation(), uid(999))

    def test_refuses_any_of_a_closed_case(self) -> None:
        with pytest.raises(CaseClosed):
            cases.find_offer(accepted(a_negotiation()), uid(100))


class TestSecondCase:
    def test_is_refused_and_the_first_one_named(self) -> None:
        case = an_opened_case()
        with pytest.raises(OpenAlready) as refused:
            cases.open_case(
                case, entitlements=[ENTITLED], open_already=case.case_id, admissible_on=None
            )
        assert str(case.case_id) in str(refused.value)


class TestLaws:
    @given(st.integers(min_value=1, max_value=32_000), st.integers(min_value=1, max_value=24))
    def test_the_plan_adds_up_to_what_was_agreed(self, amount_cents: int, count: int) -> None:
        count = min(count, amount_cents)
        made = cases.make_offer(
            a_case(),
            an_offer(amount_cents=amount_cents),
            plan=a_plan(amount_cents=amount_cents, count=count),
        )
        closed = accepted(made)
        paid_cents = sum(each.amount_cents for each in closed.offers[0].instalments)
        assert paid_cents == closed.agreed_cents == amount_cents
        assert closed.saved_cents == closed.claimed_cents - amount_cents
