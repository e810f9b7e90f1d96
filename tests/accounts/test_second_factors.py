"""Second factors at the HTTP door: enrolled, asked for, used once, recovered, removed."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg
import pytest

from tests.accounts.authenticator import code_of
from tests.accounts.door import PASSWORD, Door
from tests.accounts.test_sessions import begun, refused
from tests.fix_service import keyed


@dataclass(kw_only=True)
class Holder:
    """Somebody with an app that shows codes, each of which they use once."""

    door: Door
    user: dict[str, Any]
    secret: str
    recovery_codes: list[str] = field(default_factory=list)
    _ahead: int = -2

    def sign_in(self, code: str | None = None, **more: Any) -> httpx.Response:
        body = {"email": self.user["email"], "password": PASSWORD, "code": code} | more
        return self.door.client.post("/v1/sessions", json=body)

    def next_code(self) -> str:
        """A code that was not used: of this half minute, or of one that the clock may be off."""
        self._ahead += 1
        return code_of(self.secret, ahead=self._ahead)

    def token(self) -> dict[str, str]:
        """The token of a sign-in with a recovery code, which leaves the app's codes alone."""
        session = self.sign_in(self.recovery_codes.pop()).json()
        return {"Authorization": f"Bearer {session['token']}"}


def post(door: Door, path: str, body: Any, *, as_: dict[str, str]) -> httpx.Response:
    return door.client.post(path, json=body, headers=as_)


def enrol(door: Door, user: dict[str, Any]) -> Holder:
    """Enrol an app for somebody; its code of a minute ago proves it, so that others are left."""
    _, token = begun(door, user["email"])
    shown = post(door, "/v1/second-factor", {"password": PASSWORD}, as_=token)
    assert shown.status_code == 201, shown.text
    holder = Holder(door=door, user=user, secret=shown.json()["secret"])
    done = post(door, "/v1/second-factor/confirm", {"code": holder.next_code()}, as_=token)
    assert done.status_code == 200, done.text
    holder.recovery_codes = done.json()["recovery_codes"]
    return holder


@pytest.fixture(autouse=True)
def _within_one_half_minute() -> None:
    """Codes of three half minutes are right: begin well before the next one does."""
    left_s = 30 - time.time() % 30
    if left_s < 12:
        time.sleep(left_s)


