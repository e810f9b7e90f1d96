"""Passwords that are changed by who knows them, or reset by who reads their mails."""

import logging
from datetime import timedelta
from uuid import UUID

from chassis import mail
from chassis.db import Transaction
from chassis.mail import Mail
from services.accounts.domain import reset as resets
from services.accounts.domain.record import Kind
from services.accounts.domain.reset import Reset, ResetUnknown
from services.accounts.domain.session import Why
from services.accounts.domain.user import User
from services.accounts.handlers import access
from services.accounts.handlers.deeds import Deed, active, note
from services.accounts.printing import letters
from services.accounts.store import resets as store
from services.accounts.store import sessions, users

_log = logging.getLogger(__name__)


def ask_reset(
    tx: Transaction,
    email: str,
    *,
    token: str,
    token_digest: bytes,
    lifetime: timedelta,
    page_url: str,
    language: str,
    deed: Deed,
) -> None:
    """Send a token to whoever has this address, if anybody has; the caller is not told."""
    known = sessions.find_credentials(tx, email.strip().lower())
    user = None if known is None else users.lock_account(tx, known.user_id)
    if user is not None and not user.disabled:
        store.replace_resets(tx, user.user_id, now=deed.now)
        mail.withdraw(tx, [_about(user.user_id)], now=deed.now)
        reset = Reset(reset_id=deed.new_id(), user_id=user.user_id, expires_at=deed.now + lifetime)
        store.add_reset(tx, reset, token_digest=token_digest, now=deed.now)
        minutes = lifetime // timedelta(minutes=1)
        written = letters.reset(
            to=user.email, token=token, page_url=page_url, minutes=minutes, language=language
        )
        _file(tx, written, kind="password_reset", about=_about(user.user_id), deed=deed)
    note(
        tx,
        Kind.PASSWORD_RESET_ASKED,
        deed=deed,
        user_id=None if user is None else user.user_id,
    )


def find_open(tx: Transaction, *, token_digest: bytes, deed: Deed) -> User:
    """Return whom a token lets choose a new password."""
    reset = resets.check_open(store.find_reset(tx, token_digest=token_digest), now=deed.now)
    user = users.find_account(tx, reset.user_id)
    if user is None or user.disabled:
        raise ResetUnknown()
    return user


def use_reset(
    tx: Transaction,
    *,
    token_digest: bytes,
    password_hash: str,
    lifetime: timedelta,
    language: str,
    deed: Deed,
) -> None:
    """Set a new password by a token, once; every session ends."""
    user = find_open(tx, token_digest=token_digest, deed=deed)
    users.lock_account(tx, user.user_id)
    # Read again behind the lock: of two who use it at once, one does.
    reset = resets.check_open(store.find_reset(tx, token_digest=token_digest), now=deed.now)
    store.use_reset(tx, reset.reset_id, now=deed.now)
    _set(
        tx,
        user,
        password_hash=password_hash,
        why=Why.PASSWORD_RESET,
        lifetime=lifetime,
        language=language,
        deed=deed,
    )
    note(tx, Kind.PASSWORD_RESET, deed=deed, user_id=user.user_id)


def note_failure(tx: Transaction, *, deed: Deed) -> None:
    """Write into the log that somebody tried a token that there is not."""
    note(tx, Kind.RESET_FAILED, deed=deed)


def change_password(
    tx: Transaction, *, password_hash: str, lifetime: timedelta, language: str, deed: Deed
) -> None:
    """Set another password of the caller's own; every session ends, this one among them."""
    user = active(tx, deed)
    users.lock_account(tx, user.user_id)
    store.replace_resets(tx, user.user_id, now=deed.now)
    _set(
        tx,
        user,
        password_hash=password_hash,
        why=Why.PASSWORD_CHANGED,
        lifetime=lifetime,
        language=language,
        deed=deed,
    )
    note(tx, Kind.PASSWORD_CHANGED, deed=deed, user_id=user.user_id)


def _set(
    tx: Transaction,
    user: User,
    *,
    password_hash: str,
    why: Why,
    lifetime: timedelta,
    language: str,
    deed: Deed,
) -> None:
    users.set_password(tx, user.user_id, password_hash=password_hash, now=deed.now)
    access.end_all(tx, user.user_id, why=why, lifetime=lifetime, deed=deed)
    mail.withdraw(tx, [_about(user.user_id)], now=deed.now)
    written = letters.changed(to=user.email, language=language)
    _file(tx, written, kind="password_changed", about=str(user.user_id), deed=deed)


def _file(tx: Transaction, written: Mail, *, kind: str, about: str, deed: Deed) -> None:
    try:
        mail.file(tx, written, kind=kind, about=about, now=deed.now, mail_id=deed.new_id())
    except ValueError:
        _log.warning("an address cannot be written to", extra={"kind": kind, "about": about})


def _about(user_id: UUID) -> str:
    return f"reset of {user_id}"
