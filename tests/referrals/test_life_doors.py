"""The life of a referral at the HTTP door: a real process, a real database, a real mail server."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row
from pypdf import PdfReader

from services.referrals.seal import Seal, Slip, read
from tests.fix_mail import MailServer
from tests.fix_service import OTHER_KEY, SIGNING_KEY, bearer, keyed, serving
from tests.fix_stack import FreshSchema, Schema
from tests.referrals.build import SITE, a_body, hear_of, open_site
from tests.today import today

DESK = bearer("till_operator", SITE)
MANAGER = bearer("site_manager", SITE)
REFERRER_ID = uuid4()
REFERRER = bearer("referrer", user_id=REFERRER_ID)
STRANGER = bearer("referrer")
MAILED_WITHIN_S = 30.0


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    made = fresh_schema("referrals")
    with psycopg.connect(made.admin_url, row_factory=dict_row) as tx:
        tx.execute("SET search_path TO referrals, public")
        open_site(tx)
        open_site(tx, "lyon")
        hear_of(tx, REFERRER_ID)
    return made


@dataclass(kw_only=True)
class Door:
    """The service at its HTTP door."""

    client: httpx.Client

    def send(
        self, path: str, body: Any, *, as_: dict[str, str] = DESK, method: str = "POST"
    ) -> httpx.Response:
        return self.client.request(method, path, json=body, headers=keyed(as_))

    def made(self, path: str, body: Any, *, as_: dict[str, str] = DESK) -> Any:
        answer = self.send(path, body, as_=as_)
        assert answer.is_success, answer.text
        return answer.json()

    def get(self, path: str, *, as_: dict[str, str] = DESK) -> httpx.Response:
        return self.client.get(path, headers=as_)

    def submit(self, **person: Any) -> Any:
        return self.made("/v1/referrals", a_body(**person), as_=REFERRER)

    def code(self, path: str, body: Any, *, as_: dict[str, str] = DESK) -> tuple[int, str]:
        answer = self.send(path, body, as_=as_)
        return answer.status_code, str(answer.json().get("code"))


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[Door]:
    with serving("referrals", schema=schema, RELAIS_REFERRAL_KEY=OTHER_KEY) as client:
        yield Door(client=client)


class TestSlip:
    def test_is_checked_with_the_public_key_that_anybody_may_have(self, door: Door) -> None:
        made = door.submit()

        key = door.client.get("/v1/slips/key").json()

        raw = base64.urlsafe_b64decode(key["public_key"] + "=")
        assert read(made["qr"], public_key=raw, on=today()).code == made["code"]
        assert key["algorithm"] == "Ed25519"
        assert made["qr"].startswith(key["prefix"])

    def test_forged_changed_and_expired_ones_are_refused(self, door: Door) -> None:
        made = door.submit()
        slip = Slip(referral_id=uuid4(), code=made["code"], expires_on=today() + timedelta(days=9))
        over = Slip(referral_id=uuid4(), code=made["code"], expires_on=today())

        for text, code in (
            (Seal(SIGNING_KEY).sign(slip), "referrals.slip.forged"),
            (made["qr"][:-2] + "AA", "referrals.slip.forged"),
            (Seal(OTHER_KEY).sign(over), "referrals.slip.expired"),
        ):
            assert door.code("/v1/slips", {"qr": text}) == (409, code)
        unknown = Seal(OTHER_KEY).sign(slip)
        assert door.code("/v1/slips", {"qr": unknown}) == (404, "referrals.referral.unknown")

    def test_replayed_one_says_what_became_of_it(self, door: Door) -> None:
        made = door.submit()
        path = f"/v1/referrals/{made['referral_id']}"
        assert door.made("/v1/slips", {"qr": made["qr"]})["state"] == "submitted"
        door.made(f"{path}/accept", {})

        replayed = door.made("/v1/slips", {"qr": made["qr"]})

        history = door.get(path).json()
        assert replayed["state"] == "accepted"
        assert replayed["state_since"] == history["steps"][-1]["at"]
        assert door.code(f"{path}/accept", {}) == (409, "referrals.referral.out_of_turn")

    def test_revoked_one_is_refused_everywhere_and_listed_for_tills(self, door: Door) -> None:
        made = door.submit()
        path = f"/v1/referrals/{made['referral_id']}"
        away = bearer("till_operator", "lyon")
        reason = {"reason": "Perdu"}
        assert door.code(f"{path}/revoke-slip", reason, as_=STRANGER)[0] == 404
        assert door.code(f"{path}/revoke-slip", reason, as_=away)[0] == 403

        door.made(f"{path}/revoke-slip", reason, as_=REFERRER)

        revoked = "referrals.referral.revoked"
        assert door.code("/v1/slips", {"qr": made["qr"]}) == (409, revoked)
        assert door.code(f"{path}/accept", {}) == (409, revoked)
        assert door.code(f"{path}/revoke-slip", reason) == (409, revoked)
        assert door.get(f"{path}/slip.pdf").status_code == 409
        listed = door.get("/v1/slips/revoked", as_=away).json()
        assert {"referral_id": made["referral_id"], "expires_on": made["expires_on"]} in listed
        shown = door.get(path, as_=REFERRER).json()
        assert (shown["state"], shown["revocation_reason"]) == ("revoked", "Perdu")

    def test_is_printed_for_who_sent_it_and_the_site_alone(self, door: Door) -> None:
        made = door.submit(given_name="Bintou", family_name="Verveine")
        path = f"/v1/referrals/{made['referral_id']}/slip.pdf"

        printed = door.get(path, as_=REFERRER)

        assert printed.headers["Content-Type"] == "application/pdf"
        assert f'filename="bon-{made["code"]}.pdf"' in printed.headers["Content-Disposition"]
        [page] = PdfReader(BytesIO(printed.content)).pages
        text = " ".join(page.extract_text().split())
        assert "Bintou V." in text
        assert "Verveine" not in text
        assert made["code"] in text
        assert "1 rue Fictive" in text
        assert door.get(path).status_code == 200
        assert door.get(path, as_=STRANGER).status_code == 404
        assert door.get(path, as_=bearer("mediator", "lyon")).status_code == 403
        assert door.client.get(path).status_code == 401

    def test_can_be_printed_again_until_the_person_has_come(self, door: Door) -> None:
        made = door.submit()
        path = f"/v1/referrals/{made['referral_id']}"

        door.made(f"{path}/accept", {})

        assert door.get(f"{path}/slip.pdf", as_=REFERRER).status_code == 200
        assert door.code(f"{path}/revoke-slip", {"reason": "Perdu"}, as_=REFERRER)[0] == 409


class TestWalkIn:
    def test_is_taken_in_by_a_desk_and_confirmed_by_a_referrer(self, door: Door) -> None:
        entered = door.made("/v1/walk-ins", a_body())

        path = f"/v1/referrals/{entered['referral_id']}"
        assert entered["entitlement"]["provisional"] is True
        assert door.made("/v1/slips", {"qr": entered["qr"]})["state"] == "provisional"
        assert door.get(f"{path}/slip.pdf").status_code == 200
        assert door.code(f"{path}/confirm", {})[0] == 403
        confirmed = door.made(f"{path}/confirm", {}, as_=REFERRER)
        assert confirmed["entitlement"]["until"] > entered["entitlement"]["until"]
        assert confirmed["person_ref"] == entered["person_ref"]
        assert door.code("/v1/walk-ins", a_body(site_code="lyon"))[0] == 403
        assert door.code("/v1/walk-ins", a_body(), as_=REFERRER)[0] == 403

    def test_is_a_namesake_by_a_manager_s_word_alone(self, door: Door) -> None:
        body = a_body()
        body["person"]["namesake"] = True

        assert door.code("/v1/walk-ins", body) == (403, "accounts.role.not_allowed")
        assert door.made("/v1/walk-ins", body, as_=MANAGER)["entitlement"]["provisional"] is True


class TestCriterion:
    def test_is_set_by_a_manager_and_asked_at_the_door(self, door: Door) -> None:
        lyon, desk = bearer("site_manager", "lyon"), bearer("till_operator", "lyon")
        path = "/v1/sites/lyon/criteria"
        body = {
            "criterion": "reste_a_vivre",
            "threshold_day_cents": 1_000,
            "from": today().isoformat(),
        }
        assert door.code(path, body, as_=desk)[0] == 403
        assert door.code(path, body, as_=MANAGER)[0] == 403
        assert door.code(path, body | {"threshold_day_cents": None}, as_=lyon)[0] == 422

        [listed] = door.made(path, body, as_=lyon)

        assert listed["criterion"] == "reste_a_vivre"
        made = door.submit(site_code="lyon")
        accept = f"/v1/referrals/{made['referral_id']}/accept"
        needed = (409, "referrals.criterion.figures_needed")
        assert door.code(accept, {}, as_=desk) == needed
        figures = {
            "monthly_resources_cents": 90_000,
            "fixed_charges_cents": 44_900,
            "household_units": 1.5,
        }
        refused = door.send(accept, {"figures": figures}, as_=desk)
        assert refused.json()["detail"] == (
            "Le reste à vivre de ce foyer est de 10,02\xa0€ par jour et par personne ;"
            " ce point d'accueil admet jusqu'à 10,00\xa0€."
        )
        figures["fixed_charges_cents"] = 45_000
        assert door.send(accept, {"figures": figures}, as_=desk).status_code == 200


class TestStructures:
    def test_signs_and_ends_and_has_workers_who_say_where_they_are_written_to(
        self, door: Door
    ) -> None:
        body = {"name": "Asso fictive", "kind": "association", "rna": "W751004076"}
        house = door.made("/v1/structures", body, as_=MANAGER)
        path = f"/v1/structures/{house['structure_id']}"
        signed = door.made(
            f"{path}/conventions",
            {"reference": "2026-17", "from": today().isoformat()},
            as_=MANAGER,
        )
        worker = {"user_id": str(REFERRER_ID), "trained_on": today().isoformat()}
        door.made(f"{path}/workers", worker, as_=MANAGER)

        contact = {"email": "zoe@ccas.example", "language": "en"}
        assert door.send("/v1/workers/me", contact, as_=REFERRER, method="PUT").json() == {
            "user_id": str(REFERRER_ID),
            "structure_id": house["structure_id"],
            "email": "zoe@ccas.example",
            "language": "en",
            "trained_on": worker["trained_on"],
        }
        [listed] = door.get(f"{path}/workers", as_=MANAGER).json()
        assert (listed["email"], listed["until"]) == ("zoe@ccas.example", None)
        end = f"{path}/conventions/{signed['convention_id']}/end"
        assert door.made(end, {}, as_=MANAGER)["until"] == today().isoformat()
        [over] = door.get(f"{path}/conventions", as_=MANAGER).json()
        assert over["until"] == today().isoformat()
        door.made(f"{path}/workers/{REFERRER_ID}/end", {}, as_=MANAGER)
        assert door.get("/v1/workers/me", as_=REFERRER).json()["structure_id"] is None
        for wrong in ("W75100407", "X751004076"):
            assert door.code("/v1/structures", body | {"rna": wrong}, as_=MANAGER)[0] == 422


@pytest.mark.journey
def test_referrer_reads_each_step_in_their_mailbox_and_the_calendar_does_its_work(
    schema: Schema, amqp_url: str, mail_server: MailServer
) -> None:
    def opened() -> AbstractContextManager[httpx.Client]:
        return serving(
            "referrals",
            schema=schema,
            RELAIS_REFERRAL_KEY=OTHER_KEY,
            RELAIS_PARTS="http,consume,relay",
            AMQP_URL=amqp_url,
            SMTP_URL=mail_server.url,
        )

    me = uuid4()
    mine = bearer("referrer", user_id=me)
    address = {"email": f"{me.hex}@ccas.example"}

    def subjects() -> list[str]:
        return sorted(str(mail["Subject"]) for mail in mail_server.to(address["email"]))

    with opened() as client:
        door = Door(client=client)
        assert door.send("/v1/workers/me", address, as_=mine, method="PUT").is_success
        made = door.made("/v1/referrals", a_body(), as_=mine)
        path = f"/v1/referrals/{made['referral_id']}"
        door.made(f"{path}/seen", {})
        door.made(f"{path}/accept", {})
        wanted = [f"Bon d'orientation {made['code']} : {step}" for step in STEPS]
        wait_for(lambda: subjects() == sorted(wanted))
        late, slow = (door.made("/v1/referrals", a_body(), as_=mine) for _ in range(2))
    # A day long past, as a backup restored has it: the clock of the next start finds it by itself.
    with psycopg.connect(schema.admin_url) as admin:
        for change, which in (("expires_on", late), ("submitted_at", slow)):
            admin.execute(
                f"UPDATE referrals.referral SET {change} = '2026-01-01'"
                " WHERE referral_id = %s".encode(),
                (which["referral_id"],),
            )
    with opened() as client:
        door = Door(client=client)
        lapsed = f"Bon d'orientation {late['code']} : caduc"
        wait_for(lambda: lapsed in subjects(), within_s=MAILED_WITHIN_S + 30.0)
        assert door.get(f"/v1/referrals/{late['referral_id']}").json()["state"] == "lapsed"
        assert door.get(f"/v1/referrals/{slow['referral_id']}").json()["overdue"] is True
        overdue = 'relais_referrals_overdue{site="saint-denis"} 1.0'
        wait_for(lambda: overdue in client.get("/metrics").text, within_s=MAILED_WITHIN_S + 30.0)


STEPS = ("envoyé", "lu par le point d'accueil", "accepté")


def wait_for(holds: Callable[[], bool], *, within_s: float = MAILED_WITHIN_S) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, "it did not come in time"
        time.sleep(0.2)


class TestCorrection:
    def test_is_for_employees_and_answers_again_without_a_word_of_it(self, door: Door) -> None:
        made = door.submit()
        taken = door.made(f"/v1/referrals/{made['referral_id']}/accept", {})
        path = f"/v1/people/{taken['person_ref']}/correction"
        body = {"person": {"given_name": "Zénobie"}, "reason": "entered_wrongly"}

        helper = bearer("till_operator", SITE, volunteer=True)
        assert door.code(path, body, as_=helper) == (403, "accounts.role.employees_only")
        sent = keyed(DESK)
        answers = [door.client.post(path, json=body, headers=sent) for _ in range(2)]

        right = {"person_ref": taken["person_ref"], "fields": ["given_name"], "alike": []}
        assert [answer.json() for answer in answers] == [right, right]


class TestExport:
    @pytest.mark.parametrize("paper", ["", ".pdf"])
    def test_with_mediation_files_in_it_is_for_employees(self, door: Door, paper: str) -> None:
        made = door.submit()
        taken = door.made(f"/v1/referrals/{made['referral_id']}/accept", {})
        path = f"/v1/people/{taken['person_ref']}/export{paper}"

        answer = door.get(path, as_=bearer("site_manager", SITE, volunteer=True))

        assert (answer.status_code, answer.json()["code"]) == (403, "accounts.role.employees_only")
        assert door.get(path, as_=MANAGER).json().get("code") in (
            None,
            "referrals.export.not_ready",
        )


class TestSteering:
    def test_shows_a_month_without_the_counts_of_few_people(self, door: Door) -> None:
        page = f"{door.client.base_url.copy_with(path='/pilotage/orientations/mois')}"

        shown = door.get(page, as_=MANAGER)
        running = door.get(f"{page}?month=2099-01", as_=MANAGER)

        assert shown.status_code == 200, shown.text
        assert "moins de 5" in shown.text
        assert (running.status_code, door.get(page).status_code) == (422, 403)

    def test_says_which_service_has_not_forgotten_somebody_in_time(
        self, door: Door, schema: Schema
    ) -> None:
        page = f"{door.client.base_url.copy_with(path='/pilotage/orientations/apercu')}"
        made = door.submit()
        gone = door.made(f"/v1/referrals/{made['referral_id']}/accept", {})["person_ref"]
        door.made(f"/v1/people/{gone}/erasure", {"reason": "asked_by_person"}, as_=MANAGER)
        in_time = door.get(page, as_=MANAGER).text
        with psycopg.connect(schema.admin_url) as admin:
            admin.execute(
                "SET session_replication_role = replica"
            )  # it is kept as it was, otherwise
            admin.execute("UPDATE referrals.erasure SET erased_at = now() - interval '61 minutes'")

        late = door.get(page, as_=MANAGER).text

        assert "effacement" not in in_time
        assert f"/accueil/effacements/{gone}" in late
        assert "Médiation" in late
