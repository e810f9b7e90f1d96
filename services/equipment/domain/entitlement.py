"""A person's entitlement, as referrals last told it: who may buy, from which day, until which.

A person who was merged has those of all their references; one in force is enough.
"""

from collections.abc import Sequence
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


def require_in_force(entitlements: Sequence[Entitlement], *, on: date) -> Entitlement:
    """Return the entitlement that a person buys by on a day: the last to end; or refuse."""
    if not entitlements:
        raise EntitlementUnknown
    last = max(entitlements, key=lambda each: each.until_on)
    in_force = [each for each in entitlements if each.from_on <= on < each.until_on]
    if not in_force:
        raise EntitlementNotInForce(from_on=last.from_on, until_on=last.until_on)
    return max(in_force, key=lambda each: each.until_on)
