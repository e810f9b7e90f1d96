"""Structures and who works for them, as rows."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.structure import Structure
from services.referrals.store import SQL


def add_structure(tx: Transaction, structure: Structure, *, now: datetime) -> bool:
    """Make a structure; say False when its SIRET number is taken."""
    return tx.execute(SQL["add_structure"], asdict(structure) | {"now": now}).rowcount == 1


def list_structures(tx: Transaction, *, after: UUID | None, limit: int) -> list[Structure]:
    """List a page of the structures by name."""
    values = {"after": after, "limit": limit}
    return [Structure(**row) for row in tx.execute(SQL["list_structures"], values)]


def find_structure(tx: Transaction, structure_id: UUID) -> Structure | None:
    """Find one structure."""
    row = tx.execute(SQL["get_structure"], {"structure_id": structure_id}).fetchone()
    return None if row is None else Structure(**row)


def save_worker(tx: Transaction, user_id: UUID, *, structure_id: UUID) -> None:
    """Let a referrer refer in the name of a structure."""
    tx.execute(SQL["save_worker"], {"user_id": user_id, "structure_id": structure_id})


def find_structure_of(tx: Transaction, user_id: UUID) -> UUID | None:
    """Find the structure in whose name a referrer refers."""
    row = tx.execute(SQL["find_structure_of"], {"user_id": user_id}).fetchone()
    return None if row is None else row["structure_id"]
