"""The offer: its terms, its answers, and the two gates before a debt is acknowledged."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from services.mediation.domain.limitation import Event
from services.mediation.domain.limitation_law import EventKind, LineKind
from services.mediation.domain.offer import (
    TRANSITIONS,
    AboveClaimed,
    AboveDue,
    AlreadyAnswered,
    Answer,
    AnsweredOutOfTime,
    DueBeforeMade,
    Kind,
    LimitedDebtPaid,
    LineLimited,
    LineNearLimit,
    Maker,
    NoLine,
    NothingToPay,
    NotLimited,
    NotSigned,
    PaymentForbidden,
    PlanMissing,
    PlanOfNothing,
    State,
    pass_limitation_gate,
    pass_over_indebtedness_gate,
    propose,
)
from tests.mediation.build import TODAY, a_line, a_plan, an_offer, answered

LIMITED = a_line(number=20, due_on=date(2025, 11, 20))
NEAR = a_line(number=21, due_on=TODAY - timedelta(days=365 - 59))
LIVE = a_line(number=22, due_on=TODAY - timedelta(days=365 - 60))


class TestPropose:
    def test_takes_its_instalments_from_the_plan(self) -> None:
        offer = propose(an_offer(), lines=[a_line()], plan=a_plan(count=4))
        assert [each.amount_cents for each in offer.instalments] == [8_000] * 4

    def test_a_full_waiver_has_no_instalments(self) -> None:
        offer = an_offer(kind=Kind.WAIVER_REQUEST, amount_cents=0)
        assert propose(offer, lines=[a_line()], plan=None).instalments == ()

    def test_refuses_no_line(self) -> None:
        with pytest.raises(NoLine):
            propose(an_offer(), lines=[], plan=a_plan())

    def test_refuses_more_than_is_due(self) -> None:
        with pytest.raises(AboveDue):
            propose(an_offer(), lines=[a_line(due_cents=31_999)], plan=a_plan())

    def test_an_operator_may_ask_for_what_we_contest_but_not_more_than_it_claims(self) -> None:
        asked = replace(an_offer(), maker=Maker.OPERATOR)
        assert propose(asked, lines=[a_line(due_cents=100)], plan=a_plan()).instalments
        with pytest.raises(AboveClaimed):
            propose(asked, lines=[a_line(claimed_cents=31_999)], plan=a_plan())

    def test_refuses_a_sum_without_a_plan(self) -> None:
        with pytest.raises(PlanMissing):
            propose(an_offer(), lines=[a_line()], plan=None)

    def test_refuses_a_plan_without_a_sum(self) -> None:
        nothing = an_offer(kind=Kind.WAIVER_REQUEST, amount_cents=0)
        with pytest.raises(NothingToPay):
            propose(nothing, lines=[a_line()], plan=a_plan())

    def test_refuses_a_plan_request_for_nothing(self) -> None:
        with pytest.raises(PlanOfNothing):
            propose(an_offer(amount_cents=0), lines=[a_line()], plan=None)

    def test_refuses_a_first_instalment_before_the_offer(self) -> None:
        late = an_offer(made_on=date(2026, 12, 6))
        with pytest.raises(DueBeforeMade):
            propose(late, lines=[a_line()], plan=a_plan())


class TestLimitationClaim:
    def test_names_limited_lines_and_fees_that_are_not_due(self) -> None:
        fee = a_line(number=30, kind=LineKind.COLLECTION_FEE, due_cents=0)
        claim = an_offer(kind=Kind.LIMITATION_CLAIM, amount_cents=0)
        assert propose(claim, lines=[LIMITED, fee], plan=None).amount_cents == 0

    def test_refuses_a_line_that_still_lives(self) -> None:
        claim = an_offer(kind=Kind.LIMITATION_CLAIM, amount_cents=0)
        with pytest.raises(NotLimited):
            propose(claim, lines=[LIMITED, NEAR], plan=None)

    def test_refuses_to_pay_for_it(self) -> None:
        claim = an_offer(kind=Kind.LIMITATION_CLAIM, amount_cents=1)
        with pytest.raises(LimitedDebtPaid):
            propose(claim, lines=[LIMITED], plan=a_plan(amount_cents=1, count=1))


class TestAnswer:
    @pytest.mark.parametrize("state", list(State))
    @pytest.mark.parametrize("said", list(Answer))
    def test_allows_what_the_table_lists_and_nothing_else(self, state: State, said: Answer) -> None:
        offer = replace(an_offer(), state=state)
        becomes = TRANSITIONS[state].get(said)
        if becomes is None:
            with pytest.raises(AlreadyAnswered):
                answered(offer, said)
        else:
            assert answered(offer, said).state is becomes

    @pytest.mark.parametrize("on", [TODAY - timedelta(days=1), TODAY + timedelta(days=1)])
    def test_refuses_a_day_before_the_offer_or_still_to_come(self, on: date) -> None:
        with pytest.raises(AnsweredOutOfTime):
            answered(an_offer(), Answer.REFUSED, on=on)

    @pytest.mark.parametrize("signed_on", [None, TODAY + timedelta(days=1)])
    def test_refuses_an_agreed_plan_that_the_person_has_not_signed(
        self, signed_on: date | None
    ) -> None:
        with pytest.raises(NotSigned):
            answered(an_offer(), Answer.ACCEPTED, signed_on=signed_on)

    def test_needs_no_signature_where_nothing_is_paid(self) -> None:
        waiver = an_offer(kind=Kind.WAIVER_REQUEST, amount_cents=0)
        assert answered(waiver, Answer.ACCEPTED, signed_on=None).state is State.ACCEPTED


class TestLimitationGate:
    def test_lets_a_line_pass_that_lives_sixty_days_more(self) -> None:
        pass_limitation_gate([LIVE], day=TODAY, override_reason=None)

    def test_stops_a_line_near_its_limit(self) -> None:
        with pytest.raises(LineNearLimit):
            pass_limitation_gate([LIVE, NEAR], day=TODAY, override_reason=None)

    def test_stops_a_limited_line(self) -> None:
        with pytest.raises(LineLimited):
            pass_limitation_gate([LIVE, LIMITED], day=TODAY, override_reason=None)

    def test_lets_a_supervisor_override_with_a_reason(self) -> None:
        pass_limitation_gate([LIMITED, NEAR], day=TODAY, override_reason="The person insists.")

    def test_reads_the_events_of_the_line(self) -> None:
        paid = Event(kind=EventKind.PAYMENT, on=date(2026, 6, 1))
        pass_limitation_gate(
            [replace(LIMITED, due_on=date(2025, 9, 1), events=(paid,))],
            day=TODAY,
            override_reason=None,
        )


class TestOverIndebtednessGate:
    def test_lets_everything_pass_without_a_file(self) -> None:
        pass_over_indebtedness_gate([a_line()], admissible_on=None)

    def test_stops_a_debt_born_before_the_admissible_day(self) -> None:
        line = a_line(born_on=date(2026, 8, 31))
        with pytest.raises(PaymentForbidden):
            pass_over_indebtedness_gate([line], admissible_on=date(2026, 9, 1))

    def test_lets_a_debt_pass_that_was_born_on_that_day(self) -> None:
        line = a_line(born_on=date(2026, 9, 1))
        pass_over_indebtedness_gate([line], admissible_on=date(2026, 9, 1))
