"""Till devices: awaited, enrolled, revoked."""

from datetime import datetime, timedelta
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from services.accounts import events
from services.accounts.api import devices as api
from services.accounts.domain import device as devices
from services.accounts.domain.site import SiteUnknown
from services.accounts.handlers.users import active
from services.accounts.store import devices as store
from services.accounts.store import sites


def await_device(
    tx: Transaction,
    body: api.NewEnrolment,
    *,
    enrolment_id: UUID,
    code_digest: bytes,
    lifetime: timedelta,
    caller: Caller,
    now: datetime,
) -> None:
    """Remember that a device will come for a till that has none."""
    caller.require_site(body.site_code)
    by = active(tx, caller)
    if unknown := sites.find_unknown_sites(tx, [body.site_code]):
        raise SiteUnknown(site_code=unknown[0])
    if store.is_till_taken(tx, site_code=body.site_code, till_name=body.till_name):
        raise devices.TillTaken(till_name=body.till_name)
    enrolment = devices.Enrolment(
        enrolment_id=enrolment_id,
        site_code=body.site_code,
        till_name=body.till_name,
        expires_at=now + lifetime,
    )
    store.add_enrolment(tx, enrolment, code_digest=code_digest, created_by=by.user_id, now=now)


def find_enrolment(tx: Transaction, enrolment_id: UUID) -> devices.Enrolment:
    """Return an enrolment that exists."""
    enrolment = store.find_enrolment(tx, enrolment_id)
    if enrolment is None:
        raise devices.CodeUnknown()
    return enrolment


def enrol_device(
    tx: Transaction,
    *,
    code_digest: bytes,
    device_id: UUID,
    fresh_till_id: UUID,
    event_id: UUID,
    now: datetime,
) -> None:
    """Make the device that a code stands for; the till of that name keeps its id."""
    enrolment = store.lock_enrolment(tx, code_digest=code_digest)
    if enrolment is None:
        raise devices.CodeUnknown()
    # The code is looked at first: who holds a used one learns nothing about the till.
    device = devices.enrol(enrolment, device_id=device_id, till_id=fresh_till_id, now=now)
    till_id, taken = store.lock_till(
        tx, site_code=device.site_code, till_name=device.till_name, fresh_id=fresh_till_id
    )
    if taken:
        raise devices.TillTaken(till_name=device.till_name)
    device = devices.at_till(device, till_id=till_id)
    store.add_device(tx, device)
    store.add_enrolment_use(tx, enrolment.enrolment_id, device_id=device_id, now=now)
    told = events.DeviceEnrolled(
        device_id=device_id,
        till_id=till_id,
        site_code=device.site_code,
        till_name=device.till_name,
    )
    subject = str(till_id)
    outbox.append(tx, [told.tell(id=event_id, subject=subject, site=device.site_code, at=now)])


def find_device(tx: Transaction, device_id: UUID) -> devices.Device:
    """Return a device that exists."""
    device = store.find_device(tx, device_id)
    if device is None:
        raise devices.DeviceUnknown()
    return device


def revoke_device(
    tx: Transaction, device_id: UUID, *, caller: Caller, event_id: UUID, now: datetime
) -> api.Device:
    """End what a device may do and tell everybody."""
    by = active(tx, caller)
    device = store.lock_device(tx, device_id)
    if device is None:
        raise devices.DeviceUnknown()
    caller.require_site(device.site_code)
    revoked = devices.revoke(device, now=now)
    store.revoke_device(tx, revoked, revoked_by=by.user_id)
    told = events.DeviceRevoked(
        device_id=device_id, till_id=device.till_id, site_code=device.site_code
    )
    subject = str(device.till_id)
    outbox.append(tx, [told.tell(id=event_id, subject=subject, site=device.site_code, at=now)])
    return _shown_device(revoked)


def list_devices(tx: Transaction, page: api.DevicePage, *, caller: Caller) -> Paged[api.Device]:
    """List the devices of a site."""
    caller.require_site(page.site_code)
    found = store.list_devices(tx, site_code=page.site_code, after=page.after, limit=page.limit + 1)
    shown = [_shown_device(device) for device in found]
    return Paged.cut(shown, limit=page.limit, key=lambda device: device.device_id)


def _shown_device(device: devices.Device) -> api.Device:
    return api.Device(
        device_id=device.device_id,
        till_id=device.till_id,
        site_code=device.site_code,
        till_name=device.till_name,
        enrolled_at=device.enrolled_at,
        revoked_at=device.revoked_at,
    )
