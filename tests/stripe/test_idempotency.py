"""One key, one operation: the same parameters replay its answer, others are refused."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import stripe
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stripe.build import CARD_ONLY, keyed, new_intent, paid
from tests.stripe.standin import OTHER_API_KEY, StandIn

Body = dict[str, Any]

bodies = st.fixed_dictionaries(
    {"amount": st.integers(50, 60), "currency": st.just("eur")},
    optional={
        "metadata": st.dictionaries(
            st.text("ab", min_size=1, max_size=2), st.text("xyé&=[]+ ", min_size=1, max_size=3)
        ),
        "confirm": st.booleans(),
        "payment_method": st.sampled_from(["pm_card_visa", "pm_card_chargeDeclined"]),
    },
)


def outcome(client: stripe.StripeClient, body: Body, key: str) -> tuple[object, ...]:
    """What one attempt gave: the object, or the error as the client raises it."""
    form: Any = CARD_ONLY | body
    try:
        intent = client.v1.payment_intents.create(form, keyed(key))
    except stripe.IdempotencyError:
        return ("other parameters",)
    except stripe.StripeError as error:
        return (type(error).__name__, error.http_body)
    return (intent.id, str(intent.to_dict()))


def said(body: Body) -> Body:
    """What is sent of a body: an empty dictionary is not."""
    return {name: value for name, value in body.items() if value != {}}


def header(answered: Any, name: str) -> str | None:
    value: str | None = answered.last_response.headers.get(name)
    return value


class TestKey:
    def test_replays_the_answer(self, client: stripe.StripeClient) -> None:
        options = keyed()
        form: Any = {"amount": 250, "currency": "eur", **CARD_ONLY}
        backwards: Any = dict(reversed(form.items()))
        first = client.v1.payment_intents.create(form, options)
        again = client.v1.payment_intents.create(backwards, options)
        assert again.to_dict() == first.to_dict()
        assert header(first, "Idempotent-Replayed") is None
        assert header(again, "Idempotent-Replayed") == "true"
        assert header(again, "Original-Request") == header(first, "Request-Id")

    def test_replays_how_things_were(self, client: stripe.StripeClient) -> None:
        options = keyed()
        form: Any = {"amount": 250, "currency": "eur"}
        first = client.v1.payment_intents.create(form, options)
        client.v1.payment_intents.cancel(first.id)
        again = client.v1.payment_intents.create(form, options)
        assert again.status == "requires_payment_method"

    def test_refunds_once(self, client: stripe.StripeClient) -> None:
        intent, options = paid(client), keyed()
        form: Any = {"payment_intent": intent.id, "amount": 100}
        made = {client.v1.refunds.create(form, options).id for _ in range(3)}
        assert len(made) == 1
        assert client.v1.charges.retrieve(intent.latest_charge).amount_refunded == 100

    def test_refuses_another_address(self, client: stripe.StripeClient) -> None:
        first, second, options = new_intent(client), new_intent(client), keyed()
        client.v1.payment_intents.cancel(first.id, {}, options)
        with pytest.raises(stripe.IdempotencyError) as refused:
            client.v1.payment_intents.cancel(second.id, {}, options)
        assert refused.value.http_status == 400
        assert client.v1.payment_intents.retrieve(second.id).status == "requires_payment_method"

    def test_replays_a_decline(self, client: stripe.StripeClient) -> None:
        intent, options = new_intent(client), keyed()
        for replayed in (None, "true"):
            with pytest.raises(stripe.CardError) as declined:
                client.v1.payment_intents.confirm(
                    intent.id, {"payment_method": "pm_card_chargeDeclined"}, options
                )
            assert (declined.value.headers or {}).get("idempotent-replayed") == replayed
        failed = client.v1.charges.list({"payment_intent": intent.id})
        assert len(failed.data) == 1

    def test_replays_a_refusal_of_what_has_begun(self, client: stripe.StripeClient) -> None:
        intent, options = new_intent(client), keyed()
        form: Any = {"payment_intent": intent.id}
        with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
            client.v1.refunds.create(form, options)
        client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
            client.v1.refunds.create(form, options)
        assert client.v1.refunds.create(form, keyed()).status == "succeeded"

    def test_forgets_what_never_began(self, client: stripe.StripeClient) -> None:
        options = keyed()
        wrong: Any = {"amount": 250, "currency": "eur", "sale": "x"}
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.create(wrong, options)
        right: Any = {"amount": 250, "currency": "eur"}
        assert client.v1.payment_intents.create(right, options).amount == 250

    def test_belongs_to_one_api_key(self, stand_in: StandIn, client: stripe.StripeClient) -> None:
        options = keyed()
        other = stand_in.client(api_key=OTHER_API_KEY)
        mine = client.v1.payment_intents.create({"amount": 250, "currency": "eur"}, options)
        theirs = other.v1.payment_intents.create({"amount": 900, "currency": "eur"}, options)
        assert (mine.amount, theirs.amount) == (250, 900)

    def test_is_bounded(self, client: stripe.StripeClient) -> None:
        form: Any = {"amount": 250, "currency": "eur"}
        assert client.v1.payment_intents.create(form, keyed(f"{uuid4()}".ljust(255, "k")))
        with pytest.raises(stripe.IdempotencyError):
            client.v1.payment_intents.create(form, keyed("k" * 256))

    def test_is_forgotten_after_a_day(self, stand_in: StandIn, client: stripe.StripeClient) -> None:
        options = keyed()
        form: Any = {"amount": 250, "currency": "eur"}
        first = client.v1.payment_intents.create(form, options)
        stand_in.control("forget_keys")
        assert client.v1.payment_intents.create(form, options).id != first.id

    def test_is_locked_while_its_first_request_runs(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        stand_in.bad_day("slow", count=1, seconds=1.0)
        form: Any = {"amount": 250, "currency": "eur"}
        options = keyed()

        def create(_: int) -> object:
            try:
                return client.v1.payment_intents.create(form, options).id
            except stripe.APIError as locked:
                error: Any = locked.error
                return (locked.http_status, error.code)

        with ThreadPoolExecutor(max_workers=4) as at_once:
            answers = list(at_once.map(create, range(4)))
        assert answers.count((409, "idempotency_key_in_use")) == 3
        assert create(0) in answers  # the one intent, now replayed

    @settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(tries=st.lists(bodies, min_size=2, max_size=6))
    def test_means_its_first_request_whatever_follows(
        self, client: stripe.StripeClient, tries: list[Body]
    ) -> None:
        key, first = str(uuid4()), tries[0]
        answer = outcome(client, first, key)
        for body in tries:
            expected = answer if said(body) == said(first) else ("other parameters",)
            assert outcome(client, body, key) == expected
