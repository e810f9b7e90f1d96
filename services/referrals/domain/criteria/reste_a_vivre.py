"""Reste à vivre: what a household has for each day and head once the fixed charges are paid.

    (monthly resources - fixed charges) / (household units x 30)

Town social services use it because it tells of this month, where the CAF's quotient tells of the
year before.
"""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from kernel.money import Cents
from kernel.refusal import Refusal
from services.referrals.domain.criterion import Answer, Figures, Given

_DAYS_A_MONTH = 30


class FiguresNeeded(Refusal):
    """This site asks what is left to live on: resources, fixed charges and household are needed."""

    code = "referrals.criterion.figures_needed"


class LeftTooMuch(Refusal):
    """This household has {left_day_cents} a day and head; the site takes up to {limit_cents}."""

    code = "referrals.criterion.left_too_much"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResteAVivre:
    """Takes in who has no more left than the threshold."""

    threshold_day_cents: Cents

    def judge(self, given: Given) -> Answer:
        """Keep the figures and what they come to."""
        if given.figures is None:
            raise FiguresNeeded()
        left_day_cents = left_each_day_cents(given.figures)
        if left_day_cents > self.threshold_day_cents:
            raise LeftTooMuch(left_day_cents=left_day_cents, limit_cents=self.threshold_day_cents)
        return {
            "monthly_resources_cents": given.figures.monthly_resources_cents,
            "fixed_charges_cents": given.figures.fixed_charges_cents,
            "household_units": str(given.figures.household_units),
            "left_day_cents": left_day_cents,
            "threshold_day_cents": self.threshold_day_cents,
        }


def left_each_day_cents(figures: Figures) -> Cents:
    """Return what is left for a day and head, below zero when the charges are more.

    Whole cents, rounded down: half a cent keeps nobody out.
    """
    left = Decimal(figures.monthly_resources_cents - figures.fixed_charges_cents)
    each = left / (figures.household_units * _DAYS_A_MONTH)
    return Cents(int(each.to_integral_value(rounding=ROUND_FLOOR)))
