"""Papers without PINs: printed once, then as numbered duplicates that the journal tells of."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import forgotten
from chassis.db import Transaction
from services.recharges.domain import copies
from services.recharges.domain.journal import Kind
from services.recharges.domain.ticket import Reprint, words_left
from services.recharges.handlers.journalling import Pen, note_copy
from services.recharges.store import SQL
from services.recharges.store import drawers as drawer_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What a record of a till's journal is printed as: a refund's ticket, or a closing."""

    till_id: UUID
    kind: Kind
    sequence: int
    #: Whose sale it is about; a closing is about nobody.
    person_ref: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """One time that a paper was printed; the original is no reprint."""

    reprint: Reprint | None
    printed_at: datetime
    printed_by: UUID


def print_copy(
    tx: Transaction, paper: Paper, *, reason: str | None, by: UUID, is_supervisor: bool, pen: Pen
) -> int:
    """Take the next copy of a paper, 0 being the original; a duplicate goes into the journal."""
    if paper.person_ref is not None:
        forgotten.require_no_words(tx, paper.person_ref, reason)
    till = drawer_rows.lock_till(tx, paper.till_id)
    place = _place(paper)
    row = tx.execute(SQL["last_paper_copy"], place).fetchone()
    copy_no = copies.next_copy(
        row["copy_no"] if row else None, reason=reason, is_supervisor=is_supervisor
    )
    if copy_no:
        note_copy(tx, till, paper.kind, number=paper.sequence, copy_no=copy_no, by=by, pen=pen)
    tx.execute(
        SQL["add_paper_copy"],
        place
        | {
            "copy_no": copy_no,
            "printed_at": pen.now,
            "printed_by": by,
            "reason": reason if copy_no else None,
        },
    )
    return copy_no


def read_copy(tx: Transaction, paper: Paper, copy_no: int) -> Copy:
    """Read a copy as it was printed, so that asked for again it is the same."""
    (row,) = tx.execute(SQL["find_paper_copy"], _place(paper) | {"copy_no": copy_no}).fetchall()
    reprint = Reprint(number=copy_no, reason=words_left(row["reason"])) if copy_no else None
    return Copy(reprint=reprint, printed_at=row["printed_at"], printed_by=row["printed_by"])


def _place(paper: Paper) -> dict[str, Any]:
    return {
        "till_id": paper.till_id,
        "kind": paper.kind.value,
        "sequence": paper.sequence,
    }
