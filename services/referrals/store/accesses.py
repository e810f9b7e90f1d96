"""The journal of who read or wrote whose identity, as rows."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from services.referrals.store import SQL, Row


def note_access(
    tx: Transaction,
    caller: Caller,
    person_refs: Collection[UUID],
    *,
    what: str,
    now: datetime,
    why: str = "",
    fields: Sequence[str] = (),
) -> None:
    """Write down that a caller saw or changed the identity of people, in the same transaction.

    A query may call this too: it runs in a transaction that commits before the answer leaves.
    """
    if person_refs:
        tx.execute(
            SQL["add_accesses"],
            {
                "at": now,
                "person_refs": sorted(set(person_refs)),
                "what": what,
                "why": why,
                "fields": list(fields),
                "by_user_id": caller.user_id,
                "by_role": caller.role,
                "site_codes": sorted(caller.site_codes),
            },
        )


def list_accesses(
    tx: Transaction, person_refs: Collection[UUID], *, after: int | None, limit: int
) -> list[Row]:
    """List a page of the accesses to a person, the newest first."""
    values = {"person_refs": list(person_refs), "after": after, "limit": limit}
    return tx.execute(SQL["list_accesses"], values).fetchall()


def drop_accesses(tx: Transaction, *, before: datetime, limit: int) -> int:
    """Drop accesses older than an instant; return how many."""
    return tx.execute(SQL["drop_accesses"], {"before": before, "limit": limit}).rowcount