class TestSecondFactor:
    def test_is_asked_for_once_it_has_been_proven(self, door: Door) -> None:
        user = door.make_user("referrer")
        _, token = begun(door, user["email"])
        post(door, "/v1/second-factor", {"password": PASSWORD}, as_=token)
        assert door.sign_in(user["email"]).status_code == 201, "shown, but not proven"

        holder = enrol(door, user)

        assert refused(door, token) == "accounts.token.revoked"
        without = holder.sign_in()
        assert (without.status_code, without.json()["code"]) == (
            401,
            "accounts.session.second_factor_needed",
        )
        given = holder.sign_in(holder.next_code())
        assert (given.status_code, given.json()["second_factor"]) == (201, "given")

    def test_is_of_no_use_without_the_password(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))

        answer = holder.sign_in(holder.next_code(), password="pas le bon du tout")

        assert answer.json()["code"] == "accounts.session.wrong_credentials"

    def test_code_is_used_once_however_often_it_is_sent_at_once(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))
        code = holder.next_code()

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: holder.sign_in(code), range(4)))

        assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]
        wrong = next(answer for answer in answers if answer.status_code == 401)
        assert wrong.json()["code"] == "accounts.session.code_wrong"
        assert wrong.json()["detail"] == "Ce code est faux, ou a déjà servi."

    def test_code_of_another_time_is_wrong(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))

        for ahead in (-10, 10):
            answer = holder.sign_in(code_of(holder.secret, ahead=ahead))
            assert answer.json()["code"] == "accounts.session.code_wrong"

    def test_guesses_are_counted_though_the_password_is_right_each_time(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))
        for number in range(5):
            assert holder.sign_in().status_code == 401, "asking for the code forgives nothing"
            assert holder.sign_in(f"00000{number}").status_code == 401

        stopped = holder.sign_in(holder.next_code())

        assert (stopped.status_code, stopped.json()["code"]) == (429, "accounts.session.throttled")

    def test_secret_is_kept_sealed_and_bound_to_its_user(self, door: Door) -> None:
        holder, other = (enrol(door, door.make_user("referrer")) for _ in range(2))
        kept = door.rows("SELECT second_factor::text AS kept FROM second_factor")
        assert not [row for row in kept if holder.secret in row["kept"]]
        with psycopg.connect(door.schema.admin_url) as admin:
            admin.execute(
                "UPDATE accounts.second_factor AS mine SET sealed = theirs.sealed"
                "  FROM accounts.second_factor AS theirs"
                " WHERE mine.user_id = %s AND theirs.user_id = %s",
                (holder.user["user_id"], other.user["user_id"]),
            )

        assert holder.sign_in(other.next_code()).status_code == 500

    def test_is_shown_to_an_app_as_apps_read_it(self, door: Door) -> None:
        user = door.make_user("referrer")
        _, token = begun(door, user["email"])

        shown = post(door, "/v1/second-factor", {"password": PASSWORD}, as_=token).json()

        address = urlsplit(shown["qr"])
        asked = parse_qs(address.query)
        assert (address.scheme, address.netloc) == ("otpauth", "totp")
        assert (asked["secret"], asked["issuer"]) == ([shown["secret"]], ["Relais"])
        assert (asked["digits"], asked["period"]) == (["6"], ["30"])

    @pytest.mark.parametrize(
        ("path", "body", "code"),
        [
            ("", {"password": "pas le bon du tout"}, "accounts.password.wrong"),
            ("/confirm", {"code": "123456"}, "accounts.factor.missing"),
            ("/remove", {"password": PASSWORD, "code": "123456"}, "accounts.factor.missing"),
            (
                "/recovery-codes",
                {"password": PASSWORD, "code": "123456"},
                "accounts.factor.missing",
            ),
        ],
    )
    def test_that_is_not_there_is_neither_begun_nor_removed_by_others(
        self, door: Door, path: str, body: dict[str, str], code: str
    ) -> None:
        _, token = begun(door, door.make_user("referrer")["email"])

        answer = post(door, f"/v1/second-factor{path}", body, as_=token)

        assert (answer.status_code, answer.json()["code"]) == (409, code)

    def test_that_was_proven_makes_room_for_no_other(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))

        again = post(door, "/v1/second-factor", {"password": PASSWORD}, as_=holder.token())

        assert again.json()["code"] == "accounts.factor.there_already"

    def test_is_removed_by_its_owner_with_a_last_code(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))
        token = holder.token()
        body = {"password": PASSWORD, "code": "000000"}
        assert post(door, "/v1/second-factor/remove", body, as_=token).status_code == 409

        done = post(
            door, "/v1/second-factor/remove", body | {"code": holder.next_code()}, as_=token
        )

        assert done.json() == {"enrolled": False, "needed": False, "recovery_codes_left": 0}
        assert refused(door, token) == "accounts.token.revoked"
        assert holder.sign_in().status_code == 201

    def test_is_removed_by_a_manager_when_the_telephone_is_lost(self, door: Door) -> None:
        own, other = door.make_site(), door.make_site()
        holder = enrol(door, door.make_user("till_operator", own))
        path = f"/v1/users/{holder.user['user_id']}/second-factor/remove"
        stranger, manager = (door.as_user("site_manager", site) for site in (other, own))
        assert door.post(path, {}, as_=stranger).status_code == 403

        assert door.post(path, {}, as_=manager).status_code == 200

        assert holder.sign_in().status_code == 201
        assert door.post(path, {}, as_=manager).json()["code"] == "accounts.factor.missing"


