"""Attempts are counted before they are looked at, and settled afterwards."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain import throttle as throttles
from services.accounts.store import throttles as store

What = Literal["account", "address", "enrolment", "provider_address", "reset", "reset_address"]
#: What came of an attempt; `undecided`: right so far, but there is more to prove.
Ending = Literal["passed", "failed", "undecided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One thing that attempts are counted for; the right one may forgive the failures before it."""

    kind: What
    subject: bytes
    limit: throttles.Limit
    forgives: bool = False


def counted_for(kind: What, named: str, *, limit: throttles.Limit) -> Counted:
    """Name what an attempt counts for; only an account is forgiven when its password was right.

    An address is not: whoever has one account could otherwise guess at all the others.
    """
    return Counted(kind=kind, subject=_digest(named), limit=limit, forgives=kind == "account")


def is_at_home(tx: Transaction, email: str, *, line: str, since: datetime) -> bool:
    """Say whether whom an e-mail address names has lately signed in from a subscriber's line."""
    return store.is_familiar(tx, email.strip().lower(), line=_digest(line), since=since)


def note_home(tx: Transaction, user_id: UUID, *, line: str, now: datetime, kept: timedelta) -> None:
    """Remember that somebody signs in from a subscriber's line."""
    store.note_place(tx, user_id, line=_digest(line), now=now, before=now - kept)


def begin_attempt(tx: Transaction, counts: Sequence[Counted], *, now: datetime) -> None:
    """Count an attempt as pending, or refuse it."""
    for counted in sorted(counts, key=lambda each: each.kind):
        known = store.lock_throttle(tx, counted.kind, subject=counted.subject, now=now)
        begun = throttles.begin(known, limit=counted.limit, now=now)
        store.save_throttle(tx, counted.kind, subject=counted.subject, throttle=begun, now=now)


def end_attempt(
    tx: Transaction, counts: Sequence[Counted], *, ending: Ending, now: datetime, kept: timedelta
) -> None:
    """Settle a pending attempt."""
    for counted in sorted(counts, key=lambda each: each.kind):
        known = store.lock_throttle(tx, counted.kind, subject=counted.subject, now=now)
        if ending == "failed":
            settled = throttles.fail(known, now=now)
        elif ending == "passed" and counted.forgives:
            settled = throttles.reset(known)
        else:
            settled = throttles.take_back(known)
        store.save_throttle(tx, counted.kind, subject=counted.subject, throttle=settled, now=now)
    store.forget_old_throttles(tx, before=now - kept)


def _digest(named: str) -> bytes:
    return hashlib.sha256(named.strip().lower().encode()).digest()
