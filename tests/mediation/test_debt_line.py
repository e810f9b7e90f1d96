"""The debt line: what is claimed, due and agreed, and how one agreed sum is shared out."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from services.mediation.domain.debt_line import (
    TRANSITIONS,
    AgreedAboveClaimed,
    AlreadySettled,
    BornAfterDue,
    DebtLine,
    DueAboveClaimed,
    FeeNotDue,
    NothingClaimed,
    State,
    Verb,
    assess,
    settle,
    share_out,
)
from services.mediation.domain.limitation import Event, HasNoEnd
from services.mediation.domain.limitation_law import EventKind, LineKind
from tests.mediation.build import a_line


class TestAssess:
    def test_keeps_a_line_that_is_in_order(self) -> None:
        line = a_line(due_cents=20_000)
        assert assess(line) == line

    def test_owes_the_claim_until_our_own_figure_is_known(self) -> None:
        assert a_line().owed_cents == 32_000
        assert a_line(due_cents=20_000).owed_cents == 20_000

    def test_a_collection_fee_is_due_for_nothing(self) -> None:
        assert assess(a_line(kind=LineKind.COLLECTION_FEE)).due_cents == 0

    def test_refuses_a_collection_fee_as_due(self) -> None:
        with pytest.raises(FeeNotDue):
            assess(a_line(kind=LineKind.COLLECTION_FEE, due_cents=1))

    def test_refuses_a_claim_of_nothing(self) -> None:
        with pytest.raises(NothingClaimed):
            assess(a_line(claimed_cents=0))

    def test_refuses_more_due_than_claimed(self) -> None:
        with pytest.raises(DueAboveClaimed):
            assess(a_line(due_cents=32_001))

    def test_refuses_a_debt_born_after_it_fell_due(self) -> None:
        with pytest.raises(BornAfterDue):
            assess(a_line(born_on=date(2026, 9, 11)))

    def test_refuses_events_that_make_no_sense(self) -> None:
        day = date(2026, 9, 20)
        with pytest.raises(HasNoEnd):
            assess(a_line(events=[Event(kind=EventKind.REMINDER, on=day, until_on=day)]))


def in_state(state: State) -> DebtLine:
    line = a_line()
    return line if state is State.OPEN else settle(line, agreed_cents=Cents(100))


class TestLifeCycle:
    @pytest.mark.parametrize("state", list(State))
    @pytest.mark.parametrize("verb", list(Verb))
    def test_allows_what_the_table_lists_and_nothing_else(self, state: State, verb: Verb) -> None:
        line = in_state(state)
        becomes = TRANSITIONS[state].get(verb)
        if becomes is None:
            with pytest.raises(AlreadySettled):
                settle(line, agreed_cents=Cents(0))
        else:
            assert settle(line, agreed_cents=Cents(0)).state is becomes

    def test_refuses_more_than_was_claimed(self) -> None:
        with pytest.raises(AgreedAboveClaimed):
            settle(a_line(), agreed_cents=Cents(32_001))


class TestShareOut:
    def test_pays_the_oldest_first(self) -> None:
        young = a_line(number=1, claimed_cents=10_000, due_on=date(2026, 9, 1))
        old = a_line(number=2, claimed_cents=10_000, due_on=date(2026, 6, 1))
        shared = share_out([young, old], agreed_cents=Cents(12_000))
        assert [line.agreed_cents for line in shared] == [2_000, 10_000]

    def test_pays_nothing_on_what_is_not_due_while_something_is(self) -> None:
        fee = assess(a_line(number=1, kind=LineKind.COLLECTION_FEE, due_on=date(2026, 1, 1)))
        service = a_line(number=2)
        shared = share_out([fee, service], agreed_cents=Cents(32_000))
        assert [line.agreed_cents for line in shared] == [0, 32_000]

    def test_refuses_more_than_all_claims(self) -> None:
        with pytest.raises(AgreedAboveClaimed):
            share_out([a_line()], agreed_cents=Cents(32_001))

    @given(
        st.lists(
            st.tuples(
                st.integers(min_value=1, max_value=100_000),
                st.integers(min_value=0, max_value=100),
                st.dates(min_value=date(2024, 1, 1), max_value=date(2026, 11, 1)),
            ),
            min_size=1,
            max_size=8,
        ),
        st.integers(min_value=0, max_value=100),
    )
    def test_shares_the_sum_to_the_cent_within_each_claim(
        self, drawn: list[tuple[int, int, date]], percent: int
    ) -> None:
        lines = [
            replace(
                a_line(number=n, claimed_cents=claimed, due_on=day, born_on=day),
                due_cents=Cents(claimed * share // 100),
            )
            for n, (claimed, share, day) in enumerate(drawn, start=1)
        ]
        agreed_cents = sum(line.claimed_cents for line in lines) * percent // 100
        shared = share_out(lines, agreed_cents=Cents(agreed_cents))
        shares = [line.agreed_cents for line in shared]
        assert [line.line_id for line in shared] == [line.line_id for line in lines]
        assert sum(share or 0 for share in shares) == agreed_cents
        for line, share_cents in zip(lines, shares, strict=True):
            assert share_cents is not None
            assert 0 <= share_cents <= line.claimed_cents
