"""Closings: what a till's tickets come to by day, month and year, provably complete.

A till's row is locked while it is closed, as it is while it sells: a sale is in the window before
the closing or in the one after, never in both or neither.  Before a day is closed the stretch of
every chain since the last closing is checked.  Where it does not hold, the journal says so, the
till is frozen and nothing is closed until somebody has looked at it and released the till: signed
totals of forged tickets would be worse than none.
"""

import json
import logging
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from chassis import outbox
from chassis.db import Transaction
from services.recharges import events
from services.recharges.domain import closing, journal
from services.recharges.domain.closing import (
    DrawerStillOpen,
    Figures,
    NothingToClose,
    PeriodNotOver,
    Tally,
)
from services.recharges.domain.freeze import CHAIN_BROKEN
from services.recharges.domain.journal import Event, Kind, Period
from services.recharges.domain.sale import TillFrozen
from services.recharges.handlers.journalling import Pen, note
from services.recharges.store import SQL, chains, drawers
from services.recharges.store import closings as store
from services.recharges.store import journal as records
from services.recharges.store.chains import Break, Walk
from services.recharges.store.closings import Last
from services.recharges.store.journal import Head

_log = logging.getLogger(__name__)

Row = dict[str, Any]
#: How many tills the clock closes in one transaction: they sell nothing meanwhile.
_TILLS_AT_ONCE = 50
_DAY = timedelta(days=1)
_PARTS = {Period.MONTH: Period.DAY, Period.YEAR: Period.MONTH}
_EVENTS = {Period.MONTH: Event.CLOSING_OF_MONTH, Period.YEAR: Event.CLOSING_OF_YEAR}


@dataclass(slots=True, kw_only=True)
class Made:
    """The closings made of one till, as rows; or where its journal does not hold."""

    closings: list[Row] = field(default_factory=list)
    breaks: list[Break] = field(default_factory=list)


def close_day(
    tx: Transaction, till: Row, *, on: date, pen: Pen, session: Row | None = None
) -> Made:
    """Close the tickets since the last day's closing; the till's row is locked.

    The closing is of `on`, or of the last day that it holds a ticket of.  With the drawer session
    that was counted it is a Z.
    """
    till_id = till["till_id"]
    last = store.last(tx, till_id, Period.DAY)
    until = till["last_sequence"] + 1
    days = on, last.period_on, store.last_day_of_tickets(tx, till_id, last)
    period_on = max(day for day in days if day is not None)
    tally = Tally(period_on=period_on)
    breaks, is_readable = _walk(tx, till, last, tally, pen=pen)
    if breaks and not _are_known(tx, till, breaks, is_readable=is_readable, pen=pen):
        return Made(breaks=breaks)
    made = _save(
        tx,
        till,
        Period.DAY,
        period_on=period_on,
        last=last,
        until_sequence=until,
        figures=tally.figures(),
        pen=pen,
        session=session,
    )
    return Made(closings=[made])


def _walk(
    tx: Transaction, till: Row, last: Last, tally: Tally, *, pen: Pen
) -> tuple[list[Break], bool]:
    """Check every chain since the last closing and add up its tickets on the way."""
    till_id = till["till_id"]
    keys = records.public_keys(tx, pen.keys)
    until = records.heads(tx, till_id)
    until[Kind.TICKET] = Head(sequence=till["last_sequence"], hash=till["last_hash"])
    after = dict.fromkeys(Kind, Head(sequence=0, hash=journal.NOTHING))
    breaks: list[Break] = []
    is_readable = True
    if last.closing_no:
        number = last.record_sequence
        (before,) = chains.read(
            tx, till_id, Kind.GRAND_TOTAL, from_sequence=number, until_sequence=number + 1
        )
        after[Kind.GRAND_TOTAL] = Head(sequence=number - 1, hash=before["previous_hash"])
        for kind, anchor in json.loads(before["record"])["anchors"].items():
            after[Kind(kind)] = Head(
                sequence=anchor["sequence"], hash=bytes.fromhex(anchor["hash"])
            )
    for kind in Kind:
        walk = Walk(tx, till_id, kind, after=after[kind], until=until[kind])
        for record in walk.records(keys):
            if kind is Kind.TICKET and is_readable:
                is_readable = _add(tally, record["record"])
        breaks += walk.breaks
    whole = until[Kind.TICKET].sequence + 1 - last.until_sequence
    return breaks, is_readable and tally.figures()["ticket_count"] == whole


