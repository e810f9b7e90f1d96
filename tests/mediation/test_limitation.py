"""Limitation: the worked figures of docs/rules/limitation.md, the edges, and the laws obeyed."""

from datetime import date, timedelta
from itertools import permutations

import pytest

from kernel.period import add_months
from services.mediation.domain.limitation import (
    EndsBeforeItBegins,
    Flag,
    HasNoEnd,
    Limitation,
)
from services.mediation.domain.limitation_law import (
    DEBTOR_ACTS,
    LASTING,
    EventKind,
    LineKind,
)
from services.mediation.domain.rule import NoRuleInForce
from tests.mediation.ask import LAST_ON, LETTERS, RESTARTING, ask, event, mediation


def rules_of(limitation: Limitation) -> list[str]:
    return [basis.rule for basis in limitation.basis]


class TestWorkedFigures:
    def test_service_due_in_march_lives_until_the_anniversary(self) -> None:
        assert ask().last_live_on == date(2026, 3, 10)

    def test_the_anniversary_itself_is_not_limited(self) -> None:
        assert ask(on=date(2026, 3, 10)).limited is False

    def test_the_day_after_the_anniversary_is_limited(self) -> None:
        assert ask(on=date(2026, 3, 11)).limited is True

    def test_part_payment_restarts_the_year(self) -> None:
        paid = event(EventKind.PAYMENT, date(2025, 9, 1))
        assert ask(paid).last_live_on == date(2026, 9, 1)

    def test_registered_letter_changes_nothing(self) -> None:
        letter = event(EventKind.FORMAL_NOTICE, date(2025, 8, 17))
        assert ask(letter).last_live_on == date(2026, 3, 10)

    @pytest.mark.parametrize(
        ("kind", "last_on"),
        [
            (LineKind.SERVICE, date(2026, 3, 10)),
            (LineKind.TERMINATION_FEE, date(2027, 3, 10)),
            (LineKind.EQUIPMENT, date(2027, 3, 10)),
            (LineKind.COLLECTION_FEE, None),
        ],
    )
    def test_each_kind_of_line_has_its_own_delay(
        self, kind: LineKind, last_on: date | None
    ) -> None:
        assert ask(kind=kind).last_live_on == last_on

    def test_a_year_from_29_february_ends_on_28_february(self) -> None:
        limitation = ask(due_on=date(2024, 2, 29), on=date(2025, 3, 1))
        assert (limitation.last_live_on, limitation.limited) == (date(2025, 2, 28), True)

    def test_mediation_of_sixty_days_adds_sixty_days(self) -> None:
        stopped = mediation(date(2025, 5, 1), date(2025, 6, 30))
        assert ask(stopped).last_live_on == date(2026, 5, 9)

    def test_mediation_near_the_end_leaves_six_months(self) -> None:
        stopped = mediation(date(2026, 3, 1), date(2026, 4, 15))
        assert ask(stopped).last_live_on == date(2026, 10, 15)


class TestKinds:
    def test_a_collection_fee_is_not_due_and_never_limited(self) -> None:
        limitation = ask(kind=LineKind.COLLECTION_FEE, on=date(2040, 1, 1))
        assert limitation.limited is False
        assert limitation.flags == (Flag.NOT_DUE,)
        assert rules_of(limitation) == ["not_due"]

    @pytest.mark.parametrize("kind", [k for k in LineKind if k is not LineKind.COLLECTION_FEE])
    def test_only_a_collection_fee_is_flagged_not_due(self, kind: LineKind) -> None:
        assert Flag.NOT_DUE not in ask(kind=kind).flags

    def test_articles_follow_the_day_the_line_fell_due(self) -> None:
        old = ask(kind=LineKind.EQUIPMENT, due_on=date(2016, 6, 30))
        new = ask(kind=LineKind.EQUIPMENT, due_on=date(2016, 7, 1))
        assert "L137-2" in old.basis[0].article
        assert "L218-2" in new.basis[0].article

    def test_a_line_before_the_known_law_is_refused(self) -> None:
        with pytest.raises(NoRuleInForce):
            ask(kind=LineKind.EQUIPMENT, due_on=date(2008, 6, 18))

    def test_an_event_before_the_known_law_is_refused(self) -> None:
        paid = event(EventKind.PAYMENT, date(2008, 6, 18))
        with pytest.raises(NoRuleInForce):
            ask(paid, due_on=date(2007, 9, 1))


