"""The cardholder's bank takes a payment back: kept, written in the journal, shown on the sale."""

from collections.abc import Mapping
from datetime import UTC, datetime

from chassis.db import Transaction
from kernel.money import ZERO
from services.recharges.domain.card import Intent, State
from services.recharges.domain.journal import Event
from services.recharges.handlers.cards import lock_till
from services.recharges.handlers.journalling import Pen, note
from services.recharges.store import cards
from services.recharges.store import selling as sales
from services.recharges.webhook import Event as Told

OPENED, CLOSED = "charge.dispute.created", "charge.dispute.closed"
TYPES = (OPENED, CLOSED)
#: A warning that was closed, or a dispute that was prevented, cost nothing.
_STATES: Mapping[str, str] = {
    "won": "won",
    "warning_closed": "won",
    "prevented": "won",
    "lost": "lost",
}


def named(intent_id: str) -> Intent:
    """A payment of which only the name is known."""
    return Intent(
        intent_id=intent_id,
        client_secret="",
        status="",
        currency="",
        received_cents=ZERO,
        sale_id="",
    )


def hear(tx: Transaction, event: Told, *, pen: Pen) -> str:
    """Open a dispute or settle it, once each, in whatever order the two are told."""
    told = event.object
    sale_id = cards.find_by_intent(tx, named(str(told.get("payment_intent"))))
    card = cards.find(tx, sale_id) if sale_id else None
    if sale_id is None or card is None or card.state is not State.PAID:
        return "unknown_object"  # not ours, or given back before it was booked
    sale = sales.find_sale(tx, sale_id)
    till = lock_till(tx, sale["till_id"])
    known = cards.find_dispute(tx, told["id"])
    state = _STATES.get(told["status"], "open")
    if known is not None and (known["state"] != "open" or state == "open"):
        return "nothing_to_do"
    settled_at = None if state == "open" else event.created_at
    if known is not None and settled_at is not None:
        cards.settle_dispute(tx, told["id"], state=state, settled_at=settled_at)
    else:
        cards.add_dispute(
            tx,
            {
                "dispute_id": told["id"],
                "sale_id": sale_id,
                "amount_cents": told["amount"],
                "state": state,
                "reason": told["reason"],
                "opened_at": datetime.fromtimestamp(told["created"], UTC),
                "settled_at": settled_at,
            },
        )
    details = {
        "sale_id": str(sale_id),
        "ticket_no": sale["ticket_no"],
        "dispute_id": told["id"],
        "amount_cents": told["amount"],
        "state": state,
        "reason": told["reason"],
    }
    opened = state == "open"
    note(
        tx,
        till,
        Event.PAYMENT_DISPUTED if opened else Event.DISPUTE_SETTLED,
        details,
        pen=pen,
    )
    return "applied"
