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


class CertificateMissing(Invalid):
    """Only a wipe with a certificate or a report counts as passed: its number is missing."""

    code = "equipment.wipe.certificate_missing"


def step_of(
    kind: Kind,
    *,
    method: Method,
    passed: bool,
    certificate_no: str | None,
    storage_serial: str | None,
) -> Step:
    """Return what a wipe does to a device.

    Whatever the method, one that was aborted or failed is a failure, and "passed" takes a document:
    the screen of an aborted wipe may look as green as that of a finished one (nwipe#436).  A
    computer whose disk was taken out and destroyed goes on with another disk; the storage of a
    phone or tablet is part of it, so its destruction is the device's.
    """
    if method is Method.DESTROY and storage_serial is None:
        reason = {"reason": "Give the serial number of the storage that was destroyed."}
        raise StorageUnnamed(errors=[{"field": "storage_serial"} | reason])
    if not passed:
        return Step.FAIL_WIPE
    if certificate_no is None:
        reason = {"reason": "Give the number of the certificate or report that the wipe left."}
        raise CertificateMissing(errors=[{"field": "certificate_no"} | reason])
    if method is Method.DESTROY and not kind.is_computer:
        return Step.DESTROY
    return Step.WIPE
