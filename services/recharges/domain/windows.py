"""Whether closings and tickets agree: windows without gap, sums, perpetual totals, refunds, copies.

Closings come before the tickets in an archive, so one pass over the tickets settles every window.
Of each ticket only the amount that has not been given back yet is kept.  What speaks of a ticket in
another file, of another year or of another till, cannot be held against it here, and is named.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.recharges.domain import closing, journal
from services.recharges.domain.archive import Span
from services.recharges.domain.closing import Tally
from services.recharges.domain.findings import Findings
from services.recharges.domain.journal import Kind, Period, TicketType

#: How much of a written day says which period it belongs to.
_LENGTHS = {Period.DAY: 10, Period.MONTH: 7, Period.YEAR: 4}


@dataclass(slots=True)
class _Window:
    sequence: int
    closing: Mapping[str, Any]
    tally: Tally


class Windows:
    """Takes the records of an archive in its order, and tells what contradicts what."""

    def __init__(self, *, till_id: str, tickets: Span, closings: Span, findings: Findings) -> None:
        self._till_id = till_id
        self._first_ticket, self._last_ticket = tickets.first, tickets.last
        self._from_the_start = closings.first == 1
        self._tell = findings.add
        self._last: dict[Period, Mapping[str, Any]] = {}
        self._gap: set[Period] = set()
        #: Closings of days by where their windows end.
        self._days: dict[int, Mapping[str, Any]] = {}
        self._days_lost = False
        self._open: dict[Period, list[_Window]] = {period: [] for period in Period}
        self._left: dict[int, int] = {}
        self._uncovered: tuple[int, int] | None = None
        self._last_closing = closings.last
        self._copies: dict[tuple[Kind, int], int] = {}
        self._offline: set[tuple[int, str]] = set()
        #: Tickets after the last day's closing, and closings that begin before the file does.
        self.open_count = 0
        self.not_compared_count = 0
        #: Which tickets of other files the refunds and the duplicates of this one are of.
        self.elsewhere: dict[Kind, list[str]] = {Kind.TICKET: [], Kind.DUPLICATE: []}

    def lose(self) -> None:
        """A closing is missing or damaged: the next of each period has none to be held against."""
        self._gap, self._days_lost = set(Period), True

    def add_closing(self, sequence: int, record: Mapping[str, Any]) -> None:
        """Take a closing: it continues the one before it of its period."""
        for fault in closing.faults(record):
            self._tell(fault, Kind.GRAND_TOTAL, sequence)
        period = Period(record["period"])
        if period in self._gap:
            self._gap.discard(period)
        else:
            self._continue(sequence, record, period)
        self._last[period] = record
        if period is Period.DAY:
            self._days[record["until_sequence"]] = record
        window = _Window(sequence, record, Tally(period_on=date.fromisoformat(record["period_on"])))
        if record["from_sequence"] < self._first_ticket:
            self.not_compared_count += 1
        if record["until_sequence"] - 1 > self._last_ticket:
            self._tell(
                "the closing ends with ticket {until}, which this archive does not hold",
                Kind.GRAND_TOTAL,
                sequence,
                until=record["until_sequence"] - 1,
            )
        self._open[period].append(window)

    def _continue(self, sequence: int, record: Mapping[str, Any], period: Period) -> None:
        last = self._last.get(period)
        if last is not None or self._from_the_start:
            begins = last["until_sequence"] if last else 1
            number = last["closing_no"] + 1 if last else 1
            if record["from_sequence"] != begins:
                self._tell(
                    "the window begins with ticket {begins} and should with {expected}",
                    Kind.GRAND_TOTAL,
                    sequence,
                    begins=record["from_sequence"],
                    expected=begins,
                )
            if record["closing_no"] != number:
                self._tell(
                    "the closing is number {number} and should be {expected}",
                    Kind.GRAND_TOTAL,
                    sequence,
                    number=record["closing_no"],
                    expected=number,
                )
        if last is not None and record["period_on"] < last["period_on"]:
            self._tell(
                "the closing is of a day before the closing before it", Kind.GRAND_TOTAL, sequence
            )
        self._check_perpetual(sequence, record, period)

    def _check_perpetual(self, sequence: int, record: Mapping[str, Any], period: Period) -> None:
        """Each day adds to the perpetual totals; a month and a year end where a day did."""
        is_day, until = period is Period.DAY, record["until_sequence"]
        day = self._last.get(Period.DAY) if is_day else self._days.get(until)
        if day is None and not is_day:
            if self._days and until > next(iter(self._days)) and not self._days_lost:
                self._tell("the closing does not end where a day did", Kind.GRAND_TOTAL, sequence)
            return
        if day is None and not self._from_the_start:
            return
        for name in ("real_cents", "absolute_cents"):
            expected = day[f"perpetual_{name}"] if day else 0
            if is_day:
                expected += record[name]
            if record[f"perpetual_{name}"] != expected:
                self._tell(
                    "{name} is {said} and should be {expected}",
                    Kind.GRAND_TOTAL,
                    sequence,
                    name=f"perpetual_{name}",
                    said=record[f"perpetual_{name}"],
                    expected=expected,
                )

    def add_ticket(self, sequence: int, record: Mapping[str, Any]) -> None:
        """Take a ticket: every window it lies in counts it, and a refund has its sale."""
        for fault in journal.ticket_faults(record):
            self._tell(fault, Kind.TICKET, sequence)
        for period, windows in self._open.items():
            while windows and windows[0].closing["until_sequence"] <= sequence:
                self._compare(windows.pop(0))
            if windows and windows[0].closing["from_sequence"] <= sequence:
                windows[0].tally.add(record)
                self._check_day(sequence, record, windows[0], period)
            elif period is Period.DAY:
                self._count_uncovered(sequence, is_open=not windows)
        self._check_offline(sequence, record)
        self._check_refund(sequence, record)

    def _check_day(
        self, sequence: int, record: Mapping[str, Any], window: _Window, period: Period
    ) -> None:
        length = _LENGTHS[period]
        if record["business_date"][:length] > window.closing["period_on"][:length]:
            self._tell(
                "the ticket is of a day after the period that closing {closing} closed with it",
                Kind.TICKET,
                sequence,
                closing=window.sequence,
            )

    def _count_uncovered(self, sequence: int, *, is_open: bool) -> None:
        if is_open:
            self.open_count += 1
        elif self._uncovered is None:
            self._uncovered = sequence, sequence
        else:
            self._uncovered = self._uncovered[0], sequence

    def _check_offline(self, sequence: int, record: Mapping[str, Any]) -> None:
        offline = record.get("offline")
        if offline is None:
            return
        place = offline["sequence"], offline["hash"]
        if place in self._offline:
            self._tell("an offline ticket is counted a second time", Kind.TICKET, sequence)
        self._offline.add(place)

    def _check_refund(self, sequence: int, record: Mapping[str, Any]) -> None:
        is_sale = record["type"] == TicketType.SALE
        self._left[sequence] = record["total_cents"] if is_sale else 0
        if is_sale:
            return
        ticket_no = record["original"]["ticket_no"]
        till_id = record["original"]["till_id"]
        if self._note_elsewhere(Kind.TICKET, till_id=till_id, ticket_no=ticket_no):
            return
        if not 0 < ticket_no < sequence:
            self._tell(
                "the refund is of ticket {ticket_no}, which was not there",
                Kind.TICKET,
                sequence,
                ticket_no=ticket_no,
            )
            return
        if ticket_no not in self._left:
            return  # told already as missing
        self._left[ticket_no] += record["total_cents"]
        if self._left[ticket_no] < 0:
            self._left[ticket_no] = 0
            self._tell(
                "the refunds of ticket {ticket_no} are larger than the sale",
                Kind.TICKET,
                sequence,
                ticket_no=ticket_no,
            )

    def _note_elsewhere(self, kind: Kind, *, till_id: str, ticket_no: int) -> bool:
        """Note the ticket that a record is of where another file holds it, and say whether so."""
        if till_id != self._till_id:
            self.elsewhere[kind].append(f"{till_id}/{ticket_no}")
        elif 0 < ticket_no < self._first_ticket:
            self.elsewhere[kind].append(str(ticket_no))
        else:
            return False
        return True

    def add_duplicate(self, sequence: int, record: Mapping[str, Any]) -> None:
        """Take a duplicate: there is what it repeats, and its copies are counted up."""
        for fault in journal.duplicate_faults(record):
            self._tell(fault, Kind.DUPLICATE, sequence)
        of, number = original = journal.duplicate_of(record)
        if of is Kind.TICKET:
            till_id = record["ticket_till_id"]
            self._note_elsewhere(Kind.DUPLICATE, till_id=till_id, ticket_no=number)
            if till_id != self._till_id:
                return
        missing, again, last = (
            "the duplicate is of ticket {number}, which is not there",
            "copy {copy_no} of ticket {number} was printed before",
            self._last_ticket,
        )
        if of is Kind.GRAND_TOTAL:
            missing, again, last = (
                "the duplicate is of closing {number}, which is not there",
                "copy {copy_no} of closing {number} was printed before",
                self._last_closing,
            )
        if number > last:
            self._tell(missing, Kind.DUPLICATE, sequence, number=number)
        if record["copy_no"] <= self._copies.get(original, 0):
            self._tell(again, Kind.DUPLICATE, sequence, number=number, copy_no=record["copy_no"])
        self._copies[original] = record["copy_no"]

    def end_tickets(self) -> None:
        """Settle the windows that the last tickets filled."""
        for windows in self._open.values():
            while windows:
                self._compare(windows.pop(0))
        if self._uncovered is not None:
            first, last = self._uncovered
            self._tell(
                "no closing of a day covers it (nor some after it, up to {last})",
                Kind.TICKET,
                first,
                last=last,
            )

    def _compare(self, window: _Window) -> None:
        if window.closing["from_sequence"] < self._first_ticket:
            return
        for name in closing.differing(window.closing, window.tally.figures()):
            self._tell(
                "{name} is not what the tickets of the window come to",
                Kind.GRAND_TOTAL,
                window.sequence,
                name=name,
            )