class TestRecoveryCode:
    def test_opens_once_and_is_kept_as_a_digest(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))
        assert len(holder.recovery_codes) == len(set(holder.recovery_codes)) == 10
        code = holder.recovery_codes[0]

        opened = holder.sign_in(f" {code.lower().replace('-', ' ')} ")

        assert (opened.status_code, opened.json()["second_factor"]) == (201, "given")
        assert holder.sign_in(code).json()["code"] == "accounts.session.code_wrong"
        kept = door.rows("SELECT recovery_code::text AS kept FROM recovery_code")
        assert not [row for row in kept if code.replace("-", "") in row["kept"]]
        token = {"Authorization": f"Bearer {opened.json()['token']}"}
        state = door.get("/v1/second-factor", as_=token).json()
        assert state == {"enrolled": True, "needed": False, "recovery_codes_left": 9}
        kinds = [e["kind"] for e in door.log() if e["user_id"] == holder.user["user_id"]]
        assert "recovery_code_used" in kinds

    def test_of_before_opens_nothing_once_there_are_new_ones(self, door: Door) -> None:
        holder = enrol(door, door.make_user("referrer"))
        old = holder.recovery_codes[0]
        body = {"password": PASSWORD, "code": holder.next_code()}

        renewed = post(door, "/v1/second-factor/recovery-codes", body, as_=holder.token()).json()[
            "recovery_codes"
        ]

        assert holder.sign_in(old).status_code == 401
        assert holder.sign_in(renewed[0]).status_code == 201


class TestRule:
    def test_lets_a_role_that_must_have_one_do_nothing_else_before(self, door: Door) -> None:
        site = door.make_site()
        user = door.make_user("mediator", site)
        _set_rule(door, "mediator,admin")
        try:
            session, token = begun(door, user["email"])
            seen = door.get("/v1/sites", as_=token)
            state = door.get("/v1/second-factor", as_=token).json()
            holder = enrol(door, user)
            given = holder.sign_in(holder.next_code())
            opened = {"Authorization": f"Bearer {given.json()['token']}"}
            kept = post(
                door,
                "/v1/second-factor/remove",
                {"password": PASSWORD, "code": "000000"},
                as_=opened,
            )
            others = door.sign_in(door.make_user("referrer")["email"]).json()
        finally:
            _set_rule(door, "")

        assert session["second_factor"] == "to_enrol"
        assert (seen.status_code, seen.json()["code"]) == (403, "accounts.role.not_allowed")
        assert state == {"enrolled": False, "needed": True, "recovery_codes_left": 0}
        assert door.get("/v1/sites", as_=opened).status_code == 200
        assert kept.json()["code"] == "accounts.factor.needed"
        assert others["second_factor"] == "none"

    def test_is_called_for_where_a_password_alone_opens_a_sensitive_role(self, door: Door) -> None:
        page = f"{door.client.base_url.copy_with(path='/pilotage/personnes/apercu')}"
        manager = door.as_user("site_manager", door.make_site())
        _set_rule(door, "mediator,admin")
        try:
            shown, to_manager = door.get(page).text, door.get(page, as_=manager).text
            _set_rule(door, "mediator,site_manager,admin")
            closed = door.get(page).text
        finally:
            _set_rule(door, "")

        words = "Un mot de passe suffit pour"
        assert words in shown
        assert "responsable" in shown.partition(words)[2].partition("</dd>")[0].lower()
        assert words not in to_manager + closed


def _set_rule(door: Door, roles: str) -> None:
    with psycopg.connect(door.schema.admin_url) as admin:
        admin.execute(
            "INSERT INTO accounts.rule VALUES ('second_factor_roles', '2021-01-01', %s)"
            " ON CONFLICT (name, from_on) DO UPDATE SET value = EXCLUDED.value",
            (roles,),
        )


class TestBadInput:
    @pytest.mark.parametrize("code", ["", "x" * 41, 123456, ["1"]])
    def test_is_refused_at_sign_in(self, door: Door, code: Any) -> None:
        body = {"email": "a@relais.example", "password": PASSWORD, "code": code}
        assert door.client.post("/v1/sessions", json=body).status_code == 422

    def test_key_is_not_asked_for_where_a_secret_would_be_kept(self, door: Door) -> None:
        _, token = begun(door, door.make_user("referrer")["email"])
        answers = [
            door.client.post(
                "/v1/second-factor", json={"password": PASSWORD}, headers=keyed(token, key="same")
            ).json()
            for _ in range(2)
        ]
        assert answers[0]["secret"] != answers[1]["secret"]
        kept = door.rows("SELECT command_answer::text AS kept FROM command_answer")
        assert not [row for row in kept if answers[1]["secret"] in row["kept"]]
