"""What a sign-in compares with, and how each ended, as rows."""

from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.accounts.store import SQL


def find_credentials(tx: Transaction, email: str) -> tuple[UUID, str] | None:
    """Find whom the address belongs to, unless disabled, and their stored password."""
    row = tx.execute(SQL["find_credentials"], {"email": email}).fetchone()
    return None if row is None else (row["user_id"], row["password_hash"])


def find_password_hash(tx: Transaction, user_id: UUID) -> str | None:
    """Find the stored password of an account."""
    row = tx.execute(SQL["find_password_hash"], {"user_id": user_id}).fetchone()
    return None if row is None else row["password_hash"]


def save_password_hash(tx: Transaction, user_id: UUID, *, password_hash: str) -> None:
    """Store the same password with today's parameters."""
    tx.execute(SQL["save_password_hash"], {"user_id": user_id, "password_hash": password_hash})


def add_sign_in_event(
    tx: Transaction, *, user_id: UUID | None, address: str, ending: str, now: datetime
) -> None:
    """Write down one look at a password."""
    tx.execute(
        SQL["add_sign_in_event"],
        {"user_id": user_id, "address": address, "ending": ending, "now": now},
    )
