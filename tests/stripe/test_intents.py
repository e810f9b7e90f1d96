"""Payment intents: what succeeds, what is declined, what is refused."""

import importlib
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe

from deploy.local.home import ROOT
from deploy.stripe.cards import CARDS
from tests.stripe.build import new_intent, paid
from tests.stripe.standin import API_KEY, StandIn


def post(stand_in: StandIn, path: str, **options: Any) -> httpx.Response:
    """What no well-behaved client sends."""
    headers = {"Authorization": f"Bearer {API_KEY}"} | options.pop("headers", {})
    return httpx.post(f"{stand_in.base}{path}", headers=headers, **options)


class TestPackage:
    def test_does_not_stand_in_the_way_of_the_library(self) -> None:
        ours = importlib.import_module("deploy.stripe")
        assert Path(str(ours.__file__)).is_relative_to(ROOT / "deploy")
        assert not Path(str(stripe.__file__)).is_relative_to(ROOT / "deploy")
        assert stripe.Webhook.__name__ == "Webhook"

    def test_needs_no_library_of_stripe(self) -> None:
        sources = (ROOT / "deploy" / "stripe").glob("*.py")
        lines = [line for path in sources for line in path.read_text().splitlines()]
        assert [line for line in lines if line.startswith(("import stripe", "from stripe"))] == []


