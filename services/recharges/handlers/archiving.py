"""A till's journal as a file: which records an archive holds, its lines, and its own record.

The archive of a year holds the closings after that of the year before, up to its own, and the
stretches of the other chains that these closings anchor: the files of all years together are the
whole journal.  That of the running year holds what there is; that of the whole life everything.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, BinaryIO
from uuid import UUID

from chassis.db import Transaction
from kernel.refusal import Refusal
from kernel.version import VERSION
from services.recharges.domain import archive, journal
from services.recharges.domain.archive import Entry, Header, Span
from services.recharges.domain.journal import Event, Kind, Stretch
from services.recharges.handlers import closings
from services.recharges.handlers.journalling import Pen, note, write_record
from services.recharges.signing import JournalKeys
from services.recharges.store import SQL, chains, drawers
from services.recharges.store import journal as records

Row = dict[str, Any]
#: Before there was a euro there was no drawer of euros.
_FIRST_YEAR = 2002
_NO_SIGN_OF_A_NAME = re.compile(r"[^a-z0-9]+")


def file_name(till: Row, *, year: int) -> str:
    """Return what an archive is saved as: where it comes from is read off it."""
    plain = unicodedata.normalize("NFKD", till["name"] or str(till["till_id"]))
    words = _NO_SIGN_OF_A_NAME.sub("-", plain.encode("ascii", "ignore").decode().lower())
    return f"relais-{till['site_code']}-{words.strip('-')}-{year}.jsonl"


class NothingToArchive(Refusal):
    """The journal of this till holds nothing of {period}."""

    code = "recharges.archive.nothing"


def plan(tx: Transaction, till_id: UUID, *, year: int | None, pen: Pen) -> Header:
    """Say which records the archive of a year, or of the whole life, holds.

    A year that is over is closed first, where the clock has not come to it yet.
    """
    if year is not None and not _FIRST_YEAR <= year <= pen.today.year:
        raise NothingToArchive(period=str(year))
    till = drawers.lock_till(tx, till_id)
    heads = {kind: head.sequence for kind, head in records.heads(tx, till_id).items()}
    after, until = dict.fromkeys(Kind, 0), heads
    if year is not None:
        if year < pen.today.year:
            closings.catch_up(tx, till, pen=pen)
        after = _ends(tx, till_id, year - 1)
        if year < pen.today.year:
            until = _ends(tx, till_id, year, exactly=True)
    if all(until[kind] <= after[kind] for kind in Kind):
        raise NothingToArchive(period=archive.WHOLE if year is None else str(year))
    return Header(
        till_id=str(till_id),
        site_code=till["site_code"],
        period=archive.WHOLE if year is None else str(year),
        written_at=pen.now,
        software_version=VERSION,
        public_keys=records.public_keys(tx, pen.keys),
        spans={
            kind: _span(tx, till_id, kind, first=after[kind] + 1, last=until[kind]) for kind in Kind
        },
    )


def _ends(tx: Transaction, till_id: UUID, year: int, *, exactly: bool = False) -> dict[Kind, int]:
    """Return where each chain ends in the archive of a year, as its closing says.

    The tickets that the archive of the next year begins with are those after the last day closed.
    """
    row = tx.execute(
        SQL["closing_of_year"], {"till_id": till_id, "period_on": date(year, 1, 1)}
    ).fetchone()
    if row is None:
        if exactly:
            raise NothingToArchive(period=str(year))
        return dict.fromkeys(Kind, 0)
    anchors = json.loads(row["record"])["anchors"]
    ends = {Kind(kind): int(head["sequence"]) for kind, head in anchors.items()}
    ends[Kind.GRAND_TOTAL] = row["record_sequence"]
    if not exactly:
        ends[Kind.TICKET] = row["until_of_days"] - 1
    return ends


def _span(tx: Transaction, till_id: UUID, kind: Kind, *, first: int, last: int) -> Span:
    return Span(
        first=first,
        last=max(last, first - 1),
        hash_before=_hash(tx, till_id, kind, first - 1),
        last_hash=_hash(tx, till_id, kind, max(last, first - 1)),
    )


def _hash(tx: Transaction, till_id: UUID, kind: Kind, sequence: int) -> bytes:
    found = chains.read(
        tx, till_id, kind, from_sequence=max(sequence, 1), until_sequence=sequence + 1
    )
    for row in found:
        hash_: bytes = row["hash"]
        return hash_
    return journal.NOTHING


def export(
    tx: Transaction,
    header: Header,
    out: BinaryIO,
    *,
    pen: Pen,
    progress: Callable[[int], object] = lambda _: None,
) -> bytes:
    """Write the archive, a page of records at a time, and into the journal that it was written.

    `progress` gets how many records there are so far; what is returned is the file's SHA-256.
    """
    digest = hashlib.sha256()
    for line in lines(tx, header, keys=pen.keys, progress=progress):
        digest.update(line)
        out.write(line)
    _keep_record(tx, header, sha256=digest.digest(), pen=pen)
    return digest.digest()


def lines(
    tx: Transaction,
    header: Header,
    *,
    keys: JournalKeys,
    progress: Callable[[int], object] = lambda _: None,
) -> Iterator[bytes]:
    """Return the lines of the archive."""
    return archive.write(header, _entries(tx, header, progress), sign=keys.sign)


def _entries(tx: Transaction, header: Header, progress: Callable[[int], object]) -> Iterator[Entry]:
    done = 0
    for kind, span in ((kind, header.spans[kind]) for kind in Kind):
        rows = chains.read(
            tx,
            UUID(header.till_id),
            kind,
            from_sequence=span.first,
            until_sequence=span.last + 1,
        )
        for row in rows:
            yield Entry(kind=kind, **row)
            done += 1
            progress(done)


def _keep_record(tx: Transaction, header: Header, *, sha256: bytes, pen: Pen) -> None:
    """Write into the journal that an archive was written, with the SHA-256 of its file."""
    till = drawers.lock_till(tx, UUID(header.till_id))
    if header.period != archive.WHOLE:
        note(tx, till, Event.ARCHIVE_OF_YEAR, {"period": header.period}, pen=pen)
    record = partial(
        journal.archive_record,
        period=header.period,
        stretches=_stretches(header.spans),
        sha256=sha256,
    )
    write_record(tx, till, Kind.ARCHIVE, record, pen=pen)


def _stretches(spans: Mapping[Kind, Span]) -> dict[Kind, Stretch]:
    return {
        kind: Stretch(
            from_sequence=span.first, until_sequence=span.last + 1, record_count=span.count
        )
        for kind, span in spans.items()
    }
