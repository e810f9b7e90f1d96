"""The life of a referral and of the entitlement it opens, with no database in sight."""

from dataclasses import replace
from datetime import date, timedelta
from typing import ClassVar
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from kernel.period import add_months
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain.entitlement import Entitlement
from services.referrals.domain.referral import TRANSITIONS, Referral, State, Verb
from services.referrals.domain.rule import RuleMissing, Rules, rules_of

TODAY = date(2026, 11, 20)
RULES = Rules(
    referral_months=3,
    entitlement_months=9,
    monthly_cap_cents=Cents(3_000),
    renewals_max=1,
    convention_required=False,
    accreditation_required=False,
    answer_working_days=5,
    walk_in_months=1,
    reminder_days=30,
)
DAYS = st.dates(date(2014, 1, 1), date(2100, 1, 1))


def a_referral(state: State = State.SUBMITTED, *, expires_on: date = date(2027, 1, 1)) -> Referral:
    return Referral(
        referral_id=UUID(int=1),
        person_ref=UUID(int=2),
        site_code="saint-denis",
        state=state,
        expires_on=expires_on,
    )


def granted(
    *, on: date = TODAY, latest: Entitlement | None = None, provisional: bool = False
) -> Entitlement:
    return entitlements.grant(
        entitlement_id=UUID(int=3),
        person_ref=UUID(int=2),
        latest=latest,
        rules=RULES,
        on=on,
        provisional=provisional,
    )


class TestLife:
    # What the table says, said a second time: every state with every verb.
    EXPECTED: ClassVar = {
        (State.SUBMITTED, Verb.SEE): [State.SEEN],
        (State.SUBMITTED, Verb.ACCEPT): [State.SEEN, State.ACCEPTED],
        (State.SUBMITTED, Verb.REFUSE): [State.SEEN, State.REFUSED],
        (State.SEEN, Verb.SEE): [],
        (State.SEEN, Verb.ACCEPT): [State.ACCEPTED],
        (State.SEEN, Verb.REFUSE): [State.REFUSED],
        (State.SUBMITTED, Verb.REVOKE): [State.REVOKED],
        (State.SEEN, Verb.REVOKE): [State.REVOKED],
        (State.SUBMITTED, Verb.LAPSE): [State.LAPSED],
        (State.SEEN, Verb.LAPSE): [State.LAPSED],
        (State.PROVISIONAL, Verb.LAPSE): [State.LAPSED],
        (State.PROVISIONAL, Verb.CONFIRM): [State.ACCEPTED],
    }
    # And the sentence that each refusal has.
    REFUSED: ClassVar = {
        State.SUBMITTED: referrals.NoWalkIn,
        State.SEEN: referrals.NoWalkIn,
        State.PROVISIONAL: referrals.AwaitsConfirmation,
        State.LAPSED: referrals.ReferralLapsed,
        State.REVOKED: referrals.ReferralRevoked,
    }

    @pytest.mark.parametrize("state", State)
    @pytest.mark.parametrize("verb", Verb)
    def test_every_state_with_every_verb(self, state: State, verb: Verb) -> None:
        if (state, verb) in self.EXPECTED:
            moved, steps = referrals.move(a_referral(state), verb, on=TODAY)

            assert list(steps) == self.EXPECTED[state, verb]
            assert moved.state is (steps[-1] if steps else state)
            return
        refusal = self.REFUSED.get(state)
        if refusal is None:
            confirmed = verb is Verb.CONFIRM
            refusal = referrals.NoWalkIn if confirmed else referrals.OutOfTurn
        with pytest.raises(refusal):
            referrals.move(a_referral(state), verb, on=TODAY)

    @pytest.mark.parametrize("state", [State.SUBMITTED, State.SEEN, State.PROVISIONAL])
    @pytest.mark.parametrize("verb", Verb)
    def test_lapsed_one_takes_no_verb(self, state: State, verb: Verb) -> None:
        with pytest.raises(referrals.ReferralLapsed) as refused:
            referrals.move(a_referral(state, expires_on=TODAY), verb, on=TODAY)

        assert refused.value.values["expires_on"] == TODAY

    def test_table_names_every_state(self) -> None:
        assert set(TRANSITIONS) == set(State)

    @given(st.sampled_from([s for s in State if s is not State.LAPSED]), DAYS, DAYS)
    def test_lapses_by_the_calendar_unless_it_was_answered(
        self, state: State, expires_on: date, on: date
    ) -> None:
        shown = referrals.state_on(state, expires_on=expires_on, on=on)

        lapsed = state in (State.SUBMITTED, State.SEEN, State.PROVISIONAL) and on >= expires_on
        assert shown is (State.LAPSED if lapsed else state)

    def test_is_good_for_three_months_less_a_day(self) -> None:
        expires_on = referrals.good_until(submitted_on=date(2026, 11, 30), rules=RULES)

        assert expires_on == date(2027, 2, 28)

    def test_names_a_need_once(self) -> None:
        referrals.check_needs(["recharge", "sim"])
        with pytest.raises(referrals.NeedTwice):
            referrals.check_needs(["sim", "sim"])


