"""Exports of all that the network holds on a person, as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.store import SQL, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One export: whom it is about, and which services are to answer until when."""

    export_id: UUID
    person_refs: list[UUID]
    services: list[str]
    asked_at: datetime
    answer_until: datetime


def find_export(tx: Transaction, person_refs: Sequence[UUID]) -> Row | None:
    """Find the newest export of a person, with its document if it is ready."""
    return tx.execute(SQL["find_export"], {"person_refs": list(person_refs)}).fetchone()


def lock_export(tx: Transaction, export_id: UUID) -> tuple[Export, bytes] | None:
    """Find an export that waits, with its private key as it is stored, and lock it."""
    row = tx.execute(SQL["lock_export"], {"export_id": export_id}).fetchone()
    if row is None:
        return None
    private_key = bytes(row.pop("private_key"))
    return Export(**row), private_key


def add_export(tx: Transaction, export: Export, *, asked_by: UUID, private_key: bytes) -> None:
    """Write down that somebody asked."""
    tx.execute(
        SQL["add_export"],
        {
            "export_id": export.export_id,
            "person_refs": export.person_refs,
            "services": export.services,
            "asked_at": export.asked_at,
            "asked_by": asked_by,
            "answer_until": export.answer_until,
            "private_key": private_key,
        },
    )


def add_part(
    tx: Transaction, export_id: UUID, *, service: str, part: int, part_count: int, box: bytes
) -> None:
    """Keep one part of a service's answer, sealed as it came."""
    values = {
        "export_id": export_id,
        "service": service,
        "part": part,
        "part_count": part_count,
        "box": box,
    }
    tx.execute(SQL["add_part"], values)


def list_answered(tx: Transaction, export_id: UUID) -> list[str]:
    """List the services whose answer is whole."""
    rows = tx.execute(SQL["list_answered"], {"export_id": export_id})
    return [row["service"] for row in rows]


def list_parts(tx: Transaction, export_id: UUID) -> list[Row]:
    """List all parts, by service, in their order."""
    return tx.execute(SQL["list_parts"], {"export_id": export_id}).fetchall()


def save_document(tx: Transaction, export_id: UUID, *, document: bytes, ready_at: datetime) -> None:
    """Keep the whole; its parts and the key that opened them go."""
    values = {"export_id": export_id, "document": document, "ready_at": ready_at}
    tx.execute(SQL["save_document"], values)
    tx.execute(SQL["delete_parts"], {"export_id": export_id})


def delete_exports_of(tx: Transaction, person_refs: Sequence[UUID]) -> int:
    """Delete every export of a person."""
    return tx.execute(SQL["delete_exports_of"], {"person_refs": list(person_refs)}).rowcount


def delete_old_exports(tx: Transaction, *, now: datetime, ready_before: datetime) -> int:
    """Delete exports that nobody can complete or that are old."""
    values = {"now": now, "ready_before": ready_before}
    return tx.execute(SQL["delete_old_exports"], values).rowcount
