"""A card reader with a customer at it: what waits for a card is paid by a test card after a moment.

For whoever looks at the till of a stack that takes no real cards.  It holds a card once: a payment
that was declined, or given up, is left to whoever did that.
"""

import threading
import time

from deploy.stripe import intents
from deploy.stripe.cards import CARDS
from deploy.stripe.desk import Document
from deploy.stripe.store import Books

CARD = "pm_card_visa"
LOOK_EVERY_S = 0.5
#: A payment that has waited longer than this was left.
LEFT_AFTER_S = 600


class Reader(threading.Thread):
    """Pays each intent some seconds after it was made."""

    def __init__(self, books: Books, *, pays_after_s: float) -> None:
        super().__init__(name="reader", daemon=True)
        self._books = books
        self._pays_after_s = pays_after_s

    def run(self) -> None:
        while True:
            self.pay_what_waits()
            time.sleep(LOOK_EVERY_S)

    def pay_what_waits(self) -> None:
        """Hold the card to the reader for each payment that has waited long enough."""
        with self._books.desk() as desk:
            for intent in desk.newest(intents.KIND):
                waited_s = desk.now - intent["created"]
                if waited_s > LEFT_AFTER_S:
                    return
                if waited_s >= self._pays_after_s and _is_untouched(intent):
                    intents.pay(desk, intent, CARDS[CARD], name=CARD)


def _is_untouched(intent: Document) -> bool:
    waits = intent["status"] == "requires_payment_method"
    return waits and intent["last_payment_error"] is None
