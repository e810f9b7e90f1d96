"""A period of one operator: its legs, what is missing, what does not add up.

A leg whose facts were never heard is missing, and a period with a missing leg is not complete,
whatever else agrees: "no difference" is worth nothing where there was nothing to compare.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """An operator's transfers, summed: in the period, or `_ever` up to its end.

    What is `gone` was written off: lost, damaged, expired.
    """

    batches_ever: int
    sales: int
    option_reports: int
    given_ever_cents: int
    given_ever_count: int
    sold_ever_cents: int
    sold_ever_count: int
    gone_ever_cents: int
    gone_ever_count: int
    given_cents: int
    given_count: int
    sold_cents: int
    sold_count: int
    gone_cents: int
    gone_count: int
    cash_cents: int
    cash_sales: int
    card_cents: int
    card_sales: int
    gifts_cents: int
    gifts_lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCredits:
    """Credits of one operator at one site: what moved in the period, left at its end.

    What was `transferred` came from other sites, less what was sent to them.
    """

    site_code: str
    given_count: int
    given_cents: int
    sold_count: int
    sold_cents: int
    transferred_count: int
    transferred_cents: int
    written_off_count: int
    written_off_cents: int
    left_count: int
    left_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Takings:
    """What the tills of one site took for recharges on one business day."""

    site_code: str
    business_date: date
    cash_cents: int
    cash_sales: int
    card_cents: int
    card_sales: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One thing that must be known before a period can be agreed on."""

    name: str
    present: bool
    total_cents: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two figures that should be one: cents, or items where the name ends in `_count`."""

    name: str
    reference: str
    expected: int
    found: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What is known of one operator in one period."""

    legs: Sequence[Leg]
    differences: Sequence[Difference]

    @property
    def missing(self) -> list[str]:
        """The legs of which nothing was heard."""
        return [leg.name for leg in self.legs if not leg.present]

    @property
    def complete(self) -> bool:
        """Whether every leg is there."""
        return not self.missing


def state(sums: Sums, *, unequal: Sequence[Difference]) -> Statement:
    """Draw up the statement from the sums and the entries found unequal."""
    return Statement(legs=_legs(sums), differences=[*unequal, *_differences(sums)])


def _legs(sums: Sums) -> list[Leg]:
    # A month may well have no delivery: stock that was given earlier is what counts.
    given = sums.batches_ever > 0
    sold = sums.sales > 0
    return [
        Leg(
            name="credits_given",
            present=given,
            total_cents=sums.given_cents,
            count=sums.given_count,
        ),
        Leg(name="credits_sold", present=sold, total_cents=sums.sold_cents, count=sums.sold_count),
        Leg(
            name="credits_left",
            present=given,
            total_cents=sums.given_ever_cents - sums.sold_ever_cents - sums.gone_ever_cents,
            count=sums.given_ever_count - sums.sold_ever_count - sums.gone_ever_count,
        ),
        Leg(
            name="credits_written_off",
            present=given,
            total_cents=sums.gone_cents,
            count=sums.gone_count,
        ),
        Leg(name="recharge_cash", present=sold, total_cents=sums.cash_cents, count=sums.cash_sales),
        Leg(name="recharge_card", present=sold, total_cents=sums.card_cents, count=sums.card_sales),
        Leg(
            name="option_gifts",
            present=sums.option_reports > 0,
            total_cents=sums.gifts_cents,
            count=sums.gifts_lines,
        ),
    ]


def _differences(sums: Sums) -> list[Difference]:
    """Say where more was sold than was ever given: a batch was not heard, or never told."""
    return [
        Difference(
            name=name, reference="sold until the end of the period", expected=given, found=sold
        )
        for name, given, sold in (
            ("more_sold_than_given_cents", sums.given_ever_cents, sums.sold_ever_cents),
            ("more_sold_than_given_count", sums.given_ever_count, sums.sold_ever_count),
        )
        if sold > given
    ]
