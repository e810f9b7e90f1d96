"""What accounts does when asked.  Each function is one transaction: load, decide, save, tell."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller, TokenInvalid
from chassis.db import Transaction
from chassis.shapes import Paged
from kernel.refusal import Unauthenticated
from services.accounts import api, events, store
from services.accounts.domain import device as devices
from services.accounts.domain import password as passwords
from services.accounts.domain import throttle as throttles
from services.accounts.domain import user as users
from services.accounts.domain.site import Site, SiteTaken, SiteUnknown
from services.accounts.domain.user import Role, User


class WrongCredentials(Unauthenticated):
    """This e-mail address and password do not go together."""

    code = "accounts.session.wrong_credentials"


# -- attempts: counted before they are looked at, settled afterwards -----------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One thing that attempts are counted for; the right one may forgive the failures before it."""

    kind: Literal["account", "address", "enrolment"]
    subject: bytes
    limit: throttles.Limit
    forgives: bool = False


def counted_for(
    kind: Literal["account", "address", "enrolment"], named: str, *, limit: throttles.Limit
) -> Counted:
    """Name what an attempt counts for; only an account is forgiven when its password was right.

    An address is not: whoever has one account could otherwise guess at all the others.
    """
    digest = hashlib.sha256(named.strip().lower().encode()).digest()
    return Counted(kind=kind, subject=digest, limit=limit, forgives=kind == "account")


def begin_attempt(tx: Transaction, counts: Sequence[Counted], *, now: datetime) -> None:
    """Count an attempt as pending, or refuse it."""
    for counted in sorted(counts, key=lambda each: each.kind):
        known = store.lock_throttle(tx, counted.kind, subject=counted.subject, now=now)
        begun = throttles.begin(known, limit=counted.limit, now=now)
        store.save_throttle(tx, counted.kind, subject=counted.subject, throttle=begun, now=now)


def end_attempt(
    tx: Transaction, counts: Sequence[Counted], *, passed: bool, now: datetime, kept: timedelta
) -> None:
    """Settle a pending attempt."""
    for counted in sorted(counts, key=lambda each: each.kind):
        known = store.lock_throttle(tx, counted.kind, subject=counted.subject, now=now)
        if not passed:
            settled = throttles.fail(known, now=now)
        elif counted.forgives:
            settled = throttles.reset(known)
        else:
            settled = throttles.take_back(known)
        store.save_throttle(tx, counted.kind, subject=counted.subject, throttle=settled, now=now)
    store.forget_old_throttles(tx, before=now - kept)


# -- sign-in -------------------------------------------------------------------------------------


def find_credentials(tx: Transaction, email: str) -> tuple[UUID, str] | None:
    """Find whom an address belongs to and their stored password."""
    return store.find_credentials(tx, email.strip().lower())


def note_sign_in(
    tx: Transaction, user_id: UUID | None, *, address: str, passed: bool, now: datetime
) -> User | None:
    """Write down how a sign-in ended; return the user of one that passed."""
    user = store.find_account(tx, user_id) if passed and user_id is not None else None
    if user is not None and user.disabled:
        user = None
    ending = "failed" if user is None else "passed"
    store.add_sign_in_event(tx, user_id=user_id, address=address, ending=ending, now=now)
    return user


def save_password_hash(tx: Transaction, user_id: UUID, *, password_hash: str) -> None:
    """Store the same password with today's parameters."""
    store.save_password_hash(tx, user_id, password_hash=password_hash)


def find_password_hash(tx: Transaction, user_id: UUID) -> str:
    """Return the stored password of somebody who exists."""
    return store.find_password_hash(tx, user_id) or ""


def show_me(tx: Transaction, caller: Caller) -> api.User:
    """Say who calls."""
    return _shown(_active(tx, caller))


# -- users ---------------------------------------------------------------------------------------


def check_new_user(body: api.NewUser, *, caller: Caller) -> User:
    """Check what can be checked of a new user before its password is hashed; the id comes later."""
    user = User(
        user_id=UUID(int=0),
        email=users.normalise_email(body.email),
        display_name=body.display_name,
        role=Role(body.role),
        site_codes=frozenset(body.site_codes),
        operator=body.operator,
    )
    users.check_scope(user.role, site_codes=user.site_codes, operator=user.operator)
    users.check_manages(caller.role, caller.site_codes, role=user.role, site_codes=user.site_codes)
    passwords.check(passwords.normalise(body.password.get_secret_value()), email=user.email)
    return user


