"""Restrictions of the use of people's data, as rows."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.restriction import Ground, Lifting
from services.referrals.store import SQL


def find_restriction(tx: Transaction, person_ref: UUID) -> datetime | None:
    """Find since when the use of a person's data is restricted."""
    row = tx.execute(SQL["find_restriction"], {"person_ref": person_ref}).fetchone()
    return None if row is None else row["at"]


def add_restrictions(
    tx: Transaction, person_refs: Sequence[UUID], ground: Ground, *, at: datetime, by_user_id: UUID
) -> None:
    """Restrict the use of a person's data, under each of their references."""
    values = {
        "person_refs": list(person_refs),
        "ground": ground,
        "at": at,
        "by_user_id": by_user_id,
    }
    tx.execute(SQL["add_restrictions"], values)


def lift_restrictions(
    tx: Transaction,
    person_refs: Sequence[UUID],
    why: Lifting,
    *,
    informed_on: date,
    at: datetime,
    by_user_id: UUID,
) -> None:
    """Write that the data of a person may be used again."""
    values = {
        "person_refs": list(person_refs),
        "why": why,
        "informed_on": informed_on,
        "at": at,
        "by_user_id": by_user_id,
    }
    tx.execute(SQL["lift_restrictions"], values)
