"""What is asked and answered about card sales."""

from typing import Literal
from uuid import UUID

from chassis.http import Answer


class PaymentAsked(Answer):
    """What the till's payment form needs to take the card."""

    intent_id: str
    client_secret: str


class CardSaleAsked(Answer):
    """A sale that waits for its card; the same answer whenever it is asked for again."""

    sale_id: UUID
    state: Literal["pending"]
    payment: PaymentAsked


class CardSaleEnded(Answer):
    """What became of a card sale that was to be given up."""

    sale_id: UUID
    state: Literal["completed", "voided"]


class EventHeard(Answer):
    """An event was heard."""

    outcome: str
