"""Webhooks: signed as the library verifies, told again until heard, and told badly on bad days."""

import json
import time
from pathlib import Path

import pytest
import stripe

from deploy.stripe.courier import signature
from tests.stripe.build import new_intent, paid
from tests.stripe.standin import WEBHOOK_SECRET, Hearer, StandIn, hearing, playing, wait_until

OF_A_PAYMENT = ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]


class TestWebhook:
    def test_tells_what_happened_in_order(
        self, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        intent = paid(client)
        succeeded = hearer.wait_for(3)[-1]
        assert hearer.types == OF_A_PAYMENT
        assert succeeded.data.object["id"] == intent.id
        assert succeeded.data.object["status"] == "succeeded"

    def test_says_which_request_it_comes_from(
        self, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        options: stripe.RequestOptions = {"idempotency_key": f"key-{time.monotonic_ns()}"}
        intent = client.v1.payment_intents.create({"amount": 250, "currency": "eur"}, options)
        event = hearer.wait_for(1)[0]
        assert event.request
        assert event.request.idempotency_key == options["idempotency_key"]
        assert intent.last_response
        assert event.request.id == intent.last_response.headers["Request-Id"]

    def test_is_the_event_that_a_poll_finds(
        self, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        paid(client)
        heard = [event.id for event in hearer.wait_for(3)]
        listed = client.v1.events.list({"limit": 3})
        assert [event.id for event in listed.data] == heard[::-1]
        assert client.v1.events.retrieve(heard[0]).type == "payment_intent.created"

    def test_is_told_once_for_a_request_made_twice(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        options: stripe.RequestOptions = {"idempotency_key": f"key-{time.monotonic_ns()}"}
        for _ in range(3):
            client.v1.payment_intents.create({"amount": 250, "currency": "eur"}, options)
        paid(client)
        hearer.wait_for_type("payment_intent.succeeded")
        assert hearer.types == ["payment_intent.created", *OF_A_PAYMENT]

    @pytest.mark.parametrize("status", [500, 404, 302, 400])
    def test_is_told_again_until_it_is_heard(
        self, hearer: Hearer, client: stripe.StripeClient, status: int
    ) -> None:
        hearer.statuses[:] = [status, status]
        new_intent(client)
        hearer.wait_for(1)
        assert len(hearer.posts) == 3
        assert len({payload for payload, _ in hearer.posts}) == 1

    def test_waits_for_a_hearer_that_is_away(self, tmp_path: Path) -> None:
        with hearing() as once:
            gone = once.url
        with playing(tmp_path, webhook_url=gone) as stand_in:
            new_intent(stand_in.client())
            wait_until(
                lambda: (
                    stand_in.control("deliveries", verb="GET")["deliveries"][0]["attempts"] >= 2
                ),
                lambda: "nobody tried",
            )
            assert stand_in.states() == ["pending"]

    def test_is_sent_again_by_hand(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        new_intent(client)
        event = hearer.wait_for(1)[0]
        stand_in.control(f"events/{event.id}/send")
        assert [each.id for each in hearer.wait_for(2)] == [event.id] * 2


class TestSignature:
    def test_is_the_librarys_own(self) -> None:
        payload = json.dumps({"id": "evt_1", "object": "event", "name": "Élise"})
        ours = signature(payload, secret=WEBHOOK_SECRET, at=1_700_000_000)
        theirs = stripe.WebhookSignature.generate_signature_header(
            payload, WEBHOOK_SECRET, 1_700_000_000
        )
        assert ours == theirs

    def test_verifies_with_its_secret_and_for_its_time_only(
        self, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        new_intent(client)
        hearer.wait_for(1)
        payload, header = hearer.posts[0]
        assert stripe.Webhook.construct_event(payload, header, WEBHOOK_SECRET).id
        for secret, body in (("whsec_of_nobody", payload), (WEBHOOK_SECRET, payload + b" ")):
            with pytest.raises(stripe.SignatureVerificationError):
                stripe.Webhook.construct_event(body, header, secret)
        old = signature(payload.decode(), secret=WEBHOOK_SECRET, at=int(time.time()) - 301)
        with pytest.raises(stripe.SignatureVerificationError, match="tolerance"):
            stripe.Webhook.construct_event(payload, old, WEBHOOK_SECRET)


class TestBadDayOfWebhooks:
    def test_tells_late_what_a_poll_finds_at_once(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        stand_in.bad_day("webhooks_late", count=3, seconds=1.5)
        began = time.monotonic()
        intent = paid(client)
        assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
        assert hearer.events == []
        hearer.wait_for(3)
        assert time.monotonic() - began > 1.4
        assert hearer.types == OF_A_PAYMENT

    def test_tells_twice(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        stand_in.bad_day("webhooks_twice", count=3)
        paid(client)
        hearer.wait_for(6)
        assert hearer.types == [each for each in OF_A_PAYMENT for _ in range(2)]
        assert len({event.id for event in hearer.events}) == 3

    def test_tells_in_reverse_order(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        stand_in.bad_day("webhooks_reversed", count=3, seconds=0.5)
        paid(client)
        hearer.wait_for(3)
        assert hearer.types == OF_A_PAYMENT[::-1]

    def test_drops_what_a_poll_still_finds(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        stand_in.bad_day("webhooks_dropped", count=3)
        intent = paid(client)
        new_intent(client)
        assert hearer.wait_for(1)[0].data.object["id"] != intent.id
        assert client.v1.events.list({"limit": 4}).data[1].type == "payment_intent.succeeded"
        assert len(hearer.posts) == 1

    def test_ends_by_itself(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        stand_in.bad_day("webhooks_dropped", count=2)
        stand_in.bad_day("webhooks_twice", count=1)
        for _ in range(4):
            new_intent(client)
        hearer.wait_for(3)
        assert len({event.id for event in hearer.events}) == 2
        assert stand_in.control("bad_days", verb="GET") == {"bad_days": []}

    def test_ends_at_once_when_told_to(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        stand_in.bad_day("webhooks_late", count=100, seconds=3600)
        new_intent(client)
        assert stand_in.control("bad_days", verb="DELETE") == {"bad_days": []}
        new_intent(client)
        hearer.wait_for(2)
