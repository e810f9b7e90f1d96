"""The figures that change with the years: settings with dates of effect, never constants."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from kernel.money import Cents

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


class RuleMissing(Exception):
    """No value is in force for a rule: the settings have a gap."""


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