class TestIntent:
    def test_waits_for_a_card(self, client: stripe.StripeClient) -> None:
        intent = new_intent(client, metadata={"sale_id": "s-1", "site": "antony"})
        assert intent.status == "requires_payment_method"
        assert (intent.amount, intent.amount_received, intent.currency) == (250, 0, "eur")
        assert intent.metadata["sale_id"] == "s-1"
        assert intent.client_secret.startswith(f"{intent.id}_secret_")
        assert client.v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()

    def test_succeeds_at_confirmation(self, client: stripe.StripeClient) -> None:
        intent = new_intent(client)
        after = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        assert (after.status, after.amount_received) == ("succeeded", 250)
        charge = client.v1.charges.retrieve(str(after.latest_charge))
        assert (charge.paid, charge.captured, charge.payment_intent) == (True, True, intent.id)

    def test_succeeds_at_once_when_confirmed_as_it_is_made(
        self, client: stripe.StripeClient
    ) -> None:
        intent = new_intent(
            client, confirm=True, payment_method="pm_card_visa", expand=["latest_charge"]
        )
        assert intent.status == "succeeded"
        assert intent.latest_charge.payment_method_details.card.last4 == "4242"

    def test_is_held_until_captured_when_capture_is_by_hand(
        self, client: stripe.StripeClient
    ) -> None:
        intent = new_intent(
            client, capture_method="manual", confirm=True, payment_method="pm_card_visa"
        )
        assert (intent.status, intent.amount_received) == ("requires_capture", 0)
        with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
            client.v1.refunds.create({"payment_intent": intent.id})
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.capture(intent.id, {"amount_to_capture": 251})
        after = client.v1.payment_intents.capture(intent.id)
        assert (after.status, after.amount_received) == ("succeeded", 250)

    @pytest.mark.parametrize(
        ("card", "code", "decline_code"),
        [(name, card.code, card.decline_code or None) for name, card in CARDS.items() if card.code],
    )
    def test_waits_for_another_card_when_one_is_declined(
        self, client: stripe.StripeClient, card: str, code: str, decline_code: str | None
    ) -> None:
        intent = new_intent(client)
        with pytest.raises(stripe.CardError) as declined:
            client.v1.payment_intents.confirm(intent.id, {"payment_method": card})
        error: Any = declined.value.error
        assert (declined.value.http_status, declined.value.code) == (402, code)
        assert getattr(error, "decline_code", None) == decline_code
        assert error.payment_intent.status == "requires_payment_method"
        seen = client.v1.payment_intents.retrieve(intent.id)
        assert seen.status == "requires_payment_method"
        assert seen.last_payment_error
        assert seen.last_payment_error.code == code
        again = client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        assert again.status == "succeeded"
        assert again.last_payment_error is None

    def test_is_there_when_it_was_declined_as_it_was_made(
        self, client: stripe.StripeClient
    ) -> None:
        with pytest.raises(stripe.CardError) as declined:
            paid(client, card="pm_card_chargeDeclined")
        error: Any = declined.value.error
        seen = client.v1.payment_intents.retrieve(error.payment_intent.id)
        assert seen.status == "requires_payment_method"

    @pytest.mark.parametrize(
        ("succeeds", "status"), [(True, "succeeded"), (False, "requires_payment_method")]
    )
    def test_asks_who_the_customer_is(
        self, stand_in: StandIn, client: stripe.StripeClient, succeeds: bool, status: str
    ) -> None:
        intent = paid(client, card="pm_card_authenticationRequired")
        assert intent.status == "requires_action"
        assert intent.next_action.type == "use_stripe_sdk"
        stand_in.control(f"payment_intents/{intent.id}/authenticate", succeeds=succeeds)
        assert client.v1.payment_intents.retrieve(intent.id).status == status

    def test_is_paid_by_the_customer_at_the_form(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        intent = client.v1.payment_intents.create({"amount": 250, "currency": "eur"})
        pay = f"payment_intents/{intent.id}/pay"
        shown = stand_in.control(pay, payment_method="pm_card_chargeDeclined")
        assert shown["last_payment_error"]["code"] == "card_declined"
        stand_in.control(pay, payment_method="pm_card_visa")
        assert client.v1.payment_intents.retrieve(intent.id).status == "succeeded"

    def test_is_not_charged_twice(self, client: stripe.StripeClient) -> None:
        intent = paid(client)
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        assert refused.value.code == "payment_intent_unexpected_state"
        error: Any = refused.value.error
        assert error.payment_intent.id == intent.id

    def test_needs_a_return_url_where_a_method_may_redirect(
        self, client: stripe.StripeClient
    ) -> None:
        intent = client.v1.payment_intents.create({"amount": 250, "currency": "eur"})
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        assert refused.value.param == "return_url"

    def test_needs_a_card_to_be_confirmed(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError, match="missing a payment method"):
            client.v1.payment_intents.confirm(new_intent(client).id)


class TestCancelling:
    def test_ends_what_has_not_succeeded(self, client: stripe.StripeClient) -> None:
        intent = new_intent(client)
        after = client.v1.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})
        assert (after.status, after.cancellation_reason) == ("canceled", "abandoned")
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    def test_is_refused_once_it_has_succeeded(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.cancel(paid(client).id)
        assert refused.value.http_status == 400
        assert refused.value.code == "payment_intent_unexpected_state"


class TestParameters:
    @pytest.mark.parametrize(
        ("form", "code", "param"),
        [
            ({"currency": "eur"}, "parameter_missing", "amount"),
            ({"amount": 250}, "parameter_missing", "currency"),
            ({"amount": 49, "currency": "eur"}, "amount_too_small", "amount"),
            ({"amount": 0, "currency": "eur"}, "parameter_invalid_integer", "amount"),
            ({"amount": -250, "currency": "eur"}, "parameter_invalid_integer", "amount"),
            ({"amount": "2.50", "currency": "eur"}, "parameter_invalid_integer", "amount"),
            ({"amount": "", "currency": "eur"}, "parameter_invalid_empty", "amount"),
            ({"amount": 250, "currency": "usd"}, None, "currency"),
            ({"amount": 250, "currency": "eur", "sale": "x"}, "parameter_unknown", "sale"),
            (
                {"amount": 250, "currency": "eur", "payment_method_types": ["card", "sepa"]},
                None,
                "payment_method_types[1]",
            ),
            (
                {"amount": 250, "currency": "eur", "automatic_payment_methods": {"on": True}},
                "parameter_unknown",
                "automatic_payment_methods[on]",
            ),
            (
                {"amount": 250, "currency": "eur", "payment_method": "pm_of_nobody"},
                "resource_missing",
                "payment_method",
            ),
            ({"amount": 250, "currency": "eur", "metadata": {"k": "v" * 501}}, None, "metadata"),
        ],
    )
    def test_are_refused_by_name(
        self, client: stripe.StripeClient, form: Any, code: str | None, param: str
    ) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.create(form)
        assert (refused.value.http_status, refused.value.code) == (400, code)
        assert refused.value.param == param
        assert refused.value.request_id
        assert refused.value.request_id.startswith("req_")

    def test_choose_the_methods_in_one_way(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.InvalidRequestError):
            new_intent(client, automatic_payment_methods={"enabled": True})

    def test_that_cannot_be_expanded_leave_nothing_behind(
        self, client: stripe.StripeClient
    ) -> None:
        before = client.v1.payment_intents.list({"limit": 1}).data
        with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
            new_intent(client, expand=["nonsense"])
        assert client.v1.payment_intents.list({"limit": 1}).data == before

    def test_come_form_encoded(self, stand_in: StandIn) -> None:
        answer = post(stand_in, "/v1/payment_intents", json={"amount": 250, "currency": "eur"})
        assert answer.status_code == 400

    def test_are_given_once(self, stand_in: StandIn) -> None:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = "amount=250&currency=eur&amount=9900"
        answer = post(stand_in, "/v1/payment_intents", content=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, "amount")


class TestDoor:
    @pytest.mark.parametrize("key", ["sk_test_of_nobody", API_KEY[:-1], "sk_live_é"])
    def test_opens_to_a_known_key_only(self, stand_in: StandIn, key: str) -> None:
        stranger = [(b"Authorization", f"Bearer {key}".encode())]
        answer = httpx.get(f"{stand_in.base}/v1/events", headers=stranger)
        assert answer.status_code == 401
        assert key not in answer.text

    def test_raises_the_clients_own_exception(self, stand_in: StandIn) -> None:
        with pytest.raises(stripe.AuthenticationError):
            stand_in.client(api_key="sk_test_of_nobody").v1.events.list()

    def test_answers_404_for_what_is_not_there(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.payment_intents.retrieve("pi_of_nobody")
        assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
        with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
            client.v1.customers.create({"name": "Nobody"})
        assert post(stand_in, "/v1/payment_intents/pi_x/retry").status_code == 404

    def test_shows_no_object_of_another_kind(self, client: stripe.StripeClient) -> None:
        charge = str(paid(client).latest_charge)
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.retrieve(charge)


class TestList:
    def test_pages_from_the_newest_to_the_oldest(self, client: stripe.StripeClient) -> None:
        made = [new_intent(client).id for _ in range(5)]
        listed = client.v1.payment_intents.list({"limit": 2})
        assert listed.has_more
        walked = listed.auto_paging_iter()
        assert [next(walked).id for _ in range(5)] == made[::-1]

    def test_shows_what_has_come_since(self, client: stripe.StripeClient) -> None:
        first = new_intent(client)
        made = [new_intent(client).id for _ in range(3)]
        since = client.v1.payment_intents.list({"ending_before": first.id, "limit": 2})
        assert [each.id for each in since.data] == made[1::-1]
        assert since.has_more

    def test_is_narrowed(self, client: stripe.StripeClient) -> None:
        intent = paid(client)
        charges = client.v1.charges.list({"payment_intent": intent.id})
        assert [charge.id for charge in charges.data] == [intent.latest_charge]
        none = client.v1.payment_intents.list({"created": {"gt": intent.created + 100}})
        assert none.data == []
        succeeded = client.v1.events.list({"types": ["payment_intent.succeeded"], "limit": 1})
        event: Any = succeeded.data[0]
        assert event.data.object.id == intent.id

    @pytest.mark.parametrize("form", [{"limit": 101}, {"limit": 0}, {"starting_after": "pi_x"}])
    def test_refuses_what_it_does_not_know(self, client: stripe.StripeClient, form: Any) -> None:
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.payment_intents.list(form)
