"""Whom a provider's word is of: linked before, or by the verified e-mail address, once."""

from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain.identity import FlowRefused, Identity, NobodyHere
from services.accounts.domain.record import Kind
from services.accounts.handlers.deeds import Deed, note
from services.accounts.store import identities as store
from services.accounts.store import sessions, users


def use_flow(tx: Transaction, *, digest: bytes, expires_at: datetime, deed: Deed) -> None:
    """Let a flow come back once, in time."""
    if deed.now >= expires_at:
        raise FlowRefused()
    if not store.use_flow(tx, digest=digest, expires_at=expires_at, now=deed.now):
        raise FlowRefused()


def find_user(tx: Transaction, identity: Identity, *, provider: str, deed: Deed) -> UUID:
    """Return the user that an identity is of, linking it at its first time."""
    user_id = store.find_user_id(tx, identity)
    if user_id is not None:
        return user_id
    if identity.verified_email is None:
        raise NobodyHere(provider=provider)
    known = sessions.find_credentials(tx, identity.verified_email.strip().lower())
    if known is None:
        raise NobodyHere(provider=provider)
    users.lock_account(tx, known.user_id)
    if not store.link(tx, identity, user_id=known.user_id, now=deed.now):
        # Linked a moment ago by the same person in another window, or to another subject for good.
        user_id = store.find_user_id(tx, identity)
        if user_id is None:
            raise NobodyHere(provider=provider)
        return user_id
    note(tx, Kind.IDENTITY_LINKED, deed=deed, user_id=known.user_id, issuer=identity.issuer)
    return known.user_id


def note_failure(tx: Transaction, *, provider: str, reason: str, deed: Deed) -> None:
    """Write into the log that a provider's word let nobody in."""
    note(tx, Kind.SIGN_IN_FAILED, deed=deed, provider=provider, reason=reason)
