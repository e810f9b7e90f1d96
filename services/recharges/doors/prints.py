"""Closings, drawers and refunds on paper: looked at, printed once, printed again as duplicates."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from chassis import http, idempotency
from chassis.db import Transaction
from chassis.http import Call, File
from chassis.resources import DatabaseProvider
from services.recharges.api import drawers as drawer_api
from services.recharges.api import tickets as api
from services.recharges.domain.journal import Kind
from services.recharges.domain.ticket import Ticket
from services.recharges.doors import STAFF, SUPERVISORS, papers
from services.recharges.doors.pens import pen_of
from services.recharges.handlers import prints as handlers
from services.recharges.handlers import reports, tickets
from services.recharges.handlers.prints import Copy, Paper
from services.recharges.handlers.reports import Report
from services.recharges.store import drawers as drawer_rows

_ANY_FILE = http.Bytes("*/*")


class PrintDoors:
    """Papers without PINs."""

    database: Any = DatabaseProvider()

    @http.door(
        "GET",
        "/v1/drawer-sessions/<uuid:drawer_session_id>/report",
        query=drawer_api.Paper,
        answer=_ANY_FILE,
        allow=STAFF,
    )
    def get_report(self, call: Call, query: drawer_api.Paper, drawer_session_id: UUID) -> File:
        """Print the X of a drawer session; once it is closed, look at its Z, marked DUPLICATA."""
        with self.database.transaction() as tx:
            session = drawer_rows.find_drawer(tx, drawer_session_id)
            call.caller.require_site(session["site_code"])
            report = reports.report_of_drawer(
                tx,
                session,
                now=call.now,
                by=call.caller.user_id,
                is_supervisor=call.caller.role in SUPERVISORS,
            )
        return papers.print_paper(report, format=query.format, language=call.language)

    @http.door(
        "GET",
        "/v1/closings/<uuid:closing_id>/report",
        query=drawer_api.Paper,
        answer=_ANY_FILE,
        allow=STAFF,
    )
    def get_closing_report(self, call: Call, query: drawer_api.Paper, closing_id: UUID) -> File:
        """Look at a closing of a day, a month or a year, marked DUPLICATA."""
        with self.database.transaction() as tx:
            closing = _closing(tx, call, closing_id)
            report = reports.report_of_closing(
                tx, closing, now=call.now, by=call.caller.user_id, is_shown=True
            )
        return papers.print_paper(report, format=query.format, language=call.language)

    @http.door(
        "GET",
        "/v1/refunds/<uuid:refund_id>/ticket",
        query=api.TicketPaper,
        answer=_ANY_FILE,
        allow=STAFF,
    )
    def get_refund_ticket(self, call: Call, query: api.TicketPaper, refund_id: UUID) -> File:
        """Look at the receipt of a refund, marked DUPLICATA."""
        with self.database.transaction() as tx:
            refund = _refund(tx, call, refund_id)
            ticket = tickets.refund_ticket_of(tx, refund, is_shown=True)
        return papers.print_paper(ticket, format=query.format, language=call.language)

    @http.door(
        "POST",
        "/v1/closings/<uuid:closing_id>/prints",
        body=api.PrintReport,
        answer=api.PaperPrinted,
        status=201,
        allow=STAFF,
        keyed=True,
    )
    def print_closing(self, call: Call, body: api.PrintReport, closing_id: UUID) -> Any:
        """Print a closing: the original first; then, for a supervisor's reason, DUPLICATA n."""

        def find(tx: Transaction) -> tuple[Paper, Callable[[Copy], Report]]:
            closing = _closing(tx, call, closing_id)
            paper = Paper(
                till_id=closing["till_id"],
                kind=Kind.GRAND_TOTAL,
                sequence=closing["record_sequence"],
            )
            return paper, lambda copy: reports.report_of_closing(
                tx, closing, now=copy.printed_at, by=copy.printed_by, reprint=copy.reprint
            )

        return self._print(call, body, find)

    @http.door(
        "POST",
        "/v1/refunds/<uuid:refund_id>/prints",
        body=api.PrintTicket,
        answer=api.PaperPrinted,
        status=201,
        allow=STAFF,
        keyed=True,
    )
    def print_refund(self, call: Call, body: api.PrintTicket, refund_id: UUID) -> Any:
        """Print a refund's receipt: the original first; then, for a reason, DUPLICATA n."""

        def find(tx: Transaction) -> tuple[Paper, Callable[[Copy], Ticket]]:
            refund = _refund(tx, call, refund_id)
            tickets.require_paid_back(refund)
            paper = Paper(
                till_id=refund["till_id"],
                kind=Kind.TICKET,
                sequence=refund["ticket_no"],
                person_ref=refund["person_ref"],
            )
            return paper, lambda copy: tickets.refund_ticket_of(tx, refund, reprint=copy.reprint)

        return self._print(call, body, find)

    def _print(
        self,
        call: Call,
        body: api.PrintReport | api.PrintTicket,
        find: Callable[[Transaction], tuple[Paper, Callable[[Copy], Ticket | Report]]],
    ) -> api.PaperPrinted:
        """Take a copy and read what is on it in one transaction; lay it out afterwards.

        What is kept under the key is the number of the copy: asked again, it is that one.
        """
        key = call.key or ""
        with self.database.transaction() as tx:
            paper, read = find(tx)
            before = idempotency.claim(
                tx, key=key, request_hash=call.request_hash, caller=call.caller
            )
            if before is None:
                copy_no = handlers.print_copy(
                    tx,
                    paper,
                    reason=body.reason,
                    by=call.caller.user_id,
                    is_supervisor=call.caller.role in SUPERVISORS,
                    pen=pen_of(call),
                )
                kept = json.dumps({"copy_no": copy_no})
                idempotency.keep(tx, key=key, status=201, answer=kept)
            else:
                copy_no = json.loads(before[1])["copy_no"]
            said = read(handlers.read_copy(tx, paper, copy_no))
        printed = papers.in_answer(lambda: said, format=body.format, language=call.language)
        return api.PaperPrinted(copy_no=copy_no, printed=printed)


def _closing(tx: Transaction, call: Call, closing_id: UUID) -> dict[str, Any]:
    closing = reports.find_closing(tx, closing_id)
    call.caller.require_site(closing["site_code"])
    reports.require_seen(closing, is_supervisor=call.caller.role in SUPERVISORS)
    return closing


def _refund(tx: Transaction, call: Call, refund_id: UUID) -> dict[str, Any]:
    refund = tickets.find_refund(tx, refund_id)
    call.caller.require_site(refund["site_code"])
    return refund
