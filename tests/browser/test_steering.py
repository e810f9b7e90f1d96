"""A manager's day and an administrator's watch: panels, the team, devices, parked messages."""

import json
import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Check, SignedIn
from tests.browser.newcomers import newcomer
from tests.fix_network import Network, eventually, refusal
from tests.journeys.bus import say

SITE = "lyon"
LEDGER = "settlement.on_sale_completed"


class TestOverview:
    def test_says_in_a_sentence_which_part_is_away_and_shows_the_rest(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        page = signed_in("site_manager", site_code=SITE)
        stock = page.get_by_role("region", name="Stock", exact=True)
        killed = network.stack.kill9("recharges")

        page.goto("/pilotage")

        expect(stock).to_contain_text("Cette partie ne répond pas pour l'instant")
        team = page.get_by_role("region", name="Équipe et caisses")
        expect(team).to_contain_text("personnes")
        assert page.get_by_role("heading", level=1).count() == 1  # not a page inside the page
        network.stack.wait_restarted("recharges", killed=killed)
        network.stack.wait_ready()
        team.get_by_role("link", name="L'équipe").focus()
        for part in page.locator("[hx-trigger*=every]").all():
            part.dispatch_event("relais:refresh")
        expect(stock).not_to_contain_text("ne répond pas")
        expect(team.get_by_role("link", name="L'équipe")).to_be_focused()
        check(page, "steering")
        wrong = page.watched.wrong  # type: ignore[attr-defined]
        assert all(each.startswith("503") for each in wrong), wrong
        wrong.clear()


class TestTeam:
    def test_takes_somebody_in_changes_their_rights_and_closes_their_account(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        page = signed_in("site_manager", site_code=SITE)
        name, email = f"Camille Fictif {network.name}", f"camille.{network.name}@relais.example"

        page.goto("/pilotage/personnes/nouvelle")
        check(page, "team-new")
        page.get_by_label("Nom", exact=True).fill(name)
        page.get_by_role("button", name="Proposer un mot de passe").click()
        password = page.get_by_label("Premier mot de passe").input_value()
        assert len(password) > 15
        page.get_by_role("main").get_by_label("Adresse e-mail").fill(email)
        page.get_by_role("button", name="Créer le compte").click()
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        their = network.client(
            network.post_as_nobody("accounts/v1/sessions", {"email": email, "password": password})[
                "token"
            ]
        )
        page.get_by_label("Rôle").select_option("mediator")
        page.get_by_label("Bénévole").check()
        page.get_by_role("button", name="Enregistrer").click()
        expect(page.get_by_role("status")).to_contain_text("Enregistré")
        expect(page.get_by_label("Bénévole")).to_be_checked()
        assert refusal(their.get, "accounts/v1/me") == "accounts.token.revoked"
        check(page, "team-person")
        page.get_by_role("button", name="Fermer le compte").click()
        expect(page.get_by_text("compte fermé", exact=True)).to_be_visible()

        page.get_by_role("link", name="Équipe").last.click()
        page.get_by_label("Trouver une personne").fill(network.name)
        line = page.locator("#team li")
        expect(line).to_have_count(1)
        expect(line).to_contain_text("fermé")
        check(page, "team")

    def test_gives_an_administrator_the_fields_that_go_with_a_role(
        self, signed_in: SignedIn, network: Network
    ) -> None:
        who = newcomer(network, "mediator", site_code=SITE)
        page = signed_in("admin")
        page.goto(f"/pilotage/personnes/{who['user_id']}")
        expect(page.get_by_label("Opérateur")).to_be_hidden()

        page.get_by_label("Rôle").select_option("operator_partner")
        page.get_by_label("Opérateur").fill("orange")
        page.get_by_role("button", name="Enregistrer").click()

        expect(page.get_by_role("status")).to_contain_text("Enregistré")
        expect(page.get_by_label("Opérateur")).to_have_value("orange")
        signed_in("operator_partner", who=who)


class TestDevices:
    def test_are_enrolled_by_a_code_that_says_how_long_it_is_good_and_withdrawn(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        page = signed_in("site_manager", site_code=SITE)
        till = f"Caisse {network.name}"
        page.goto("/pilotage/appareils")
        page.get_by_label("Nom de la caisse").fill(till)
        page.get_by_role("button", name="Obtenir un code").click()

        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("timer")).to_have_text(
            re.compile(r"Valable encore 1[45] minutes\.")
        )
        expect(dialog.get_by_role("img", name="Code d'enrôlement")).to_be_visible()
        check(page, "device-code")
        code = dialog.locator("[data-code]").text_content() or ""
        network.post_as_nobody("accounts/v1/devices", {"enrolment_code": code})
        dialog.get_by_role("button", name="Terminé").click()
        line = page.locator("#devices li").filter(has_text=till)
        expect(line).to_contain_text("en service")
        check(page, "devices")

        line.get_by_role("button", name="Nouvelle clé").click()
        expect(dialog.locator("[data-code]")).not_to_have_text(code)
        dialog.get_by_role("button", name="Terminé").click()
        line.get_by_role("button", name="Retirer").click()
        question = page.get_by_role("dialog")
        expect(question).to_contain_text("ne pourra plus vendre")
        expect(question).to_contain_text("gelées")
        question.get_by_role("button", name="Oui, continuer").click()
        expect(line).to_contain_text("sans appareil")


@pytest.fixture
def parked_twice(network: Network) -> Iterator[None]:
    """Two messages that settlement cannot read."""
    for number in (1, 2):
        body = json.dumps({"nobody": "reads this", "number": number})
        say(network.stack.amqp_url, body.encode(), to=LEDGER, exchange="")
    eventually(lambda: _count_parked(network) >= 2)
    yield
    with psycopg.connect(network.stack.database_url, autocommit=True) as admin:
        admin.execute(
            "UPDATE settlement.parked_delivery SET state = 'discarded', settled_at = now()"
            " WHERE state = 'parked'"
        )


def _count_parked(network: Network) -> int:
    query = "SELECT count(*) FROM settlement.parked_delivery WHERE state = 'parked'"
    return network.number(query)


@pytest.mark.usefixtures("parked_twice")
class TestServices:
    def test_show_what_failed_for_good_which_is_replayed_or_given_up_with_a_reason(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        page = signed_in("admin")
        page.goto("/pilotage")
        health = page.get_by_role("region", name="État des services")
        expect(health).to_contain_text("2 messages en souffrance")
        page.goto("/pilotage/livraisons")
        lines = page.locator("#upkeep-settlement .lines > li")
        expect(lines).to_have_count(2)
        expect(lines.first).to_contain_text("Il est illisible.")
        expect(page.locator("#upkeep-donations")).to_contain_text("Tout est à jour")
        check(page, "services")

        first = lines.first.get_attribute("id") or ""
        lines.first.get_by_role("button", name="Rejouer").click()
        # It is as unreadable as before: parked again, under another number.
        expect(page.locator(f"#{first}")).to_have_count(0)
        eventually(lambda: _count_parked(network) == 2)
        line = lines.first
        line.get_by_text("Abandonner…").click()
        line.get_by_role("button", name="Abandonner définitivement").click()
        assert line.get_by_label("Pourquoi l'abandonner ?").evaluate("each => !each.validity.valid")
        line.get_by_label("Pourquoi l'abandonner ?").fill("pour l'exemple")
        line.get_by_role("button", name="Abandonner définitivement").click()
        eventually(lambda: _count_parked(network) == 1)
        [kept] = network.rows(
            "SELECT settled_by, settled_why FROM settlement.parked_delivery"
            " WHERE state = 'discarded' ORDER BY settled_at DESC LIMIT 1"
        )
        me = network.as_("admin").get("accounts/v1/me")
        assert kept == {"settled_by": me["user_id"], "settled_why": "pour l'exemple"}


class TestLog:
    def test_says_who_did_what_and_that_its_chain_holds(
        self, signed_in: SignedIn, network: Network, check: Check
    ) -> None:
        who = newcomer(network, "mediator", site_code=SITE)
        page = signed_in("admin")

        page.goto("/pilotage/journal")
        made = page.locator("tr").filter(has_text=who["display_name"])
        expect(made).to_contain_text("compte créé")
        page.get_by_role("button", name="Vérifier la chaîne").click()
        expect(page.get_by_role("status").last).to_contain_text("La chaîne est intacte")
        check(page, "log")
