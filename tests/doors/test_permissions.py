"""Who may open which door, at which site: every route, every role, own and other sites."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.doors.conftest import CopyOf
from tests.doors.copies import Copy, User
from tests.doors.filling import body_of
from tests.doors.known import UNKNOWN, known_at, someone
from tests.doors.matrix import NOBODY, ROLES, WORDS, Route, decided, routes
from tests.fix_service import bearer, keyed

ROUTES = list(routes())
MATRIX = decided()
SITES = ("saint-denis", "marseille", "paris-19")
#: Two sites that did not see the day of the demonstration: nothing in it is theirs.
ELSEWHERE = "antony"
NOT_YOURS = (403, 404)
#: What is not theirs to see is not there.
HIDDEN = {
    "accounts.session.unknown",
    "referrals.person.unknown",
    "referrals.referral.unknown",
}
#: Theirs to open; what lies behind it has been done already.
DONE = {"recharges.print.printed_already"}


class TestMatrix:
    def test_has_a_line_for_each_route_and_for_nothing_else(self) -> None:
        assert set(MATRIX) == {route.name for route in ROUTES}

    @pytest.mark.parametrize("name", sorted(MATRIX))
    def test_has_a_word_for_each_role(self, name: str) -> None:
        assert MATRIX[name].keys() == {*ROLES, NOBODY}
        assert set(MATRIX[name].values()) <= set(WORDS)

    @pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
    def test_lets_in_the_roles_that_the_code_lets_in(self, route: Route) -> None:
        words = MATRIX[route.name]
        if words[NOBODY] == "free":
            assert not route.roles
        else:
            assert {role for role in ROLES if words[role] != "no"} == route.roles


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if not route.is_shared or route.service == "settlement"],
    ids=lambda route: route.name,
)
class TestDoor:
    def test_is_shut_to_whoever_has_no_business_there(self, route: Route, copy_of: CopyOf) -> None:
        copy, words = copy_of(route.service), MATRIX[route.name]
        known = _known(route, copy)

        for role in ROLES:
            answer = _ask(copy, route, known, bearer(role, known["site_code"]))
            if words[role] == "no" and words[NOBODY] == "no":
                assert _problem(answer) == (403, "accounts.role.not_allowed"), role
        if words[NOBODY] == "no":
            assert _problem(_ask(copy, route, known, {})) == (401, "accounts.token.missing")

    def test_opens_to_whoever_works_there(
        self, route: Route, copy_of: CopyOf, users: list[User]
    ) -> None:
        copy, words = copy_of(route.service), MATRIX[route.name]
        known = _known(route, copy)

        for role in (role for role in ROLES if words[role] in ("own", "all", "free")):
            who = _headers(users, role, site_code=known["site_code"])
            answer = _ask(copy, route, known, who)
            assert _lets_in(answer, words), (role, answer.text)
            assert _code(answer) != "relais.invalid", (role, answer.text)

    def test_stays_shut_to_other_sites(
        self, route: Route, copy_of: CopyOf, users: list[User]
    ) -> None:
        copy, words = copy_of(route.service), MATRIX[route.name]
        known = _known(route, copy)

        for role in (role for role in ROLES if words[role] == "own"):
            answer = _ask(copy, route, known, _headers(users, role, site_code=ELSEWHERE))
            refused = answer.status_code == 403 or _code(answer) in HIDDEN
            assert refused, (role, answer.status_code, answer.text)

    def test_opens_at_every_site_to_those_who_work_for_all(
        self, route: Route, copy_of: CopyOf, users: list[User]
    ) -> None:
        copy, words = copy_of(route.service), MATRIX[route.name]
        known = _known(route, copy)

        for role in (role for role in ROLES if words[role] == "all"):
            answer = _ask(copy, route, known, _headers(users, role, site_code=ELSEWHERE))
            assert answer.status_code not in (401, 403), (role, answer.text)

    def test_shows_nobody_what_is_another_s(
        self, route: Route, copy_of: CopyOf, users: list[User]
    ) -> None:
        copy, words = copy_of(route.service), MATRIX[route.name]
        known = _known(route, copy)
        # A parked delivery's number is nobody's, and stands in many an amount.
        theirs = [
            value
            for name, value in known.items()
            if name.endswith("_id") and not str(value).isdigit()
        ]

        for role in (role for role in ROLES if words[role] == "mine"):
            answer = _ask(copy, route, known, _stranger(users, role))
            if route.parameters("path"):
                assert answer.status_code in NOT_YOURS, (role, answer.status_code, answer.text)
            else:
                assert not [each for each in theirs if each in answer.text], (role, answer.text)


def _known(route: Route, copy: Copy) -> dict[str, Any]:
    """What is known at the first site where everything in the route's path is."""
    needed = [each["name"] for each in route.parameters("path")]
    for site_code in SITES:
        known = known_at(site_code, copy=copy, route=route.name)
        if all(known[name] != UNKNOWN for name in needed):
            return known
    raise AssertionError(f"the demonstration has none of {needed} at any of {SITES}")


def _lets_in(answer: httpx.Response, words: dict[str, str]) -> bool:
    """Say whether a door opened; where nobody needs a token, what is sent may still be wrong."""
    if words[NOBODY] == "free":
        return _code(answer) not in ("accounts.token.missing", "accounts.role.not_allowed")
    return answer.status_code not in (401, 403) or _code(answer) in DONE


def _stranger(users: list[User], role: str) -> dict[str, str]:
    """Somebody of the role to whom nothing of the demonstration belongs."""
    if role == "till_device":
        return bearer(role, ELSEWHERE)
    others = [user for user in users if user.role == role and user.operator != "sfr"]
    # The last to be let in: of a site that did not see the day, where the role has no site itself.
    return next((user for user in others if ELSEWHERE in user.site_codes), others[-1]).headers()


def _headers(users: list[User], role: str, *, site_code: str) -> dict[str, str]:
    if role == "till_device":
        return bearer(role, site_code)
    if role == "enrolling":  # they have a role, which says nothing until they have enrolled
        return bearer(role, user_id=someone(users, "admin", site_code=site_code).user_id)
    return someone(users, role, site_code=site_code).headers()


def _ask(
    copy: Copy, route: Route, known: dict[str, Any], headers: dict[str, str]
) -> httpx.Response:
    query = {
        each["name"]: known[each["name"]]
        for each in route.parameters("query")
        if each["required"] or each["name"] == "site_code"
    }
    body: dict[str, Any] = {}
    if route.body is not None:
        filled = body_of(route.name, route.body, document=route.document, known=known)
        body = {"json": filled}
    elif route.method != "GET":
        body = {"content": b"x", "headers": {"Content-Type": "text/csv"}}
    sent = keyed(headers, key=str(uuid4())) | body.pop("headers", {})
    prefix = f"/api/{route.service}"
    path = route.path.format_map(known).removeprefix(prefix)
    return copy.client.request(route.method, path, params=query, headers=sent, **body)


def _code(answer: httpx.Response) -> str:
    if answer.headers.get("Content-Type") != "application/problem+json":
        return ""
    code: str = answer.json()["code"]
    return code


def _problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, _code(answer)
