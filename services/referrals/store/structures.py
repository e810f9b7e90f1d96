"""Structures and what they signed, as rows."""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.structure import Convention, Structure
from services.referrals.store import SQL, Row


def add_structure(tx: Transaction, structure: Structure, *, now: datetime) -> bool:
    """Make a structure; say False when its SIRET or RNA number is taken."""
    return tx.execute(SQL["add_structure"], asdict(structure) | {"now": now}).rowcount == 1


def list_structures(tx: Transaction, *, after: UUID | None, limit: int, on: date) -> list[Row]:
    """List a page of the structures by name, with whether a convention is in force on a day."""
    values = {"after": after, "limit": limit, "on": on}
    return tx.execute(SQL["list_structures"], values).fetchall()


def find_structure(tx: Transaction, structure_id: UUID) -> Structure | None:
    """Find one structure."""
    row = tx.execute(SQL["get_structure"], {"structure_id": structure_id}).fetchone()
    return None if row is None else Structure(**row)


def lock_structure(tx: Transaction, structure_id: UUID) -> bool:
    """Let what is signed with a structure take turns; say False when there is none."""
    row = tx.execute(SQL["lock_structure"], {"structure_id": structure_id}).fetchone()
    return row is not None


def add_convention(
    tx: Transaction, convention: Convention, *, now: datetime, by_user_id: UUID
) -> None:
    """Write what a structure signed."""
    values = asdict(convention) | {"now": now, "by_user_id": by_user_id}
    tx.execute(SQL["add_convention"], values)


def list_conventions(tx: Transaction, structure_id: UUID) -> list[Convention]:
    """List what a structure signed, the latest first."""
    rows = tx.execute(SQL["list_conventions"], {"structure_id": structure_id})
    return [Convention(**row) for row in rows]


def find_convention_between(
    tx: Transaction, structure_id: UUID, *, from_on: date, until_on: date | None
) -> str | None:
    """Find the reference of a convention in force on some of these days."""
    values = {"structure_id": structure_id, "from_on": from_on, "until_on": until_on}
    row = tx.execute(SQL["find_convention_between"], values).fetchone()
    return None if row is None else row["reference"]


def lock_convention(
    tx: Transaction, convention_id: UUID, *, structure_id: UUID
) -> Convention | None:
    """Find a convention of a structure and lock it."""
    values = {"convention_id": convention_id, "structure_id": structure_id}
    row = tx.execute(SQL["lock_convention"], values).fetchone()
    return None if row is None else Convention(**row)


def end_convention(tx: Transaction, convention_id: UUID, *, on: date, by_user_id: UUID) -> None:
    """End a convention on a day."""
    values = {"convention_id": convention_id, "on": on, "by_user_id": by_user_id}
    tx.execute(SQL["end_convention"], values)
