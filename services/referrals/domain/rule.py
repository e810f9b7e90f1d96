"""The figures that change with the years: settings with dates of effect, never constants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kernel.money import Cents
from kernel.refusal import Invalid, Refusal

NAMES = (
    "referral_months",
    "entitlement_months",
    "monthly_cap_cents",
    "renewals_max",
    "convention_required",
    "accreditation_required",
    "answer_working_days",
    "walk_in_months",
    "reminder_days",
)
#: 0 is no, 1 is yes.
SWITCHES = frozenset({"convention_required", "accreditation_required"})
#: Rules of which none is a value: nothing lasts, counts or is answered within none of the others.
_MAY_BE_NONE = SWITCHES | {"monthly_cap_cents", "renewals_max", "reminder_days"}


class RuleMissing(Exception):
    """No value is in force for a rule: the settings have a gap."""


class RuleNotValid(Invalid):
    """A rule is a number from 1 on, or 0 where none makes sense; a question is 0 or 1."""

    code = "referrals.rule.not_valid"


class RuleOfThePast(Refusal):
    """A rule changes today or later: what was decided by the old value stays as it was."""

    code = "referrals.rule.of_the_past"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is in force on one day."""

    referral_months: int
    entitlement_months: int
    monthly_cap_cents: Cents
    renewals_max: int
    convention_required: bool
    accreditation_required: bool
    answer_working_days: int
    walk_in_months: int
    reminder_days: int


def rules_of(values: Mapping[str, int], *, on: date) -> Rules:
    """Gather the values in force on a day; each rule must have one."""
    if missing := [name for name in NAMES if name not in values]:
        raise RuleMissing(f"no value on {on} for {', '.join(missing)}")
    return Rules(
        referral_months=values["referral_months"],
        entitlement_months=values["entitlement_months"],
        monthly_cap_cents=Cents(values["monthly_cap_cents"]),
        renewals_max=values["renewals_max"],
        convention_required=bool(values["convention_required"]),
        accreditation_required=bool(values["accreditation_required"]),
        answer_working_days=values["answer_working_days"],
        walk_in_months=values["walk_in_months"],
        reminder_days=values["reminder_days"],
    )


def check_change(name: str, value: int, *, from_on: date, today: date) -> None:
    """Refuse a value that no decision could be made by, and one that would rewrite the past."""
    least = 0 if name in _MAY_BE_NONE else 1
    if value < least or (name in SWITCHES and value > 1):
        raise RuleNotValid(errors=[{"field": name, "reason": RuleNotValid.sentence()}])
    if from_on < today:
        raise RuleOfThePast()
