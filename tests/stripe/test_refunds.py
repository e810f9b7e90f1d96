"""Refunds and disputes: never more than was charged, never of what was taken back."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from tests.stripe.build import new_intent, paid
from tests.stripe.standin import Hearer, StandIn


class TestRefund:
    def test_gives_back_all_by_default(self, client: stripe.StripeClient) -> None:
        intent = paid(client)
        refund = client.v1.refunds.create(
            {"payment_intent": intent.id, "metadata": {"refund_id": "r-1"}}
        )
        assert (refund.amount, refund.status) == (250, "succeeded")
        assert refund.metadata
        assert refund.metadata["refund_id"] == "r-1"
        charge = client.v1.charges.retrieve(intent.latest_charge)
        assert (charge.amount_refunded, charge.refunded) == (250, True)

    def test_gives_back_a_part(self, client: stripe.StripeClient) -> None:
        intent = paid(client)
        first = client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
        charge = client.v1.charges.retrieve(intent.latest_charge)
        assert (charge.amount_refunded, charge.refunded) == (100, False)
        rest = client.v1.refunds.create({"charge": intent.latest_charge})
        assert rest.amount == 150
        listed = client.v1.refunds.list({"payment_intent": intent.id})
        assert [each.id for each in listed.data] == [rest.id, first.id]
        assert client.v1.refunds.retrieve(rest.id).to_dict() == rest.to_dict()

    def test_never_gives_back_more_than_was_charged(self, client: stripe.StripeClient) -> None:
        intent = paid(client)
        for amount in (251, 10_000):
            with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded") as more:
                client.v1.refunds.create({"payment_intent": intent.id, "amount": amount})
            assert more.value.param == "amount"
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 200})
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.create({"payment_intent": intent.id, "amount": 51})
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 50})
        with pytest.raises(stripe.InvalidRequestError) as again:
            client.v1.refunds.create({"payment_intent": intent.id})
        assert again.value.code == "charge_already_refunded"

    def test_is_bounded_however_many_ask_at_once(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        intent = paid(client)
        form: Any = {"payment_intent": intent.id, "amount": 50}

        def refund(_: int) -> bool:
            try:
                return bool(stand_in.client().v1.refunds.create(form))
            except stripe.InvalidRequestError:
                return False

        with ThreadPoolExecutor(max_workers=16) as at_once:
            assert sum(at_once.map(refund, range(32))) == 5
        assert client.v1.charges.retrieve(intent.latest_charge).amount_refunded == 250

    @pytest.mark.parametrize("card", [None, "pm_card_authenticationRequired"])
    def test_is_refused_for_what_has_not_succeeded(
        self, client: stripe.StripeClient, card: str | None
    ) -> None:
        intent = paid(client, card=card) if card else new_intent(client)
        with pytest.raises(stripe.InvalidRequestError, match="successful charge to refund"):
            client.v1.refunds.create({"payment_intent": intent.id})

    def test_is_refused_for_what_was_declined(self, client: stripe.StripeClient) -> None:
        with pytest.raises(stripe.CardError) as declined:
            paid(client, card="pm_card_chargeDeclined")
        error: Any = declined.value.error
        for named in ({"payment_intent": error.payment_intent.id}, {"charge": error.charge}):
            form: Any = named
            with pytest.raises(stripe.InvalidRequestError, match="successful charge to refund"):
                client.v1.refunds.create(form)

    @pytest.mark.parametrize(
        "form",
        [
            {},
            {"payment_intent": "pi_of_nobody"},
            {"payment_intent": "pi_x", "charge": "ch_x"},
            {"charge": "ch_x", "amount": 0},
            {"charge": "ch_x", "reason": "mood"},
        ],
    )
    def test_refuses_what_makes_no_sense(self, client: stripe.StripeClient, form: Any) -> None:
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.create(form)

    def test_comes_back_when_the_customers_bank_cannot_take_it(
        self, stand_in: StandIn, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        intent = paid(client)
        refund = client.v1.refunds.create({"payment_intent": intent.id})
        stand_in.control(f"refunds/{refund.id}/fail")
        assert client.v1.refunds.retrieve(refund.id).status == "failed"
        assert client.v1.charges.retrieve(intent.latest_charge).amount_refunded == 0
        hearer.wait_for_type("refund.failed")


class TestDispute:
    def test_follows_a_card_that_disputes(
        self, hearer: Hearer, client: stripe.StripeClient
    ) -> None:
        intent = paid(client, card="pm_card_createDispute")
        assert intent.status == "succeeded"
        dispute = client.v1.disputes.list({"payment_intent": intent.id}).data[0]
        assert (dispute.amount, dispute.status) == (250, "needs_response")
        hearer.wait_for_type("charge.dispute.funds_withdrawn")
        assert hearer.types.index("payment_intent.succeeded") < hearer.types.index(
            "charge.dispute.created"
        )

    def test_keeps_a_charge_from_being_refunded_as_well(self, client: stripe.StripeClient) -> None:
        intent = paid(client, card="pm_card_createDispute")
        with pytest.raises(stripe.InvalidRequestError) as refused:
            client.v1.refunds.create({"payment_intent": intent.id})
        assert refused.value.code == "charge_disputed"

    def test_takes_what_a_refund_has_left(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        intent = paid(client)
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
        dispute = stand_in.control(f"payment_intents/{intent.id}/dispute", reason="duplicate")
        assert (dispute["amount"], dispute["reason"]) == (150, "duplicate")

    @pytest.mark.parametrize(
        ("status", "last"),
        [("won", "charge.dispute.funds_reinstated"), ("lost", "charge.dispute.closed")],
    )
    def test_is_decided_once(
        self,
        stand_in: StandIn,
        hearer: Hearer,
        client: stripe.StripeClient,
        status: str,
        last: str,
    ) -> None:
        intent = paid(client)
        dispute = stand_in.control(f"payment_intents/{intent.id}/dispute")
        stand_in.control(f"disputes/{dispute['id']}/close", status=status)
        assert client.v1.disputes.retrieve(dispute["id"]).status == status
        hearer.wait_for_type(last)
        with pytest.raises(AssertionError, match=f"is {status} already"):
            stand_in.control(f"disputes/{dispute['id']}/close", status="won")

    def test_lets_a_charge_be_refunded_again_once_won(
        self, stand_in: StandIn, client: stripe.StripeClient
    ) -> None:
        intent = paid(client, card="pm_card_createDispute")
        dispute = client.v1.disputes.list({"payment_intent": intent.id}).data[0]
        stand_in.control(f"disputes/{dispute.id}/close", status="won")
        assert client.v1.refunds.create({"payment_intent": intent.id}).amount == 250
