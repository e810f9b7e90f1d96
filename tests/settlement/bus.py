"""Gives facts to settlement's handlers as the bus would: claimed by the inbox, one transaction."""

from collections.abc import Iterable
from typing import Any

import psycopg

from chassis import inbox
from kernel.envelope import Envelope
from services.settlement import handlers, reading

#: What is posted, by the handler of which name, read how.
POSTED = {
    "recharges.batch.received.v1": reading.batch_received,
    "recharges.sale.completed.v1": reading.sale_completed,
    "recharges.sale.refunded.v1": reading.sale_refunded,
    "recharges.transfer.sent.v1": reading.transfer_sent,
    "recharges.transfer.received.v1": reading.transfer_received,
    "recharges.transfer.cancelled.v1": reading.transfer_cancelled,
    "recharges.voucher.written_off.v1": reading.vouchers_written_off,
    "recharges.voucher.found.v1": reading.vouchers_found,
    "recharges.till.opened.v1": reading.till_opened,
    "recharges.cash.moved.v1": reading.cash_moved,
    "recharges.drawer.closed.v1": reading.drawer_closed,
    "donations.option.reported.v1": reading.option_reported,
    "equipment.device.sold.v1": reading.device_sold,
}


def deliver(tx: psycopg.Connection[dict[str, Any]], facts: Iterable[Envelope]) -> None:
    """Handles facts in the order given; neighbours of one type arrive as one batch."""
    batch: list[Envelope] = []
    for fact in facts:
        if batch and batch[0].type != fact.type:
            _handle(tx, batch)
            batch = []
        batch.append(fact)
    if batch:
        _handle(tx, batch)


def _handle(tx: psycopg.Connection[dict[str, Any]], batch: list[Envelope]) -> None:
    type_ = batch[0].type
    consumer = f"settlement.on_{'_'.join(type_.split('.')[1:-1])}"
    fresh = inbox.claim(tx, consumer=consumer, facts=batch)
    if not fresh:
        return
    if type_ in POSTED:
        handlers.post(tx, fresh, read=POSTED[type_])
    else:
        handlers.keep_anchors(tx, fresh)


def balances(tx: psycopg.Connection[dict[str, Any]]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """The net of each account that has any, debit less credit: in cents and in items."""
    tx.execute("SELECT set_config('relais.operator', '*', true)")
    rows = tx.execute(
        """
        SELECT operator, site_code, account, sum(cents) AS cents, sum(items) AS items
          FROM transfer
         CROSS JOIN LATERAL (VALUES (debit, amount_cents, item_count),
                                    (credit, -amount_cents, -item_count))
               AS side (account, cents, items)
         GROUP BY operator, site_code, account
        """
    )
    return {
        (row["operator"], row["site_code"], row["account"]): (int(row["cents"]), int(row["items"]))
        for row in rows
    }
