"""Accounts at its HTTP door: a real process, a real database, real tokens."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import psycopg
import pytest

from chassis.auth import Verifier, public_key_of
from deploy.local.home import ROOT
from services.accounts.seal import Passwords
from tests.accounts.door import ADMIN, PASSWORD, Door, a_user, run_create_admin
from tests.fix_service import OTHER_KEY, SIGNING_KEY, bearer, environment_of, keyed
from tests.fix_stack import Schema


class TestCommandLine:
    def test_makes_the_first_administrator_once(self, door: Door) -> None:
        again = run_create_admin(door.schema)

        assert again.returncode == 1
        assert "adresse" in again.stderr
        assert len(door.rows("SELECT FROM account WHERE role = 'admin'")) == 1

    def test_refuses_a_short_password(self, door: Door) -> None:
        assert "12" in run_create_admin(door.schema, password="court").stderr

    def test_service_does_not_start_without_its_signing_key(self, schema: Schema) -> None:
        started = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "services.accounts"],
            cwd=ROOT,
            env=environment_of(schema, RELAIS_SIGNING_KEY=" "),
            capture_output=True,
            text=True,
            timeout=30,
        )

        assert started.returncode == 1
        assert "RELAIS_SIGNING_KEY" in started.stderr
        assert "Traceback" not in started.stderr


class TestSignIn:
    def test_gives_a_token_that_every_service_verifies_alone(self, door: Door) -> None:
        site = door.make_site()
        user = door.make_user("site_manager", site)

        answer = door.sign_in(user["email"].upper())

        assert answer.status_code == 201
        session = answer.json()
        assert session["user"] == {
            "id": user["user_id"],
            "role": "site_manager",
            "site_codes": [site],
            "operator": None,
            "volunteer": False,
        }
        verifier = Verifier(public_key_of(SIGNING_KEY))
        now = datetime.now(UTC)
        caller = verifier.verify(f"Bearer {session['token']}", now=now)
        assert (str(caller.user_id), caller.site_codes) == (user["user_id"], frozenset({site}))
        assert caller.name == "Capucine A."
        lifetime = datetime.fromisoformat(session["expires_at"]) - now
        assert timedelta(hours=11, minutes=59) < lifetime <= timedelta(hours=12)

    def test_answers_an_unknown_address_like_a_wrong_password(self, door: Door) -> None:
        user = door.make_user("referrer")

        unknown = door.sign_in(f"{uuid4().hex}@relais.example", password="un mauvais mot de passe")
        wrong = door.sign_in(user["email"], password="un mauvais mot de passe")

        assert unknown.status_code == wrong.status_code == 401
        assert unknown.json() == wrong.json()
        assert wrong.json()["code"] == "accounts.session.wrong_credentials"
        assert wrong.json()["detail"] == "Cette adresse et ce mot de passe ne vont pas ensemble."

    def test_lets_nobody_in_who_is_disabled(self, door: Door) -> None:
        user = door.make_user("referrer")
        assert door.post(f"/v1/users/{user['user_id']}/disable", {}).json()["disabled"]

        assert door.sign_in(user["email"]).status_code == 401

    def test_stores_a_password_anew_that_was_stored_with_weaker_parameters(
        self, door: Door
    ) -> None:
        user = door.make_user("referrer")
        weak = Passwords(memory_kib=8 * 1024, rounds=1, lanes=1).hash(PASSWORD)
        with psycopg.connect(door.schema.admin_url) as admin:
            admin.execute(
                "UPDATE accounts.account SET password_hash = %s WHERE user_id = %s",
                (weak, user["user_id"]),
            )

        assert door.sign_in(user["email"]).status_code == 201

        query = "SELECT password_hash FROM account WHERE user_id = %s"
        [stored] = door.rows(query, user["user_id"])
        assert stored["password_hash"].startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        assert door.sign_in(user["email"]).status_code == 201

    def test_stops_after_five_wrong_passwords_even_for_the_right_one(self, door: Door) -> None:
        user = door.make_user("referrer")
        for _ in range(5):
            assert door.sign_in(user["email"], password="raté").status_code == 401

        stopped = door.sign_in(user["email"])

        assert stopped.status_code == 429
        assert stopped.json()["code"] == "accounts.session.throttled"
        assert 0 < int(stopped.headers["Retry-After"]) <= 60
        assert door.sign_in(ADMIN).status_code == 201, "others are not stopped"

    def test_forgives_what_was_wrong_before_the_right_password(self, door: Door) -> None:
        user = door.make_user("referrer")
        for password in ("raté",) * 4 + (PASSWORD,) + ("raté",) * 4:
            door.sign_in(user["email"], password=password)

        assert door.sign_in(user["email"]).status_code == 201

    def test_a_hundred_guesses_at_once_get_five_looks(self, door: Door) -> None:
        user = door.make_user("referrer")

        with ThreadPoolExecutor(100) as pool:
            guesses = [f"raté {number}" for number in range(100)]
            answers = list(
                pool.map(lambda guess: door.sign_in(user["email"], password=guess), guesses)
            )

        statuses = [answer.status_code for answer in answers]
        assert sorted(set(statuses)) == [401, 429]
        assert statuses.count(401) == 5
        noted = [entry["kind"] for entry in door.log() if entry["user_id"] == user["user_id"]]
        assert noted == ["user_created", *["sign_in_failed"] * 5]

    def test_twenty_right_ones_at_once_are_all_let_in(self, door: Door) -> None:
        user = door.make_user("referrer")

        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: door.sign_in(user["email"]), range(20)))

        assert {answer.status_code for answer in answers} == {201}

    def test_stops_an_address_that_guesses_at_many_accounts(self, door: Door) -> None:
        def guess(number: int) -> int:
            email = f"personne{number}@relais.example"
            return door.sign_in(email, password="raté", address="198.51.100.7").status_code

        at_home, once = door.make_user("referrer"), door.make_user("referrer")
        for user in (at_home, once):
            assert door.sign_in(user["email"], address="198.51.100.7").status_code == 201
        with psycopg.connect(door.schema.admin_url) as admin:
            admin.execute(
                "UPDATE accounts.familiar_place SET signed_in_at = now() - interval '31 days'"
                " WHERE user_id = %s",
                (once["user_id"],),
            )

        with ThreadPoolExecutor(10) as pool:
            statuses = list(pool.map(guess, range(60)))

        assert statuses.count(401) == 50
        for email in (ADMIN, once["email"]):
            assert door.sign_in(email, address="198.51.100.7").status_code == 429
            assert door.sign_in(email, address="198.51.100.8").status_code == 201
        # Whoever signs in there every day is not kept out, and guessed at no more than elsewhere.
        assert door.sign_in(at_home["email"], address="198.51.100.7").status_code == 201
        tries = [
            door.sign_in(at_home["email"], password="raté", address="198.51.100.7").status_code
            for _ in range(6)
        ]
        assert tries == [401] * 5 + [429]
        assert door.rows("SELECT FROM familiar_place WHERE user_id = %s", once["user_id"]) == [{}]


class TestTokens:
    @pytest.mark.parametrize(
        ("header", "code"),
        [
            ({}, "accounts.token.missing"),
            ({"Authorization": "Bearer not.a.token"}, "accounts.token.invalid"),
            (bearer("admin", key=OTHER_KEY), "accounts.token.invalid"),
            (bearer("admin", lifetime=timedelta(seconds=-1)), "accounts.token.expired"),
        ],
    )
    def test_missing_forged_and_expired_ones_are_refused(
        self, door: Door, header: dict[str, str], code: str
    ) -> None:
        answer = door.get("/v1/sites", as_=header)

        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def test_one_without_an_account_changes_nothing_here(self, door: Door) -> None:
        body = {"site_code": "nowhere", "name": "Nulle part", "address": "-"}

        assert door.post("/v1/sites", body, as_=bearer("admin")).status_code == 401

    def test_another_role_is_refused(self, door: Door) -> None:
        body = {"site_code": "nowhere", "name": "Nulle part", "address": "-"}

        refused = door.post("/v1/sites", body, as_=door.as_user("referrer"))

        assert (refused.status_code, refused.json()["code"]) == (403, "accounts.role.not_allowed")


class TestSites:
    def test_opens_once_and_tells_everybody(self, door: Door) -> None:
        body = {"site_code": f"s-{uuid4().hex[:8]}", "name": "Emmaüs Défi", "address": "Paris 19e"}

        first = door.post("/v1/sites", body, key=f"open {body['site_code']}".replace(" ", "-"))
        again = door.post("/v1/sites", body, key=f"open {body['site_code']}".replace(" ", "-"))
        taken = door.post("/v1/sites", body)

        assert first.status_code == again.status_code == 201
        assert first.json() == again.json() == body | {"open": True}
        assert (taken.status_code, taken.json()["code"]) == (409, "accounts.site.taken")
        told = door.rows(
            "SELECT type, site, data FROM outbox WHERE subject = %s", body["site_code"]
        )
        assert told == [
            {"type": "accounts.site.opened.v1", "site": body["site_code"], "data": body}
        ]
        assert body | {"open": True} in door.get("/v1/sites", as_=door.as_user("referrer")).json()


class TestUsers:
    @pytest.mark.parametrize(
        ("role", "sites", "operator", "wrong"),
        [
            ("till_operator", 0, None, "site_codes"),
            ("mediator", 1, "sfr", "operator"),
            ("operator_partner", 0, None, "operator"),
            ("operator_partner", 1, "sfr", "site_codes"),
            ("referrer", 1, None, "site_codes"),
            ("admin", 0, "sfr", "operator"),
        ],
    )
    def test_role_goes_with_its_sites_and_operator(
        self, door: Door, role: str, sites: int, operator: str | None, wrong: str
    ) -> None:
        body = a_user(role, *(door.make_site() for _ in range(sites)), operator=operator)

        refused = door.post("/v1/users", body)

        assert refused.status_code == 422
        assert [each["field"] for each in refused.json()["errors"]] == [wrong]

    @pytest.mark.parametrize(
        "password",
        ["xq7-wz", "aaaaaaaaaaaaaa", "motdepasse2026!", "azertyuiopqsdf", "123456789012"],
    )
    def test_refuses_passwords_that_are_short_or_obvious(self, door: Door, password: str) -> None:
        refused = door.post("/v1/users", a_user("referrer") | {"password": password})

        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == "password"
        assert password not in refused.text

    def test_manager_makes_till_operators_and_mediators_of_own_sites(self, door: Door) -> None:
        own, other = door.make_site(), door.make_site()
        manager = door.as_user("site_manager", own)

        statuses = {
            "own": door.post("/v1/users", a_user("till_operator", own), as_=manager).status_code,
            "other": door.post("/v1/users", a_user("mediator", other), as_=manager).status_code,
            "peer": door.post("/v1/users", a_user("site_manager", own), as_=manager).status_code,
            "admin": door.post("/v1/users", a_user("admin"), as_=manager).status_code,
        }

        assert statuses == {"own": 201, "other": 403, "peer": 403, "admin": 403}
        seen = door.get("/v1/users", as_=manager).json()
        assert {user["role"] for user in seen} == {"site_manager", "till_operator"}

    def test_same_key_makes_one_user_and_another_password_is_another_request(
        self, door: Door
    ) -> None:
        body, key = a_user("referrer"), uuid4().hex

        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: door.post("/v1/users", body, key=key), range(8)))
        other = door.post("/v1/users", body | {"password": "une toute autre phrase"}, key=key)

        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.json()["user_id"] for answer in answers}) == 1
        assert (other.status_code, other.json()["code"]) == (409, "idempotency.key_reused")

    def test_is_told_of_without_name_and_address_when_it_comes_and_goes(self, door: Door) -> None:
        site = door.make_site()
        user = door.make_user("mediator", site)
        for _ in range(2):
            door.post(f"/v1/users/{user['user_id']}/disable", {})

        told = door.rows(
            "SELECT type, site, data FROM outbox WHERE subject = %s"
            " AND type LIKE 'accounts.user.%%' ORDER BY sequence",
            user["user_id"],
        )

        data = {"user_id": user["user_id"], "role": "mediator", "site_codes": [site]}
        assert told == [
            {"type": f"accounts.user.{what}.v1", "site": "network", "data": data}
            for what in ("created", "disabled")
        ]

    def test_first_administrator_is_told_of(self, door: Door) -> None:
        me = door.get("/v1/me").json()["user_id"]

        assert door.rows("SELECT type FROM outbox WHERE subject = %s", me) == [
            {"type": "accounts.user.created.v1"}
        ]

    def test_refuses_an_address_that_is_taken(self, door: Door) -> None:
        body = a_user("referrer")
        door.post("/v1/users", body)

        taken = door.post("/v1/users", body | {"email": body["email"].upper()})

        assert (taken.status_code, taken.json()["code"]) == (409, "accounts.user.email_taken")

    def test_refuses_a_site_that_does_not_exist(self, door: Door) -> None:
        assert door.post("/v1/users", a_user("mediator", "atlantis")).status_code == 404

    def test_nobody_disables_themselves(self, door: Door) -> None:
        me = door.get("/v1/me").json()

        assert door.post(f"/v1/users/{me['user_id']}/disable", {}).status_code == 409

    def test_disabled_user_changes_nothing_with_a_token_that_still_runs(self, door: Door) -> None:
        user = door.make_user("admin")
        token = {"Authorization": f"Bearer {door.sign_in(user['email']).json()['token']}"}
        door.post(f"/v1/users/{user['user_id']}/disable", {})

        assert door.get("/v1/me", as_=token).status_code == 401
        assert door.post("/v1/users", a_user("referrer"), as_=token).status_code == 401

    def test_lists_page_by_page(self, door: Door) -> None:
        for _ in range(3):
            door.make_user("referrer")

        whole = [user["email"] for user in door.get("/v1/users?limit=200").json()]
        first = door.get("/v1/users?limit=2").json()
        rest = door.get(f"/v1/users?limit=200&after={first[-1]['email']}").json()
        linked = door.get("/v1/users?limit=2").links["next"]["url"]

        assert [user["email"] for user in first + rest] == whole == sorted(whole)
        following = door.get(linked.removeprefix("/api/accounts")).json()
        assert [user["email"] for user in following] == whole[2:4]
        assert door.get("/v1/users?limit=201").status_code == 422

    def test_password_stands_nowhere_in_clear(self, door: Door) -> None:
        door.make_user("referrer")
        kept = door.rows(
            "SELECT account::text FROM account UNION ALL SELECT command_answer::text"
            "  FROM command_answer UNION ALL SELECT outbox::text FROM outbox"
        )

        assert kept
        assert not [row for row in kept if PASSWORD in row["account"]]


class TestBadInput:
    def test_each_gets_its_problem_document(self, door: Door) -> None:
        headers = keyed(door.admin)
        wrong: list[tuple[httpx.Response, int]] = [
            (door.client.post("/v1/sites", content=b"{", headers=headers), 400),
            (door.client.post("/v1/sites", content=b'"\xff"', headers=headers), 400),
            (door.client.post("/v1/sites", content=b'"' + b"a" * 5_000_000, headers=headers), 413),
            (door.client.post("/v1/sites", json={}, headers=door.admin), 422),
            (door.post("/v1/sites", {"site_code": "A B", "name": "", "address": ""}), 422),
            (door.post("/v1/sites", {"site_code": "a\x00", "name": "x", "address": "x"}), 422),
            (door.post("/v1/users", a_user("referrer") | {"shoe_size": 43}), 422),
            (door.post("/v1/users", a_user("wizard")), 422),
            (door.post("/v1/users", a_user("referrer") | {"email": "no address"}), 422),
            (door.post("/v1/users", a_user("referrer") | {"email": 3}), 422),
            (door.post(f"/v1/users/{uuid4()}/disable", {}), 404),
            (door.post(f"/v1/devices/{uuid4()}/revoke", {}), 404),
            (door.get("/v1/nothing"), 404),
            (door.client.put("/v1/sites", headers=door.admin), 405),
        ]

        for answer, status in wrong:
            assert answer.status_code == status, answer.text
            assert answer.headers["Content-Type"] == "application/problem+json"
            problem = answer.json()
            assert problem["status"] == status
            assert problem["code"]
            assert problem["title"]

    def test_unknown_field_is_named_in_french(self, door: Door) -> None:
        refused = door.post("/v1/users", a_user("referrer") | {"shoe_size": 43})

        assert refused.json()["errors"] == [
            {"field": "shoe_size", "reason": "Ce champ n'est pas connu ici."}
        ]

    def test_openapi_names_each_route(self, door: Door) -> None:
        document = door.get("/openapi.json").json()

        assert document["openapi"] == "3.1.0"
        assert document["paths"]["/api/accounts/v1/sites"]["post"]["x-roles"] == ["admin"]
