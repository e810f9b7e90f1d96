"""Erasures, their receipts, and what is erased, as rows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from chassis import aliases
from chassis.db import Transaction
from services.referrals.domain.erasure import Reason
from services.referrals.domain.person import Identity
from services.referrals.store import SQL, Row, people


def list_same_people(tx: Transaction, person_ref: UUID) -> list[UUID]:
    """List a person and whoever was merged with them, however far."""
    return sorted(aliases.references(tx, person_ref))


def lock_all_of(tx: Transaction, person_refs: Sequence[UUID]) -> list[Row]:
    """Lock people with their referrals, identities and pseudonyms, in the order of all who do."""
    people.lock_people(tx, person_refs)
    list_referrals_of(tx, person_refs)
    tx.execute(SQL["list_identities"], {"person_refs": list(person_refs)})
    return tx.execute(SQL["lock_pseudonyms"], {"person_refs": list(person_refs)}).fetchall()


def list_referrals_of(tx: Transaction, person_refs: Sequence[UUID]) -> list[UUID]:
    """List the referrals of a person, locked."""
    rows = tx.execute(SQL["lock_referrals_of"], {"person_refs": list(person_refs)})
    return [row["referral_id"] for row in rows]


def list_sent_to(
    tx: Transaction, person_refs: Sequence[UUID], *, site_codes: Collection[str]
) -> set[UUID]:
    """List who of these people was ever sent to one of these sites."""
    values = {"person_refs": list(person_refs), "site_codes": list(site_codes)}
    return {row["person_ref"] for row in tx.execute(SQL["list_sent_to"], values)}


def find_open_case(tx: Transaction, person_refs: Sequence[UUID]) -> date | None:
    """Find since when a mediation case has been open for a person."""
    row = tx.execute(SQL["find_open_case"], {"person_refs": list(person_refs)}).fetchone()
    return None if row is None else row["opened_on"]


def take_identities(tx: Transaction, person_refs: Sequence[UUID]) -> list[Identity]:
    """Delete the identities of people, and return them one last time."""
    wanted = {"person_refs": list(person_refs)}
    found = [Identity(**row) for row in tx.execute(SQL["list_identities"], wanted)]
    tx.execute(SQL["delete_identities"], wanted)
    return found


def mark_erased(tx: Transaction, person_refs: Sequence[UUID], *, now: datetime) -> None:
    """Remember that these pseudonyms are nobody's any more."""
    tx.execute(SQL["mark_erased"], {"person_refs": list(person_refs), "now": now})


def close_referrals(tx: Transaction, person_refs: Sequence[UUID], *, today: date) -> int:
    """Let lapse what nobody has answered; return how many."""
    values = {"person_refs": list(person_refs), "today": today}
    return tx.execute(SQL["close_referrals"], values).rowcount


def shorten_entitlements(tx: Transaction, person_refs: Sequence[UUID], *, today: date) -> list[Row]:
    """End what is in force; return it as it now stands."""
    values = {"person_refs": list(person_refs), "today": today}
    return tx.execute(SQL["shorten_entitlements"], values).fetchall()


def add_erasure(
    tx: Transaction,
    *,
    erasure_id: UUID,
    person_ref: UUID,
    person_refs: Sequence[UUID],
    reason: Reason,
    services: Sequence[str],
    erased_at: datetime,
    erased_by: UUID | None,
    traces: Sequence[bytes],
) -> None:
    """Write down an erasure and who is to give a receipt."""
    tx.execute(
        SQL["add_erasure"],
        {
            "erasure_id": erasure_id,
            "person_ref": person_ref,
            "person_refs": list(person_refs),
            "reason": reason,
            "services": list(services),
            "erased_at": erased_at,
            "erased_by": erased_by,
            "traces": list(traces),
        },
    )


def add_receipt(
    tx: Transaction, erasure_id: UUID, *, service: str, at: datetime, counts: Mapping[str, int]
) -> None:
    """Keep a service's receipt; the first one counts."""
    values = {
        "erasure_id": erasure_id,
        "service": service,
        "acknowledged_at": at,
        "counts": Jsonb(dict(counts)),
    }
    tx.execute(SQL["add_receipt"], values)


def list_erasures(
    tx: Transaction,
    *,
    site_codes: Sequence[str] | None = None,
    person_ref: UUID | None = None,
    owed_before: datetime | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Row]:
    """List a page of erasures with their receipts, the newest first.

    `owed_before` lists those before an instant alone of which a receipt has not come.
    """
    values = {
        "site_codes": None if site_codes is None else list(site_codes),
        "person_ref": person_ref,
        "owed_before": owed_before,
        "after": after,
        "limit": limit,
    }
    return tx.execute(SQL["list_erasures"], values).fetchall()


def list_erased(tx: Transaction) -> list[UUID]:
    """List one reference of everybody who was erased, the first of them first."""
    return [row["person_ref"] for row in tx.execute(SQL["list_erased"])]


def count_missing_receipts(tx: Transaction, *, before: datetime) -> int:
    """Count the receipts that have not come of erasures before an instant."""
    row = tx.execute(SQL["count_missing_receipts"], {"before": before}).fetchone()
    return 0 if row is None else int(row["missing"])


def drop_traces(tx: Transaction, *, before: datetime) -> int:
    """Drop the traces of erasures that are old enough."""
    return tx.execute(SQL["drop_traces"], {"before": before}).rowcount


def add_told_cases(
    tx: Transaction, cases: Sequence[tuple[UUID, UUID, date | None, date | None]]
) -> None:
    """Remember mediation cases: id, person, and the days on which they opened and closed."""
    case_ids, person_refs, opened, closed = zip(*cases, strict=True)
    tx.execute(
        SQL["add_told_cases"],
        {
            "case_ids": list(case_ids),
            "person_refs": list(person_refs),
            "opened": list(opened),
            "closed": list(closed),
        },
    )
