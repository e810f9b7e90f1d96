"""Records of a till's journal, chained and signed, as rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.columns import column
from chassis.db import Transaction
from services.recharges.domain import journal
from services.recharges.domain.journal import Kind
from services.recharges.signing import JournalKeys
from services.recharges.store import SQL


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A sealed record: its canonical text, its place in the chain, its hash and signature."""

    record: str
    previous_hash: bytes
    hash: bytes
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of one chain of a till; sequence 0 and no hash before its first record."""

    sequence: int
    hash: bytes


def seal(record: str, *, previous_hash: bytes, keys: JournalKeys) -> Record:
    """Chain a canonical record to the one before and sign it."""
    hash_ = journal.seal(record, previous_hash=previous_hash)
    key_id, signature = keys.sign(hash_)
    return Record(
        record=record,
        previous_hash=previous_hash,
        hash=hash_,
        key_id=key_id,
        signature=signature,
    )


def heads(tx: Transaction, till_id: UUID) -> dict[Kind, Head]:
    """Read the end of each chain of a till.  The till must be locked: see `lock_tills`."""
    found = {
        Kind(row["kind"]): Head(sequence=row["sequence"], hash=row["hash"])
        for row in tx.execute(SQL["find_heads"], {"till_id": till_id})
    }
    return {kind: found.get(kind, Head(sequence=0, hash=journal.NOTHING)) for kind in Kind}


def last_event(tx: Transaction, till_id: UUID) -> dict[str, Any] | None:
    """Read the last technical event of a till: its record and the key that signed it."""
    row: dict[str, Any] | None = tx.execute(SQL["last_event"], {"till_id": till_id}).fetchone()
    return row


def append(
    tx: Transaction,
    kind: Kind,
    *,
    till: dict[str, Any],
    build: Callable[[int], str],
    keys: JournalKeys,
    business_date: date,
    recorded_at: datetime,
    total_cents: int = 0,
) -> tuple[int, Record]:
    """Write one record at the end of a till's chain; return its sequence and how it was sealed.

    `till` is the row of a till locked by this transaction; `build` makes the record's text from the
    sequence it gets.  Tickets are written here only when they are not sales (refunds); the till's
    row then follows.
    """
    keep_keys(tx, keys, at=recorded_at)
    before = heads(tx, till["till_id"])[kind]
    sequence = before.sequence + 1
    sealed = seal(build(sequence), previous_hash=before.hash, keys=keys)
    tx.execute(
        SQL["append_record"],
        {
            "till_id": till["till_id"],
            "sequence": sequence,
            "kind": kind.value,
            "recorded_at": recorded_at,
            "business_date": business_date,
            "site_code": till["site_code"],
            "total_cents": total_cents,
            "record": sealed.record,
            "previous_hash": sealed.previous_hash,
            "hash": sealed.hash,
            "key_id": sealed.key_id,
            "signature": sealed.signature,
        },
    )
    if kind is Kind.TICKET:
        tx.execute(
            SQL["move_ticket_head"],
            {"till_id": till["till_id"], "sequence": sequence, "hash": sealed.hash},
        )
    return sequence, sealed


def keep_keys(tx: Transaction, keys: JournalKeys, *, at: datetime) -> None:
    """Keep the public halves of keys: what they signed outlives them."""
    public = keys.public_keys()
    tx.execute(
        SQL["keep_journal_keys"],
        {"key_ids": column(public), "public_keys": column(public.values()), "at": at},
    )


def public_keys(tx: Transaction, keys: JournalKeys) -> dict[str, bytes]:
    """Return every public key that ever signed here, those of this process included."""
    kept = {row["key_id"]: bytes(row["public_key"]) for row in tx.execute(SQL["journal_keys"])}
    return kept | keys.public_keys()
