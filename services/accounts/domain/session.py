"""Sessions: what a sign-in begins, and what ends it before its token expires.

A session has one token, issued at the instant the session began.  Ending the access of a user ends
all their sessions; whoever signs in afterwards has a token issued later than that.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from kernel.refusal import NotFound

#: Instants are kept, and compared, to the microsecond.
_NEXT = timedelta(microseconds=1)


class SessionUnknown(NotFound):
    """There is no such session."""

    code = "accounts.session.unknown"


class Way(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105  # the way, not one
    SECOND_FACTOR = "second_factor"
    OIDC = "oidc"


class Why(StrEnum):
    """Why access ended."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    USER_DISABLED = "user_disabled"
    USER_CHANGED = "user_changed"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    PASSWORD_RESET = "password_reset"  # noqa: S105
    SECOND_FACTOR_CHANGED = "second_factor_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in on one device."""

    session_id: UUID
    user_id: UUID
    device: str
    network: str
    way: Way
    began_at: datetime
    seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None
    ended_why: Why | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Tokens of one subject that are refused although they have not expired."""

    kind: str
    subject_id: UUID
    issued_before: datetime
    expires_at: datetime


def begin_at(now: datetime, *, access_from: datetime | None) -> datetime:
    """Return when a session begins: not before the instant at which access was last ended.

    The clocks of two processes differ; a token that says an earlier instant would be refused.
    """
    return now if access_from is None else max(now, access_from)


def end(session: Session, *, why: Why, now: datetime) -> tuple[Session, Ending | None]:
    """End a session, once; say which tokens are refused from now on, if any are left."""
    if session.ended_at is not None:
        return session, None
    ended_at = max(now, session.began_at + _NEXT)
    ended = replace(session, ended_at=ended_at, ended_why=why)
    if session.expires_at <= now:
        return ended, None
    return ended, Ending(
        kind="session",
        subject_id=session.session_id,
        issued_before=ended_at,
        expires_at=session.expires_at,
    )


def end_all(
    user_id: UUID, *, last_began_at: datetime | None, now: datetime, lifetime: timedelta
) -> Ending:
    """End every session of a user: tokens issued before the instant returned are refused."""
    ended_at = now if last_began_at is None else max(now, last_began_at + _NEXT)
    return Ending(
        kind="user", subject_id=user_id, issued_before=ended_at, expires_at=ended_at + lifetime
    )
