"""Referrals at its HTTP door: a real process, a real database, real tokens."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from psycopg.rows import dict_row

from deploy.demo import data
from deploy.local.home import ROOT
from tests.fix_service import OTHER_KEY, bearer, environment_of, keyed, serving
from tests.fix_stack import FreshSchema, Schema
from tests.referrals.build import NOW, SITE, a_body, hear_of, open_site

REFERRER = bearer("referrer")
DESK = bearer("till_operator", SITE)


@pytest.fixture(scope="module")
def schema(fresh_schema: FreshSchema) -> Schema:
    made = fresh_schema("referrals")
    with psycopg.connect(made.admin_url, row_factory=dict_row) as tx:
        tx.execute("SET search_path TO referrals, public")
        for site in data.demonstration(today=NOW.date()).network.sites:
            open_site(tx, site.site_code)
    return made


@dataclass(kw_only=True)
class Door:
    """The service at its HTTP door."""

    client: httpx.Client
    schema: Schema

    def post(
        self, path: str, body: Any, *, as_: dict[str, str] = DESK, key: str | None = None
    ) -> httpx.Response:
        return self.client.post(path, json=body, headers=keyed(as_, key=key))

    def get(self, path: str, *, as_: dict[str, str] = DESK) -> httpx.Response:
        return self.client.get(path, headers=as_)

    def submit(self, *, as_: dict[str, str] = REFERRER, **person: Any) -> dict[str, Any]:
        made = self.post("/v1/referrals", a_body(**person), as_=as_)
        assert made.status_code == 201, made.text
        referral: dict[str, Any] = made.json()
        return referral

    def count(self, table: str) -> int:
        with psycopg.connect(self.schema.admin_url) as admin:
            row = admin.execute(f"SELECT count(*) FROM referrals.{table}".encode()).fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture(scope="module")
def door(schema: Schema) -> Iterator[Door]:
    with serving("referrals", schema=schema, RELAIS_REFERRAL_KEY=OTHER_KEY) as client:
        yield Door(client=client, schema=schema)


class TestStart:
    def test_needs_its_key(self, schema: Schema) -> None:
        started = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "services.referrals"],
            cwd=ROOT,
            env=environment_of(schema, RELAIS_REFERRAL_KEY=""),
            capture_output=True,
            text=True,
            timeout=30,
        )

        assert started.returncode == 1
        assert "RELAIS_REFERRAL_KEY" in started.stderr


class TestJourney:
    def test_person_is_referred_seen_accepted_and_renewed(self, door: Door) -> None:
        person: Any = {"given_name": "Bintou", "family_name": "Verveine"}
        made = door.submit(**person)
        path = f"/v1/referrals/{made['referral_id']}"
        slip = door.post("/v1/slips", {"qr": made["qr"]})
        [listed] = door.get(f"/v1/referrals?site_code={SITE}&code={made['code']}").json()

        door.post(f"{path}/seen", {})
        accepted = door.post(f"{path}/accept", {})

        said = slip.json()
        assert {k: said[k] for k in made if k != "qr"} == {k: made[k] for k in made if k != "qr"}
        assert (said["site_code"], said["state"]) == (SITE, "submitted")
        assert (listed["state"], listed["person"]) == ("submitted", person)
        entitled = accepted.json()
        assert entitled["entitlement"]["monthly_cap_cents"] == 3_000
        assert entitled["entitlement"]["from"] < entitled["entitlement"]["until"]
        history = door.get(path, as_=REFERRER).json()
        assert [(step["step"], step["by_role"]) for step in history["steps"]] == [
            ("submitted", "referrer"),
            ("seen", "till_operator"),
            ("accepted", "till_operator"),
        ]
        person_path = f"/v1/people/{entitled['person_ref']}"
        shown = door.get(person_path).json()
        assert shown == entitled | person | {"use_restricted": False}
        new = door.submit(**person)
        renewed = door.post(f"{person_path}/renewals", {"referral_id": new["referral_id"]})
        assert renewed.status_code == 200
        assert renewed.json()["entitlement"]["until"] > entitled["entitlement"]["until"]

    def test_second_acceptance_names_the_end_of_the_first(self, door: Door) -> None:
        person: Any = {"given_name": "Wassim", "family_name": "Tilleul"}
        first = door.submit(**person)
        door.post(f"/v1/referrals/{first['referral_id']}/accept", {})
        second = door.submit(**person)

        refused = door.post(f"/v1/referrals/{second['referral_id']}/accept", {})

        assert (refused.status_code, refused.json()["code"]) == (
            409,
            "referrals.entitlement.active",
        )
        detail = refused.json()["detail"]
        assert detail.startswith("Cette personne a déjà des droits ; leur dernier jour est le ")
        history = door.get(f"/v1/referrals/{second['referral_id']}").json()
        assert history["state"] == "submitted", "nothing changed"

    def test_accepted_eight_times_at_once_opens_one_entitlement(self, door: Door) -> None:
        made = door.submit(given_name="Raoul", family_name="Sarrasin")
        path = f"/v1/referrals/{made['referral_id']}/accept"

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: door.post(path, {}), range(8)))

        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7

    def test_person_sent_by_twenty_houses_at_once_is_one_person_with_one_referral(
        self, door: Door
    ) -> None:
        person: Any = {"given_name": "Samira", "family_name": "Fougère"}
        before = door.count("person"), door.count("referral")

        def submit(number: int) -> httpx.Response:
            body = a_body(site_code=(SITE, "lyon")[number % 2], **person)
            return door.post("/v1/referrals", body, as_=bearer("referrer"))

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(submit, range(20)))

        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
        refused = [answer.json() for answer in answers if answer.status_code == 409]
        assert {problem["code"] for problem in refused} == {"referrals.referral.open_elsewhere"}
        assert (door.count("person"), door.count("referral")) == (before[0] + 1, before[1] + 1)

    def test_second_referral_is_refused_with_the_code_of_the_first(self, door: Door) -> None:
        person: Any = {"given_name": "Ilyès", "family_name": "Chardon"}
        first = door.submit(**person)

        refused = door.post("/v1/referrals", a_body(site_code="lyon", **person), as_=REFERRER)

        assert (refused.status_code, refused.json()["code"]) == (
            409,
            "referrals.referral.open_already",
        )
        assert refused.json()["detail"] == (
            f"Cette personne a déjà un bon d'orientation en cours : {first['code']},"
            f" au point d'accueil {SITE}."
        )

    def test_every_referral_of_the_demonstration_is_taken(self, door: Door) -> None:
        people = data.demonstration(today=NOW.date()).people

        answers = [door.post("/v1/referrals", each.referral(), as_=REFERRER) for each in people]

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["code"] for answer in answers}) == len(people) == 60

    def test_refusal_reaches_the_referrer_in_words(self, door: Door) -> None:
        made = door.submit()
        path = f"/v1/referrals/{made['referral_id']}"

        refused = door.post(f"{path}/refuse", {"reason": "Plus de place."})

        assert refused.json() == {"referral_id": made["referral_id"], "state": "refused"}
        assert door.get(path, as_=REFERRER).json()["refusal_reason"] == "Plus de place."
        assert door.post(f"{path}/accept", {}).json()["code"] == "referrals.referral.out_of_turn"


class TestSameKey:
    def test_a_hundred_times_at_once_is_one_referral(self, door: Door) -> None:
        body, key, before = a_body(), uuid4().hex, door.count("referral")

        with ThreadPoolExecutor(100) as pool:
            answers = list(
                pool.map(
                    lambda _: door.post("/v1/referrals", body, as_=REFERRER, key=key), range(100)
                )
            )

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.text for answer in answers}) == 1
        assert door.count("referral") == before + 1

    def test_with_another_body_is_refused(self, door: Door) -> None:
        key = uuid4().hex
        door.post("/v1/referrals", a_body(), as_=REFERRER, key=key)

        other = door.post("/v1/referrals", a_body(), as_=REFERRER, key=key)

        assert (other.status_code, other.json()["code"]) == (409, "idempotency.key_reused")


class TestWhoMay:
    @pytest.mark.parametrize(
        ("header", "status", "code"),
        [
            ({}, 401, "accounts.token.missing"),
            (bearer("referrer", key=OTHER_KEY), 401, "accounts.token.invalid"),
            (bearer("referrer", lifetime=timedelta(0)), 401, "accounts.token.expired"),
            (DESK, 403, "accounts.role.not_allowed"),
            (bearer("operator_partner", operator="sfr"), 403, "accounts.role.not_allowed"),
        ],
    )
    def test_refer(self, door: Door, header: dict[str, str], status: int, code: str) -> None:
        refused = door.post("/v1/referrals", a_body(), as_=header)

        assert (refused.status_code, refused.json()["code"]) == (status, code)

    def test_answer_only_at_their_own_site(self, door: Door) -> None:
        made = door.submit()
        path = f"/v1/referrals/{made['referral_id']}"
        lyon = bearer("site_manager", "lyon")

        refusals = [
            door.post(f"{path}/accept", {}, as_=lyon),
            door.post(f"{path}/refuse", {"reason": "-"}, as_=lyon),
            door.post(f"{path}/seen", {}, as_=lyon),
            door.get(path, as_=lyon),
            door.get(f"/v1/referrals?site_code={SITE}", as_=lyon),
        ]

        assert {answer.status_code for answer in refusals} == {403}
        assert door.post(f"{path}/accept", {}, as_=REFERRER).status_code == 403

    def test_see_another_referrers_referral(self, door: Door) -> None:
        made = door.submit()
        other = bearer("referrer")

        assert door.get(f"/v1/referrals/{made['referral_id']}", as_=other).status_code == 404
        assert door.get("/v1/referrals", as_=other).json() == []

    def test_see_a_person(self, door: Door) -> None:
        made = door.submit()
        entitled = door.post(f"/v1/referrals/{made['referral_id']}/accept", {}).json()
        path = f"/v1/people/{entitled['person_ref']}"

        assert door.get(path, as_=bearer("mediator", "lyon")).status_code == 200
        assert door.get(path, as_=REFERRER).status_code == 403
        partner = bearer("operator_partner", operator="sfr")
        assert door.get(path, as_=partner).status_code == 403


class TestList:
    def test_is_read_page_by_page_to_its_end(self, door: Door) -> None:
        me = bearer("referrer")
        made = [door.submit(as_=me)["referral_id"] for _ in range(5)]

        read: list[str] = []
        path = "/v1/referrals?limit=2&state=submitted"
        while path:
            page = door.get(path, as_=me)
            read += [each["referral_id"] for each in page.json()]
            path = page.links.get("next", {}).get("url", "").removeprefix("/api/referrals")

        assert read == made[::-1]


class TestWorkers:
    def test_must_be_known_as_referrers(self, door: Door) -> None:
        manager = bearer("site_manager", SITE)
        house = door.post(
            "/v1/structures",
            {"name": "La Ruche", "kind": "other", "rna": "W751004076"},
            as_=manager,
        )
        path = f"/v1/structures/{house.json()['structure_id']}/workers"
        mediator, referrer = uuid4(), uuid4()
        with psycopg.connect(door.schema.admin_url, row_factory=dict_row) as tx:
            tx.execute("SET search_path TO referrals, public")
            hear_of(tx, mediator, role="till_operator")
            hear_of(tx, referrer)

        def bind(user_id: UUID) -> httpx.Response:
            return door.post(path, {"user_id": str(user_id)}, as_=manager)

        assert bind(referrer).status_code == 201
        assert bind(uuid4()).json()["code"] == "referrals.worker.unknown"
        refused = bind(mediator).json()
        assert refused["code"] == "referrals.worker.not_a_referrer"
        assert refused["detail"].startswith("Le rôle de cette personne est : caissier.")


class TestBadInput:
    def test_each_gets_its_problem_document(self, door: Door) -> None:
        def submitted(**changes: Any) -> httpx.Response:
            return door.post("/v1/referrals", a_body() | changes, as_=REFERRER)

        def raw(content: bytes) -> httpx.Response:
            return door.client.post("/v1/referrals", content=content, headers=keyed(REFERRER))

        entry = a_body()["entry"]
        person = a_body()["person"]
        before = door.count("referral"), door.count("person")
        wrong: list[tuple[httpx.Response, int]] = [
            (raw(b"no json"), 400),
            (raw(b""), 422),
            (raw(b"[" * 5_000_000), 413),
            (raw(b"[" * 100_000), 400),
            (door.client.post("/v1/referrals", json=a_body(), headers=REFERRER), 422),
            (submitted(shoe_size=43), 422),
            (submitted(situation="wealth"), 422),
            (submitted(needs=[]), 422),
            (submitted(needs=["sim", "sim"]), 422),
            (submitted(needs="sim"), 422),
            (submitted(site_code="atlantis"), 409),
            (submitted(site_code="../etc"), 422),
            (submitted(entry=entry | {"monthly_spend_cents": -1}), 422),
            (submitted(entry=entry | {"monthly_spend_cents": 100_001}), 422),
            (submitted(entry=entry | {"monthly_spend_cents": 35.5}), 422),
            (submitted(entry=entry | {"has_mobile": "yes"}), 422),
            (submitted(person=person | {"birth_date": "2050-01-01"}), 422),
            (submitted(person=person | {"birth_date": "1880-01-01"}), 422),
            (submitted(person=person | {"birth_date": "17/05/1980"}), 422),
            (submitted(person=person | {"birth_date": 0}), 422),
            (submitted(person=person | {"phone": "12"}), 422),
            (submitted(person=person | {"email": "nobody"}), 422),
            (submitted(person=person | {"given_name": "  "}), 422),
            (submitted(person=person | {"given_name": "R2D2"}), 422),
            (submitted(person=person | {"given_name": "a\x00b"}), 422),
            (submitted(person=person | {"given_name": "x" * 81}), 422),
            (submitted(person=None), 422),
            (door.post(f"/v1/referrals/{uuid4()}/accept", {}), 404),
            (door.post("/v1/referrals/not-an-id/accept", {}), 404),
            (door.post(f"/v1/referrals/{uuid4()}/accept", {"really": True}), 422),
            (door.post("/v1/slips", {"qr": "RELAIS1.forged"}), 409),
            (door.get(f"/v1/referrals/{uuid4()}"), 404),
            (door.get("/v1/referrals?limit=1000"), 422),
            (door.get("/v1/referrals?state=lost"), 422),
            (door.get("/v1/referrals?after=yesterday"), 422),
            (door.get("/v1/referrals?sitecode=lyon"), 422),
            (door.get("/v1/referrals?code=%00"), 422),
            (door.get("/v1/referrals?code=OOOO"), 200),
        ]

        for answer, status in wrong:
            assert answer.status_code == status, (answer.request.content[:100], answer.text)
            if status != 200:
                assert answer.headers["Content-Type"] == "application/problem+json"
        assert (door.count("referral"), door.count("person")) == before

    def test_names_the_values_that_are_allowed(self, door: Door) -> None:
        refused = door.get("/v1/referrals?state=lost")

        assert refused.json()["errors"] == [
            {
                "field": "state",
                "reason": "Ce n'est pas une des valeurs permises :"
                " submitted, seen, provisional, accepted, refused, lapsed, revoked.",
            }
        ]

    def test_names_the_field_and_the_reason_in_french(self, door: Door) -> None:
        refused = door.post("/v1/referrals", a_body(phone="12"), as_=REFERRER)

        assert refused.json()["errors"] == [
            {
                "field": "person.phone",
                "reason": "Ce n'est pas un numéro de téléphone, comme 06 39 98 00 12.",
            }
        ]
        assert refused.json()["code"] == "referrals.person.not_valid"

    def test_says_it_in_english_to_whom_asks(self, door: Door) -> None:
        headers = keyed(REFERRER) | {"Accept-Language": "en-GB,en;q=0.9"}

        refused = door.client.post("/v1/referrals", json=a_body(phone="12"), headers=headers)

        reason = refused.json()["errors"][0]["reason"]
        assert reason == "This is not a phone number, such as 06 39 98 00 12."
