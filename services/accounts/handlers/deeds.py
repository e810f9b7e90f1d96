"""Who does something, when and from where; and the log's entry of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis.auth import Caller, TokenInvalid
from chassis.db import Transaction
from services.accounts.domain.record import Entry, Kind
from services.accounts.domain.user import User
from services.accounts.store import log, sessions, users


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a handler knows of the request it serves; `caller` is None on the command line."""

    now: datetime
    new_id: Callable[[], UUID]
    caller: Caller | None = None
    network: str | None = None
    device: str | None = None

    @property
    def by_user_id(self) -> UUID | None:
        """Who does it, if they have signed in."""
        return None if self.caller is None else self.caller.user_id

    @property
    def known(self) -> Caller:
        """Who does it, where somebody must have signed in."""
        if self.caller is None:
            raise TokenInvalid()
        return self.caller


def note(
    tx: Transaction, kind: Kind, *, deed: Deed, user_id: UUID | None = None, **more: Any
) -> None:
    """Write into the log what was done, to whom; the last thing a transaction does."""
    log.add(
        tx,
        Entry(
            kind=kind,
            at=deed.now,
            by_user_id=deed.by_user_id,
            user_id=user_id,
            more={"network": deed.network, **more},
        ),
    )


def active(tx: Transaction, deed: Deed) -> User:
    """Return the caller's account, unless their access has ended a moment ago."""
    caller = deed.known
    user = users.find_account(tx, caller.user_id)
    if user is None or user.disabled:
        raise TokenInvalid()
    if caller.session_id is not None:
        session = sessions.find_session(tx, caller.session_id)
        if session is None or session.ended_at is not None:
            raise TokenInvalid()
        sessions.note_seen(tx, caller.session_id, now=deed.now)
    return user