class TestRestarts:
    @pytest.mark.parametrize("kind", RESTARTING)
    def test_on_the_last_day_the_whole_period_begins_again(self, kind: EventKind) -> None:
        assert ask(event(kind, LAST_ON)).last_live_on == date(2027, 3, 10)

    @pytest.mark.parametrize("kind", RESTARTING)
    def test_one_day_late_nothing_begins_again(self, kind: EventKind) -> None:
        late = event(kind, LAST_ON + timedelta(days=1))
        limitation = ask(late, on=date(2026, 6, 1))
        assert (limitation.last_live_on, limitation.limited) == (LAST_ON, True)

    @pytest.mark.parametrize("kind", RESTARTING)
    def test_before_the_due_date_there_is_nothing_to_restart(self, kind: EventKind) -> None:
        limitation = ask(event(kind, date(2025, 3, 1)))
        assert limitation.last_live_on == LAST_ON
        assert "before_due" in rules_of(limitation)

    def test_several_restarts_count_from_the_latest(self) -> None:
        paid = [event(EventKind.PAYMENT, day) for day in (date(2026, 1, 5), date(2025, 6, 1))]
        assert ask(*paid).last_live_on == date(2027, 1, 5)

    def test_a_restart_carries_the_next_one(self) -> None:
        first = event(EventKind.PAYMENT, date(2026, 3, 1))
        second = event(EventKind.ACKNOWLEDGEMENT, date(2027, 2, 28))
        assert ask(first, second, on=date(2027, 3, 1)).last_live_on == date(2028, 2, 28)

    def test_a_restart_is_as_long_as_the_first_period(self) -> None:
        paid = event(EventKind.PAYMENT, date(2026, 12, 24))
        limitation = ask(paid, kind=LineKind.TERMINATION_FEE, on=date(2027, 1, 1))
        assert limitation.last_live_on == date(2028, 12, 24)

    def test_a_court_claim_counts_from_its_end_when_the_end_is_known(self) -> None:
        claim = event(EventKind.COURT_CLAIM, date(2025, 6, 1), date(2026, 1, 15))
        assert ask(claim).last_live_on == date(2027, 1, 15)

    def test_a_payment_on_29_february_restarts_until_28_february(self) -> None:
        paid = event(EventKind.PAYMENT, date(2028, 2, 29))
        limitation = ask(paid, due_on=date(2027, 6, 1), on=date(2028, 3, 1))
        assert limitation.last_live_on == date(2029, 2, 28)


class TestLetters:
    @pytest.mark.parametrize("kind", LETTERS)
    def test_are_written_down_as_without_effect(self, kind: EventKind) -> None:
        assert rules_of(ask(event(kind, date(2025, 8, 17)))) == [
            "delay",
            "without_effect",
            "near_limit",
        ]


class TestAfterTheLimit:
    @pytest.mark.parametrize("kind", sorted(DEBTOR_ACTS))
    def test_an_act_of_the_debtor_risks_renunciation(self, kind: EventKind) -> None:
        limitation = ask(event(kind, date(2026, 3, 11)), on=date(2026, 4, 1))
        assert limitation.flags == (Flag.RENUNCIATION_RISK,)
        assert limitation.limited is True
        assert "renunciation_risk" in rules_of(limitation)

    @pytest.mark.parametrize("kind", [EventKind.COURT_CLAIM, EventKind.MEDIATION])
    def test_an_act_of_others_has_no_effect(self, kind: EventKind) -> None:
        limitation = ask(event(kind, date(2026, 3, 11)), on=date(2026, 4, 1))
        assert (limitation.flags, limitation.last_live_on) == ((), LAST_ON)
        assert "after_limit" in rules_of(limitation)

    @pytest.mark.parametrize("kind", sorted(DEBTOR_ACTS))
    def test_an_act_within_the_period_risks_nothing(self, kind: EventKind) -> None:
        assert Flag.RENUNCIATION_RISK not in ask(event(kind, LAST_ON)).flags


