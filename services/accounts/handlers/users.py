"""Those who sign in: who makes them, and who ends what they may do."""

from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller, TokenInvalid
from chassis.db import Transaction
from chassis.shapes import Paged
from services.accounts import events
from services.accounts.api import users as api
from services.accounts.domain import password as passwords
from services.accounts.domain import user as users
from services.accounts.domain.site import SiteUnknown
from services.accounts.domain.user import Role, User
from services.accounts.store import sessions, sites
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
    by = active(tx, caller)
    made = add_user(
        tx, user, password_hash=password_hash, by_user_id=by.user_id, now=now, event_id=event_id
    )
    return shown(made)


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
    if unknown := sites.find_unknown_sites(tx, user.site_codes):
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
    by = active(tx, caller)
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
    return shown(user).model_copy(update={"disabled": True})


def list_users(tx: Transaction, page: api.UserPage, *, caller: Caller) -> Paged[api.User]:
    """List users: all for an administrator, those of their own sites for a manager."""
    sites = None if caller.role == Role.ADMIN else caller.site_codes
    found = store.list_accounts(tx, site_codes=sites, after=page.after, limit=page.limit + 1)
    page_shown = [shown(user) for user in found]
    return Paged.cut(page_shown, limit=page.limit, key=lambda user: user.email)


def active(tx: Transaction, caller: Caller) -> User:
    """Return the caller's account; a token outlives its user's being disabled, but not here."""
    user = store.find_account(tx, caller.user_id)
    if user is None or user.disabled:
        raise TokenInvalid()
    return user


def shown(user: User) -> api.User:
    """Show a user as their manager sees them."""
    return api.User(
        user_id=user.user_id,
        email=user.email,
        display_name=user.display_name,
        role=user.role.value,
        site_codes=sorted(user.site_codes),
        operator=user.operator,
        disabled=user.disabled,
    )


def find_password_hash(tx: Transaction, user_id: UUID) -> str:
    """Return the stored password of somebody who exists."""
    return sessions.find_password_hash(tx, user_id) or ""
