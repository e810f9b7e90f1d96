"""The only door to Stripe: payment intents, refunds, signed events, in our own words.

Every call that moves money carries an Idempotency-Key made from our own ids, never from
chance: the same sale asks for the same intent and the same refund for the same money, however often
an answer is lost.  The library itself never tries again; our sweeper does, and who meets the same
question on its way waits a moment for its answer.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeVar
from uuid import UUID

import requests
import stripe

from kernel.money import Cents
from services.recharges import webhook
from services.recharges.domain.card import Intent, Refunded
from services.recharges.webhook import Event, SignatureWrong

CONNECT_S_MAX, ANSWER_S_MAX = 3.05, 8.0
#: How long we wait for what another of our processes is just asking under the same key.
IN_USE_S_MAX, IN_USE_PAUSE_S = 3.0, 0.1
#: How old a webhook's signature may be: an older one is a replay.
TOLERANCE_S = 300
_CURRENCY = "eur"
#: Why we give a payment up, in a word that Stripe keeps: whoever hears of it first, the webhook or
#: the one who asked, notes the same.
_REASONS = {
    "too_late": "abandoned",
    "given_up": "requested_by_customer",
    "cards_away": "duplicate",
}
_WHY = {reason: why for why, reason in _REASONS.items()}
Answer = TypeVar("Answer")


class Away(Exception):
    """No answer to rely on: it may have been done or not, so the same is asked again later."""


class Refused(Exception):
    """Stripe says no for good; `code` is its word for why."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


class Gateway:
    """Stripe, or what stands in for it, at one address."""

    def __init__(self, *, api_key: str, webhook_secret: str, base: str) -> None:
        self._webhook_secret = webhook_secret
        # One session for all green threads: connections are kept, and waiting gives way to others.
        self._client = stripe.StripeClient(
            api_key,
            base_addresses={"api": base},
            max_network_retries=0,
            http_client=stripe.RequestsClient(
                # The library's types know seconds only; `requests` also takes one limit for each.
                timeout=(CONNECT_S_MAX, ANSWER_S_MAX),
                session=requests.Session(),
            ),
        )

    def create_intent(
        self, *, sale_id: UUID, till_id: UUID, site_code: str, amount_cents: Cents
    ) -> Intent:
        """Ask for the one payment of a sale; asked again, it is the same one."""
        return _ask(
            lambda: intent_from(
                self._client.v1.payment_intents.create(
                    {
                        "amount": amount_cents,
                        "currency": _CURRENCY,
                        "allowed_payment_method_types": ["card"],
                        "capture_method": "automatic",
                        # No person: Stripe learns what was paid, not by whom it is used.
                        "metadata": {
                            "sale_id": str(sale_id),
                            "till_id": str(till_id),
                            "site": site_code,
                        },
                    },
                    {"idempotency_key": f"sale-{sale_id}"},
                ).to_dict()
            )
        )

    def find_intent(self, intent_id: str) -> Intent:
        """Look how a payment stands."""
        return _ask(
            lambda: intent_from(self._client.v1.payment_intents.retrieve(intent_id).to_dict())
        )

    def cancel_intent(self, intent_id: str, *, why: str) -> Intent:
        """Give a payment up; one that cannot be given up any more is returned as it stands.

        Without a key: doing it twice is doing it once, and a key would keep a first refusal.
        """
        with suppress(Refused):
            return _ask(
                lambda: intent_from(
                    self._client.v1.payment_intents.cancel(
                        intent_id, {"cancellation_reason": _REASONS[why]}
                    ).to_dict()
                )
            )
        return self.find_intent(intent_id)

    def refund(self, *, refund_id: UUID, intent_id: str, amount_cents: Cents) -> Refunded:
        """Give money of a payment back; asked again, it is the same refund."""
        return _ask(
            lambda: _refunded_from(
                self._client.v1.refunds.create(
                    {
                        "payment_intent": intent_id,
                        "amount": amount_cents,
                        "metadata": {"refund_id": str(refund_id)},
                    },
                    {"idempotency_key": f"refund-{refund_id}"},
                ).to_dict()
            )
        )

    def find_refund(self, *, refund_id: UUID, intent_id: str) -> Refunded | None:
        """Look whether a refund was made, when its own answer was lost for good."""
        page = _ask(
            lambda: self._client.v1.refunds.list(
                {"payment_intent": intent_id, "limit": 100}
            ).to_dict()
        )
        for each in page["data"]:
            if each["metadata"].get("refund_id") == str(refund_id):
                return _refunded_from(each)
        return None

    def read_event(self, payload: bytes, *, signature: str, now: datetime) -> Event:
        """Read a webhook that Stripe signed."""
        require_signature(payload, signature=signature, secret=self._webhook_secret, now=now)
        return webhook.read_event(payload, now=now)


def require_signature(payload: bytes, *, signature: str, secret: str, now: datetime) -> None:
    """Refuse what Stripe did not sign just now."""
    try:
        stripe.WebhookSignature.verify_header(
            payload.decode(), signature, secret, tolerance=TOLERANCE_S
        )
        signed_at = next(int(part[2:]) for part in signature.split(",") if part.startswith("t="))
    except (stripe.SignatureVerificationError, ValueError, TypeError) as error:
        raise SignatureWrong() from error
    if signed_at > now.timestamp() + TOLERANCE_S:
        raise SignatureWrong()


def intent_from(document: dict[str, Any]) -> Intent:
    """Read a payment intent as Stripe writes it."""
    error = document.get("last_payment_error") or {}
    return Intent(
        intent_id=document["id"],
        client_secret=document.get("client_secret") or "",
        status=document["status"],
        currency=document["currency"],
        received_cents=Cents(document.get("amount_received") or 0),
        sale_id=(document.get("metadata") or {}).get("sale_id", ""),
        why=error.get("decline_code") or error.get("code") or "",
        given_up_for=_WHY.get(document.get("cancellation_reason") or "", ""),
    )


def _refunded_from(document: dict[str, Any]) -> Refunded:
    return Refunded(
        stripe_refund_id=document["id"],
        amount_cents=Cents(document["amount"]),
        failed=document["status"] in ("failed", "canceled"),
    )


def _ask(call: Callable[[], Answer]) -> Answer:
    until = time.monotonic() + IN_USE_S_MAX
    while True:
        try:
            return call()
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            raise Refused(str(error), code=error.code or "") from error
        except stripe.StripeError as error:
            # The same is being asked by another of our processes: its answer will be ours.
            if error.http_status == HTTPStatus.CONFLICT and time.monotonic() < until:
                time.sleep(IN_USE_PAUSE_S)
                continue
            # A wrong key of ours is no answer about the payment either: somebody mends it.
            raise Away(f"{type(error).__name__} {error.http_status or ''}: {error}") from error
