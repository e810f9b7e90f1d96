"""Password resets, as rows."""

from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.accounts.domain.reset import Reset
from services.accounts.store import SQL


def replace_resets(tx: Transaction, user_id: UUID, *, now: datetime) -> None:
    """End the links of a user that were not used."""
    tx.execute(SQL["replace_resets"], {"user_id": user_id, "now": now})


def add_reset(tx: Transaction, reset: Reset, *, token_digest: bytes, now: datetime) -> None:
    """Keep the digest of a token that is sent."""
    tx.execute(
        SQL["add_reset"],
        {
            "reset_id": reset.reset_id,
            "user_id": reset.user_id,
            "token_digest": token_digest,
            "now": now,
            "expires_at": reset.expires_at,
        },
    )


def find_reset(tx: Transaction, *, token_digest: bytes) -> Reset | None:
    """Find a reset by its token."""
    row = tx.execute(SQL["find_reset"], {"token_digest": token_digest}).fetchone()
    return None if row is None else Reset(**row)


def use_reset(tx: Transaction, reset_id: UUID, *, now: datetime) -> None:
    """Use a reset, whose user is locked."""
    tx.execute(SQL["use_reset"], {"reset_id": reset_id, "now": now})
