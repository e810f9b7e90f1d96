"""What is remembered of wrong attempts, as rows."""

from dataclasses import asdict
from datetime import datetime

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
