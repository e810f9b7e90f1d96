"""A person in debt comes to a mediator, who brings the debt to a plan."""

from datetime import timedelta

import pytest

from chassis import clock
from kernel.period import business_date
from tests.fix_network import UNHEARD, Network, eventually, refusal
from tests.journeys.bus import listening

pytestmark = pytest.mark.journey

SITE = "paris-19"
CLAIMED_CENTS, AGREED_CENTS, INSTALMENTS = 12_000, 10_000, 4


class TestMediator:
    def test_brings_a_debt_to_a_plan_and_the_case_is_closed_and_told(
        self, network: Network
    ) -> None:
        today = business_date(clock.now())
        mediator = network.as_("mediator", site_code=SITE)
        person_ref = network.entitle(site_code=SITE)
        with listening(network.stack.amqp_url, "mediation.#") as told:
            case_id = mediator.post(
                "mediation/v1/cases",
                {"person_ref": person_ref, "site_code": SITE},
                until_heard=UNHEARD,
            )["case_id"]
            path = f"mediation/v1/cases/{case_id}"
            offer = {
                "operator": "orange",
                "kind": "plan_request",
                "amount_cents": AGREED_CENTS,
                "instalments": INSTALMENTS,
                "first_due_on": (today + timedelta(days=30)).isoformat(),
            }
            assert refusal(mediator.post, f"{path}/offers", offer).startswith("mediation.")

            mandate = {
                "operators": ["orange"],
                "signed_on": today.isoformat(),
                "until_on": (today + timedelta(days=180)).isoformat(),
            }
            assert mediator.post(f"{path}/mandates", mandate)["status"] == "mandated"
            line = {
                "operator": "orange",
                "kind": "service",
                "claimed_cents": CLAIMED_CENTS,
                "due_on": (today - timedelta(days=100)).isoformat(),
            }
            added = mediator.post(f"{path}/lines", line)
            assert (added["status"], added["limitation"]["limited"]) == ("analysed", False)
            made = mediator.post(f"{path}/offers", offer)
            assert sum(each["amount_cents"] for each in made["instalments"]) == AGREED_CENTS
            assert len(made["instalments"]) == INSTALMENTS
            answered = mediator.post(
                f"mediation/v1/offers/{made['offer_id']}/answers",
                {
                    "answer": "accepted",
                    "answered_on": today.isoformat(),
                    "person_signed_on": today.isoformat(),
                },
            )
            assert (answered["status"], answered["outcome"]) == ("closed", "plan")
            assert answered["saved_cents"] == CLAIMED_CENTS - AGREED_CENTS
            eventually(lambda: told.types()[-1:] == ["mediation.case.closed.v1"])
            assert told.types() == [
                "mediation.case.opened.v1",
                "mediation.offer.made.v1",
                "mediation.offer.answered.v1",
                "mediation.plan.agreed.v1",
                "mediation.case.closed.v1",
            ]

        # No name travels: the person is a reference.
        assert network.name not in "".join(fact.to_json().decode() for fact in told.facts)
        assert refusal(mediator.post, f"{path}/lines", line) == "mediation.case.closed"
        shown = mediator.get(path)
        assert (shown["status"], shown["agreed_cents"]) == ("closed", AGREED_CENTS)
