"""How a page is written: its words, its addresses, and what a cookie is worth."""

import json
import re
from datetime import UTC, datetime

import jinja2
import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from chassis.cookies import (
    SESSION,
    TILL,
    Cookie,
    CrossSite,
    ScreenChanged,
    authorization_of,
    require_no_other_site,
    require_same_person,
)
from chassis.web import render
from chassis.web.render import FileMissing

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def request(*, method: str = "GET", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(EnvironBuilder(method=method, headers=named).get_environ())


class TestAuthorization:
    def test_of_a_program_is_its_header(self) -> None:
        asked = request(method="POST", Authorization="Bearer a", Cookie=f"{SESSION}=b")

        assert authorization_of(asked) == "Bearer a"

    def test_of_a_browser_is_its_cookie(self) -> None:
        assert authorization_of(request(Cookie=f"{SESSION}=b; {TILL}=c")) == "Bearer b"

    def test_of_a_till_is_asked_for_by_name(self) -> None:
        asked = request(Cookie=f"{SESSION}=b; {TILL}=c", Relais_Identity="till")

        assert authorization_of(asked) == "Bearer c"

    def test_of_nobody_is_none(self) -> None:
        assert authorization_of(request(method="POST")) is None

    @pytest.mark.parametrize("site", ["cross-site", "same-site", "none", ""])
    def test_changes_nothing_from_elsewhere(self, site: str) -> None:
        with pytest.raises(CrossSite):
            authorization_of(request(method="POST", Cookie=f"{SESSION}=b", Sec_Fetch_Site=site))

    def test_may_read_from_a_link_in_a_mail(self) -> None:
        assert authorization_of(request(Cookie=f"{SESSION}=b", Sec_Fetch_Site="cross-site"))

    def test_is_believed_of_the_same_origin_where_a_browser_is_older(self) -> None:
        ours = request(
            method="PUT", Cookie=f"{SESSION}=b", Host="a.example", Origin="https://a.example"
        )
        theirs = request(
            method="PUT", Cookie=f"{SESSION}=b", Host="a.example", Origin="https://a.example.evil"
        )

        assert authorization_of(ours) == "Bearer b"
        with pytest.raises(CrossSite):
            authorization_of(theirs)


class TestPageOfOurs:
    """What a request must come from to change anything, signed in or not."""

    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"Sec_Fetch_Site": "same-origin"},
            {"Sec_Fetch_Site": "none"},
            {"Host": "a.example", "Origin": "https://a.example"},
        ],
        ids=["program", "ours", "typed", "older"],
    )
    def test_is_ours_or_a_programs(self, sent: dict[str, str]) -> None:
        require_no_other_site(request(method="POST", **sent))

    @pytest.mark.parametrize(
        "sent",
        [
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Host": "a.example", "Origin": "https://b.example"},
            {"Host": "a.example", "Origin": "null"},
        ],
        ids=["foreign", "sibling", "older", "hidden"],
    )
    def test_is_no_other_sites(self, sent: dict[str, str]) -> None:
        with pytest.raises(CrossSite):
            require_no_other_site(request(method="POST", **sent))
        require_no_other_site(request(method="GET", **sent))

    def test_was_shown_to_whoever_is_signed_in_now(self) -> None:
        asked = request(method="POST", Cookie=f"{SESSION}=b", Relais_Shown_To="ida")

        require_same_person(asked, "ida")
        with pytest.raises(ScreenChanged):
            require_same_person(asked, "otto")


class TestCookie:
    @pytest.mark.parametrize("secure", [True, False])
    def test_is_kept_from_scripts_and_from_plain_lines_where_there_is_tls(
        self, secure: bool
    ) -> None:
        response = Response()

        Cookie(name=SESSION, value="b", expires_at=NOON).put(response, secure=secure)

        said = response.headers["Set-Cookie"]
        assert "HttpOnly" in said
        assert "SameSite=Lax" in said
        assert ("Secure" in said) is secure


class TestRender:
    @pytest.mark.parametrize("language", ["fr", "en"])
    def test_writes_a_page_in_the_language_of_the_person(self, language: str) -> None:
        problem = {"title": "<Non>", "detail": "a & b", "errors": [{"field": "", "reason": "r"}]}

        html = render.page(
            "problem.html", {"problem": problem}, service="accounts", language=language, call=None
        )

        assert f'<html lang="{language}">' in html
        assert ("Retour à l" in html, "Back to the start" in html) == (
            language == "fr",
            language == "en",
        )
        assert "<Non>" not in html
        assert "a &amp; b" in html

    def test_sends_along_what_scripts_say(self) -> None:
        problem = {"title": "", "detail": ""}
        html = render.page(
            "problem.html", {"problem": problem}, service="accounts", language="fr", call=None
        )

        block = re.search(r'id="said-by-scripts">(.*?)</script>', html, re.DOTALL)

        assert block is not None
        assert "<" not in block[1]
        said = json.loads(block[1])
        assert said["Cancel"] == "Annuler"

    def test_names_no_file_that_is_not_there(self) -> None:
        assert render.static("relais.css") == "/static/chassis/relais.css"
        with pytest.raises(FileMissing):
            render.static("relais.sass")

    def test_shows_nothing_that_was_not_given(self) -> None:
        with pytest.raises(jinja2.UndefinedError):
            render.page("problem.html", {}, service="accounts", language="fr", call=None)
