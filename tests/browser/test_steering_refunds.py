"""Refunds that wait: what for, and the money handed over, by a manager or before a cashier."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import Check, SignedIn
from tests.browser.counter import SITE, arrive, sign_in_as
from tests.fix_network import SMALL_OFFER, Network


class TestWaitingRefund:
    def test_is_listed_until_the_money_is_handed_over(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        sold, refund = self._asked_for(network)
        page = signed_in("site_manager", site_code=SITE)

        page.goto("/pilotage")
        drawers = page.get_by_role("region", name="Tiroirs-caisses", exact=True)
        expect(drawers).to_contain_text("attend")
        drawers.get_by_role("link", name="Voir pourquoi").click()
        waiting = page.get_by_role("row", name=f"n°\N{NO-BREAK SPACE}{sold['ticket_no']},")
        expect(waiting).to_contain_text("La réponse de l'opérateur")
        check(page, "steering-refunds")

        self._grant(network, refund)
        page.reload()
        waiting.get_by_role("button", name="Rendre l'argent (Caisse 1)").click()
        page.get_by_role("dialog").get_by_role("button", name="Oui").click()

        expect(page.get_by_text("rendus en espèces")).to_be_visible()
        expect(waiting).to_have_count(0)
        assert self._rows(network, refund) == [{"state": "done"}]

    def test_is_seen_by_a_cashier_who_asks_a_supervisor_for_the_money(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        sold, refund = self._asked_for(network)
        self._grant(network, refund)
        page = signed_in("till_operator", site_code=SITE)

        page.goto(f"/caisse/tiroir/{network.till(SITE)}")
        waiting = page.get_by_role("row", name=f"n°\N{NO-BREAK SPACE}{sold['ticket_no']},")
        check(page, "drawer-refunds")
        waiting.get_by_role("button", name="Rendre l'argent (Caisse 1)").click()
        sign_in_as(page, network.sign_in("site_manager", site_code=SITE))

        expect(page.get_by_text("rendus en espèces")).to_be_visible()
        expect(waiting).to_have_count(0)
        assert self._rows(network, refund) == [{"state": "done"}]

    def _asked_for(self, network: Network) -> tuple[Any, Any]:
        sold = network.sell(arrive(network).person_ref, site_code=SITE, offer_code=SMALL_OFFER)
        refund = network.as_("site_manager", site_code=SITE).post(
            f"recharges/v1/sales/{sold['sale_id']}/refunds", {"reason": "Code refusé"}
        )
        return sold, refund

    def _grant(self, network: Network, refund: Any) -> None:
        network.as_("operator_partner", operator="sfr").post(
            f"recharges/v1/refunds/{refund['refund_id']}/answer",
            {"granted": True, "why": "Jamais activé."},
        )

    def _rows(self, network: Network, refund: Any) -> list[Any]:
        query = "SELECT state FROM recharges.refund WHERE refund_id = %s"
        return network.rows(query, refund["refund_id"])