def _add(tally: Tally, record: str) -> bool:
    """Add a ticket up, if it is one that can be: what was forged need not even be a ticket."""
    try:
        ticket = json.loads(record)
        if any(journal.ticket_faults(ticket)):
            return False
        tally.add(ticket)
    except (ValueError, KeyError, TypeError):
        return False
    return True


def _are_known(
    tx: Transaction, till: Row, breaks: list[Break], *, is_readable: bool, pen: Pen
) -> bool:
    """Whether the till was released since the journal told of these breaks; tell new ones.

    Tickets that are not there, or do not add up, are never closed over: another till takes over.
    """
    told = {
        Break(Kind(details["kind"]), details["sequence"])
        for row in tx.execute(SQL["breaks_told"], {"till_id": till["till_id"]})
        for details in [json.loads(row["record"])["details"]]
    }
    new = [each for each in breaks if each not in told]
    if not new and is_readable and till["frozen_at"] is None:
        return True
    for each in new:
        note(
            tx,
            till,
            Event.CHAIN_BROKEN,
            {"kind": each.kind.value, "sequence": each.sequence},
            pen=pen,
        )
        _log.error(
            "a journal does not hold",
            extra={"till": str(till["till_id"]), "kind": each.kind, "sequence": each.sequence},
        )
    tx.execute(SQL["freeze_till"], {"till_id": till["till_id"], "at": pen.now, "why": CHAIN_BROKEN})
    return False


def _save(
    tx: Transaction,
    till: Row,
    period: Period,
    *,
    period_on: date,
    last: Last,
    until_sequence: int,
    figures: Figures,
    pen: Pen,
    session: Row | None = None,
) -> Row:
    """Write a closing into the journal and beside it, and tell it with the ends of all chains."""
    till_id = till["till_id"]
    said: Row = {
        "period_on": period_on,
        "closing_no": last.closing_no + 1,
        "from_sequence": last.until_sequence,
        "until_sequence": until_sequence,
        "perpetual_real_cents": last.perpetual_real_cents + figures["real_cents"],
        "perpetual_absolute_cents": last.perpetual_absolute_cents + figures["absolute_cents"],
        "drawer_session_id": None if session is None else session["drawer_session_id"],
    }
    heads = records.heads(tx, till_id)
    sequence, sealed = records.append(
        tx,
        Kind.GRAND_TOTAL,
        till=till,
        build=lambda sequence: closing.grand_total_record(
            till_id=till_id,
            site_code=till["site_code"],
            sequence=sequence,
            recorded_at=pen.now,
            period=period,
            figures=figures,
            anchors=_anchors(heads),
            drawer=None if session is None else drawers.account(tx, session),
            **said,
        ),
        keys=pen.keys,
        business_date=period_on,
        recorded_at=pen.now,
        total_cents=figures["real_cents"],
    )
    said |= {
        "closing_id": pen.new_id(),
        "till_id": till_id,
        "site_code": till["site_code"],
        "period": period.value,
        "record_sequence": sequence,
        "closed_at": pen.now,
        "closed_by": pen.by,
    }
    store.save(tx, figures=figures, **said)
    heads[Kind.GRAND_TOTAL] = Head(sequence=sequence, hash=sealed.hash)
    outbox.append(tx, [_told(said, figures, heads, pen=pen)])
    return said


def _anchors(heads: dict[Kind, Head]) -> dict[Kind, journal.Head]:
    """Return the ends of the other chains, as a closing holds them."""
    return {
        kind: journal.Head(sequence=head.sequence, hash=head.hash.hex())
        for kind, head in heads.items()
        if kind is not Kind.GRAND_TOTAL
    }


def _told(said: Row, figures: Figures, heads: dict[Kind, Head], *, pen: Pen) -> Any:
    fact = events.TillClosed(
        closing_id=said["closing_id"],
        till_id=said["till_id"],
        period=said["period"],
        period_on=said["period_on"],
        closing_no=said["closing_no"],
        from_sequence=said["from_sequence"],
        until_sequence=said["until_sequence"],
        real_cents=figures["real_cents"],
        absolute_cents=figures["absolute_cents"],
        perpetual_real_cents=said["perpetual_real_cents"],
        perpetual_absolute_cents=said["perpetual_absolute_cents"],
        anchors=[
            events.Anchor(kind=kind.value, sequence=head.sequence, hash=head.hash.hex())
            for kind, head in heads.items()
            if head.sequence
        ],
    )
    return fact.tell(
        id=pen.new_id(), subject=str(said["till_id"]), site=said["site_code"], at=pen.now
    )


