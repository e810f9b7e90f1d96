"""Card sales, what Stripe told of them, and disputes, as rows."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from chassis.db import Transaction
from kernel.money import Cents
from services.recharges.domain.card import Agreed, CardSale, CardSaleUnknown, Intent, State
from services.recharges.domain.sale import Books, Offer, Sale
from services.recharges.store import SQL


def add(tx: Transaction, sale: Sale, *, books: Books, month_on: date, look_at: datetime) -> None:
    """Keep a sale whose vouchers are held, and count it against the cap."""
    order = sale.order
    person = books.same_as[order.person_ref]
    tx.execute(
        SQL["use_cap_month"],
        {
            "person_ref": order.person_ref,
            "month_on": month_on,
            "cap_cents": books.allowances[person].cap_cents,
            "counted_cents": sale.counted_cents,
        },
    )
    tx.execute(
        SQL["add_card_sale"],
        {
            "sale_id": order.sale_id,
            "key": order.key,
            "request_hash": order.request_hash,
            "till_id": order.till_id,
            "site_code": sale.site_code,
            "person_ref": order.person_ref,
            "sold_by": order.seller_id,
            "ordered_at": order.ordered_at,
            "month_on": month_on,
            "lines": Jsonb([_written(line.offer, line.quantity) for line in sale.lines]),
            "total_cents": sale.total_cents,
            "counted_cents": sale.counted_cents,
            "cap_left_cents": sale.cap_left_cents,
            "look_at": look_at,
        },
    )


def _written(offer: Offer, quantity: int) -> dict[str, Any]:
    return {
        "offer_code": offer.offer_code,
        "operator": offer.operator,
        "label": offer.label,
        "price_cents": offer.price_cents,
        "face_value_cents": offer.face_value_cents,
        "quantity": quantity,
    }


def _card_sale_from(row: dict[str, Any]) -> CardSale:
    lines = tuple(
        Agreed(
            offer=Offer(**{name: value for name, value in line.items() if name != "quantity"}),
            quantity=line["quantity"],
        )
        for line in row["lines"]
    )
    return CardSale(**{**row, "lines": lines, "state": State(row["state"])})


def find(tx: Transaction, sale_id: UUID) -> CardSale | None:
    """Read a card sale, if there is one."""
    row = tx.execute(SQL["find_card_sale"], {"sale_id": sale_id}).fetchone()
    return None if row is None else _card_sale_from(row)


def find_by_key(tx: Transaction, key: str) -> CardSale | None:
    """Read the card sale that was asked for under a key, if there is one."""
    row = tx.execute(SQL["find_card_sale_by_key"], {"key": key}).fetchone()
    return None if row is None else _card_sale_from(row)


def find_by_intent(tx: Transaction, intent: Intent) -> UUID | None:
    """Find the sale that a payment is for."""
    try:
        named: UUID | None = UUID(intent.sale_id)
    except ValueError:
        named = None
    found = {"intent_id": intent.intent_id, "sale_id": named}
    row = tx.execute(SQL["find_card_sale_by_intent"], found).fetchone()
    return None if row is None else row["sale_id"]


def lock(tx: Transaction, sale_id: UUID) -> CardSale:
    """Lock a card sale as it now stands, behind its till, its cap and its lots."""
    row = tx.execute(SQL["lock_card_sale"], {"sale_id": sale_id}).fetchone()
    if row is None:
        raise CardSaleUnknown(sale_id=sale_id)
    return _card_sale_from(row)


def give_cap_back(
    tx: Transaction, *, person_ref: UUID, month_on: date, counted_cents: Cents
) -> None:
    """Take a sale off the month in which it was counted."""
    tx.execute(
        SQL["give_cap_back"],
        {"person_ref": person_ref, "month_on": month_on, "counted_cents": counted_cents},
    )


def note_intent(tx: Transaction, card: CardSale, intent: Intent, *, look_at: datetime) -> bool:
    """Keep the payment of a sale; say whether the sale still waited for it."""
    noted = tx.execute(
        SQL["note_intent"],
        {
            "sale_id": card.sale_id,
            "intent_id": intent.intent_id,
            "client_secret": intent.client_secret,
            "look_at": look_at,
        },
    )
    return noted.rowcount == 1


def settle(
    tx: Transaction,
    card: CardSale,
    *,
    state: State,
    intent_id: str | None,
    why: str,
    settled_at: datetime,
) -> None:
    """Say what became of a card sale."""
    tx.execute(
        SQL["settle_card_sale"],
        {
            "sale_id": card.sale_id,
            "state": state,
            "intent_id": intent_id,
            "why": why,
            "settled_at": settled_at,
        },
    )


def put_off(tx: Transaction, card: CardSale, *, look_at: datetime) -> None:
    """Say when to look again."""
    tx.execute(SQL["put_card_sale_off"], {"sale_id": card.sale_id, "look_at": look_at})


def note_decline(tx: Transaction, card: CardSale, *, why: str) -> None:
    """Keep why the last card was declined."""
    tx.execute(SQL["note_decline"], {"sale_id": card.sale_id, "why": why})


def due(tx: Transaction, *, now: datetime, limit: int) -> list[UUID]:
    """Find the card sales to look at, the longest waiting first."""
    rows = tx.execute(SQL["card_sales_due"], {"now": now, "limit": limit})
    return [row["sale_id"] for row in rows]


def count_waiting(tx: Transaction) -> dict[str, int]:
    """Count card sales that are not settled, by state."""
    return {row["state"]: row["count"] for row in tx.execute(SQL["count_card_sales_waiting"])}


def minutes_max(tx: Transaction, *, on: date) -> int:
    """Read how long vouchers are held for a card payment."""
    row = tx.execute(SQL["card_minutes_max"], {"on": on}).fetchone()
    if row is None:
        raise LookupError(f"no rule says how long a card payment may take on {on}")
    return int(row["value"])


def claim_event(
    tx: Transaction,
    *,
    event_id: str,
    type: str,
    object_id: str,
    created_at: datetime,
    received_at: datetime,
    outcome: str,
) -> bool:
    """Keep an event; say whether it is told for the first time."""
    claimed = tx.execute(
        SQL["claim_stripe_event"],
        {
            "event_id": event_id,
            "type": type,
            "object_id": object_id,
            "created_at": created_at,
            "received_at": received_at,
            "outcome": outcome,
        },
    )
    return claimed.rowcount == 1


def first_reveal(tx: Transaction, sale_id: UUID) -> UUID | None:
    """Find the reveal that showed a card sale's PINs first."""
    row = tx.execute(SQL["find_first_reveal"], {"sale_id": sale_id}).fetchone()
    return None if row is None else row["reveal_id"]


def find_dispute(tx: Transaction, dispute_id: str) -> dict[str, Any] | None:
    """Read a dispute, if it is known."""
    return tx.execute(SQL["find_dispute"], {"dispute_id": dispute_id}).fetchone()


def add_dispute(tx: Transaction, dispute: dict[str, Any]) -> None:
    """Keep a dispute that is new to us."""
    tx.execute(SQL["add_dispute"], dispute)


def settle_dispute(tx: Transaction, dispute_id: str, *, state: str, settled_at: datetime) -> None:
    """Say who won a dispute."""
    tx.execute(
        SQL["settle_dispute"],
        {"dispute_id": dispute_id, "state": state, "settled_at": settled_at},
    )


def disputes(tx: Transaction, sale_id: UUID) -> Sequence[dict[str, Any]]:
    """Read the disputes about a sale."""
    return tx.execute(SQL["disputes_of_sale"], {"sale_id": sale_id}).fetchall()


def count_open_disputes(tx: Transaction) -> int:
    """Count the disputes that no bank has settled."""
    (row,) = tx.execute(SQL["count_disputes_open"])
    return int(row["count"])
