"""Referrers, for whom they work and where they are written to, as rows."""

from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.worker import Standing
from services.referrals.store import SQL, Row


def find_structure_of(tx: Transaction, user_id: UUID, *, on: date) -> UUID | None:
    """Find the structure in whose name a referrer refers on a day."""
    row = tx.execute(SQL["find_structure_of"], {"user_id": user_id, "on": on}).fetchone()
    return None if row is None else row["structure_id"]


def find_standing(tx: Transaction, user_id: UUID, *, on: date) -> Standing:
    """Find what lets a referrer refer on a day."""
    row = tx.execute(SQL["find_standing"], {"user_id": user_id, "on": on}).fetchone()
    return Standing() if row is None else Standing(**row)


def lock_worker(tx: Transaction, user_id: UUID) -> None:
    """Make a referrer known, if they are not; what is decided of them takes turns."""
    tx.execute(SQL["lock_worker"], {"user_id": user_id})


def find_worker(tx: Transaction, user_id: UUID, *, on: date) -> Row | None:
    """Find a referrer with the structure of the day."""
    return tx.execute(SQL["get_worker"], {"user_id": user_id, "on": on}).fetchone()


def save_contact(
    tx: Transaction, user_id: UUID, *, email: str | None, language: str | None, now: datetime
) -> None:
    """Save where a referrer is written to; no language leaves the one there is."""
    values = {"user_id": user_id, "email": email, "language": language, "now": now}
    tx.execute(SQL["save_contact"], values)


def save_training(tx: Transaction, user_id: UUID, *, trained_on: date) -> None:
    """Save when a referrer was shown how to refer."""
    tx.execute(SQL["save_training"], {"user_id": user_id, "trained_on": trained_on})


def add_employment(
    tx: Transaction, user_id: UUID, *, structure_id: UUID, on: date, by_user_id: UUID
) -> None:
    """Write that a referrer works for a structure from a day on."""
    values = {
        "user_id": user_id,
        "structure_id": structure_id,
        "on": on,
        "by_user_id": by_user_id,
    }
    tx.execute(SQL["add_employment"], values)


def end_employment(tx: Transaction, user_id: UUID, *, on: date, by_user_id: UUID) -> None:
    """End the time of a referrer that is running."""
    values = {"user_id": user_id, "on": on, "by_user_id": by_user_id}
    tx.execute(SQL["end_employment"], values)


def list_workers(
    tx: Transaction, structure_id: UUID, *, after: int | None, limit: int, on: date
) -> list[Row]:
    """List a page of who works and worked for a structure."""
    values = {"structure_id": structure_id, "after": after, "limit": limit, "on": on}
    return tx.execute(SQL["list_workers"], values).fetchall()


def list_correspondents(tx: Transaction, referral_ids: Collection[UUID], *, on: date) -> list[Row]:
    """List who is written to about referrals, and what little a mail says of each."""
    values = {"referral_ids": list(referral_ids), "on": on}
    return tx.execute(SQL["list_correspondents"], values).fetchall()


def find_employment(tx: Transaction, user_id: UUID, *, structure_id: UUID, on: date) -> Row | None:
    """Find the last time of a referrer at a structure."""
    values = {"user_id": user_id, "structure_id": structure_id, "on": on}
    return tx.execute(SQL["get_employment"], values).fetchone()
