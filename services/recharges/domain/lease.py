"""Leases: what an offline till may take along, who may ask for it, and how it comes back.

State      what may happen
open       its vouchers are sold offline; who took it or a supervisor gives it back -> returned;
           the device is lost -> revoked
returned   nothing: what was not sold is on sale again, or set aside (end)
revoked    what was not sold is frozen; what was sold before may still be sent up (end)

Who takes a lease, the till's device or a person, sells it on a chain of their own.  Were there one
for both, a person could put a sale on it that makes the device's next one a fork.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from kernel.money import ZERO, Cents
from kernel.refusal import Forbidden, NotFound, Refusal


class LeaseUnknown(NotFound):
    """There is no lease {lease_id}."""

    code = "recharges.lease.unknown"


class LeaseTooLarge(Refusal):
    """This till may hold {held_max} vouchers of {offer_code} offline, and holds {held} already."""

    code = "recharges.lease.too_large"


class DeviceMissing(Refusal):
    """This till has no device that could sell offline. Please enrol one."""

    code = "recharges.till.no_device"


class OtherDevice(Forbidden):
    """This device does not sell at this till, or no longer."""

    code = "recharges.till.other_device"


class OtherChain(Forbidden):
    """These sales stand in somebody else's chain, who has to send them up."""

    code = "recharges.offline.other_chain"


class SupervisorNeeded(Forbidden):
    """Only a supervisor can send up what a withdrawn device or somebody else sold."""

    code = "recharges.offline.supervisor_needed"


class LeaseEnded(Refusal):
    """This lease has ended: its key is not given again."""

    code = "recharges.lease.ended"


class OtherHands(Forbidden):
    """Only the device or the person that took this lease, or a supervisor, can give it back."""

    code = "recharges.lease.other_hands"


class SalesMissing(Refusal):
    """Send up the offline sales first: some were made that we have not heard of."""

    code = "recharges.lease.sales_missing"


class ChainUnsaid(Refusal):
    """Only a supervisor can end a lease without knowing where its chain ends."""

    code = "recharges.lease.chain_unsaid"


class TillNotFrozen(Refusal):
    """This till is not frozen."""

    code = "recharges.till.not_frozen"


def chain_of_person(user_id: UUID, *, till_id: UUID) -> UUID:
    """Return whose chain it is when a person sells offline at a till."""
    return uuid5(till_id, str(user_id))


def require_room(*, held: int, quantity: int, held_max: int, offer_code: str) -> None:
    """Refuse more vouchers than a till may hold of an offer over all its leases."""
    if held + quantity > held_max:
        raise LeaseTooLarge(held=held, held_max=held_max, offer_code=offer_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What is left of a person's month, under one of their references."""

    person_ref: UUID
    person: UUID
    cap_cents: Cents


def set_aside(
    shares: Sequence[Share], *, used_cents: dict[UUID, Cents], asked_cents: Cents | None
) -> dict[UUID, Cents]:
    """Return what is set aside for each reference: what was asked for, as far as it is left.

    `used_cents` is by person; two references of one person share one cap.
    """
    used = dict(used_cents)
    aside: dict[UUID, Cents] = {}
    for share in shares:
        left = max(0, share.cap_cents - used.get(share.person, ZERO))
        allowed = Cents(left if asked_cents is None else min(left, asked_cents))
        used[share.person] = Cents(used.get(share.person, ZERO) + allowed)
        aside[share.person_ref] = allowed
    return aside
