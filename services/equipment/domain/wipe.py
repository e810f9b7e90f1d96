"""Erasing a device's data before it changes owner, as NIST SP 800-88 names the ways."""

from enum import StrEnum

from kernel.refusal import Invalid
from services.equipment.domain.device import Step
from services.equipment.domain.kind import Kind


class Method(StrEnum):
    """How data is erased."""

    CLEAR = "clear"
    PURGE = "purge"
    DESTROY = "destroy"


class StorageUnnamed(Invalid):
    """Say which storage was destroyed: its serial number is missing."""

    code = "equipment.wipe.storage_unnamed"


def step_of(kind: Kind, *, method: Method, passed: bool, storage_serial: str | None) -> Step:
    """Return what a wipe does to a device.

    Whatever the method, one that was aborted or failed is a failure.  A computer whose disk was
    taken out and destroyed goes on with another disk; the storage of a phone or tablet is part of
    it, so its destruction is the device's.
    """
    if method is Method.DESTROY and storage_serial is None:
        raise StorageUnnamed(errors=[{"field": "storage_serial", "reason": "missing"}])
    if not passed:
        return Step.FAIL_WIPE
    if method is Method.DESTROY and not kind.is_computer:
        return Step.DESTROY
    return Step.WIPE
