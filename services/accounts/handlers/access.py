"""Ending access: here, and at the doors of every other service."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from chassis import outbox, revocations
from chassis.db import Transaction
from services.accounts import events
from services.accounts.domain import session as sessions
from services.accounts.domain.session import Ending, Session, Why
from services.accounts.handlers.deeds import Deed
from services.accounts.store import sessions as store


def end_session(tx: Transaction, session: Session, *, why: Why, deed: Deed) -> Session:
    """End one session, which is locked."""
    ended, ending = sessions.end(session, why=why, now=deed.now)
    if ended is not session:
        store.end_session(tx, ended, by_user_id=deed.by_user_id)
    if ending is not None:
        tell(tx, [ending], deed=deed)
    return ended


def end_all(tx: Transaction, user_id: UUID, *, why: Why, lifetime: timedelta, deed: Deed) -> Ending:
    """End every session of a user, whose account is locked; those begun later are let in."""
    ending = sessions.end_all(
        user_id,
        last_began_at=store.find_last_began_at(tx, user_id),
        now=deed.now,
        lifetime=lifetime,
    )
    store.end_sessions_of(
        tx, user_id, ended_at=ending.issued_before, why=why, by_user_id=deed.by_user_id
    )
    store.let_in_from(tx, user_id, access_from=ending.issued_before)
    tell(tx, [ending], deed=deed)
    return ending


def tell(
    tx: Transaction, ended: Sequence[Ending], *, deed: Deed, site: str = events.NETWORK
) -> None:
    """Refuse here what was issued before, and tell everybody to."""
    revocations.keep(tx, ended)
    told = [
        events.AccessEnded(
            subject_id=each.subject_id,
            kind=each.kind,
            issued_before=each.issued_before,
            expires_at=each.expires_at,
        )
        for each in ended
    ]
    outbox.append(
        tx,
        [
            fact.tell(id=deed.new_id(), subject=str(fact.subject_id), site=site, at=deed.now)
            for fact in told
        ],
    )
