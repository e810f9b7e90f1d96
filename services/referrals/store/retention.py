"""Contacts with people, and notice given to those who have none, as rows."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.retention import Retention, retention_of
from services.referrals.store import SQL, Row


def find_retention(tx: Transaction, *, on: date) -> Retention:
    """Read the figures in force on a day."""
    rows = tx.execute(SQL["list_rules"], {"on": on})
    return retention_of({row["name"]: row["value"] for row in rows}, on=on)


def note_contacts(tx: Transaction, contacts: Sequence[tuple[UUID, datetime]]) -> None:
    """Remember when people were last in contact; what is older than what is known changes nothing.

    Whoever hears of contacts in batches locks in one order: PostgreSQL updates in that of a hash,
    so people of one batch are locked before.
    """
    people, instants = zip(*contacts, strict=True)
    tx.execute(SQL["lock_pseudonyms"], {"person_refs": sorted(set(people))})
    tx.execute(SQL["note_contacts"], {"person_refs": list(people), "instants": list(instants)})


def list_stale(tx: Transaction, *, before: datetime, limit: int) -> list[Row]:
    """List people without a contact since an instant who have had no notice of that."""
    return tx.execute(SQL["list_stale"], {"before": before, "limit": limit}).fetchall()


def find_last_contact(tx: Transaction, person_refs: Sequence[UUID]) -> datetime:
    """Find when any of these, who are one person, was last in contact."""
    row = tx.execute(SQL["find_last_contact"], {"person_refs": list(person_refs)}).fetchone()
    assert row is not None  # noqa: S101  # a maximum is one row
    last: datetime = row["last_contact_at"]
    return last


def is_known(tx: Transaction, person_refs: Sequence[UUID]) -> bool:
    """Say whether these are names we ever gave to somebody."""
    row = tx.execute(SQL["find_last_contact"], {"person_refs": list(person_refs)}).fetchone()
    return row is not None and row["last_contact_at"] is not None


def find_address(tx: Transaction, person_ref: UUID) -> str | None:
    """Find where to write to a person."""
    row = tx.execute(SQL["find_address"], {"person_ref": person_ref}).fetchone()
    return None if row is None else row["email"]


def add_notice(
    tx: Transaction,
    person_ref: UUID,
    *,
    last_contact_at: datetime,
    noticed_at: datetime,
    erase_on: date,
    mailed: bool,
) -> None:
    """Write down that somebody has notice."""
    values = {
        "person_ref": person_ref,
        "last_contact_at": last_contact_at,
        "noticed_at": noticed_at,
        "erase_on": erase_on,
        "mailed": mailed,
    }
    tx.execute(SQL["add_notice"], values)


def list_notices_due(tx: Transaction, *, today: date, limit: int) -> list[UUID]:
    """List people whose notice is over and who have not come since."""
    rows = tx.execute(SQL["list_notices_due"], {"today": today, "limit": limit})
    return [row["person_ref"] for row in rows]


def list_notices(
    tx: Transaction, *, site_codes: Sequence[str] | None, after: UUID | None, limit: int
) -> list[Row]:
    """List a page of notices that stand."""
    values = {
        "site_codes": None if site_codes is None else list(site_codes),
        "after": after,
        "limit": limit,
    }
    return tx.execute(SQL["list_notices"], values).fetchall()
