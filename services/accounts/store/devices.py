"""Tills, their devices and the codes that enrol them, as rows."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain.device import Device, Enrolment
from services.accounts.store import SQL


def add_enrolment(
    tx: Transaction,
    enrolment: Enrolment,
    *,
    code_digest: bytes,
    created_by: UUID,
    now: datetime,
) -> None:
    """Await a device."""
    values = asdict(enrolment) | {
        "code_digest": code_digest,
        "created_by": created_by,
        "now": now,
    }
    tx.execute(SQL["add_enrolment"], values)


def find_enrolment(tx: Transaction, enrolment_id: UUID) -> Enrolment | None:
    """Find an enrolment by its id."""
    row = tx.execute(SQL["find_enrolment"], {"enrolment_id": enrolment_id}).fetchone()
    return None if row is None else Enrolment(**row)


def lock_enrolment(tx: Transaction, *, code_digest: bytes) -> Enrolment | None:
    """Find an enrolment by its code and lock it."""
    row = tx.execute(SQL["lock_enrolment"], {"code_digest": code_digest}).fetchone()
    return None if row is None else Enrolment(**row)


def add_enrolment_use(
    tx: Transaction, enrolment_id: UUID, *, device_id: UUID, now: datetime
) -> None:
    """Use a code."""
    tx.execute(
        SQL["add_enrolment_use"],
        {"enrolment_id": enrolment_id, "device_id": device_id, "now": now},
    )


def lock_till(
    tx: Transaction, *, site_code: str, till_name: str, fresh_id: UUID
) -> tuple[UUID, bool]:
    """Lock the till of that name, made if new; say its id and whether it has a device."""
    values = {"till_id": fresh_id, "site_code": site_code, "till_name": till_name}
    tx.execute(SQL["add_till"], values)
    row = tx.execute(SQL["lock_till"], values).fetchone()
    assert row is not None  # noqa: S101 - tills are never removed
    return row["till_id"], row["taken"]


def is_till_taken(tx: Transaction, *, site_code: str, till_name: str) -> bool:
    """Say whether the till of that name has a device."""
    values = {"site_code": site_code, "till_name": till_name}
    return tx.execute(SQL["find_taken_till"], values).fetchone() is not None


def add_device(tx: Transaction, device: Device) -> None:
    """Give a till its device."""
    tx.execute(SQL["add_device"], asdict(device))


def roll_device(tx: Transaction, device: Device) -> None:
    """Issue a device's token anew."""
    tx.execute(SQL["roll_device"], asdict(device))


def find_device(tx: Transaction, device_id: UUID) -> Device | None:
    """Find one device."""
    row = tx.execute(SQL["find_device"], {"device_id": device_id}).fetchone()
    return None if row is None else Device(**row)


def lock_device(tx: Transaction, device_id: UUID) -> Device | None:
    """Find one device and lock it with its till."""
    row = tx.execute(SQL["lock_device"], {"device_id": device_id}).fetchone()
    return None if row is None else Device(**row)


def revoke_device(tx: Transaction, device: Device, *, revoked_by: UUID) -> None:
    """End a device."""
    tx.execute(
        SQL["revoke_device"],
        {"device_id": device.device_id, "now": device.revoked_at, "revoked_by": revoked_by},
    )


def count_tills(tx: Transaction, *, site_codes: Sequence[str] | None) -> dict[str, int]:
    """Count tills, and those that have a device."""
    return tx.execute(SQL["count_tills"], {"site_codes": site_codes}).fetchone() or {}


def list_devices(
    tx: Transaction, *, site_code: str, after: UUID | None, limit: int
) -> list[Device]:
    """List a page of the devices of a site."""
    values = {"site_code": site_code, "after": after, "limit": limit}
    return [Device(**row) for row in tx.execute(SQL["list_devices"], values)]