class TestGrant:
    def test_opens_nine_months_from_today(self) -> None:
        opened = granted()

        assert (opened.from_on, opened.until_on) == (TODAY, date(2027, 8, 20))
        assert opened.last_on == date(2027, 8, 19)
        assert opened.monthly_cap_cents == 3_000

    @given(DAYS, st.integers(0, 800))
    def test_nobody_has_two_on_one_day(self, first_on: date, days: int) -> None:
        first, on = granted(on=first_on), first_on + timedelta(days=days)

        if on < first.until_on:
            with pytest.raises(entitlements.EntitlementActive) as refused:
                granted(on=on, latest=first)
            assert refused.value.values["last_on"] == first.last_on
        else:
            second = granted(on=on, latest=first)
            assert second.from_on >= first.until_on

    @given(DAYS)
    def test_is_active_from_its_first_day_to_its_last(self, on: date) -> None:
        opened = granted(on=on)

        assert entitlements.is_active(opened, on=opened.from_on)
        assert entitlements.is_active(opened, on=opened.last_on)
        assert not entitlements.is_active(opened, on=opened.until_on)
        assert not entitlements.is_active(opened, on=opened.from_on - timedelta(days=1))
        assert not entitlements.is_active(None, on=on)


class TestRenew:
    def test_is_promised_with_its_end_before_it_is_done(self) -> None:
        first = granted()

        promised = entitlements.renewable_to(first, rules=RULES, on=TODAY)

        renewed = entitlements.renew(first, rules=RULES, on=TODAY)
        assert promised == renewed.until_on
        assert entitlements.renewable_to(renewed, rules=RULES, on=TODAY) is None
        assert entitlements.renewable_to(None, rules=RULES, on=TODAY) is None

    def test_comes_first_in_the_last_three_months_alone(self) -> None:
        first = granted()

        assert not entitlements.is_renewal_soon(first, on=TODAY)
        assert not entitlements.is_renewal_soon(first, on=date(2027, 5, 19))
        assert entitlements.is_renewal_soon(first, on=date(2027, 5, 20))
        assert not entitlements.is_renewal_soon(None, on=TODAY)

    @given(DAYS, st.integers(0, 400))
    def test_extends_once_by_nine_months_while_it_lasts(self, first_on: date, days: int) -> None:
        opened, on = granted(on=first_on), first_on + timedelta(days=days)

        if on >= opened.until_on:
            with pytest.raises(entitlements.EntitlementMissing):
                entitlements.renew(opened, rules=RULES, on=on)
            return
        renewed = entitlements.renew(opened, rules=RULES, on=on)
        assert renewed.from_on == opened.from_on
        assert renewed.until_on == add_months(opened.until_on, 9)
        with pytest.raises(entitlements.RenewedAlready):
            entitlements.renew(renewed, rules=RULES, on=on)

    def test_needs_an_entitlement(self) -> None:
        with pytest.raises(entitlements.EntitlementMissing):
            entitlements.renew(None, rules=RULES, on=TODAY)


class TestProvisional:
    @given(DAYS, st.integers(0, 40))
    def test_is_short_until_it_is_confirmed_and_then_counts_from_its_first_day(
        self, first_on: date, days: int
    ) -> None:
        short, on = granted(on=first_on, provisional=True), first_on + timedelta(days=days)

        assert short.until_on == add_months(first_on, 1)
        if on >= short.until_on:
            with pytest.raises(entitlements.EntitlementMissing):
                entitlements.confirm(short, rules=RULES, on=on)
            return
        whole = entitlements.confirm(short, rules=RULES, on=on)
        assert whole == granted(on=first_on)
        with pytest.raises(entitlements.EntitlementMissing):
            entitlements.confirm(whole, rules=RULES, on=on)

    def test_never_becomes_shorter(self) -> None:
        short = granted(provisional=True)
        rules = replace(RULES, entitlement_months=0)

        assert entitlements.confirm(short, rules=rules, on=TODAY).until_on == short.until_on

    def test_is_not_renewed(self) -> None:
        with pytest.raises(entitlements.EntitlementProvisional):
            entitlements.renew(granted(provisional=True), rules=RULES, on=TODAY)

    def test_ends_for_good(self) -> None:
        for made in (granted(), granted(provisional=True)):
            ended = replace(made, ended=True)
            assert not entitlements.is_active(ended, on=TODAY)
            for act in (entitlements.renew, entitlements.confirm):
                with pytest.raises(entitlements.EntitlementMissing):
                    act(ended, rules=RULES, on=TODAY)


class TestRules:
    def test_each_has_a_value(self) -> None:
        with pytest.raises(RuleMissing, match="entitlement_months, monthly_cap_cents"):
            rules_of({"referral_months": 3, "renewals_max": 1}, on=TODAY)
