"""What is remembered of wrong attempts, as rows."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain.throttle import Throttle
from services.accounts.store import SQL


def lock_throttle(tx: Transaction, kind: str, *, subject: bytes, now: datetime) -> Throttle:
    """Read what is remembered of an account or address, and lock it."""
    key = {"kind": kind, "subject": subject, "now": now}
    # The row may be forgotten between the two statements: then it is made again.
    while True:
        tx.execute(SQL["add_throttle"], key)
        row = tx.execute(SQL["lock_throttle"], key).fetchone()
        if row is not None:
            return Throttle(**row)


def save_throttle(
    tx: Transaction, kind: str, *, subject: bytes, throttle: Throttle, now: datetime
) -> None:
    """Remember an account or address."""
    key = {"kind": kind, "subject": subject, "now": now}
    tx.execute(SQL["save_throttle"], asdict(throttle) | key)


def forget_old_throttles(tx: Transaction, *, before: datetime) -> None:
    """Drop a few of those that nobody has touched for long."""
    tx.execute(SQL["forget_old_throttles"], {"before": before})


def is_familiar(tx: Transaction, email: str, *, line: bytes, since: datetime) -> bool:
    """Say whether whom an e-mail address names has signed in from somewhere since an instant."""
    row = tx.execute(SQL["is_familiar"], {"email": email, "line": line, "since": since}).fetchone()
    return row is not None and bool(row["familiar"])


def note_place(
    tx: Transaction, user_id: UUID, *, line: bytes, now: datetime, before: datetime
) -> None:
    """Remember from where somebody has signed in, and forget a few who have not for long."""
    tx.execute(SQL["note_place"], {"user_id": user_id, "line": line, "now": now})
    tx.execute(SQL["forget_old_places"], {"before": before})
