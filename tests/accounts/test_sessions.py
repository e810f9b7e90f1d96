"""Sessions: begun by a sign-in, listed and ended by their owner or who manages them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.accounts.door import PASSWORD, Door
from tests.chassis.bus import eventually

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


def begun(door: Door, email: str) -> tuple[dict[str, Any], dict[str, str]]:
    """A new session of somebody, and the header of its token."""
    session: dict[str, Any] = door.sign_in(email).json()
    return session, {"Authorization": f"Bearer {session['token']}"}


def refused(door: Door, as_: dict[str, str]) -> str:
    """The code with which a token is refused, once it is."""
    eventually(lambda: door.get("/v1/sites", as_=as_).status_code == 401, within_s=2.0)
    code: str = door.get("/v1/sites", as_=as_).json()["code"]
    return code


class TestSession:
    def test_is_listed_by_its_owner_with_where_it_comes_from(self, door: Door) -> None:
        user = door.make_user("referrer")
        body = {"email": user["email"], "password": PASSWORD}
        headers = {"X-Real-IP": "198.51.100.23", "User-Agent": FIREFOX}
        first = door.client.post("/v1/sessions", json=body, headers=headers).json()
        second, token = begun(door, user["email"])

        shown = door.get("/v1/sessions", as_=token).json()

        assert [each["session_id"] for each in shown] == [
            second["session_id"],
            first["session_id"],
        ]
        assert [each["current"] for each in shown] == [True, False]
        assert (shown[1]["device"], shown[1]["network"]) == ("Firefox, Windows", "198.51.100.0/24")
        assert {each["way"] for each in shown} == {"password"}
        assert shown[0]["expires_at"] == second["expires_at"]
        following = door.get("/v1/sessions?limit=1", as_=token).links["next"]["url"]
        assert door.get(following.removeprefix("/api/accounts"), as_=token).json() == shown[1:]

    def test_ends_for_good_and_for_itself_alone(self, door: Door) -> None:
        user = door.make_user("referrer")
        first, its_token = begun(door, user["email"])
        second, other_token = begun(door, user["email"])

        ended = door.post(f"/v1/sessions/{first['session_id']}/revoke", {}, as_=other_token)

        assert ended.status_code == 200
        assert ended.json()["ended_why"] == "revoked"
        assert refused(door, its_token) == "accounts.token.revoked"
        assert door.get("/v1/sites", as_=other_token).status_code == 200
        live = door.get("/v1/sessions", as_=other_token).json()
        assert [each["session_id"] for each in live] == [second["session_id"]]
        every = door.get("/v1/sessions?ended=true", as_=other_token).json()
        assert len(every) == 2

    def test_is_told_of_once_when_it_ends_however_often_it_is_ended(self, door: Door) -> None:
        user = door.make_user("referrer")
        session, _ = begun(door, user["email"])
        path = f"/v1/sessions/{session['session_id']}/revoke"

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(lambda _: door.post(path, {}), range(6)))

        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["ended_at"] for answer in answers}) == 1
        [told] = door.rows(
            "SELECT type, data FROM outbox WHERE subject = %s", session["session_id"]
        )
        assert told["type"] == "accounts.access.ended.v1"
        assert told["data"]["kind"] == "session"
        assert told["data"]["issued_before"] == answers[0].json()["ended_at"]
        assert told["data"]["expires_at"] == session["expires_at"]

    def test_is_signed_out_of(self, door: Door) -> None:
        user = door.make_user("referrer")
        _, token = begun(door, user["email"])

        done = door.post("/v1/sign-out", {}, as_=token)

        assert (done.status_code, done.json()["ended_why"]) == (200, "signed_out")
        assert refused(door, token) == "accounts.token.revoked"

    def test_all_end_at_once_and_the_next_one_is_let_in(self, door: Door) -> None:
        user = door.make_user("referrer")
        tokens = [begun(door, user["email"])[1] for _ in range(3)]

        done = door.post("/v1/sessions/revoke-all", {}, as_=tokens[0])
        _, fresh = begun(door, user["email"])

        assert done.status_code == 200
        assert {refused(door, token) for token in tokens} == {"accounts.token.revoked"}
        assert door.get("/v1/sites", as_=fresh).status_code == 200
        assert len(door.get("/v1/sessions", as_=fresh).json()) == 1


class TestWhoEndsWhose:
    def test_manager_ends_those_of_till_operators_of_own_sites(self, door: Door) -> None:
        own, other = door.make_site(), door.make_site()
        manager = door.as_user("site_manager", own)
        theirs, elsewhere = (
            door.make_user("till_operator", own),
            door.make_user("till_operator", other),
        )
        peer = door.make_user("site_manager", own)
        statuses = {}
        for who, user in (("own", theirs), ("other", elsewhere), ("peer", peer)):
            session, _ = begun(door, user["email"])
            query = f"/v1/sessions?user_id={user['user_id']}"
            path = f"/v1/sessions/{session['session_id']}/revoke"
            every = {"user_id": user["user_id"]}
            statuses[who] = (
                door.get(query, as_=manager).status_code,
                door.post(path, {}, as_=manager).status_code,
                door.post("/v1/sessions/revoke-all", every, as_=manager).status_code,
            )

        assert statuses == {
            "own": (200, 200, 200),
            "other": (403, 404, 403),
            "peer": (403, 404, 403),
        }

    @pytest.mark.parametrize("path", ["/v1/sessions/{}/revoke", "/v1/users/{}/disable"])
    def test_nobody_else_ends_anybodys(self, door: Door, path: str) -> None:
        victim = door.make_user("till_operator", door.make_site())
        session, token = begun(door, victim["email"])
        subject = session["session_id"] if "sessions" in path else victim["user_id"]

        answer = door.post(path.format(subject), {}, as_=door.as_user("referrer"))

        assert answer.status_code in (403, 404)
        assert door.get("/v1/sites", as_=token).status_code == 200

    def test_of_nobody_are_not_found(self, door: Door) -> None:
        query = f"/v1/sessions?user_id={uuid4()}"
        assert door.get(query).json()["code"] == "accounts.user.unknown"
        ended = door.post(f"/v1/sessions/{uuid4()}/revoke", {})
        assert ended.json()["code"] == "accounts.session.unknown"


class TestRights:
    def test_change_ends_every_session_and_the_next_token_says_the_new_ones(
        self, door: Door
    ) -> None:
        site, second_site = door.make_site(), door.make_site()
        user = door.make_user("till_operator", site)
        _, token = begun(door, user["email"])
        path = f"/v1/users/{user['user_id']}/change"
        sites = [site, second_site]
        body = {"role": "mediator", "site_codes": sites, "volunteer": True}

        changed = door.post(path, body)

        assert changed.status_code == 200, changed.text
        assert refused(door, token) == "accounts.token.revoked"
        fresh, _ = begun(door, user["email"])
        assert fresh["user"] == {
            "id": user["user_id"],
            "operator": None,
            **body,
            "site_codes": sorted(sites),
        }
        [told] = door.rows(
            "SELECT data FROM outbox WHERE subject = %s AND type = 'accounts.user.changed.v1'",
            user["user_id"],
        )
        assert told["data"] == {
            "user_id": user["user_id"],
            "role": "mediator",
            "site_codes": sorted(sites),
            "disabled_at": None,
        }

    def test_name_changes_without_ending_anything(self, door: Door) -> None:
        user = door.make_user("referrer")
        _, token = begun(door, user["email"])
        path = f"/v1/users/{user['user_id']}/change"

        changed = door.post(path, {"display_name": "Zélie Marchand"})

        assert changed.json()["display_name"] == "Zélie Marchand"
        assert door.get("/v1/me", as_=token).json()["display_name"] == "Zélie Marchand"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"role": "wizard"}, 422),
            ({"role": None}, 422),
            ({"site_codes": []}, 422),
            ({"operator": "sfr"}, 422),
            ({"site_codes": ["atlantis"]}, 404),
            ({"shoe_size": 43}, 422),
            ({"volunteer": "yes"}, 422),
        ],
    )
    def test_do_not_change_to_what_does_not_go_together(
        self, door: Door, body: dict[str, Any], status: int
    ) -> None:
        user = door.make_user("till_operator", door.make_site())

        assert door.post(f"/v1/users/{user['user_id']}/change", body).status_code == status

    def test_are_never_raised_by_a_manager_beyond_their_own(self, door: Door) -> None:
        own, other = door.make_site(), door.make_site()
        manager = door.as_user("site_manager", own)
        user = door.make_user("till_operator", own)
        both = door.make_user("till_operator", own, other)
        mine = door.get("/v1/me", as_=manager).json()["user_id"]
        tried: list[tuple[str, dict[str, Any]]] = [
            (user["user_id"], {"role": "site_manager"}),
            (user["user_id"], {"role": "admin", "site_codes": []}),
            (user["user_id"], {"site_codes": [own, other]}),
            (user["user_id"], {"site_codes": [other]}),
            (both["user_id"], {"site_codes": [own]}),
            (mine, {"role": "admin", "site_codes": []}),
        ]

        codes = {
            door.post(f"/v1/users/{who}/change", body, as_=manager).json()["code"]
            for who, body in tried
        }

        assert codes == {"accounts.user.not_yours"}
        changed = door.post(
            f"/v1/users/{user['user_id']}/change", {"role": "mediator"}, as_=manager
        )
        assert changed.status_code == 200

    def test_of_oneself_are_changed_by_somebody_else(self, door: Door) -> None:
        me = door.get("/v1/me").json()["user_id"]
        body = {"role": "referrer"}

        refused_ = door.post(f"/v1/users/{me}/change", body)

        assert (refused_.status_code, refused_.json()["code"]) == (
            409,
            "accounts.user.not_yourself",
        )

    def test_come_back_with_an_enabled_account_but_not_its_old_tokens(self, door: Door) -> None:
        user = door.make_user("referrer")
        _, token = begun(door, user["email"])
        path = f"/v1/users/{user['user_id']}"
        door.post(f"{path}/disable", {})
        assert door.sign_in(user["email"]).status_code == 401

        enabled = [door.post(f"{path}/enable", {}).json()["disabled"] for _ in range(2)]

        assert enabled == [False, False]
        assert refused(door, token) == "accounts.token.revoked"
        _, fresh = begun(door, user["email"])
        assert door.get("/v1/sites", as_=fresh).status_code == 200
        told = door.rows(
            "SELECT type FROM outbox WHERE subject = %s AND type LIKE '%%enabled%%'",
            user["user_id"],
        )
        assert told == [{"type": "accounts.user.enabled.v1"}]


class TestRace:
    def test_whoever_signs_in_while_their_access_ends_is_in_before_or_after(
        self, door: Door
    ) -> None:
        user = door.make_user("till_operator", door.make_site())
        path = f"/v1/users/{user['user_id']}/change"

        def sign_in(_: int) -> str:
            return str(door.sign_in(user["email"]).json()["token"])

        with ThreadPoolExecutor(9) as pool:
            signing_in = [pool.submit(sign_in, number) for number in range(8)]
            changing = pool.submit(door.post, path, {"role": "mediator"})
            tokens = [each.result() for each in signing_in]
        assert changing.result().status_code == 200

        access_from = door.rows(
            "SELECT access_from FROM account WHERE user_id = %s", user["user_id"]
        )[0]["access_from"]
        rows = door.rows(
            "SELECT began_at, ended_at FROM session WHERE user_id = %s", user["user_id"]
        )
        assert len(rows) == 8
        for row in rows:
            assert (row["ended_at"] is not None) == (row["began_at"] < access_from)
        later = datetime.now(access_from.tzinfo)
        assert later > access_from
        for token in tokens:
            answer = door.get("/v1/me", as_={"Authorization": f"Bearer {token}"})
            if answer.status_code == 200:
                assert answer.json()["role"] == "mediator"
