"""A stand-in that is killed without warning has lost nothing that it answered."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import stripe

from deploy.local.home import ROOT
from tests.stripe.build import keyed, new_intent, paid
from tests.stripe.standin import StandIn, hearing, playing, wait_until

FORM: Any = {"amount": 250, "currency": "eur"}


class TestKill:
    def test_loses_no_intent_no_refund_and_no_key(self, tmp_path: Path) -> None:
        with playing(tmp_path) as stand_in:
            client, options = stand_in.client(), keyed()
            intent = paid(client)
            waiting = new_intent(client)
            client.v1.refunds.create({"payment_intent": intent.id, "amount": 100})
            kept = client.v1.payment_intents.create(FORM, options)
            stand_in.kill9()
            stand_in.start()
            assert client.v1.payment_intents.retrieve(intent.id).to_dict() == intent.to_dict()
            assert client.v1.payment_intents.create(FORM, options).id == kept.id
            after = client.v1.payment_intents.confirm(
                waiting.id, {"payment_method": "pm_card_visa"}
            )
            assert after.status == "succeeded"
            with pytest.raises(stripe.InvalidRequestError):
                client.v1.refunds.create({"payment_intent": intent.id, "amount": 151})

    def test_still_tells_what_nobody_had_heard(self, tmp_path: Path) -> None:
        with hearing() as hearer, playing(tmp_path, webhook_url=hearer.url) as stand_in:
            stand_in.bad_day("webhooks_late", count=3, seconds=2)
            stand_in.bad_day("rate_limit", count=1)
            with pytest.raises(stripe.RateLimitError):
                paid(stand_in.client())
            intent = paid(stand_in.client())
            stand_in.bad_day("rate_limit", count=1)
            stand_in.kill9()
            assert hearer.events == []
            stand_in.start()
            assert hearer.wait_for(3)[-1].data.object["id"] == intent.id
            with pytest.raises(stripe.RateLimitError):
                paid(stand_in.client())

    def test_in_the_middle_of_a_rush_keeps_every_answer(self, tmp_path: Path) -> None:
        with playing(tmp_path) as stand_in:
            answered: dict[str, str] = {}

            def pay(till: int) -> None:
                client = stand_in.client()
                for number in range(1000):
                    key = f"till-{till}-sale-{number}"
                    try:
                        intent: Any = client.v1.payment_intents.create(_sale(), keyed(key))
                    except stripe.APIConnectionError:
                        return
                    answered[key] = intent.id

            tills = [threading.Thread(target=pay, args=(till,)) for till in range(4)]
            for till in tills:
                till.start()
            wait_until(lambda: len(answered) >= 60, lambda: f"only {len(answered)} answers")
            stand_in.kill9()
            for till in tills:
                till.join()
            stand_in.start()
            self._holds(stand_in, answered)

    def _holds(self, stand_in: StandIn, answered: dict[str, str]) -> None:
        client = stand_in.client()
        intents = {each.id for each in client.v1.payment_intents.list(_page()).auto_paging_iter()}
        charges = [
            each.payment_intent for each in client.v1.charges.list(_page()).auto_paging_iter()
        ]
        assert set(answered.values()) <= intents
        assert sorted(map(str, charges)) == sorted(intents)
        for key, identifier in answered.items():
            assert client.v1.payment_intents.create(_sale(), keyed(key)).id == identifier


class TestStart:
    @pytest.mark.parametrize("name", ["STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"])
    def test_is_refused_without_a_secret(self, tmp_path: Path, name: str) -> None:
        told = StandIn(folder=tmp_path, port=1, webhook_url="").environment()
        for blank in ({**told, name: " "}, {**told, "STRIPE_API_KEY": "sk_live_of_somebody"}):
            refused = subprocess.run(
                [sys.executable, "-m", "deploy.stripe"],
                cwd=ROOT,
                env=os.environ | blank,
                capture_output=True,
                text=True,
            )
            assert refused.returncode == 1
            assert refused.stderr.startswith("the stand-in for Stripe ")
            assert "sk_live_of_somebody" not in refused.stderr


def _sale() -> Any:
    return {
        "amount": 250,
        "currency": "eur",
        "payment_method_types": ["card"],
        "confirm": True,
        "payment_method": "pm_card_visa",
    }


def _page() -> Any:
    return {"limit": 100}
