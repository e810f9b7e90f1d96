"""What a till reads while it sells: what is left of a person's month, and its last sales."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from chassis.http import Answer, Page


class PersonCap(Answer):
    """What a person may still buy in a calendar month, at all tills together."""

    month: str
    cap_cents: int
    left_cents: int
    #: What of a voucher counts against it.
    counts: Literal["price", "face_value"]


class SalesOf(Page[int]):
    """Which sales are asked for; `after` is the number of the last ticket seen."""


class LineListed(Answer):
    """How many vouchers of which offer."""

    offer_code: str
    quantity: int


class RefundListed(Answer):
    """A refund of a sale: how far it has come."""

    refund_id: UUID
    state: Literal["asked", "granted", "done", "denied"]
    amount_cents: int


class SaleListed(Answer):
    """A sale of a till, as a line of its list."""

    sale_id: UUID
    ticket_no: int
    sold_at: datetime
    tender: Literal["cash", "card"]
    total_cents: int
    lines: list[LineListed]
    #: Whether its PINs have left; those of a sale by card may wait to be asked for.
    revealed: bool
    #: How often it was printed again.
    copies: int
    refunds: list[RefundListed]


class SaleWaiting(Answer):
    """A sale of a till that waits for its card."""

    sale_id: UUID
    person_ref: UUID
    ordered_at: datetime
    total_cents: int
