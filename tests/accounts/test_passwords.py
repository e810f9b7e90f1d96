"""Passwords at the HTTP door: changed by who knows them, reset by who reads their mails."""

import email
import re
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from services.accounts.printing import letters
from tests.accounts.door import PASSWORD, Door
from tests.accounts.test_second_factors import enrol
from tests.accounts.test_sessions import begun, refused

NEW = "une tout autre longue phrase"
_TOKEN = re.compile(r"[\w-]{43}")


def ask(door: Door, address: str, *, language: str = "fr") -> httpx.Response:
    headers = {"X-Real-IP": f"192.0.2.{uuid4().int % 250}", "Accept-Language": language}
    return door.client.post("/v1/password-resets", json={"email": address}, headers=headers)


def use(door: Door, token: str, password: str = NEW) -> httpx.Response:
    body = {"token": token, "password": password}
    return door.client.post("/v1/password-resets/use", json=body)


def mails_to(door: Door, address: str) -> list[EmailMessage]:
    """The mails that wait for somebody, the oldest first."""
    rows = door.rows(
        "SELECT content FROM mail WHERE to_address = %s AND state = 'waiting' ORDER BY filed_at",
        address,
    )
    return [email.message_from_bytes(row["content"], policy=SMTP) for row in rows]


def token_in(mail: EmailMessage) -> str:
    [token] = _TOKEN.findall(mail.get_content())
    return str(token)


