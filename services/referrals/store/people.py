"""People and merges, as rows."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain.person import Identity, Person
from services.referrals.store import SQL


def find_or_add_person(
    tx: Transaction, identity: Identity, *, fresh_ref: UUID, now: datetime
) -> UUID:
    """Return the person of this identity, locked, made if new; two at once get the same."""
    values = {
        "person_ref": fresh_ref,
        "given_name": identity.given_name,
        "family_name": identity.family_name,
        "name_key": identity.name_key,
        "birth_date": identity.birth_date,
        "phone": identity.phone,
        "email": identity.email,
        "now": now,
    }
    while True:
        row = tx.execute(SQL["find_person"], values).fetchone()
        if row is not None:
            person_ref: UUID = row["person_ref"]
            if lock_person(tx, person_ref) is not None:
                return person_ref
            continue  # erased since it was found: whoever comes now is somebody new
        # The insertion waits for whoever is making the same person, and then does nothing.
        if tx.execute(SQL["add_person"], values).rowcount == 1:
            return fresh_ref


def lock_person(tx: Transaction, person_ref: UUID) -> Person | None:
    """Find a person; decisions about them take turns until the transaction ends."""
    row = tx.execute(SQL["lock_person"], {"person_ref": person_ref}).fetchone()
    return None if row is None else Person(**row)


def find_person(tx: Transaction, person_ref: UUID) -> Person | None:
    """Find a person."""
    row = tx.execute(SQL["get_person"], {"person_ref": person_ref}).fetchone()
    return None if row is None else Person(**row)


def lock_merges(tx: Transaction) -> None:
    """Merges take turns: two at once could close a circle."""
    tx.execute(SQL["lock_merges"])


def find_merges(tx: Transaction, person_refs: Sequence[UUID]) -> dict[UUID, UUID]:
    """Find every merge that stands on the way from people to the ends of their chains."""
    rows = tx.execute(SQL["find_merges"], {"person_refs": list(person_refs)})
    return {row["person_ref"]: row["merged_into"] for row in rows}


def add_merge(
    tx: Transaction, person_ref: UUID, *, into: UUID, at: datetime, by_user_id: UUID
) -> None:
    """Write that a person is another one."""
    values = {"person_ref": person_ref, "into": into, "at": at, "by_user_id": by_user_id}
    tx.execute(SQL["add_merge"], values)


def end_merge(tx: Transaction, person_ref: UUID, *, at: datetime, by_user_id: UUID) -> UUID | None:
    """Undo the merge of a person that stands; return whom they were merged into."""
    values = {"person_ref": person_ref, "at": at, "by_user_id": by_user_id}
    row = tx.execute(SQL["end_merge"], values).fetchone()
    return None if row is None else row["merged_into"]
