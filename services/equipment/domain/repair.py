"""Repairing a sold device: within thirty days, and free while the guarantee runs (L217-10)."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from kernel.refusal import NotFound, Refusal
from services.equipment.domain import guarantee as guarantees
from services.equipment.domain.day import require_between
from services.equipment.domain.device import Device, Step, take
from services.equipment.domain.guarantee import Guarantee

REPAIR_DAYS_MAX = 30


class RepairUnknown(NotFound):
    """There is no such repair."""

    code = "equipment.repair.unknown"


class RepairClosed(Refusal):
    """This repair was closed on {closed_on}."""

    code = "equipment.repair.closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One repair of a sold device."""

    repair_id: UUID
    device_id: UUID
    opened_on: date
    due_on: date
    fault: str
    under_guarantee: bool
    closed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A device back with its owner, its repair closed, its guarantee as it is from now on."""

    device: Device
    repair: Repair
    guarantee: Guarantee


def open_repair(
    device: Device,
    *,
    repair_id: UUID,
    guarantee: Guarantee,
    opened_on: date,
    fault: str,
    today: date,
) -> tuple[Device, Repair]:
    """Take a sold device in for repair."""
    taken_in = take(device, step=Step.OPEN_REPAIR)
    require_between(opened_on, earliest_on=guarantee.sold_on, today=today)
    return taken_in, Repair(
        repair_id=repair_id,
        device_id=device.device_id,
        opened_on=opened_on,
        due_on=opened_on + timedelta(days=REPAIR_DAYS_MAX),
        fault=fault,
        under_guarantee=guarantee.is_legal_on(opened_on),
    )


def close_repair(
    device: Device, *, repair: Repair, guarantee: Guarantee, closed_on: date, today: date
) -> Repaired:
    """Give a repaired device back to its owner; its legal guarantee is the longer for it."""
    if repair.closed_on is not None:
        raise RepairClosed(closed_on=repair.closed_on)
    given_back = take(device, step=Step.CLOSE_REPAIR)
    require_between(closed_on, earliest_on=repair.opened_on, today=today)
    return Repaired(
        device=given_back,
        repair=replace(repair, closed_on=closed_on),
        guarantee=guarantees.extend_by_repair(
            guarantee, opened_on=repair.opened_on, closed_on=closed_on
        ),
    )
