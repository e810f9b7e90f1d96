"""The bodies of settlement's HTTP requests and answers."""

from collections.abc import Collection
from datetime import date
from typing import Self

from pydantic import ConfigDict, Field

from chassis.shapes import Answer, Parameters
from services.settlement.domain import statement
from services.settlement.domain.account import Account, Unit


class _Row(Answer):
    model_config = ConfigDict(from_attributes=True)


class Leg(_Row):
    """One thing that must be known before a period can be agreed on; missing is not zero."""

    name: str
    present: bool
    total_cents: int
    count: int


class Difference(_Row):
    """Two figures that should be one: cents, or items where the name ends in `_count`."""

    name: str
    reference: str
    expected: int
    found: int


class SiteCredits(_Row):
    """Credits at one site: what moved in the period, left at its end.

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


class Takings(_Row):
    """What the tills of one site took for recharges on one business day."""

    site_code: str
    business_date: date
    cash_cents: int
    cash_sales: int
    card_cents: int
    card_sales: int


class Period(Answer):
    """One operator's statement of one month."""

    operator: str
    period: str
    legs: list[Leg]
    differences: list[Difference]
    missing: list[str]
    complete: bool
    sealed_by: list[str]
    credits: list[SiteCredits]
    takings: list[Takings]

    @classmethod
    def draw_up(
        cls,
        drawn: statement.Statement,
        *,
        operator: str,
        period: str,
        credits: Collection[statement.SiteCredits],
        takings: Collection[statement.Takings],
    ) -> Self:
        """Put a statement and its details into the answer's shape."""
        return cls(
            operator=operator,
            period=period,
            legs=[Leg.model_validate(leg) for leg in drawn.legs],
            differences=[Difference.model_validate(each) for each in drawn.differences],
            missing=drawn.missing,
            complete=drawn.complete,
            sealed_by=[],
            credits=[SiteCredits.model_validate(site) for site in credits],
            takings=[Takings.model_validate(day) for day in takings],
        )


class LedgerQuery(Parameters):
    """Which accounts and days of the ledger: `until` is the first day left out."""

    operator: str | None = None
    site_code: str | None = None
    from_on: date | None = Field(default=None, alias="from")
    until_on: date | None = Field(default=None, alias="until")


class Balance(Answer):
    """One account; its balance is above zero on the side where the account grows."""

    operator: str
    site_code: str
    account: Account
    unit: Unit
    debit_cents: int
    credit_cents: int
    balance_cents: int
    balance_count: int


class Ledger(Answer):
    """The accounts, over the days asked for."""

    from_on: date | None = Field(alias="from")
    until_on: date | None = Field(alias="until")
    accounts: list[Balance]
