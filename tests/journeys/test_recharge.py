"""A person is referred, taken in or not, and buys a recharge or not."""

import uuid
from datetime import date
from typing import Any

import pytest

from kernel.period import add_months
from tests.fix_network import (
    LARGE_FACE_CENTS,
    LARGE_PRICE_CENTS,
    Network,
    Referred,
    eventually,
    refusal,
)

pytestmark = pytest.mark.journey

SITE = "saint-denis"
CAP_CENTS = 3_000
ENTITLEMENT_MONTHS = 9


def history(referred: Referred) -> Any:
    """The referral as its referrer reads it."""
    return referred.referrer.get(f"referrals/v1/referrals/{referred.referral_id}")


def steps(referred: Referred) -> list[str]:
    return [step["step"] for step in history(referred)["steps"]]


class TestReferredPerson:
    def test_buys_a_recharge_of_which_ledger_and_referrer_hear(self, network: Network) -> None:
        referred = network.refer(site_code=SITE)
        assert steps(referred) == ["submitted"]

        accepted = network.accept(referred)
        person_ref, entitlement = accepted["person_ref"], accepted["entitlement"]
        assert entitlement["monthly_cap_cents"] == CAP_CENTS
        assert date.fromisoformat(entitlement["until"]) == add_months(
            date.fromisoformat(entitlement["from"]), ENTITLEMENT_MONTHS
        )

        network.settled()
        before = network.ledger(site_code=SITE)
        sale = network.sell(person_ref, site_code=SITE, quantity=2, tendered_cents=1_000)
        price_cents, face_cents = 2 * LARGE_PRICE_CENTS, 2 * LARGE_FACE_CENTS
        assert (sale["total_cents"], sale["change_cents"]) == (price_cents, 1_000 - price_cents)
        assert [each["face_value_cents"] for each in sale["vouchers"]] == [LARGE_FACE_CENTS] * 2
        assert len({each["pin"] for each in sale["vouchers"]}) == 2
        assert sale["cap"]["left_cents"] == CAP_CENTS - price_cents

        eventually(lambda: steps(referred) == ["submitted", "seen", "accepted", "first_visit"])
        network.settled()
        after = network.ledger(site_code=SITE)
        moved = {
            account: (
                after[account][0] - before[account][0],
                after[account][1] - before[account][1],
            )
            for account in ("credits_sold", "credits_stock", "recharge_income")
        }
        assert moved["credits_sold"] == (face_cents, 2)
        assert moved["credits_stock"] == (-face_cents, -2)
        assert moved["recharge_income"][0] == price_cents

        network.sell(person_ref, site_code=SITE)
        network.settled()
        assert steps(referred).count("first_visit") == 1

    def test_is_shown_the_pin_once_and_the_sale_for_ever(self, network: Network) -> None:
        person_ref = network.entitle(site_code=SITE)
        sale = network.sell(person_ref, site_code=SITE)
        till = network.as_("till_operator", site_code=SITE)
        shown = till.get(f"recharges/v1/sales/{sale['sale_id']}")
        assert shown["state"] == "completed"
        assert shown["total_cents"] == sale["total_cents"]
        assert [each["serial"] for each in shown["vouchers"]] == [
            each["serial"] for each in sale["vouchers"]
        ]
        assert sale["vouchers"][0]["pin"] not in str(shown)

    def test_may_use_up_the_cap_and_no_more(self, network: Network) -> None:
        person_ref = network.entitle(site_code=SITE)
        most = CAP_CENTS // LARGE_PRICE_CENTS
        sale = network.sell(person_ref, site_code=SITE, quantity=most)
        assert sale["cap"]["left_cents"] == 0
        # The cap is one in the whole network.
        code = refusal(network.sell, person_ref, site_code="marseille")
        assert code == "recharges.sale.cap_exceeded"


class TestRefusedPerson:
    def test_buys_nothing(self, network: Network) -> None:
        referred = network.refer(site_code=SITE)
        manager = network.as_("site_manager", site_code=SITE)
        path = f"referrals/v1/referrals/{referred.referral_id}"
        manager.post(f"{path}/refuse", {"reason": "Hors du territoire du site"})

        told = history(referred)
        assert steps(referred) == ["submitted", "seen", "refused"]
        assert told["refusal_reason"] == "Hors du territoire du site"
        assert told["person_ref"] is None
        assert refusal(manager.post, f"{path}/accept", {}) == "referrals.referral.out_of_turn"

        network.settled()
        [row] = network.rows(
            "SELECT person_ref::text FROM referrals.referral WHERE referral_id = %s",
            uuid.UUID(referred.referral_id),
        )
        till = network.as_("till_operator", site_code=SITE)
        body = network.basket(row["person_ref"], till_id=network.till(SITE))
        code = refusal(till.post, "recharges/v1/sales", body)
        assert code == "recharges.entitlement.missing"
        sold = "SELECT count(*) FROM recharges.sale WHERE person_ref = %s"
        assert network.number(sold, uuid.UUID(row["person_ref"])) == 0
