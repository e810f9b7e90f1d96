"""A drawer's day on its page: float, sale, X, movement, handover, blind count, approval, Z."""

import re
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import Check, SignedIn
from tests.browser.counter import sign_in_as
from tests.fix_network import Network

SITE = "marseille"


@pytest.fixture
def cashiers(network: Network) -> list[Any]:
    """The two cashiers of a site; the second one's till is nobody else's in the suite."""
    return [
        each
        for each in network.sign_ins
        if each["role"] == "till_operator" and each["site_code"] == SITE
    ]


def count(page: Page, form: str, **pieces: int) -> None:
    """Count coins and notes: `p2000=3` is three notes of twenty."""
    for name, number in pieces.items():
        page.locator(f"#{form}-{name.removeprefix('p')}").fill(str(number))


def paper(page: Page) -> FrameLocator:
    """The paper that is shown over the page."""
    return page.locator("dialog.paper").frame_locator("iframe")


def user_id(page: Page) -> str:
    """Who the screen belongs to."""
    me: dict[str, str] = page.request.get("/api/accounts/v1/me").json()
    return me["user_id"]


class TestDrawer:
    def test_goes_from_its_float_to_its_z_through_two_hands_and_a_gap(
        self, signed_in: SignedIn, network: Network, cashiers: list[Any], check: Check
    ) -> None:
        colleague, who = cashiers[:2]
        page = signed_in("till_operator", who=who)

        self.open_with_a_float(page, check)
        self.sell_and_take_change(page, network, till_id=who["till_id"])
        self.take_much_out_in_the_name_of_a_supervisor(page, network)
        self.read_an_x(page, check)
        theirs = self.hand_over(page, network, colleague, check)
        self.count_blind_and_have_the_gap_accepted(page, network, check)
        assert user_id(page) == theirs
        assert page.evaluate("JSON.stringify(sessionStorage)").count("ey") == 0
        self.print_the_z_once(page, check)
        self.print_the_z_again_with_a_supervisor(page, network)

    def open_with_a_float(self, page: Page, check: Check) -> None:
        page.goto("/caisse/tiroir")
        page.get_by_role("link", name="Caisse 2").click()
        expect(page.get_by_role("heading", name="Ouvrir le tiroir")).to_be_visible()
        count(page, "float", p2000=2)
        for _ in range(3):
            page.get_by_role("button", name="Une unité de plus : 10 €").click()
        page.reload()  # a count is not lost
        expect(page.get_by_text("70,00 €")).to_be_visible()
        check(page, "drawer-float")
        page.get_by_role("button", name="Ouvrir avec ce fonds").click()
        expect(page.get_by_text("Ouvert depuis")).to_be_visible()

    def sell_and_take_change(self, page: Page, network: Network, *, till_id: str) -> None:
        person_ref = network.entitle(site_code=SITE)
        cashier = network.as_("till_operator", site_code=SITE)
        cashier.post(
            "recharges/v1/sales",
            network.basket(person_ref, till_id=till_id),
            until_heard=("recharges.entitlement.missing",),
        )
        page.get_by_text("Ajouter ou retirer des espèces").click()
        page.get_by_label("De quoi s'agit-il").select_option("Monnaie prise au coffre")
        page.get_by_label("Montant").fill("12,30")
        page.get_by_role("button", name="Noter le mouvement").click()
        expect(page.get_by_role("cell", name="12,30 €")).to_be_visible()

    def take_much_out_in_the_name_of_a_supervisor(self, page: Page, network: Network) -> None:
        """More than a cashier may take alone: the same form, and somebody else's name."""
        manager = network.sign_in("site_manager", site_code=SITE)
        moved = page.get_by_role("cell", name=re.compile("250,00"))
        for count_of, movement in enumerate(
            ("Monnaie prise au coffre", "Billets portés au coffre"), start=1
        ):
            page.get_by_text("Ajouter ou retirer des espèces").click()
            page.get_by_label("De quoi s'agit-il").select_option(movement)
            page.get_by_label("Montant").fill("250")
            page.get_by_role("button", name="Noter le mouvement").click()
            if movement.startswith("Billets"):
                expect(page.get_by_role("dialog")).to_contain_text("Une somme aussi grande")
                sign_in_as(page, manager)
            expect(moved).to_have_count(count_of)
        [row] = network.rows(
            "SELECT recorded_by::text FROM recharges.cash_line WHERE amount_cents = -25000"
            " AND drawer_session_id = %s",
            self.session(page),
        )
        assert row["recorded_by"] != user_id(page)

    def read_an_x(self, page: Page, check: Check) -> None:
        """It does not tell a cashier what must be there."""
        page.get_by_role("button", name="Lire le tiroir (X)").click()
        expect(paper(page).get_by_role("heading", level=1)).to_contain_text("X")
        assert "84,80" not in paper(page).locator("body").inner_text()
        check(page, "drawer-x")
        page.get_by_role("dialog").get_by_role("button", name="Fermer").click()

    def hand_over(self, page: Page, network: Network, colleague: Any, check: Check) -> str:
        """The colleague takes the drawer, and the screen with it."""
        page.get_by_text("Remettre à un collègue").click()
        count(page, "handover", p2000=2, p1000=4)
        check(page, "drawer-handover")
        page.get_by_role("button", name="Remettre le tiroir").click()
        sign_in_as(page, colleague)
        expect(page.get_by_text("Le tiroir est à vous")).to_be_visible()
        holder = page.locator("dt", has_text="Tenu par").locator("+ dd")
        expect(holder).to_have_text("vous")
        theirs = user_id(page)
        cashier = network.as_("till_operator", site_code=SITE)
        assert (
            theirs in cashier.get(f"recharges/v1/drawer-sessions/{self.session(page)}/x")["held_by"]
        )
        return theirs

    def count_blind_and_have_the_gap_accepted(
        self, page: Page, network: Network, check: Check
    ) -> None:
        """The gap is too large for one person."""
        assert "84,80" not in page.content()
        page.get_by_text("Compter et clôturer").click()
        count(page, "close", p2000=2, p1000=3)
        page.get_by_role("button", name="Voilà ce que j'ai compté").click()
        expect(page.get_by_role("dialog")).to_contain_text("70,00\N{NO-BREAK SPACE}€ : c'est bien")
        page.get_by_role("dialog").get_by_role("button", name="Oui").click()
        expect(page.get_by_text("Il manque 14,80 €")).to_be_visible()
        expect(page.get_by_text("Compté, pas clôturé")).to_be_visible()
        check(page, "drawer-gap")
        page.get_by_label("Pourquoi l'écart est accepté").fill(
            "Recompté à deux : un billet manque."
        )
        page.get_by_role("button", name="Accepter l'écart").click()
        sign_in_as(page, network.sign_in("site_manager", site_code=SITE))
        expect(page.get_by_role("heading", name=re.compile("Le Z"))).to_be_visible()
        expect(page.get_by_text("Recompté à deux")).to_be_visible()

    def print_the_z_once(self, page: Page, check: Check) -> None:
        page.get_by_role("button", name="Imprimer le Z").click()
        expect(paper(page).locator("body")).to_contain_text("\N{MINUS SIGN}14,80")
        assert "DUPLICATA" not in paper(page).locator("body").inner_text()
        check(page, "drawer-z")
        page.get_by_role("dialog").get_by_role("button", name="Fermer").click()
        page.evaluate("void (window.print = () => (window.printed = true))")
        page.get_by_role("button", name="Le regarder").click()
        expect(paper(page).locator("body")).to_contain_text("DUPLICATA")
        page.get_by_role("dialog").get_by_role("button", name="Fermer").click()
        assert not page.evaluate("window.printed"), "the page itself was printed"

    def print_the_z_again_with_a_supervisor(self, page: Page, network: Network) -> None:
        page.get_by_role("button", name="Imprimer le Z").click()
        expect(page.get_by_text("déjà été imprimé")).to_be_visible()
        page.get_by_label("Pourquoi").fill("Papier coincé")
        page.get_by_role("button", name="Imprimer le Z").click()
        sign_in_as(page, network.sign_in("site_manager", site_code=SITE))
        expect(paper(page).locator("body")).to_contain_text("DUPLICATA 1")

    @staticmethod
    def session(page: Page) -> str:
        path = page.locator("[data-paper]").get_attribute("data-paper") or ""
        return path.split("/")[-2]
