"""Webhooks that hold their signature: each is read or refused, none is an error of ours."""

import time
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from services.recharges.gateway import require_signature
from services.recharges.webhook import EventUnreadable, SignatureWrong, read_event
from tests.recharges.cards import an_event, signed, signed_as_it_is
from tests.stripe.standin import WEBHOOK_SECRET

FAR_S = 10**18
SOON_S = int(time.time()) + 90_000
PAYMENT = {"id": "pi_1", "status": "succeeded", "currency": "eur", "amount_received": 250}
DISPUTE = {"id": "dp_1", "status": "lost", "reason": "fraudulent", "amount": 250, "created": 1}
PAID, DISPUTED = "payment_intent.succeeded", "charge.dispute.created"


def read(told: dict[str, Any]) -> Any:
    payload, now = told["content"].encode(), datetime.now(UTC)
    signature = told["headers"]["Stripe-Signature"]
    require_signature(payload, signature=signature, secret=WEBHOOK_SECRET, now=now)
    return read_event(payload, now=now)


class TestSignedEvent:
    @pytest.mark.parametrize(
        ("type_", "told"),
        [
            (PAID, PAYMENT),
            (PAID, PAYMENT | {"last_payment_error": None, "metadata": {"note": "é"}}),
            ("payment_intent.payment_failed", PAYMENT | {"last_payment_error": {"code": "x"}}),
            (DISPUTED, DISPUTE | {"payment_intent": "pi_1"}),
            ("balance.available", {"object": "balance"}),
        ],
    )
    def test_is_read(self, type_: str, told: dict[str, Any]) -> None:
        event = an_event(type_, told)

        found = read(signed(event))

        assert (found.event_id, found.type, found.object) == (event["id"], type_, told)

    @pytest.mark.parametrize(
        "event",
        [
            [],
            "paid",
            None,
            7,
            {},
            an_event(PAID, PAYMENT) | {"id": None},
            an_event(PAID, PAYMENT) | {"id": ""},
            an_event(PAID, PAYMENT, event_id="evt_\x00"),
            an_event(PAID, PAYMENT, event_id="evt_\ud800"),
            an_event(PAID, PAYMENT) | {"type": ["x"]},
            an_event(PAID, PAYMENT) | {"created": "now"},
            an_event(PAID, PAYMENT) | {"created": -1},
            an_event(PAID, PAYMENT) | {"created": FAR_S},
            an_event(PAID, PAYMENT) | {"created": SOON_S},
            an_event(PAID, PAYMENT) | {"created": float("inf")},
            an_event(PAID, PAYMENT) | {"data": None},
            an_event(PAID, PAYMENT) | {"data": {"object": "pi_1"}},
            an_event(PAID, {"id": "pi_1"}),
            an_event(PAID, PAYMENT | {"id": 5}),
            an_event(PAID, PAYMENT | {"amount_received": "250"}),
            an_event(PAID, PAYMENT | {"amount_received": 10**30}),
            an_event(PAID, PAYMENT | {"metadata": "sale"}),
            an_event(PAID, PAYMENT | {"metadata": {"sale_id": 5}}),
            an_event(PAID, PAYMENT | {"last_payment_error": "declined"}),
            an_event(PAID, PAYMENT | {"last_payment_error": {"code": "a\x00"}}),
            an_event(DISPUTED, {"id": "dp_1"}),
            an_event(DISPUTED, DISPUTE | {"amount": 0}),
            an_event(DISPUTED, DISPUTE | {"created": FAR_S}),
            an_event(DISPUTED, DISPUTE | {"payment_intent": {"id": "pi_1"}}),
            an_event("balance.available", {"id": {"a": 1}}),
        ],
        ids=count(1),
    )
    def test_that_is_malformed_is_refused(self, event: Any) -> None:
        with pytest.raises(EventUnreadable):
            read(signed(event))

    @pytest.mark.parametrize("content", ["", "{", "[" * 100_000, "nul"])
    def test_that_is_no_document_is_refused(self, content: str) -> None:
        with pytest.raises(EventUnreadable):
            read(signed_as_it_is(content))

    @pytest.mark.parametrize("ahead_s", [400, 10**9, FAR_S])
    def test_whose_signature_comes_from_the_future_is_refused(self, ahead_s: int) -> None:
        with pytest.raises(SignatureWrong):
            read(signed(an_event(PAID, PAYMENT), at=time.time() + ahead_s))
