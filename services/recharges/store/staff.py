"""What colleagues call each other, as rows; on papers of the house and nowhere else."""

from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.recharges.store import SQL


def note_name(tx: Transaction, user_id: UUID, *, name: str, now: datetime) -> None:
    """Remember what somebody who acts at a till is called."""
    tx.execute(SQL["note_staff_name"], {"user_id": user_id, "name": name, "now": now})


def find_name(tx: Transaction, user_id: UUID) -> str | None:
    """Find what somebody is called, if they have acted at a till."""
    row = tx.execute(SQL["find_staff_name"], {"user_id": user_id}).fetchone()
    return None if row is None else row["name"]
