"""People and merges, as rows.

Locks are taken in one order everywhere: birth dates, merges, people, their referrals, the
identities of whoever was merged with them, pseudonyms; several of a kind by their ids.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from chassis import aliases
from chassis.db import Transaction
from services.referrals.domain import likeness
from services.referrals.domain.person import Identity, Person
from services.referrals.store import SQL, Row

#: More namesakes of one birth date than anybody can compare.
_ALIKE_MAX = 500


def list_alike_on_birth_date(tx: Transaction, identity: Identity) -> list[tuple[UUID, Identity]]:
    """List those of a birth date who may be the person, who are entered in turns from here on."""
    values = {
        "birth_date": identity.birth_date,
        "name_key": identity.name_key,
        "keys": [key for key in likeness.keys_of(identity) if not key.startswith("born")],
        "limit": _ALIKE_MAX,
    }
    tx.execute(SQL["lock_birth_date"], values)
    return [identity_from(row) for row in tx.execute(SQL["find_alike_on"], values)]


def add_person(
    tx: Transaction, person_ref: UUID, identity: Identity, *, namesake: bool, now: datetime
) -> None:
    """Write somebody new."""
    values = _columns_of(person_ref, identity) | {"namesake": namesake, "now": now}
    tx.execute(SQL["add_person"], values)


def lock_identity(tx: Transaction, person_ref: UUID, *, born_on: date | None) -> Identity | None:
    """Find the identity under one reference and lock it, to be corrected.

    Whoever enters people of its birth date, or of the one it is to have, waits.
    """
    wanted = {"person_ref": person_ref}
    while row := tx.execute(SQL["get_identity"], wanted).fetchone():
        for birth_date in sorted({row["birth_date"], born_on or row["birth_date"]}):
            tx.execute(SQL["lock_birth_date"], {"birth_date": birth_date})
        locked = tx.execute(SQL["lock_identity"], wanted).fetchone()
        if locked is not None and locked["birth_date"] == row["birth_date"]:
            return Identity(**locked)
    return None


def save_identity(tx: Transaction, person_ref: UUID, identity: Identity) -> None:
    """Write who somebody is, over what was written."""
    tx.execute(SQL["save_identity"], _columns_of(person_ref, identity))


def is_taken_in(tx: Transaction, person_ref: UUID, *, site_codes: Collection[str]) -> bool:
    """Say whether one of these sites has taken somebody in, provisionally too."""
    values = {"person_ref": person_ref, "site_codes": list(site_codes)}
    row = tx.execute(SQL["is_taken_in"], values).fetchone()
    return row is not None and bool(row["taken_in"])


def _columns_of(person_ref: UUID, identity: Identity) -> Row:
    return asdict(identity) | {
        "person_ref": person_ref,
        "name_key": identity.name_key,
        "match_keys": likeness.stored_keys_of(identity),
        "keyed_by": likeness.KEYED_BY,
    }


def identity_from(row: Row) -> tuple[UUID, Identity]:
    """Read an identity and whose it is."""
    names = ("given_name", "family_name", "birth_date", "phone", "email")
    return row["person_ref"], Identity(**{name: row[name] for name in names})


def rekey_people(tx: Transaction, *, limit: int) -> int:
    """Make the keys of some people anew whose keys older rules made; return how many there were."""
    values: Row = {"keyed_by": likeness.KEYED_BY, "limit": limit}
    people = [identity_from(row) for row in tx.execute(SQL["list_unkeyed"], values)]
    for person_ref, identity in people:
        keys = likeness.stored_keys_of(identity)
        tx.execute(SQL["save_keys"], values | {"person_ref": person_ref, "match_keys": keys})
    return len(people)


def lock_person(tx: Transaction, person_ref: UUID) -> Person | None:
    """Find a person; decisions about them take turns until the transaction ends.

    Who they are does not change meanwhile; the answer is under the reference they are known as.
    """
    hold_merges(tx)
    row = tx.execute(SQL["lock_person"], {"person_ref": person_ref}).fetchone()
    return None if row is None else Person(**row)


def lock_people(tx: Transaction, person_refs: Sequence[UUID]) -> None:
    """Lock several people as `lock_person` does, in the order of all who do."""
    hold_merges(tx)
    tx.execute(SQL["lock_people"], {"person_refs": list(person_refs)})


def find_person(tx: Transaction, person_ref: UUID) -> Person | None:
    """Find a person, under the reference they are known as now."""
    row = tx.execute(SQL["get_person"], {"person_ref": person_ref}).fetchone()
    return None if row is None else Person(**row)


def hold_merges(tx: Transaction) -> None:
    """Nobody is merged, or unmerged, until the transaction ends."""
    tx.execute(SQL["hold_merges"])


def lock_merges(tx: Transaction) -> None:
    """Merges take turns, and nobody decides about people meanwhile."""
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
    aliases.resolve(tx, [person_ref])


def end_merge(tx: Transaction, person_ref: UUID, *, at: datetime, by_user_id: UUID) -> UUID | None:
    """Undo the merge of a person that stands; return whom they were merged into."""
    values = {"person_ref": person_ref, "at": at, "by_user_id": by_user_id}
    row = tx.execute(SQL["end_merge"], values).fetchone()
    if row is None:
        return None
    aliases.resolve(tx, [person_ref])
    into: UUID = row["merged_into"]
    return into