def create_user(
    tx: Transaction,
    user: User,
    *,
    password_hash: str,
    caller: Caller,
    now: datetime,
    event_id: UUID,
) -> api.User:
    """Make somebody who may sign in."""
    by = _active(tx, caller)
    made = add_user(
        tx, user, password_hash=password_hash, by_user_id=by.user_id, now=now, event_id=event_id
    )
    return _shown(made)


def add_user(
    tx: Transaction,
    user: User,
    *,
    password_hash: str,
    by_user_id: UUID | None,
    now: datetime,
    event_id: UUID,
) -> User:
    """Make an account, by somebody or, the first one, from the command line; tell everybody."""
    if unknown := store.find_unknown_sites(tx, user.site_codes):
        raise SiteUnknown(site_code=unknown[0])
    if not store.add_account(tx, user, password_hash=password_hash, now=now):
        raise users.EmailTaken()
    store.add_account_change(tx, user.user_id, change="created", by_user_id=by_user_id, now=now)
    _tell_of(tx, user, kind=events.UserCreated, event_id=event_id, now=now)
    return user


def _tell_of(
    tx: Transaction,
    user: User,
    *,
    kind: type[events.UserCreated] | type[events.UserDisabled],
    event_id: UUID,
    now: datetime,
) -> None:
    told = kind(user_id=user.user_id, role=user.role.value, site_codes=sorted(user.site_codes))
    outbox.append(
        tx, [told.tell(id=event_id, subject=str(user.user_id), site=events.NETWORK, at=now)]
    )


def disable_user(
    tx: Transaction, user_id: UUID, *, caller: Caller, now: datetime, event_id: UUID
) -> api.User:
    """End what somebody may do and tell everybody; once, and no harm the second time."""
    by = _active(tx, caller)
    user = store.lock_account(tx, user_id)
    if user is None:
        raise users.UserUnknown()
    users.check_manages(caller.role, caller.site_codes, role=user.role, site_codes=user.site_codes)
    if user_id == caller.user_id:
        raise users.NotYourself()
    if not user.disabled:
        store.disable_account(tx, user_id, now=now)
        store.add_account_change(tx, user_id, change="disabled", by_user_id=by.user_id, now=now)
        _tell_of(tx, user, kind=events.UserDisabled, event_id=event_id, now=now)
    return _shown(user).model_copy(update={"disabled": True})


def list_users(tx: Transaction, page: api.UserPage, *, caller: Caller) -> Paged[api.User]:
    """List users: all for an administrator, those of their own sites for a manager."""
    sites = None if caller.role == Role.ADMIN else caller.site_codes
    found = store.list_accounts(tx, site_codes=sites, after=page.after, limit=page.limit + 1)
    shown = [_shown(user) for user in found]
    return Paged.cut(shown, limit=page.limit, key=lambda user: user.email)


def _active(tx: Transaction, caller: Caller) -> User:
    """Return the caller's account; a token outlives its user's being disabled, but not here."""
    user = store.find_account(tx, caller.user_id)
    if user is None or user.disabled:
        raise TokenInvalid()
    return user


def _shown(user: User) -> api.User:
    return api.User(
        user_id=user.user_id,
        email=user.email,
        display_name=user.display_name,
        role=user.role.value,
        site_codes=sorted(user.site_codes),
        operator=user.operator,
        disabled=user.disabled,
    )


# -- sites ---------------------------------------------------------------------------------------


def open_site(
    tx: Transaction, body: api.OpenSite, *, caller: Caller, now: datetime, event_id: UUID
) -> api.Site:
    """Open a reception point and tell everybody."""
    _active(tx, caller)
    site = Site(site_code=body.site_code, name=body.name, address=body.address)
    if not store.add_site(tx, site, now=now):
        raise SiteTaken(site_code=site.site_code)
    told = events.SiteOpened(site_code=site.site_code, name=site.name, address=site.address)
    code = site.site_code
    outbox.append(tx, [told.tell(id=event_id, subject=code, site=code, at=now)])
    return api.Site(site_code=code, name=site.name, address=site.address, open=True)


def list_sites(tx: Transaction) -> list[api.Site]:
    """List every reception point."""
    return [
        api.Site(site_code=site.site_code, name=site.name, address=site.address, open=site.open)
        for site in store.list_sites(tx)
    ]


# -- till devices --------------------------------------------------------------------------------


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
    by = _active(tx, caller)
    if unknown := store.find_unknown_sites(tx, [body.site_code]):
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
    by = _active(tx, caller)
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
