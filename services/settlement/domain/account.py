"""The chart of accounts: what is kept count of, for each operator and site.

An account is named by the operator, the site and one of these names; credits also by their offer.
What belongs to no operator (a device, a drawer) is kept under the operator `network`, what belongs
to no site under the site `network`.
See docs/rules/ledger.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

#: The operator of what belongs to no operator, and the site of what belongs to no site.
NETWORK = "network"


class Account(StrEnum):
    """The names of the accounts."""

    CREDITS_GIVEN = "credits_given"
    CREDITS_STOCK = "credits_stock"
    CREDITS_SOLD = "credits_sold"
    CREDITS_IN_TRANSIT = "credits_in_transit"
    CREDITS_LOST = "credits_lost"
    CREDITS_DAMAGED = "credits_damaged"
    CREDITS_EXPIRED = "credits_expired"
    TILL_CASH = "till_cash"
    SITE_CASH = "site_cash"
    BANK_DEPOSITS = "bank_deposits"
    CASH_EXPENSES = "cash_expenses"
    CARD_RECEIVABLE = "card_receivable"
    CASH_DIFFERENCES = "cash_differences"
    RECHARGE_INCOME = "recharge_income"
    EQUIPMENT_INCOME = "equipment_income"
    OPTION_RECEIVABLE = "option_receivable"
    OPTION_GIFTS = "option_gifts"


class Unit(StrEnum):
    """What the cents of an account are: credit at its face value, or money."""

    FACE_VALUE = "face_value"
    EURO = "euro"


class Side(StrEnum):
    """The side on which an account grows."""

    DEBIT = "debit"
    CREDIT = "credit"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an account measures and on which side it grows."""

    unit: Unit
    side: Side


CHART: Mapping[Account, Meaning] = {
    Account.CREDITS_GIVEN: Meaning(Unit.FACE_VALUE, Side.CREDIT),
    Account.CREDITS_STOCK: Meaning(Unit.FACE_VALUE, Side.DEBIT),
    Account.CREDITS_SOLD: Meaning(Unit.FACE_VALUE, Side.DEBIT),
    Account.CREDITS_IN_TRANSIT: Meaning(Unit.FACE_VALUE, Side.DEBIT),
    Account.CREDITS_LOST: Meaning(Unit.FACE_VALUE, Side.DEBIT),
    Account.CREDITS_DAMAGED: Meaning(Unit.FACE_VALUE, Side.DEBIT),
    Account.CREDITS_EXPIRED: Meaning(Unit.FACE_VALUE, Side.DEBIT),
    Account.TILL_CASH: Meaning(Unit.EURO, Side.DEBIT),
    Account.SITE_CASH: Meaning(Unit.EURO, Side.DEBIT),
    Account.BANK_DEPOSITS: Meaning(Unit.EURO, Side.DEBIT),
    Account.CASH_EXPENSES: Meaning(Unit.EURO, Side.DEBIT),
    Account.CARD_RECEIVABLE: Meaning(Unit.EURO, Side.DEBIT),
    Account.CASH_DIFFERENCES: Meaning(Unit.EURO, Side.CREDIT),
    Account.RECHARGE_INCOME: Meaning(Unit.EURO, Side.CREDIT),
    Account.EQUIPMENT_INCOME: Meaning(Unit.EURO, Side.CREDIT),
    Account.OPTION_RECEIVABLE: Meaning(Unit.EURO, Side.DEBIT),
    Account.OPTION_GIFTS: Meaning(Unit.EURO, Side.CREDIT),
}


def balance(account: Account, *, debit: int, credit: int) -> int:
    """Return the balance as persons read it: above zero on the side where the account grows."""
    return debit - credit if CHART[account].side is Side.DEBIT else credit - debit
