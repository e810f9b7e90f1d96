"""By what a site decides: the criteria themselves, when each is in force, and what is kept."""

import json
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import errors
from pydantic import ValidationError

from chassis.auth import OtherSite
from kernel.money import Cents
from services.referrals.api import criteria as criterion_api
from services.referrals.domain import criteria
from services.referrals.domain.criteria.manual import DecidedOtherwise, DecisionNeeded
from services.referrals.domain.criteria.reste_a_vivre import FiguresNeeded, LeftTooMuch
from services.referrals.domain.criterion import (
    Decision,
    Figures,
    Given,
    Setting,
    StartsInThePast,
)
from services.referrals.domain.referral import SiteUnknown
from services.referrals.handlers import criteria as handlers
from tests.fix_stack import TxOf
from tests.referrals.build import (
    DESK,
    MANAGER,
    NOW,
    SITE,
    Tx,
    a_caller,
    accept,
    on,
    open_site,
    renew,
    submit,
    walk_in,
)

TODAY = NOW.date()
CENTS = st.integers(0, 1_000_000)
UNITS = st.decimals("0.1", 30, places=2)
YES: Any = {"decision": {"eligible": True, "reason": "Situation exceptionnelle"}}


def figures(resources: int, charges: int, units: str = "1") -> dict[str, Any]:
    return {
        "figures": {
            "monthly_resources_cents": resources,
            "fixed_charges_cents": charges,
            "household_units": float(units),
        }
    }


class TestResteAVivre:
    @given(CENTS, CENTS, UNITS, st.integers(1, 10_000))
    def test_is_what_is_left_for_a_day_and_head(
        self, resources: int, charges: int, units: Decimal, threshold: int
    ) -> None:
        setting = Setting(criterion="reste_a_vivre", threshold_day_cents=Cents(threshold))
        asked = Given(
            figures=Figures(
                monthly_resources_cents=Cents(resources),
                fixed_charges_cents=Cents(charges),
                household_units=units,
            )
        )
        left = floor(Fraction(resources - charges) / (Fraction(units) * 30))

        if left > threshold:
            with pytest.raises(LeftTooMuch) as refused:
                criteria.of(setting).judge(asked)
            assert refused.value.values == {"left_day_cents": left, "limit_cents": threshold}
        else:
            answer = criteria.of(setting).judge(asked)
            assert answer is not None
            assert answer["left_day_cents"] == left

    def test_needs_its_figures(self) -> None:
        setting = Setting(criterion="reste_a_vivre", threshold_day_cents=Cents(1_000))

        with pytest.raises(FiguresNeeded):
            criteria.of(setting).judge(Given())


class TestManual:
    @pytest.mark.parametrize("by_manager", [True, False])
    @pytest.mark.parametrize("eligible", [True, False, None])
    def test_is_a_managers_yes(self, by_manager: bool, eligible: bool | None) -> None:
        decision = None if eligible is None else Decision(eligible=eligible, reason="Parce que")
        asked = Given(decision=decision, by_manager=by_manager)
        judge = criteria.of(Setting(criterion="manual")).judge

        if eligible is None or not by_manager:
            with pytest.raises(DecisionNeeded):
                judge(asked)
        elif not eligible:
            with pytest.raises(DecidedOtherwise):
                judge(asked)
        else:
            assert judge(asked) == {"reason": "Parce que"}


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    open_site(opened, "lyon")
    return opened


def set_criterion(
    tx: Tx, criterion: str, *, from_on: date = TODAY, threshold: int | None = None, site: str = SITE
) -> list[criterion_api.SiteCriterion]:
    body = criterion_api.SetCriterion.model_validate_json(
        json.dumps(
            {
                "criterion": criterion,
                "from": from_on.isoformat(),
                "threshold_day_cents": threshold,
            }
        )
    )
    admin = a_caller("admin")
    return handlers.set_criterion(tx, site, body, caller=admin, now=NOW)