def catch_up(tx: Transaction, till: Row, *, pen: Pen) -> Made:
    """Close what is over at a till and is not closed: its day, then its months, then its years.

    A month in which nothing was sold is closed too, so that the perpetual totals are stated for
    each; for a revoked till only as far as it sold.
    """
    made = Made()
    last = store.last(tx, till["till_id"], Period.DAY)
    sold_on = store.last_day_of_tickets(tx, till["till_id"], last)
    if sold_on is not None and sold_on < pen.today:
        made = close_day(tx, till, on=sold_on, pen=pen)
    for period in (Period.MONTH, Period.YEAR):
        while not made.breaks and (due_on := _due(tx, till, period, today=pen.today)) is not None:
            made.closings.append(_close_over(tx, till, period, period_on=due_on, pen=pen))
    return made


def _next(tx: Transaction, till: Row, period: Period) -> date | None:
    """Return the first day of the period to be closed next; None before anything was closed."""
    last = store.last(tx, till["till_id"], period)
    if last.period_on is not None:
        return closing.next_period(period, last.period_on)
    first = tx.execute(
        SQL["first_part"], {"till_id": till["till_id"], "part": _PARTS[period].value}
    ).fetchone()
    return closing.first_day(period, first["period_on"]) if first else None


def _due(tx: Transaction, till: Row, period: Period, *, today: date) -> date | None:
    next_on = _next(tx, till, period)
    if next_on is None or closing.next_period(period, next_on) > today:
        return None
    if till["state"] != "active":
        whole = store.last(tx, till["till_id"], period).until_sequence
        if store.last(tx, till["till_id"], _PARTS[period]).until_sequence <= whole:
            return None
    return next_on


def _close_over(tx: Transaction, till: Row, period: Period, *, period_on: date, pen: Pen) -> Row:
    """Close a month or a year that is over: the sum of its days, or of its months."""
    last = store.last(tx, till["till_id"], period)
    parts = tx.execute(
        SQL["parts_of_closing"],
        {
            "till_id": till["till_id"],
            "part": _PARTS[period].value,
            "from_sequence": last.until_sequence,
            "until_on": closing.next_period(period, period_on),
        },
    ).fetchall()
    until = parts[-1]["until_sequence"] if parts else last.until_sequence
    late = store.late(
        tx,
        till["till_id"],
        from_sequence=last.until_sequence,
        until_sequence=until,
        period_on=period_on,
    )
    note(tx, till, _EVENTS[period], {"period_on": period_on.isoformat()}, pen=pen)
    return _save(
        tx,
        till,
        period,
        period_on=period_on,
        last=last,
        until_sequence=until,
        figures=closing.added((json.loads(each["record"]) for each in parts), late=late),
        pen=pen,
    )


def close_period(tx: Transaction, till: Row, period: Period, *, pen: Pen) -> Made:
    """Close a period on demand: the day once its drawer is closed, a month or a year once over.

    A day's totals before the count would tell what must be in the drawer.
    """
    if period is Period.DAY:
        if till["frozen_why"] == CHAIN_BROKEN:
            raise TillFrozen()
        if till["drawer_session_id"] is not None:
            raise DrawerStillOpen()
        return close_day(tx, till, on=pen.today, pen=pen)
    made = catch_up(tx, till, pen=pen)
    if made.breaks or any(each["period"] == period for each in made.closings):
        return made
    next_on = _next(tx, till, period)
    if next_on is None:
        raise NothingToClose()
    raise PeriodNotOver(period_on=next_on)


def close_what_is_over(tx: Transaction, *, pen: Pen) -> int:
    """Close what is over at every till, as the clock does; return how many closings were made."""
    first_of_month = pen.today.replace(day=1)
    first_of_year = first_of_month.replace(month=1)
    due = tx.execute(
        SQL["tills_to_close"],
        {
            "chain_broken": CHAIN_BROKEN,
            "today": pen.today,
            "this_month": first_of_month,
            "last_month": closing.first_day(Period.MONTH, first_of_month - _DAY),
            "this_year": first_of_year,
            "last_year": closing.first_day(Period.YEAR, first_of_year - _DAY),
            "limit": _TILLS_AT_ONCE,
        },
    ).fetchall()
    made = 0
    for row in due:
        try:
            with tx.transaction():  # one till's trouble is not the others'
                till = drawers.lock_till(tx, row["till_id"])
                made += len(catch_up(tx, till, pen=pen).closings)
        except (journal.Incomplete, ValueError, KeyError):
            _log.exception("a till could not be closed", extra={"till": str(row["till_id"])})
    return made
