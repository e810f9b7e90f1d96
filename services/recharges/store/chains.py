"""A till's chains read record by record, and whether they hold."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from services.recharges.domain import journal
from services.recharges.domain.journal import Kind
from services.recharges.signing import is_signed
from services.recharges.store import SQL
from services.recharges.store.journal import Head

Row = dict[str, Any]
#: How many records are held in memory at a time.
_PAGE = 1_000


@dataclass(frozen=True, slots=True, order=True)
class Break:
    """The first record of a chain that is not what was sealed, or is not there."""

    kind: Kind
    sequence: int


def read(
    tx: Transaction, till_id: UUID, kind: Kind, *, from_sequence: int, until_sequence: int
) -> Iterator[Row]:
    """Read the records of a chain, until exclusive, a page at a time."""
    while from_sequence < until_sequence:
        rows = tx.execute(
            SQL["read_chain"],
            {
                "till_id": till_id,
                "kind": kind.value,
                "from_sequence": from_sequence,
                "until_sequence": until_sequence,
                "limit": _PAGE,
            },
        ).fetchall()
        yield from rows
        if len(rows) < _PAGE:
            return
        from_sequence = rows[-1]["sequence"] + 1


class Walk:
    """Goes along a stretch of one chain; `breaks` then says where it does not hold.

    It begins behind a record whose hash is known from elsewhere, and ends at one that is.
    """

    def __init__(
        self, tx: Transaction, till_id: UUID, kind: Kind, *, after: Head, until: Head
    ) -> None:
        self._tx, self._till_id, self._kind = tx, till_id, kind
        self._after, self._until = after, until
        self.breaks: list[Break] = []

    def records(self, public_keys: dict[str, bytes]) -> Iterator[Row]:
        """Read the stretch, noting every record that is changed, missing or signed by nobody."""
        expected, previous = self._after.sequence + 1, self._after.hash
        rows = read(
            self._tx,
            self._till_id,
            self._kind,
            from_sequence=expected,
            until_sequence=self._until.sequence + 1,
        )
        for row in rows:
            if row["sequence"] != expected:
                self.breaks.append(Break(self._kind, expected))
            elif not _holds(row, previous, public_keys):
                self.breaks.append(Break(self._kind, row["sequence"]))
            expected, previous = row["sequence"] + 1, row["hash"]
            yield row
        if expected <= self._until.sequence:
            self.breaks.append(Break(self._kind, expected))
        elif previous != self._until.hash:
            self.breaks.append(Break(self._kind, self._until.sequence))


def _holds(row: Row, previous: bytes, public_keys: dict[str, bytes]) -> bool:
    key = public_keys.get(row["key_id"])
    return (
        bool(row["previous_hash"] == previous)
        and journal.seal(row["record"], previous_hash=previous) == row["hash"]
        and key is not None
        and is_signed(row["hash"], row["signature"], key)
    )