def kept(tx: Tx, referral_id: UUID) -> dict[str, Any] | None:
    return tx.execute(
        "SELECT criterion, figures FROM criterion_answer WHERE referral_id = %s", (referral_id,)
    ).fetchone()


class TestSite:
    def test_without_a_criterion_asks_for_nothing_and_keeps_nothing(self, tx: Tx) -> None:
        referral_id = submit(tx).referral_id

        accept(tx, referral_id, **figures(100_000, 0))

        assert kept(tx, referral_id) is None

    def test_keeps_what_a_yes_was_based_on(self, tx: Tx) -> None:
        set_criterion(tx, "reste_a_vivre", threshold=1_000)
        referral_id = submit(tx).referral_id

        accept(tx, referral_id, **figures(90_000, 45_000, "1.5"))

        assert kept(tx, referral_id) == {
            "criterion": "reste_a_vivre",
            "figures": {
                "monthly_resources_cents": 90_000,
                "fixed_charges_cents": 45_000,
                "household_units": "1.5",
                "left_day_cents": 1_000,
                "threshold_day_cents": 1_000,
            },
        }
        with pytest.raises(errors.RestrictViolation):
            tx.execute("UPDATE criterion_answer SET figures = '{}'")

    def test_refuses_without_figures_and_when_too_much_is_left(self, tx: Tx) -> None:
        set_criterion(tx, "reste_a_vivre", threshold=1_000)
        referral_id = submit(tx).referral_id

        with pytest.raises(FiguresNeeded):
            accept(tx, referral_id)
        with pytest.raises(LeftTooMuch):
            accept(tx, referral_id, **figures(90_000, 44_900, "1.5"))

    def test_asks_a_renewal_and_a_walk_in_as_well(self, tx: Tx) -> None:
        person: Any = {"given_name": "Ines", "family_name": "Genêt"}
        entitled = accept(tx, submit(tx, **person).referral_id)
        set_criterion(tx, "manual")
        again = submit(tx, **person).referral_id

        with pytest.raises(DecisionNeeded):
            renew(tx, entitled.person_ref, again, by=MANAGER)
        with pytest.raises(DecisionNeeded):
            walk_in(tx, by=DESK, **YES)
        walked = walk_in(tx, by=MANAGER, **YES)
        assert kept(tx, walked.referral_id) == {
            "criterion": "manual",
            "figures": {"reason": "Situation exceptionnelle"},
        }

    def test_has_one_criterion_a_day_and_the_other_site_its_own(self, tx: Tx) -> None:
        later, last = (TODAY + timedelta(days=n) for n in (10, 20))
        set_criterion(tx, "manual", from_on=last)
        set_criterion(tx, "manual")
        listed = set_criterion(tx, "none", from_on=later)

        assert [(each.criterion, each.from_on, each.until_on) for each in listed] == [
            ("manual", last, None),
            ("none", later, last),
            ("manual", TODAY, later),
        ]
        there = submit(tx, site_code="lyon").referral_id
        accept(tx, there, by=a_caller("till_operator", "lyon"))
        accept(tx, submit(tx).referral_id, now=on(later))

    def test_corrects_a_criterion_of_the_same_day(self, tx: Tx) -> None:
        set_criterion(tx, "reste_a_vivre", threshold=500)

        [listed] = set_criterion(tx, "reste_a_vivre", threshold=700)

        assert listed.threshold_day_cents == 700

    def test_refuses_the_past_another_site_and_a_threshold_that_means_nothing(self, tx: Tx) -> None:
        with pytest.raises(StartsInThePast):
            set_criterion(tx, "manual", from_on=TODAY - timedelta(days=1))
        with pytest.raises(SiteUnknown):
            set_criterion(tx, "manual", site="atlantis")
        for criterion, threshold in (("manual", 100), ("reste_a_vivre", None)):
            with pytest.raises(ValidationError):
                set_criterion(tx, criterion, threshold=threshold)
        with pytest.raises(OtherSite):
            handlers.list_criteria(tx, "lyon", caller=MANAGER)
