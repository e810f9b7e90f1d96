"""The intents, refunds and keys that tests of the stand-in speak about."""

from typing import Any
from uuid import uuid4

import stripe

CARD_ONLY: Any = {"payment_method_types": ["card"]}


def new_intent(client: stripe.StripeClient, *, amount: int = 250, **more: Any) -> Any:
    """An intent that waits for a card."""
    form: Any = {"amount": amount, "currency": "eur", **CARD_ONLY, **more}
    return client.v1.payment_intents.create(form)


def paid(client: stripe.StripeClient, *, amount: int = 250, card: str = "pm_card_visa") -> Any:
    """An intent that has been charged."""
    return new_intent(client, amount=amount, confirm=True, payment_method=card)


def keyed(key: str | None = None) -> Any:
    """The options of a request under a key."""
    return {"idempotency_key": key or str(uuid4())}
