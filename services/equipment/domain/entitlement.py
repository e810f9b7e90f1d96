"""A person's entitlement, as referrals last told it: who may buy, from which day, until which."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kernel.refusal import Refusal


class EntitlementUnknown(Refusal):
    """Nothing is known of this person's entitlement: was the referral accepted?"""

    code = "equipment.entitlement.unknown"


class EntitlementNotInForce(Refusal):
    """This person's entitlement runs from {from_on} and ends before {until_on}: not today."""

    code = "equipment.entitlement.not_in_force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """Half-open: in force from `from_on`, no longer on `until_on`."""

    person_ref: UUID
    from_on: date
    until_on: date


def require_in_force(entitlement: Entitlement | None, *, on: date) -> Entitlement:
    """Refuse a person who is not entitled on a day."""
    if entitlement is None:
        raise EntitlementUnknown
    if not entitlement.from_on <= on < entitlement.until_on:
        raise EntitlementNotInForce(from_on=entitlement.from_on, until_on=entitlement.until_on)
    return entitlement
