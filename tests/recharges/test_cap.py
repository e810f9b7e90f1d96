"""The monthly cap and the entitlement behind it."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from services.recharges.domain import cap
from services.recharges.domain.cap import (
    Allowance,
    CapExceeded,
    EntitlementEnded,
    EntitlementMissing,
    EntitlementNotBegun,
)
from tests.recharges.build import an_entitlement

BEGINS, ENDS = date(2026, 11, 1), date(2027, 8, 1)
amounts = st.integers(0, 10_000).map(Cents)


def allowance(cap_cents: int, used_cents: int = 0) -> Allowance:
    return Allowance(cap_cents=Cents(cap_cents), used_cents=Cents(used_cents))


class TestUse:
    def test_accepts_the_last_cent_and_refuses_one_cent_over(self) -> None:
        assert cap.use(allowance(3000, 2750), counted_cents=Cents(250)).left_cents == 0

        with pytest.raises(CapExceeded) as refusal:
            cap.use(allowance(3000, 2750), counted_cents=Cents(251))
        assert refusal.value.values == {"counted_cents": 251, "left_cents": 250}

    @given(cap_cents=amounts, counted=st.lists(amounts, max_size=30))
    def test_never_lets_the_sum_go_over_the_cap(
        self, cap_cents: Cents, counted: list[Cents]
    ) -> None:
        held, accepted = allowance(cap_cents), 0
        for cents in counted:
            try:
                held = cap.use(held, counted_cents=cents)
            except CapExceeded:
                assert accepted + cents > cap_cents
            else:
                accepted += cents
            assert held.used_cents == accepted <= cap_cents
            assert held.left_cents == cap_cents - accepted

    def test_leaves_nothing_when_the_cap_was_lowered_below_what_is_used(self) -> None:
        lowered = allowance(1000, 1500)

        assert lowered.left_cents == 0
        with pytest.raises(CapExceeded):
            cap.use(lowered, counted_cents=Cents(1))


class TestRequireInForce:
    person = an_entitlement(uuid4(), from_on=BEGINS, until_on=ENDS)

    def test_refuses_a_person_without_one(self) -> None:
        with pytest.raises(EntitlementMissing):
            cap.require_in_force([], on=BEGINS)

    def test_refuses_the_day_before_it_begins(self) -> None:
        with pytest.raises(EntitlementNotBegun) as refusal:
            cap.require_in_force([self.person], on=BEGINS - timedelta(days=1))
        assert refusal.value.values == {"from_on": BEGINS}

    @pytest.mark.parametrize("on", [BEGINS, ENDS - timedelta(days=1)])
    def test_accepts_its_first_and_its_last_day(self, on: date) -> None:
        assert cap.require_in_force([self.person], on=on) is self.person

    @pytest.mark.parametrize("on", [ENDS, ENDS + timedelta(days=1)])
    def test_refuses_the_day_named_as_its_end_for_periods_are_half_open(self, on: date) -> None:
        with pytest.raises(EntitlementEnded) as refusal:
            cap.require_in_force([self.person], on=on)
        assert refusal.value.values == {"until_on": ENDS}

    def test_takes_the_best_of_those_that_a_merged_person_has(self) -> None:
        more = an_entitlement(uuid4(), from_on=BEGINS, until_on=ENDS, cap_cents=4000)
        later = an_entitlement(uuid4(), from_on=ENDS, until_on=ENDS + timedelta(days=9))

        assert cap.require_in_force([self.person, more, later], on=BEGINS) is more
        assert cap.require_in_force([self.person, later], on=ENDS) is later
