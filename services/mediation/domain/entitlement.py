"""An entitlement: from when until when a person may be helped, as referrals told it.

A person who was merged has those of all their references; one in force is enough.

known        on the day             a case may be opened
no           —                      no: nobody has told us yet
yes          before or after it     no
yes          within it              yes
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from kernel.refusal import Refusal


class EntitlementUnknown(Refusal):
    """No entitlement of this person is known here."""

    code = "mediation.entitlement.unknown"


class EntitlementNotInForce(Refusal):
    """This person's entitlement is not in force on {day_on}."""

    code = "mediation.entitlement.not_in_force"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """What was last told of a person; `until_on` is exclusive."""

    person_ref: UUID
    from_on: date
    until_on: date


def require(entitlements: Sequence[Entitlement], *, day: date) -> None:
    """Refuse unless the person may be helped on the day."""
    if not entitlements:
        raise EntitlementUnknown
    if not any(each.from_on <= day < each.until_on for each in entitlements):
        raise EntitlementNotInForce(day_on=day)
