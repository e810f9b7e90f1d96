"""Gives facts to settlement's handlers as the bus would: claimed by the inbox, one transaction."""

from collections.abc import Iterable
from typing import Any

import psycopg

from chassis import inbox
from kernel.envelope import Envelope
from services.settlement import handlers

HANDLERS = {
    "recharges.batch.received.v1": ("settlement.on_batch_received", handlers.post_batches),
    "recharges.sale.completed.v1": ("settlement.on_sale_completed", handlers.post_sales),
    "recharges.sale.refunded.v1": ("settlement.on_sale_refunded", handlers.post_refunds),
    "recharges.drawer.closed.v1": ("settlement.on_drawer_closed", handlers.post_drawers),
    "recharges.till.closed.v1": ("settlement.on_till_closed", handlers.keep_anchors),
    "donations.option.reported.v1": (
        "settlement.on_option_reported",
        handlers.post_option_reports,
    ),
    "equipment.device.sold.v1": ("settlement.on_device_sold", handlers.post_device_sales),
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
    consumer, handle = HANDLERS[batch[0].type]
    fresh = inbox.claim(tx, consumer=consumer, facts=batch)
    if fresh:
        handle(tx, fresh)


def balances(tx: psycopg.Connection[dict[str, Any]]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """The net of each account, debit less credit: in cents and in items."""
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
