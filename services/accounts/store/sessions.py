"""What a sign-in compares with, and the sessions it begins, as rows."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain.session import Session, Way, Why
from services.accounts.store import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Whom an address belongs to, and their stored password."""

    user_id: UUID
    password_hash: str
    password_set_at: datetime


def find_credentials(tx: Transaction, email: str) -> Credentials | None:
    """Find what a sign-in compares with, unless the user is disabled."""
    row = tx.execute(SQL["find_credentials"], {"email": email}).fetchone()
    return None if row is None else Credentials(**row)


def renew_password_hash(tx: Transaction, user_id: UUID, *, password_hash: str) -> None:
    """Store the same password with today's parameters."""
    tx.execute(SQL["renew_password_hash"], {"user_id": user_id, "password_hash": password_hash})


def add_session(tx: Transaction, session: Session) -> None:
    """Begin a session."""
    tx.execute(SQL["add_session"], asdict(session))


def lock_session(tx: Transaction, session_id: UUID) -> Session | None:
    """Find one session and lock it."""
    row = tx.execute(SQL["lock_session"], {"session_id": session_id}).fetchone()
    return None if row is None else _session_from(row)


def find_session(tx: Transaction, session_id: UUID) -> Session | None:
    """Find one session."""
    row = tx.execute(SQL["find_session"], {"session_id": session_id}).fetchone()
    return None if row is None else _session_from(row)


def note_seen(tx: Transaction, session_id: UUID, *, now: datetime) -> None:
    """Note that a session was in use this hour."""
    tx.execute(SQL["note_seen"], {"session_id": session_id, "now": now})


def end_session(tx: Transaction, session: Session, *, by_user_id: UUID | None) -> None:
    """Write down that a session was ended."""
    tx.execute(
        SQL["end_session"],
        {
            "session_id": session.session_id,
            "ended_at": session.ended_at,
            "why": session.ended_why,
            "by_user_id": by_user_id,
        },
    )


def end_sessions_of(
    tx: Transaction, user_id: UUID, *, ended_at: datetime, why: Why, by_user_id: UUID | None
) -> int:
    """End every session of a user that is left; say how many."""
    values = {"user_id": user_id, "ended_at": ended_at, "why": why, "by_user_id": by_user_id}
    return tx.execute(SQL["end_sessions_of"], values).rowcount


def find_last_began_at(tx: Transaction, user_id: UUID) -> datetime | None:
    """Find when the newest session of a user began."""
    row = tx.execute(SQL["find_last_session_of"], {"user_id": user_id}).fetchone()
    return None if row is None else row["began_at"]


def find_access_from(tx: Transaction, user_id: UUID) -> datetime | None:
    """Find when the access of a user was last ended."""
    row = tx.execute(SQL["find_access_from"], {"user_id": user_id}).fetchone()
    return None if row is None else row["access_from"]


def let_in_from(tx: Transaction, user_id: UUID, *, access_from: datetime) -> None:
    """Refuse what was issued to a user earlier."""
    tx.execute(SQL["let_in_from"], {"user_id": user_id, "access_from": access_from})


def list_sessions(
    tx: Transaction, user_id: UUID, *, live: datetime | None, after: UUID | None, limit: int
) -> list[Session]:
    """List a page of a user's sessions: all of them, or those that live at an instant."""
    values = {"user_id": user_id, "live": live, "after": after, "limit": limit}
    return [_session_from(row) for row in tx.execute(SQL["list_sessions"], values)]


def _session_from(row: dict[str, Any]) -> Session:
    why = row["ended_why"]
    return Session(**row | {"way": Way(row["way"]), "ended_why": None if why is None else Why(why)})
