"""The settlement service's entry points; no trade rule lives here."""

from chassis import http
from chassis.consume import consume
from chassis.db import Transaction
from chassis.personal import PersonalData
from chassis.service import Service
from kernel.envelope import Envelope
from services.settlement import api, handlers, reading

_READERS = ("operator_partner", "site_manager", "admin")


class Settlement(PersonalData, Service):
    """The ledger: written by the bus, read at the HTTP door."""

    name = "settlement"

    @consume("recharges.batch.received.v1")
    def on_batch_received(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post the vouchers that operators gave."""
        handlers.post(tx, facts, read=reading.batch_received)

    @consume("recharges.sale.completed.v1")
    def on_sale_completed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post recharges sold."""
        handlers.post(tx, facts, read=reading.sale_completed)

    @consume("recharges.sale.refunded.v1")
    def on_sale_refunded(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post recharges given back."""
        handlers.post(tx, facts, read=reading.sale_refunded)

    @consume("recharges.transfer.sent.v1")
    def on_transfer_sent(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post vouchers that left for another site."""
        handlers.post(tx, facts, read=reading.transfer_sent)

    @consume("recharges.transfer.received.v1")
    def on_transfer_received(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post vouchers that arrived from another site."""
        handlers.post(tx, facts, read=reading.transfer_received)

    @consume("recharges.transfer.cancelled.v1")
    def on_transfer_cancelled(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post vouchers that came back from their way."""
        handlers.post(tx, facts, read=reading.transfer_cancelled)

    @consume("recharges.voucher.written_off.v1")
    def on_voucher_written_off(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post vouchers lost, damaged, expired or missing."""
        handlers.post(tx, facts, read=reading.vouchers_written_off)

    @consume("recharges.voucher.found.v1")
    def on_voucher_found(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post lost vouchers that are there again."""
        handlers.post(tx, facts, read=reading.vouchers_found)

    @consume("recharges.till.opened.v1")
    def on_till_opened(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post the floats of drawers."""
        handlers.post(tx, facts, read=reading.till_opened)

    @consume("recharges.cash.moved.v1")
    def on_cash_moved(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post cash put into drawers and taken out."""
        handlers.post(tx, facts, read=reading.cash_moved)

    @consume("recharges.drawer.closed.v1")
    def on_drawer_closed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post the gaps of drawers, and what is lifted out of them."""
        handlers.post(tx, facts, read=reading.drawer_closed)

    @consume("recharges.till.closed.v1")
    def on_till_closed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Keep where the chains of tills' journals end."""
        handlers.keep_anchors(tx, facts)

    @consume("donations.option.reported.v1")
    def on_option_reported(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post what operators owe of the 1 euro option."""
        handlers.post(tx, facts, read=reading.option_reported)

    @consume("equipment.device.sold.v1")
    def on_device_sold(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Post the money of devices sold."""
        handlers.post(tx, facts, read=reading.device_sold)

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
