"""The chained log, as rows."""

from collections.abc import Iterator

from chassis.db import Transaction
from kernel import chain
from services.accounts.domain.record import Entry
from services.accounts.store import SQL

#: Of each entry its sequence, record, previous hash and hash.
Rows = Iterator[tuple[int, str, bytes, bytes]]


def add(tx: Transaction, entry: Entry) -> None:
    """Chain an entry to the last one.

    The log is what a transaction locks last: whoever holds it waits for nothing but the disk.
    """
    tx.execute(SQL["take_log"])
    last = tx.execute(SQL["find_log_end"]).fetchone() or {"sequence": 0, "hash": chain.NOTHING}
    sequence = last["sequence"] + 1
    record = entry.written(sequence=sequence)
    tx.execute(
        SQL["add_log_entry"],
        {
            "sequence": sequence,
            "record": record,
            "previous_hash": last["hash"],
            "hash": chain.seal(record, previous_hash=last["hash"]),
        },
    )


def read(tx: Transaction) -> Rows:
    """Read the whole log in its order, a part at a time."""
    with tx.cursor(name="log") as rows:
        for row in rows.execute(SQL["read_log"]):
            yield row["sequence"], row["record"], row["previous_hash"], row["hash"]


def list_entries(tx: Transaction, *, after: int | None, limit: int) -> list[tuple[int, str]]:
    """List a page of the log, the newest first."""
    rows = tx.execute(SQL["list_log"], {"after": after, "limit": limit})
    return [(row["sequence"], row["record"]) for row in rows]
