"""Tickets: looked at without their PINs, printed again with them by a supervisor."""

import json
from uuid import UUID

from chassis import http, idempotency
from chassis.db import Transaction
from chassis.http import Call, File
from chassis.resources import DatabaseProvider
from services.recharges.api import tickets as api
from services.recharges.domain.ticket import Ticket
from services.recharges.doors import STAFF, SUPERVISORS, papers, secrets
from services.recharges.doors.pens import pen_of
from services.recharges.handlers import reprints as handlers
from services.recharges.handlers import tickets
from services.recharges.store import selling as sale_rows

_ANY_FILE = http.Bytes("*/*")


class TicketDoors:
    """Printing, and printing again."""

    database = DatabaseProvider()

    @http.door(
        "GET",
        "/v1/sales/<uuid:sale_id>/ticket",
        query=api.TicketPaper,
        answer=_ANY_FILE,
        allow=STAFF,
    )
    def get_ticket(self, call: Call, query: api.TicketPaper, sale_id: UUID) -> File:
        """Show a ticket without its PINs, marked DUPLICATA."""
        with self.database.transaction() as tx:
            call.caller.require_site(sale_rows.find_sale(tx, sale_id)["site_code"])
            ticket = tickets.ticket_of(tx, sale_id, is_shown=True)
        return papers.print_paper(ticket, format=query.format, language=call.language)

    @http.door(
        "POST",
        "/v1/sales/<uuid:sale_id>/reprints",
        body=api.Reprint,
        answer=api.Reprinted,
        status=201,
        allow=SUPERVISORS,
        keyed=True,
    )
    def reprint(self, call: Call, body: api.Reprint, sale_id: UUID) -> api.Reprinted:
        """Print a ticket again with its PINs: DUPLICATA n, in the journal and in the log.

        What is kept under the key is the number of the copy, never a PIN.
        """
        assert call.key is not None  # noqa: S101  # a keyed route has one
        pins, pen, by = secrets.pins(), pen_of(call), call.caller.user_id
        with self.database.transaction() as tx:
            call.caller.require_site(sale_rows.find_sale(tx, sale_id)["site_code"])
            before = idempotency.claim(
                tx, key=call.key, request_hash=call.request_hash, caller=call.caller
            )
            if before is None:
                done = handlers.reprint(tx, sale_id, reason=body.reason, by=by, pins=pins, pen=pen)
                kept = json.dumps({"copy_no": done.copy_no})
                idempotency.keep(tx, key=call.key, status=201, answer=kept)
            else:
                copy_no = json.loads(before[1])["copy_no"]
                done = handlers.reprint_again(tx, sale_id, copy_no, by=by, pins=pins, pen=pen)

        def read() -> Ticket:
            with self.database.transaction() as tx:
                return tickets.ticket_of(
                    tx,
                    sale_id,
                    revealed=tuple(done.vouchers),
                    reprint=handlers.copy_of(tx, sale_id, done.copy_no),
                )

        printed = papers.in_answer(read, format=body.format, language=call.language)
        return done.model_copy(update={"printed": printed})

    @http.query(
        "GET",
        "/v1/sales/<uuid:sale_id>/reveals",
        answer=list[api.RevealShown],
        allow=SUPERVISORS,
    )
    def get_reveals(self, tx: Transaction, call: Call, sale_id: UUID) -> list[api.RevealShown]:
        """List each time that the PINs of a sale were shown: to whom, when, where and why."""
        call.caller.require_site(sale_rows.find_sale(tx, sale_id)["site_code"])
        return handlers.show_reveals(tx, sale_id)
