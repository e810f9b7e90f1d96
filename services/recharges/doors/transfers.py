"""Sending vouchers from one site to another, and counting them in."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from services.recharges.api import stock
from services.recharges.api import transfers as api
from services.recharges.doors import STAFF, SUPERVISORS
from services.recharges.handlers import transfers as handlers


class TransferDoors:
    """Transfers between sites, in two steps."""

    @http.command(
        "POST",
        "/v1/transfers",
        body=api.SendVouchers,
        answer=api.TransferShown,
        status=201,
        allow=SUPERVISORS,
    )
    def send_vouchers(
        self, tx: Transaction, call: Call, body: api.SendVouchers
    ) -> api.TransferShown:
        """Send vouchers to another site, soonest use-by first."""
        return handlers.send_vouchers(tx, body, call=call)

    @http.command(
        "POST",
        "/v1/transfers/<uuid:transfer_id>/receive",
        body=api.ReceiveVouchers,
        answer=api.TransferReceived,
        allow=STAFF,
    )
    def receive_vouchers(
        self, tx: Transaction, call: Call, body: api.ReceiveVouchers, transfer_id: UUID
    ) -> api.TransferReceived:
        """Count in what arrived, and name what did not."""
        return handlers.receive_vouchers(tx, transfer_id, body, call=call)

    @http.command(
        "POST",
        "/v1/transfers/<uuid:transfer_id>/cancel",
        body=stock.Nothing,
        answer=api.TransferShown,
        allow=SUPERVISORS,
    )
    def cancel_transfer(
        self, tx: Transaction, call: Call, body: stock.Nothing, transfer_id: UUID
    ) -> api.TransferShown:
        """Take back what was sent by mistake and not yet received."""
        return handlers.cancel_transfer(tx, transfer_id, call=call)

    @http.query(
        "GET",
        "/v1/transfers",
        query=api.TransfersAsked,
        answer=list[api.TransferShown],
        allow=STAFF,
    )
    def list_transfers(
        self, tx: Transaction, call: Call, asked: api.TransfersAsked
    ) -> Paged[api.TransferShown]:
        """List the transfers from and to a site, the latest first."""
        return handlers.list_transfers(tx, asked, call=call)

    @http.query("GET", "/v1/transfers/<uuid:transfer_id>", answer=api.TransferContents, allow=STAFF)
    def get_transfer(self, tx: Transaction, call: Call, transfer_id: UUID) -> api.TransferContents:
        """Show a transfer with the serials in it."""
        return handlers.show_transfer(tx, transfer_id, call=call)
