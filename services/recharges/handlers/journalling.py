"""Writing into a till's journal: who did what to it, when, and what was printed again."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from chassis.db import Transaction
from kernel.period import business_date
from kernel.version import VERSION
from services.recharges.domain import journal
from services.recharges.domain.journal import Event, Kind
from services.recharges.signing import JournalKeys
from services.recharges.store import journal as records
from services.recharges.store import staff

NewId = Callable[[], UUID]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """Who writes in a till's journal, when and with which keys."""

    keys: JournalKeys
    new_id: NewId
    now: datetime
    by: UUID | None
    #: What colleagues call who writes, where their token says so.
    name: str | None = None
    software_version: str = VERSION

    @property
    def today(self) -> date:
        """The business day."""
        return business_date(self.now)


def note(tx: Transaction, till: Row, event: Event, details: dict[str, Any], *, pen: Pen) -> None:
    """Write a technical event into a till's journal, which the first one begins.

    Where another key or another release wrote the one before, that is said first.

    The record names whoever acts by their id alone; their name is kept beside it, for papers.
    """
    if pen.by is not None and pen.name:
        staff.note_name(tx, pen.by, name=pen.name, now=pen.now)
    last = records.last_event(tx, till["till_id"])
    if last is None:
        _note(tx, till, Event.JOURNAL_BEGUN, {}, pen=pen)
    else:
        _note_changes(tx, till, last, pen=pen)
    _note(tx, till, event, details, pen=pen)


def _note_changes(tx: Transaction, till: Row, last: Row, *, pen: Pen) -> None:
    if last["key_id"] != pen.keys.key_id:
        changed = {"before": last["key_id"], "after": pen.keys.key_id}
        _note(tx, till, Event.KEY_CHANGED, changed, pen=pen)
    try:
        version = json.loads(last["record"]).get("software_version")
    except ValueError:  # somebody changed the record: its chain tells of that
        return
    if version not in (None, pen.software_version):  # none in what is older than this event
        changed = {"before": version, "after": pen.software_version}
        _note(tx, till, Event.SOFTWARE_CHANGED, changed, pen=pen)


def _note(tx: Transaction, till: Row, event: Event, details: dict[str, Any], *, pen: Pen) -> None:
    record = partial(
        journal.event_record,
        event=event,
        details=details,
        software_version=pen.software_version,
        user_id=pen.by,
    )
    write_record(tx, till, Kind.EVENT, record, pen=pen)


def note_copy(
    tx: Transaction, till: Row, of: Kind, *, number: int, copy_no: int, by: UUID, pen: Pen
) -> None:
    """Write into a till's journal that a record of it was printed again."""
    record = partial(journal.duplicate_record, of=of, number=number, copy_no=copy_no, user_id=by)
    write_record(tx, till, Kind.DUPLICATE, record, pen=pen)


def write_record(
    tx: Transaction,
    till: Row,
    kind: Kind,
    record: Callable[..., str],
    *,
    pen: Pen,
    total_cents: int = 0,
) -> int:
    """Write a record at the end of one of a till's chains; return its sequence.

    `record` makes its text: a function of the journal that lacks no more than the place and time.
    """
    sequence, _ = records.append(
        tx,
        kind,
        till=till,
        build=lambda sequence: record(
            till_id=till["till_id"],
            site_code=till["site_code"],
            sequence=sequence,
            recorded_at=pen.now,
        ),
        keys=pen.keys,
        business_date=pen.today,
        recorded_at=pen.now,
        total_cents=total_cents,
    )
    return sequence
