"""Bad days between the client and Stripe: what was done although nobody heard of it."""

import http.client
import json
import time
from typing import Any

import httpx
import pytest
import stripe

from tests.stripe.build import keyed, new_intent, paid
from tests.stripe.standin import StandIn

FORM: Any = {"amount": 250, "currency": "eur"}


def newest(client: stripe.StripeClient) -> str:
    found = client.v1.payment_intents.list({"limit": 1}).data
    return found[0].id if found else ""


class TestCut:
    def test_is_a_timeout_after_success(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        intent, options = new_intent(client), keyed()
        stand_in.bad_day("cut", path="/v1/payment_intents/*/confirm")
        with pytest.raises(stripe.APIConnectionError):
            client.v1.payment_intents.confirm(
                intent.id, {"payment_method": "pm_card_visa"}, options
            )
        assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"
        again = client.v1.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_visa"}, options
        )
        assert again.status == "succeeded"
        assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1

    def test_doubles_what_has_no_key_of_its_own(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        intent = paid(client)
        form: Any = {"payment_intent": intent.id, "amount": 100}
        stand_in.bad_day("cut", path="/v1/refunds")
        with pytest.raises(stripe.APIConnectionError):
            client.v1.refunds.create(form)
        client.v1.refunds.create(form)
        assert client.v1.charges.retrieve(intent.latest_charge).amount_refunded == 200

    def test_is_survived_by_the_clients_own_retries(self, stand_in: StandIn) -> None:
        patient = stand_in.client(retries=2)
        intent = paid(patient)
        stand_in.bad_day("cut", count=2, path="/v1/refunds")
        patient.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
        assert patient.v1.charges.retrieve(intent.latest_charge).amount_refunded == 100

    def test_looks_the_same_when_nothing_was_done(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        before, options = newest(client), keyed()
        stand_in.bad_day("cut_before")
        with pytest.raises(stripe.APIConnectionError):
            client.v1.payment_intents.create(FORM, options)
        assert newest(client) == before
        assert client.v1.payment_intents.create(FORM, options).id == newest(client)


class TestSlow:
    def test_answers_after_the_client_has_given_up(self, stand_in: StandIn) -> None:
        hasty = stripe.StripeClient(
            "sk_test_known_to_every_test",
            base_addresses={"api": stand_in.base},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=0.3),
        )
        options = keyed()
        stand_in.bad_day("slow", seconds=1.0)
        with pytest.raises(stripe.APIConnectionError):
            hasty.v1.payment_intents.create(FORM, options)
        done = newest(stand_in.client())
        with pytest.raises(stripe.APIError) as locked:
            hasty.v1.payment_intents.create(FORM, options)
        assert locked.value.http_status == 409
        time.sleep(1.0)
        assert hasty.v1.payment_intents.create(FORM, options).id == done


class TestServerError:
    def test_is_not_remembered_when_nothing_had_begun(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        before, options = newest(client), keyed()
        stand_in.bad_day("server_error")
        with pytest.raises(stripe.APIError) as broken:
            client.v1.payment_intents.create(FORM, options)
        assert broken.value.http_status == 500
        assert newest(client) == before
        assert client.v1.payment_intents.create(FORM, options).amount == 250

    def test_is_remembered_when_it_came_after_the_work(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        intent, options = paid(client), keyed()
        form: Any = {"payment_intent": intent.id}
        stand_in.bad_day("server_error_after", path="/v1/refunds")
        for _ in range(2):
            with pytest.raises(stripe.APIError):
                client.v1.refunds.create(form, options)
        assert client.v1.charges.retrieve(intent.latest_charge).refunded
        assert len(client.v1.refunds.list(form).data) == 1


class TestRateLimit:
    def test_does_nothing_and_passes(self, stand_in: StandIn, client: stripe.StripeClient) -> None:
        before, options = newest(client), keyed()
        stand_in.bad_day("rate_limit", count=2)
        for _ in range(2):
            with pytest.raises(stripe.RateLimitError):
                client.v1.payment_intents.create(FORM, options)
        assert newest(client) == before
        assert client.v1.payment_intents.create(FORM, options).amount == 250

    def test_strikes_what_it_names_only(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        intent = new_intent(client)
        stand_in.bad_day("rate_limit", method="GET", path="/v1/payment_intents/*")
        new_intent(client)
        with pytest.raises(stripe.RateLimitError):
            client.v1.payment_intents.retrieve(intent.id)
        assert client.v1.payment_intents.retrieve(intent.id).id == intent.id


class TestControl:
    @pytest.mark.parametrize(
        ("path", "wish"),
        [
            ("bad_days", {"kind": "rain"}),
            ("bad_days", {"kind": "cut", "count": -1}),
            ("bad_days", {"kind": "cut", "count": 10_001}),
            ("bad_days", {"kind": "cut", "count": "all"}),
            ("bad_days", {"kind": "slow", "seconds": 9999}),
            ("bad_days", {"kind": "cut", "for": "ever"}),
            ("bad_days", {}),
            ("bad_days", {"kind": []}),
            ("bad_days", {"kind": "cut", "until": "tomorrow"}),
            ("bad_days", {"kind": "cut", "path": None}),
            ("forget_keys", {"all": True}),
            ("disputes/dp_x/close", {"status": "drawn"}),
            ("payment_intents/pi_x/pay", {}),
            ("nothing", {}),
        ],
    )
    def test_refuses_what_it_does_not_understand(
        self, stand_in: StandIn, path: str, wish: Any
    ) -> None:
        answer = httpx.post(f"{stand_in.base}/control/{path}", json=wish)
        assert answer.status_code in (400, 404)
        assert answer.json()["error"]["message"]

    def test_refuses_a_card_that_is_none(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        pay = f"{stand_in.base}/control/payment_intents/{new_intent(client).id}/pay"
        cards: list[Any] = [{}, None, "pm_of_nobody"]
        for card in cards:
            assert httpx.post(pay, json={"payment_method": card}).status_code == 400

    def test_says_what_it_can_do(self, stand_in: StandIn) -> None:
        text = "\n".join(httpx.get(f"{stand_in.base}/control").json()["help"])
        assert "POST /control/bad_days" in text

    def test_is_no_part_of_the_api(self, stand_in: StandIn) -> None:
        assert httpx.post(f"{stand_in.base}/v1/control/bad_days", json={}).status_code == 401

    def test_answers_no_page_that_a_person_looks_at(self, stand_in: StandIn) -> None:
        wish = json.dumps({"kind": "cut"})
        plain = {"Content-Type": "text/plain"}
        simple = httpx.post(f"{stand_in.base}/control/bad_days", content=wish, headers=plain)
        assert simple.status_code == 415
        rebound = httpx.get(f"{stand_in.base}/control/bad_days", headers={"Host": "evil.example"})
        assert rebound.status_code == 403
        assert stand_in.control("bad_days", verb="GET") == {"bad_days": []}


class TestServer:
    @pytest.mark.parametrize(
        "headers",
        [{"Content-Length": "1000001"}, {"Content-Length": "-1"}, {"Transfer-Encoding": "chunked"}],
    )
    def test_reads_no_body_without_a_bound(
        self, stand_in: StandIn, headers: dict[str, str]
    ) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", stand_in.port, timeout=5)
        connection.putrequest("POST", "/v1/refunds")
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == 413
        connection.close()

    def test_answers_on_one_connection_after_the_other_request(self, stand_in: StandIn) -> None:
        with httpx.Client(base_url=stand_in.base) as one:
            assert [one.get("/healthz").status_code for _ in range(3)] == [200] * 3
            assert one.get("/").status_code == 401
