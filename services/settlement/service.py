"""The settlement service's entry points; no trade rule lives here."""

from chassis import http
from chassis.consume import consume
from chassis.db import Transaction
from chassis.service import Service
from kernel.envelope import Envelope
from services.settlement import api, handlers

_READERS = ("operator_partner", "site_manager", "admin")


class Settlement(Service):
    """The ledger: written by the bus, read at the HTTP door."""

    name = "settlement"

    @consume("recharges.batch.received.v1")
    def on_batch_received(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post the vouchers that operators gave."""
        handlers.post_batches(tx, facts)

    @consume("recharges.sale.completed.v1")
    def on_sale_completed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post recharges sold."""
        handlers.post_sales(tx, facts)

    @consume("recharges.sale.refunded.v1")
    def on_sale_refunded(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post recharges given back."""
        handlers.post_refunds(tx, facts)

    @consume("recharges.drawer.closed.v1")
    def on_drawer_closed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post the gaps of drawers."""
        handlers.post_drawers(tx, facts)

    @consume("recharges.till.closed.v1")
    def on_till_closed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Keep where the chains of tills' journals end."""
        handlers.keep_anchors(tx, facts)

    @consume("donations.option.reported.v1")
    def on_option_reported(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post what operators owe of the 1 euro option."""
        handlers.post_option_reports(tx, facts)

    @consume("equipment.device.sold.v1")
    def on_device_sold(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post the money of devices sold."""
        handlers.post_device_sales(tx, facts)

    @http.query("GET", "/v1/periods/<operator>/<period>", answer=api.Period, allow=_READERS)
    def get_period(
        self, tx: Transaction, call: http.Call, operator: str, period: str
    ) -> api.Period:
        """Show one operator's statement of one month."""
        return handlers.read_period(tx, caller=call.caller, operator=operator, period=period)

    @http.query("GET", "/v1/ledger", query=api.LedgerQuery, answer=api.Ledger, allow=_READERS)
    def get_ledger(self, tx: Transaction, call: http.Call, asked: api.LedgerQuery) -> api.Ledger:
        """Show the balance of each account."""
        return handlers.list_ledger(tx, caller=call.caller, asked=asked)


SERVICE = Settlement
