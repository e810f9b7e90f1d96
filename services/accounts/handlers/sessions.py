"""Signing in."""

from datetime import datetime
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from kernel.refusal import Unauthenticated
from services.accounts.api.users import User as ShownUser
from services.accounts.domain.user import User
from services.accounts.handlers.users import active, shown
from services.accounts.store import sessions as store
from services.accounts.store import users as users_store


class WrongCredentials(Unauthenticated):
    """This e-mail address and password do not go together."""

    code = "accounts.session.wrong_credentials"


def find_credentials(tx: Transaction, email: str) -> tuple[UUID, str] | None:
    """Find whom an address belongs to and their stored password."""
    return store.find_credentials(tx, email.strip().lower())


def note_sign_in(
    tx: Transaction, user_id: UUID | None, *, address: str, passed: bool, now: datetime
) -> User | None:
    """Write down how a sign-in ended; return the user of one that passed."""
    user = users_store.find_account(tx, user_id) if passed and user_id is not None else None
    if user is not None and user.disabled:
        user = None
    ending = "failed" if user is None else "passed"
    store.add_sign_in_event(tx, user_id=user_id, address=address, ending=ending, now=now)
    return user


def save_password_hash(tx: Transaction, user_id: UUID, *, password_hash: str) -> None:
    """Store the same password with today's parameters."""
    store.save_password_hash(tx, user_id, password_hash=password_hash)


def show_me(tx: Transaction, caller: Caller) -> ShownUser:
    """Say who calls."""
    return shown(active(tx, caller))
