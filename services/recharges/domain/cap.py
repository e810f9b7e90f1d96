"""The monthly cap: what a person may buy in a calendar month, over all sites and tills together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from uuid import UUID

from kernel.money import Cents
from kernel.refusal import Refusal


class Counts(StrEnum):
    """What counts against the cap: a dated setting, the price paid by default."""

    PRICE = "price"
    FACE_VALUE = "face_value"


class CapExceeded(Refusal):
    """This sale counts {counted_cents} and {left_cents} are left of the monthly cap."""

    code = "recharges.sale.cap_exceeded"


class EntitlementMissing(Refusal):
    """This person has no entitlement."""

    code = "recharges.entitlement.missing"


class EntitlementNotBegun(Refusal):
    """This person's entitlement begins on {from_on}."""

    code = "recharges.entitlement.not_begun"


class EntitlementEnded(Refusal):
    """This person's entitlement ended on {until_on}."""

    code = "recharges.entitlement.ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """A person's right to buy, from a day until another (exclusive), up to a monthly cap."""

    person_ref: UUID
    from_on: date
    until_on: date
    monthly_cap_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a person has used of this month's cap, under all their references."""

    cap_cents: Cents
    used_cents: Cents

    @property
    def left_cents(self) -> Cents:
        """What is left; nothing when the cap was lowered below what is used."""
        return Cents(max(0, self.cap_cents - self.used_cents))


def require_in_force(entitlements: Sequence[Entitlement], *, on: date) -> Entitlement:
    """Return the best entitlement a person has on the day, or refuse.

    Who was merged has those of all their references: one person, one cap, the highest.
    """
    in_force = [each for each in entitlements if each.from_on <= on < each.until_on]
    if in_force:
        return max(in_force, key=lambda each: each.monthly_cap_cents)
    if not entitlements:
        raise EntitlementMissing()
    begins = [each.from_on for each in entitlements if on < each.from_on]
    if begins:
        raise EntitlementNotBegun(from_on=min(begins))
    raise EntitlementEnded(until_on=max(each.until_on for each in entitlements))


def use(allowance: Allowance, *, counted_cents: Cents) -> Allowance:
    """Count a purchase against the month; refuse when it does not fit."""
    if counted_cents > allowance.left_cents:
        raise CapExceeded(counted_cents=counted_cents, left_cents=allowance.left_cents)
    return replace(allowance, used_cents=Cents(allowance.used_cents + counted_cents))
