"""By what a site decides whom it takes in: what is asked, and what every criterion answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from kernel.money import Cents
from kernel.refusal import Refusal


class StartsInThePast(Refusal):
    """A criterion begins today or later: what was decided before stays as it was."""

    code = "referrals.criterion.starts_in_the_past"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a household lives on in a month."""

    monthly_resources_cents: Cents
    fixed_charges_cents: Cents
    household_units: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided, and why."""

    eligible: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is known when a site takes somebody in."""

    figures: Figures | None = None
    decision: Decision | None = None
    by_manager: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The criterion of a site on a day."""

    criterion: str
    threshold_day_cents: Cents | None = None


#: What a yes was based on, as it is kept with the acceptance; None when nothing was asked.
Answer = Mapping[str, str | int] | None


class Criterion(Protocol):
    """Says yes with what it is based on, or refuses with a sentence for the person at the desk."""

    def judge(self, given: Given) -> Answer:
        """Return what the yes is based on; a no is a Refusal."""


def check_start(from_on: date, *, today: date) -> None:
    """Refuse a criterion for days on which people were taken in by another."""
    if from_on < today:
        raise StartsInThePast()