class TestReset:
    def test_lets_whoever_reads_the_mail_choose_another_password_once(self, door: Door) -> None:
        user = door.make_user("referrer")
        _, before = begun(door, user["email"])

        asked = ask(door, f" {user['email'].upper()} ")
        [mail] = mails_to(door, user["email"])
        used = use(door, token_in(mail))

        assert (asked.status_code, used.status_code) == (202, 200)
        assert mail["Subject"] == "Relais : un nouveau mot de passe"
        assert "30 minutes" in mail.get_content()
        assert refused(door, before) == "accounts.token.revoked"
        assert door.sign_in(user["email"]).status_code == 401
        assert door.sign_in(user["email"], password=NEW).status_code == 201
        again = use(door, token_in(mail), "encore une autre phrase")
        assert (again.status_code, again.json()["code"]) == (409, "accounts.reset.unknown")
        subjects = [each["Subject"] for each in mails_to(door, user["email"])]
        assert subjects[-1] == "Relais : votre mot de passe a été changé"
        kinds = [e["kind"] for e in door.log() if e["user_id"] == user["user_id"]]
        assert kinds[-4:] == [
            "password_reset_asked",
            "password_reset",
            "sign_in_failed",
            "signed_in",
        ]

    def test_says_what_to_do_with_the_code(self, door: Door) -> None:
        user = door.make_user("referrer")
        ask(door, user["email"])

        [mail] = mails_to(door, user["email"])

        assert "Saisissez-le là où vous en avez fait la demande" in mail.get_content()

    def test_points_to_the_page_where_there_is_one(self) -> None:
        page = "https://relais.example/mot-de-passe"
        mail = letters.reset(
            to="z@relais.example", token="t" * 43, page_url=page, minutes=30, language="fr"
        )

        assert f"sur cette page, dans les 30 minutes et une seule fois : {page}#ttt" in mail.text
        assert "Saisissez" not in mail.text

    def test_says_the_same_whether_anybody_has_the_address(self, door: Door) -> None:
        user, gone = door.make_user("referrer"), door.make_user("referrer")
        door.post(f"/v1/users/{gone['user_id']}/disable", {})
        addresses = [user["email"], gone["email"], f"{uuid4().hex}@relais.example", "no address"]

        answers = [ask(door, address) for address in addresses]

        assert {(answer.status_code, answer.text) for answer in answers} == {(202, "{}")}
        assert [len(mails_to(door, address)) for address in addresses] == [1, 0, 0, 0]

    def test_asked_for_too_often_at_an_address_keeps_nobody_from_signing_in(
        self, door: Door
    ) -> None:
        user, from_there = door.make_user("referrer"), {"X-Real-IP": "198.51.100.77"}

        asked = [
            door.client.post(
                "/v1/password-resets",
                json={"email": f"personne{number}@relais.example"},
                headers=from_there,
            ).status_code
            for number in range(51)
        ]

        assert asked == [202] * 50 + [429]
        assert door.sign_in(user["email"], address="198.51.100.77").status_code == 201

    def test_is_kept_as_a_digest(self, door: Door) -> None:
        user = door.make_user("referrer")
        ask(door, user["email"])
        token = token_in(mails_to(door, user["email"])[0])
        kept = door.rows(
            "SELECT password_reset::text AS kept FROM password_reset"
            " UNION ALL SELECT log_entry::text FROM log_entry"
            " UNION ALL SELECT outbox::text FROM outbox"
        )

        assert kept
        assert not [row for row in kept if token in row["kept"]]

    def test_asked_again_takes_the_former_mail_back(self, door: Door) -> None:
        user = door.make_user("referrer")
        ask(door, user["email"])
        first = token_in(mails_to(door, user["email"])[0])

        ask(door, user["email"], language="en")

        [mail] = mails_to(door, user["email"])
        assert mail["Subject"] == "Relais: a new password"
        assert use(door, first).json()["code"] == "accounts.reset.unknown"
        assert use(door, token_in(mail)).status_code == 200

    def test_is_over_after_half_an_hour(self, door: Door) -> None:
        user = door.make_user("referrer")
        ask(door, user["email"])
        with psycopg.connect(door.schema.admin_url) as admin:
            admin.execute(
                "UPDATE accounts.password_reset SET asked_at = asked_at - interval '30 minutes',"
                " expires_at = expires_at - interval '30 minutes' WHERE user_id = %s",
                (user["user_id"],),
            )

        late = use(door, token_in(mails_to(door, user["email"])[0]))

        assert late.json()["code"] == "accounts.reset.unknown"

    def test_does_not_take_a_password_that_is_obvious_and_can_be_used_again(
        self, door: Door
    ) -> None:
        user = door.make_user("referrer")
        ask(door, user["email"])
        token = token_in(mails_to(door, user["email"])[0])

        assert use(door, token, "motdepasse2026!").status_code == 422
        assert use(door, token).status_code == 200

    def test_used_twice_at_once_is_used_once(self, door: Door) -> None:
        user = door.make_user("referrer")
        ask(door, user["email"])
        token = token_in(mails_to(door, user["email"])[0])
        phrases = [f"la phrase choisie numéro {number}" for number in range(4)]

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda phrase: use(door, token, phrase), phrases))

        assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
        right = phrases[[answer.status_code for answer in answers].index(200)]
        assert door.sign_in(user["email"], password=right).status_code == 201

    def test_does_not_stand_in_for_the_second_factor(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))
        ask(door, holder.user["email"])

        assert use(door, token_in(mails_to(door, holder.user["email"])[0])).status_code == 200

        answer = holder.sign_in(password=NEW)
        assert answer.json()["code"] == "accounts.session.second_factor_needed"

    def test_fills_nobodys_mailbox(self, door: Door) -> None:
        user = door.make_user("referrer")

        statuses = [ask(door, user["email"]).status_code for _ in range(5)]

        assert statuses == [202, 202, 202, 429, 429]

    def test_is_not_guessed_at_without_end(self, door: Door) -> None:
        headers = {"X-Real-IP": "198.51.100.99"}
        body = {"token": "x" * 43, "password": NEW}

        statuses = [
            door.client.post("/v1/password-resets/use", json=body, headers=headers).status_code
            for _ in range(52)
        ]

        assert statuses == [409] * 50 + [429] * 2

    @pytest.mark.parametrize(
        "body", [{}, {"token": "", "password": NEW}, {"token": 3, "password": NEW}], ids=str
    )
    def test_that_is_badly_written_is_refused(self, door: Door, body: Any) -> None:
        assert door.client.post("/v1/password-resets/use", json=body).status_code == 422


class TestPassword:
    def test_is_changed_by_whoever_knows_it_and_every_session_ends(self, door: Door) -> None:
        user = door.make_user("referrer")
        tokens = [begun(door, user["email"])[1] for _ in range(2)]
        body = {"password": PASSWORD, "new_password": NEW}

        wrong = door.client.post(
            "/v1/password", json=body | {"password": "pas le bon"}, headers=tokens[0]
        )
        obvious = door.client.post(
            "/v1/password", json=body | {"new_password": "azertyuiopqs"}, headers=tokens[0]
        )
        changed = door.client.post("/v1/password", json=body, headers=tokens[0])

        assert (wrong.status_code, wrong.json()["code"]) == (409, "accounts.password.wrong")
        assert obvious.status_code == 422
        assert changed.status_code == 200
        assert {refused(door, token) for token in tokens} == {"accounts.token.revoked"}
        assert door.sign_in(user["email"]).status_code == 401
        assert door.sign_in(user["email"], password=NEW).status_code == 201

    def test_is_not_guessed_at_with_a_token_that_was_left_lying(self, door: Door) -> None:
        user = door.make_user("referrer")
        _, token = begun(door, user["email"])
        body = {"password": "raté", "new_password": NEW}

        statuses = [
            door.client.post("/v1/password", json=body, headers=token).status_code for _ in range(6)
        ]

        assert statuses == [409] * 5 + [429]
