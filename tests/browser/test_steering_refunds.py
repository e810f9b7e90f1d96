"""Refunds that wait, as a manager sees them: what for, and the money handed over."""

from playwright.sync_api import expect

from tests.browser.conftest import Check, SignedIn
from tests.browser.counter import SITE, arrive
from tests.fix_network import SMALL_OFFER, Network


class TestWaitingRefund:
    def test_is_listed_until_the_money_is_handed_over(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        sold = network.sell(arrive(network).person_ref, site_code=SITE, offer_code=SMALL_OFFER)
        refund = network.as_("site_manager", site_code=SITE).post(
            f"recharges/v1/sales/{sold['sale_id']}/refunds", {"reason": "Code refusé"}
        )
        page = signed_in("site_manager", site_code=SITE)

        page.goto("/pilotage")
        drawers = page.get_by_role("region", name="Tiroirs-caisses", exact=True)
        expect(drawers).to_contain_text("attend")
        drawers.get_by_role("link", name="Voir pourquoi").click()
        waiting = page.get_by_role("row", name=f"n°\N{NO-BREAK SPACE}{sold['ticket_no']},")
        expect(waiting).to_contain_text("La réponse de l'opérateur")
        check(page, "steering-refunds")

        network.as_("operator_partner", operator="sfr").post(
            f"recharges/v1/refunds/{refund['refund_id']}/answer",
            {"granted": True, "why": "Jamais activé."},
        )
        page.reload()
        waiting.get_by_role("button", name="Rendre l'argent (Caisse 1)").click()
        page.get_by_role("dialog").get_by_role("button", name="Oui").click()

        expect(page.get_by_text("rendus en espèces")).to_be_visible()
        expect(waiting).to_have_count(0)
        query = "SELECT state FROM recharges.refund WHERE refund_id = %s"
        assert network.rows(query, refund["refund_id"]) == [{"state": "done"}]
