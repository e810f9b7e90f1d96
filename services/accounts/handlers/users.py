"""Those who sign in: who makes them, changes their rights, and ends what they may do."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller, TokenInvalid
from chassis.db import Transaction
from chassis.shapes import Paged
from services.accounts import events
from services.accounts.api import users as api
from services.accounts.domain import password as passwords
from services.accounts.domain import user as users
from services.accounts.domain.record import Kind
from services.accounts.domain.session import Why
from services.accounts.domain.site import SiteUnknown
from services.accounts.domain.user import Role, User
from services.accounts.handlers import access
from services.accounts.handlers.deeds import Deed, active, note
from services.accounts.store import sites
from services.accounts.store import users as store


def check_new_user(body: api.NewUser, *, caller: Caller) -> User:
    """Check what can be checked of a new user before its password is hashed; the id comes later."""
    user = User(
        user_id=UUID(int=0),
        email=users.normalise_email(body.email),
        display_name=body.display_name,
        role=Role(body.role),
        site_codes=frozenset(body.site_codes),
        operator=body.operator,
        volunteer=body.volunteer,
    )
    users.check_scope(user)
    users.check_manages(caller.role, caller.site_codes, user=user)
    passwords.check(passwords.normalise(body.password.get_secret_value()), email=user.email)
    return user


def create_user(tx: Transaction, user: User, *, password_hash: str, deed: Deed) -> api.User:
    """Make somebody who may sign in."""
    active(tx, deed)
    return shown(add_user(tx, user, password_hash=password_hash, deed=deed))


def add_user(tx: Transaction, user: User, *, password_hash: str, deed: Deed) -> User:
    """Make an account, by somebody or, the first one, from the command line; tell everybody."""
    _check_sites(tx, user)
    if not store.add_account(tx, user, password_hash=password_hash, now=deed.now):
        raise users.EmailTaken()
    _tell_of(tx, user, kind=events.UserCreated, deed=deed)
    note(tx, Kind.USER_CREATED, deed=deed, user_id=user.user_id, **_rights(user))
    return user


def change_user(
    tx: Transaction, user_id: UUID, body: api.ChangeUser, *, lifetime: timedelta, deed: Deed
) -> api.User:
    """Give somebody another name or other rights; tokens that say the old ones are refused."""
    active(tx, deed)
    user = _lock_managed(tx, user_id, deed=deed)
    changed = users.change(user, body.changes())
    users.check_manages(deed.known.role, deed.known.site_codes, user=changed)
    if changed == user:
        return shown(user)
    _check_sites(tx, changed)
    store.change_account(tx, changed)
    moved = users.rights(changed) != users.rights(user)
    if moved:
        if user_id == deed.by_user_id:
            raise users.NotYourself()
        _tell_of(tx, changed, kind=events.UserChanged, deed=deed, disabled_at=changed.disabled_at)
        access.end_all(tx, user_id, why=Why.USER_CHANGED, lifetime=lifetime, deed=deed)
    note(tx, Kind.USER_CHANGED, deed=deed, user_id=user_id, **(_rights(changed) if moved else {}))
    return shown(changed)


def disable_user(tx: Transaction, user_id: UUID, *, lifetime: timedelta, deed: Deed) -> api.User:
    """End what somebody may do, everywhere; once, and no harm the second time."""
    active(tx, deed)
    user = _lock_managed(tx, user_id, deed=deed)
    if user_id == deed.by_user_id:
        raise users.NotYourself()
    if not user.disabled:
        store.disable_account(tx, user_id, now=deed.now)
        _tell_of(tx, user, kind=events.UserDisabled, deed=deed)
        access.end_all(tx, user_id, why=Why.USER_DISABLED, lifetime=lifetime, deed=deed)
        note(tx, Kind.USER_DISABLED, deed=deed, user_id=user_id)
    return shown(user).model_copy(update={"disabled": True})


def enable_user(tx: Transaction, user_id: UUID, *, deed: Deed) -> api.User:
    """Let somebody sign in again; once, and no harm the second time."""
    active(tx, deed)
    user = _lock_managed(tx, user_id, deed=deed)
    if user.disabled:
        store.enable_account(tx, user_id)
        _tell_of(tx, user, kind=events.UserEnabled, deed=deed)
        note(tx, Kind.USER_ENABLED, deed=deed, user_id=user_id)
    return shown(user).model_copy(update={"disabled": False})


def may_manage(user: api.User, *, caller: Caller) -> bool:
    """Say whether a caller may change somebody whom they see."""
    known = User(
        user_id=user.user_id,
        email=user.email,
        display_name=user.display_name,
        role=Role(user.role),
        site_codes=frozenset(user.site_codes),
        operator=user.operator,
        volunteer=user.volunteer,
    )
    return users.manages(caller.role, caller.site_codes, user=known)


def count_users(tx: Transaction, *, site_codes: Sequence[str] | None) -> dict[str, int]:
    """Count who may sign in, and who may not any more."""
    return store.count_accounts(tx, site_codes=site_codes)


def list_users(tx: Transaction, page: api.UserPage, *, caller: Caller) -> Paged[api.User]:
    """List users: all for an administrator, those of their own sites for a manager."""
    found = store.list_accounts(
        tx, site_codes=caller.sites_seen, q=page.q, after=page.after, limit=page.limit + 1
    )
    return Paged.cut([shown(user) for user in found], limit=page.limit, key=lambda user: user.email)


def find_password_hash(tx: Transaction, user_id: UUID) -> str:
    """Return the stored password of somebody who exists."""
    return store.find_password_hash(tx, user_id) or ""


def find_own_password(tx: Transaction, caller: Caller) -> tuple[str, str]:
    """Return the e-mail address and the stored password of who has signed in."""
    user = store.find_account(tx, caller.user_id)
    stored = store.find_password_hash(tx, caller.user_id)
    if user is None or user.disabled or stored is None:
        raise TokenInvalid()
    return user.email, stored


def require_managed(tx: Transaction, user_id: UUID, *, deed: Deed) -> User:
    """Return a user whom the caller manages."""
    return _managed(store.find_account(tx, user_id), deed=deed)


def _lock_managed(tx: Transaction, user_id: UUID, *, deed: Deed) -> User:
    """Lock a user whom the caller manages, or themselves."""
    user = store.lock_account(tx, user_id)
    if user is not None and user_id == deed.by_user_id:
        return user
    return _managed(user, deed=deed)


def _managed(user: User | None, *, deed: Deed) -> User:
    if user is None:
        raise users.UserUnknown()
    users.check_manages(deed.known.role, deed.known.site_codes, user=user)
    return user


def _check_sites(tx: Transaction, user: User) -> None:
    if unknown := sites.find_unknown_sites(tx, user.site_codes):
        raise SiteUnknown(site_code=unknown[0])


def _tell_of(
    tx: Transaction, user: User, *, kind: type[events.UserTold], deed: Deed, **more: Any
) -> None:
    told = kind(
        user_id=user.user_id, role=user.role.value, site_codes=sorted(user.site_codes), **more
    )
    fact = told.tell(id=deed.new_id(), subject=str(user.user_id), site=events.NETWORK, at=deed.now)
    outbox.append(tx, [fact])


def _rights(user: User) -> dict[str, object]:
    return {
        "role": user.role.value,
        "site_codes": user.site_codes,
        "operator": user.operator,
        "volunteer": "yes" if user.volunteer else None,
    }


def shown(user: User) -> api.User:
    """Show a user as their manager sees them."""
    return api.User(
        user_id=user.user_id,
        email=user.email,
        display_name=user.display_name,
        role=user.role.value,
        site_codes=sorted(user.site_codes),
        operator=user.operator,
        volunteer=user.volunteer,
        disabled=user.disabled,
    )
