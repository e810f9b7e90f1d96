"""Till devices: awaited, enrolled, rolled, revoked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from services.accounts import events
from services.accounts.api import devices as api
from services.accounts.domain import device as devices
from services.accounts.domain.record import Kind
from services.accounts.domain.session import Ending
from services.accounts.domain.site import SiteUnknown
from services.accounts.handlers import access
from services.accounts.handlers.deeds import Deed, active, note
from services.accounts.store import devices as store
from services.accounts.store import sites


def await_device(
    tx: Transaction,
    body: api.NewEnrolment,
    *,
    enrolment_id: UUID,
    code_digest: bytes,
    lifetime: timedelta,
    deed: Deed,
) -> None:
    """Remember that a device will come for a till that has none."""
    deed.known.require_site(body.site_code)
    if unknown := sites.find_unknown_sites(tx, [body.site_code]):
        raise SiteUnknown(site_code=unknown[0])
    if store.is_till_taken(tx, site_code=body.site_code, till_name=body.till_name):
        raise devices.TillTaken(till_name=body.till_name)
    enrolment = devices.Enrolment(
        enrolment_id=enrolment_id,
        site_code=body.site_code,
        till_name=body.till_name,
        expires_at=deed.now + lifetime,
    )
    _await(tx, enrolment, code_digest=code_digest, deed=deed)


def await_roll(
    tx: Transaction,
    device_id: UUID,
    *,
    enrolment_id: UUID,
    code_digest: bytes,
    lifetime: timedelta,
    deed: Deed,
) -> None:
    """Remember that a device will come for another token."""
    device = _lock(tx, device_id, deed=deed)
    if device.revoked_at is not None:
        raise devices.DeviceRevoked()
    enrolment = devices.Enrolment(
        enrolment_id=enrolment_id,
        site_code=device.site_code,
        till_name=device.till_name,
        expires_at=deed.now + lifetime,
        rolls_device_id=device_id,
    )
    _await(tx, enrolment, code_digest=code_digest, deed=deed)


def _await(
    tx: Transaction, enrolment: devices.Enrolment, *, code_digest: bytes, deed: Deed
) -> None:
    by = active(tx, deed)
    store.add_enrolment(tx, enrolment, code_digest=code_digest, created_by=by.user_id, now=deed.now)
    note(
        tx,
        Kind.DEVICE_AWAITED,
        deed=deed,
        enrolment_id=enrolment.enrolment_id,
        site_code=enrolment.site_code,
        device_id=enrolment.rolls_device_id,
    )


def find_enrolment(tx: Transaction, enrolment_id: UUID) -> devices.Enrolment:
    """Return an enrolment that exists."""
    enrolment = store.find_enrolment(tx, enrolment_id)
    if enrolment is None:
        raise devices.CodeUnknown()
    return enrolment


def enrol_device(
    tx: Transaction, *, code_digest: bytes, token_lifetime: timedelta, deed: Deed
) -> devices.Device:
    """Make the device that a code stands for, or roll the token of the one it names."""
    enrolment = store.lock_enrolment(tx, code_digest=code_digest)
    if enrolment is None:
        raise devices.CodeUnknown()
    # The code is looked at first: who holds a used one learns nothing about the till.
    devices.check_open(enrolment, now=deed.now)
    if enrolment.rolls_device_id is not None:
        known = store.lock_device(tx, enrolment.rolls_device_id)
        assert known is not None  # noqa: S101 - devices are never removed
        device, kind = devices.roll(known, now=deed.now), Kind.DEVICE_ROLLED
        store.roll_device(tx, device)
        _end_tokens(tx, known, lifetime=token_lifetime, deed=deed)
    else:
        device, kind = _enrol(tx, enrolment, deed=deed), Kind.DEVICE_ENROLLED
    device_id = device.device_id
    store.add_enrolment_use(tx, enrolment.enrolment_id, device_id=device_id, now=deed.now)
    note(
        tx,
        kind,
        deed=deed,
        device_id=device_id,
        enrolment_id=enrolment.enrolment_id,
        site_code=enrolment.site_code,
        till_id=device.till_id,
    )
    return device


def _enrol(tx: Transaction, enrolment: devices.Enrolment, *, deed: Deed) -> devices.Device:
    """Make a device; the till of that name keeps its id."""
    fresh_till_id = deed.new_id()
    device = devices.enrol(enrolment, device_id=deed.new_id(), till_id=fresh_till_id, now=deed.now)
    till_id, taken = store.lock_till(
        tx, site_code=device.site_code, till_name=device.till_name, fresh_id=fresh_till_id
    )
    if taken:
        raise devices.TillTaken(till_name=device.till_name)
    device = devices.at_till(device, till_id=till_id)
    store.add_device(tx, device)
    told = events.DeviceEnrolled(
        device_id=device.device_id,
        till_id=till_id,
        site_code=device.site_code,
        till_name=device.till_name,
    )
    fact = told.tell(id=deed.new_id(), subject=str(till_id), site=device.site_code, at=deed.now)
    outbox.append(tx, [fact])
    return device


def note_failure(tx: Transaction, *, deed: Deed) -> None:
    """Write into the log that somebody tried a code that there is not."""
    note(tx, Kind.ENROLMENT_FAILED, deed=deed)


def find_device(tx: Transaction, device_id: UUID) -> devices.Device:
    """Return a device that exists."""
    device = store.find_device(tx, device_id)
    if device is None:
        raise devices.DeviceUnknown()
    return device


def find_enrolled(tx: Transaction, device_id: UUID, *, token_from: datetime) -> devices.Device:
    """Return a device as its code made it; a code does not open what was rolled since."""
    device = find_device(tx, device_id)
    if device.token_from != token_from or device.revoked_at is not None:
        raise devices.CodeUsed()
    return device


def revoke_device(
    tx: Transaction, device_id: UUID, *, token_lifetime: timedelta, deed: Deed
) -> api.Device:
    """End what a device may do, everywhere and at once."""
    by = active(tx, deed)
    device = _lock(tx, device_id, deed=deed)
    revoked = devices.revoke(device, now=deed.now)
    store.revoke_device(tx, revoked, revoked_by=by.user_id)
    told = events.DeviceRevoked(
        device_id=device_id, till_id=device.till_id, site_code=device.site_code
    )
    subject = str(device.till_id)
    fact = told.tell(id=deed.new_id(), subject=subject, site=device.site_code, at=deed.now)
    outbox.append(tx, [fact])
    _end_tokens(tx, device, lifetime=token_lifetime, deed=deed)
    note(
        tx,
        Kind.DEVICE_REVOKED,
        deed=deed,
        device_id=device_id,
        site_code=device.site_code,
        till_id=device.till_id,
    )
    return _shown(revoked)


def list_devices(tx: Transaction, page: api.DevicePage, *, caller: Caller) -> Paged[api.Device]:
    """List the devices of a site."""
    caller.require_site(page.site_code)
    found = store.list_devices(tx, site_code=page.site_code, after=page.after, limit=page.limit + 1)
    return Paged.cut(
        [_shown(device) for device in found],
        limit=page.limit,
        key=lambda device: device.device_id,
    )


def count_tills(tx: Transaction, *, site_codes: Sequence[str] | None) -> dict[str, int]:
    """Count tills, and those that have a device."""
    return store.count_tills(tx, site_codes=site_codes)


def _lock(tx: Transaction, device_id: UUID, *, deed: Deed) -> devices.Device:
    device = store.lock_device(tx, device_id)
    if device is None:
        raise devices.DeviceUnknown()
    deed.known.require_site(device.site_code)
    return device


def _end_tokens(
    tx: Transaction, device: devices.Device, *, lifetime: timedelta, deed: Deed
) -> None:
    """Refuse the token that a device has; one that it is given afterwards is believed."""
    ending = Ending(
        kind="device",
        subject_id=device.device_id,
        issued_before=devices.ended_at(device, now=deed.now),
        expires_at=device.token_from + lifetime,
    )
    access.tell(tx, [ending], deed=deed, site=device.site_code)


def _shown(device: devices.Device) -> api.Device:
    return api.Device(
        device_id=device.device_id,
        till_id=device.till_id,
        site_code=device.site_code,
        till_name=device.till_name,
        enrolled_at=device.enrolled_at,
        token_from=device.token_from,
        revoked_at=device.revoked_at,
    )
