"""Webhooks: each event is signed and told, and told again until it is heard or time is up."""

import hashlib
import hmac
import http.client
import json
import threading
import time
from urllib.parse import urlsplit

from deploy.stripe.desk import Document
from deploy.stripe.store import Books, Delivery

HEARD_WITHIN_S = 10.0
LOOK_EVERY_S = 1.0


def signature(payload: str, *, secret: str, at: int) -> str:
    """The Stripe-Signature header of a payload sent at that second."""
    signed = hmac.new(secret.encode(), f"{at}.{payload}".encode(), hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"


class Courier(threading.Thread):
    """Tells one event after the other, in the order in which they are due."""

    def __init__(self, books: Books, *, url: str, secret: str) -> None:
        super().__init__(name="courier", daemon=True)
        self._books = books
        self._url = urlsplit(url)
        self._secret = secret

    def run(self) -> None:
        while True:
            self._books.sent.clear()
            wait_s = self._tell_what_is_due()
            self._books.sent.wait(wait_s)

    def _tell_what_is_due(self) -> float:
        """Tells at most one event; gives the seconds until the next is due."""
        with self._books.desk() as desk:
            delivery = desk.next_delivery()
            event = desk.find(delivery.event_id) if delivery else None
        if delivery is None or event is None:
            return LOOK_EVERY_S
        wait_s = delivery.due - time.time()
        if wait_s > 0:
            return min(wait_s, LOOK_EVERY_S)
        self._tell(delivery, event)
        return 0.0

    def _tell(self, delivery: Delivery, event: Document) -> None:
        heard = self._is_heard(json.dumps(event))
        with self._books.desk() as desk:
            if heard:
                desk.delivered(delivery)
            else:
                desk.try_again(delivery)

    def _is_heard(self, payload: str) -> bool:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(payload, secret=self._secret, at=int(time.time())),
            "User-Agent": "Stripe/1.0 (stand-in)",
        }
        connection = http.client.HTTPConnection(
            self._url.hostname or "", self._url.port, timeout=HEARD_WITHIN_S
        )
        try:
            connection.request("POST", self._url.path or "/", payload.encode(), headers)
            return 200 <= connection.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