class TestMediations:
    def test_spanning_the_end_keep_the_line_alive(self) -> None:
        limitation = ask(mediation(date(2026, 3, 5), date(2026, 12, 5)), on=date(2027, 6, 5))
        assert limitation.limited is False
        assert limitation.last_live_on == date(2027, 6, 5)

    def test_beginning_on_the_last_day_still_stop_the_clock(self) -> None:
        limitation = ask(mediation(LAST_ON, date(2026, 3, 20)), on=date(2026, 3, 20))
        assert limitation.last_live_on == date(2026, 9, 20)

    def test_that_overlap_count_each_day_once(self) -> None:
        both = ask(
            mediation(date(2025, 5, 1), date(2025, 6, 30)),
            mediation(date(2025, 6, 1), date(2025, 7, 30)),
        )
        assert both.last_live_on == ask(mediation(date(2025, 5, 1), date(2025, 7, 30))).last_live_on

    def test_one_within_another_adds_nothing(self) -> None:
        outer = mediation(date(2025, 5, 1), date(2025, 8, 30))
        inner = mediation(date(2025, 6, 1), date(2025, 6, 30))
        assert ask(outer, inner).last_live_on == ask(outer).last_live_on

    def test_apart_from_each_other_add_up(self) -> None:
        limitation = ask(
            mediation(date(2025, 5, 1), date(2025, 5, 11)),
            mediation(date(2025, 7, 1), date(2025, 7, 21)),
        )
        assert limitation.last_live_on == LAST_ON + timedelta(days=30)

    def test_still_running_count_until_the_day_of_the_question(self) -> None:
        open_one = mediation(date(2026, 3, 1))
        for on in (date(2026, 3, 1), date(2026, 9, 1), date(2030, 1, 1)):
            limitation = ask(open_one, on=on)
            assert limitation.limited is False
            assert limitation.last_live_on == max(
                LAST_ON + (on - date(2026, 3, 1)), add_months(on, 6)
            )

    def test_begun_before_the_due_date_count_from_it(self) -> None:
        early = mediation(date(2025, 2, 1), date(2025, 4, 9))
        assert ask(early).last_live_on == LAST_ON + timedelta(days=30)

    def test_over_before_the_due_date_change_nothing(self) -> None:
        assert ask(mediation(date(2025, 1, 1), date(2025, 3, 1))).last_live_on == LAST_ON

    def test_of_no_day_still_leave_six_months(self) -> None:
        day = date(2026, 3, 10)
        assert ask(mediation(day, day)).last_live_on == date(2026, 9, 10)

    def test_after_a_restart_stop_the_new_period(self) -> None:
        limitation = ask(
            event(EventKind.PAYMENT, date(2025, 9, 1)),
            mediation(date(2025, 10, 1), date(2025, 10, 31)),
        )
        assert limitation.last_live_on == date(2026, 10, 1)

    def test_running_while_the_period_restarts_delay_the_new_one(self) -> None:
        limitation = ask(
            mediation(date(2025, 8, 1), date(2025, 10, 1)),
            event(EventKind.ACKNOWLEDGEMENT, date(2025, 9, 1)),
        )
        assert limitation.last_live_on == date(2026, 9, 1) + timedelta(days=30)

    def test_during_proceedings_stop_nothing_that_runs(self) -> None:
        claim = event(EventKind.COURT_CLAIM, date(2025, 4, 1), date(2025, 12, 1))
        during = mediation(date(2025, 5, 1), date(2025, 6, 1))
        assert ask(claim, during).last_live_on == date(2026, 12, 1)

    def test_announced_to_end_later_count_until_then(self) -> None:
        limitation = ask(mediation(date(2026, 3, 1), date(2026, 6, 1)), on=date(2026, 3, 15))
        assert limitation.last_live_on == date(2026, 12, 1)


class TestFlags:
    def test_sixty_days_before_the_end_are_not_near(self) -> None:
        assert ask(on=LAST_ON - timedelta(days=60)).flags == ()

    def test_fifty_nine_days_before_the_end_are_near(self) -> None:
        assert ask(on=LAST_ON - timedelta(days=59)).flags == (Flag.NEAR_LIMIT,)

    def test_the_last_day_is_near(self) -> None:
        assert ask(on=LAST_ON).flags == (Flag.NEAR_LIMIT,)

    def test_a_limited_line_is_not_near(self) -> None:
        assert ask(on=LAST_ON + timedelta(days=1)).flags == ()


class TestQuestions:
    @pytest.mark.parametrize("kind", list(EventKind))
    def test_do_not_count_what_happens_after_them(self, kind: EventKind) -> None:
        on = date(2025, 9, 1)
        limitation = ask(event(kind, date(2025, 9, 2)), on=on)
        assert limitation.last_live_on == ask(on=on).last_live_on
        assert "after_question" in rules_of(limitation)

    def test_may_come_before_the_due_date(self) -> None:
        limitation = ask(on=date(2025, 1, 1))
        assert (limitation.limited, limitation.flags) == (False, ())

    def test_get_the_same_answer_whatever_the_order_of_events(self) -> None:
        events = [
            event(EventKind.PAYMENT, date(2025, 9, 1)),
            mediation(date(2025, 8, 1), date(2025, 10, 1)),
            event(EventKind.REMINDER, date(2025, 9, 1)),
            mediation(date(2025, 9, 15), date(2025, 11, 1)),
        ]
        answers = {ask(*order) == ask(*events) for order in permutations(events)}
        assert answers == {True}

    @pytest.mark.parametrize("kind", sorted(LASTING))
    @pytest.mark.parametrize("line", list(LineKind))
    def test_refuse_an_end_before_the_beginning(self, kind: EventKind, line: LineKind) -> None:
        backwards = event(kind, date(2025, 9, 2), date(2025, 9, 1))
        with pytest.raises(EndsBeforeItBegins):
            ask(backwards, kind=line)

    @pytest.mark.parametrize("kind", sorted(set(EventKind) - LASTING))
    def test_refuse_an_end_where_there_is_none(self, kind: EventKind) -> None:
        with pytest.raises(HasNoEnd):
            ask(event(kind, date(2025, 9, 1), date(2025, 9, 2)))

    def test_always_say_that_the_mediator_confirms(self) -> None:
        for on in (date(2025, 4, 1), LAST_ON, date(2027, 1, 1)):
            assert "to be confirmed by the mediator" in ask(on=on).basis[-1].sentence
