"""People looked for, and those who are alike, as rows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from services.referrals.domain import likeness
from services.referrals.domain.person import Identity
from services.referrals.domain.wanted import Wanted
from services.referrals.store import SQL, Row
from services.referrals.store.people import identity_from


def search_names(tx: Transaction, wanted: Wanted, *, limit: int) -> list[UUID]:
    """Find people by how their names begin, or by what these sound like, in each reading."""
    found: set[UUID] = set()
    for words in wanted.readings:
        longest = max(words, key=len)
        values = {
            "longest": f"% {longest}%",
            "longest_sound": likeness.sound_key(longest),
            "beginnings": [f"% {word}%" for word in words],
            "sounds": [likeness.sound_key(word) for word in words],
            "birth_year": wanted.birth_year,
            "limit": limit,
        }
        found |= set(_references(tx, "search_names", values))
    return sorted(found)[:limit]


def search_phone(tx: Transaction, digits: str, *, limit: int) -> list[UUID]:
    """Find people by the end of their phone number, or by all of it."""
    return _references(tx, "search_phone", {"digits": digits, "limit": limit})


def search_code(tx: Transaction, code: str) -> list[UUID]:
    """Find the person of a referral."""
    return _references(tx, "search_code", {"code": code})


def list_found(tx: Transaction, person_refs: Collection[UUID]) -> list[Row]:
    """List people as whoever looks for them sees them."""
    return tx.execute(SQL["list_found"], {"person_refs": list(person_refs)}).fetchall()


def list_identities(tx: Transaction, person_refs: Sequence[UUID]) -> list[Identity]:
    """List the identities of a person: one for each reference that has one."""
    rows = tx.execute(SQL["read_identities"], {"person_refs": list(person_refs)})
    return [identity_from(row)[1] for row in rows]


def list_alike(
    tx: Transaction, person_refs: Sequence[UUID], *, keys: Collection[str], limit: int
) -> list[tuple[UUID, Identity]]:
    """List others who have a key in common with a person: who each is known as, and as what.

    Whoever was told apart from the person is not among them.
    """
    values = {"person_refs": list(person_refs), "keys": list(keys), "limit": limit}
    return [
        (row["same_as"], identity_from(row)[1]) for row in tx.execute(SQL["find_alike"], values)
    ]


def tell_apart(
    tx: Transaction, person_ref: UUID, other: UUID, *, at: datetime, by_user_id: UUID
) -> None:
    """Write that two people are two."""
    values = {"person_ref": person_ref, "other_ref": other, "at": at, "by_user_id": by_user_id}
    tx.execute(SQL["tell_apart"], values)


def _references(tx: Transaction, name: str, values: Mapping[str, object]) -> list[UUID]:
    return [row["person_ref"] for row in tx.execute(SQL[name], values)]
