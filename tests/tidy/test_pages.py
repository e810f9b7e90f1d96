"""What holds for every page: its French, its address, no script or style but from our own files."""

import hashlib
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from chassis import navigation, upkeep
from chassis.web import render
from chassis.web.page import pages_of
from deploy import contracts, vendor
from deploy.local import nginx
from deploy.local.home import ROOT

WEBS = {"chassis": ROOT / "chassis" / "web"} | {
    name: ROOT / "services" / name / "web"
    for name in contracts.service_names()
    if (ROOT / "services" / name / "web").is_dir()
}
TEMPLATES = sorted(path for web in WEBS.values() for path in web.rglob("*.html"))
SCRIPTS = sorted(
    path for web in WEBS.values() for path in web.rglob("*.js") if "vendor" not in path.parts
)
_KEYWORDS = ("_", "gettext", "ngettext")
#: An inline script or style, a handler in an attribute, an address elsewhere.
_INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*(\ssrc=|application/json))"
    r"|(src|href)=\"(https?:)?//"
)


def said_on_pages(owner: str) -> Iterator[str]:
    """What the templates and scripts of the chassis or of a service say to people."""
    for template in WEBS[owner].rglob("*.html"):
        with template.open("rb") as source:
            for _, _, words, _ in babel_extract(source, _KEYWORDS, (), {"silent": "false"}):
                yield from (words,) if isinstance(words, str) else filter(None, words or ())
    for words in render.script_sentences(owner):
        yield from (words,) if isinstance(words, str) else words
    if owner == "chassis":
        yield from (place.label for place in navigation.PLACES + navigation.STEERING)
        yield from navigation.SERVICES.values()


def catalogue_of(owner: str) -> set[str]:
    folder = ROOT / "chassis" if owner == "chassis" else ROOT / "services" / owner
    with (folder / "locale" / "fr.po").open("rb") as source:
        messages = [each for each in read_po(source, locale="fr") if each.id and each.string]
    return {
        word
        for each in messages
        for word in (each.id if isinstance(each.id, list | tuple) else (each.id,))
    }


class TestPages:
    @pytest.mark.parametrize("owner", WEBS)
    def test_say_everything_in_french(self, owner: str) -> None:
        said = set(said_on_pages(owner))

        assert said
        assert sorted(said - catalogue_of(owner) - catalogue_of("chassis")) == []

    @pytest.mark.parametrize(
        "template", TEMPLATES, ids=lambda path: f"{path.parts[-4]}-{path.name}"
    )
    def test_hold_no_script_and_no_style_of_their_own(self, template: Path) -> None:
        assert _INLINE.search(template.read_text(encoding="utf-8")) is None

    @pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: f"{path.parts[-4]}-{path.name}")
    def test_scripts_make_no_code_of_texts(self, script: Path) -> None:
        text = script.read_text(encoding="utf-8")

        assert re.search(r"\beval\(|new Function|innerHTML|localStorage|https?://", text) is None

    @pytest.mark.parametrize("service", [name for name in WEBS if name != "chassis"])
    def test_lie_under_the_prefixes_that_nginx_knows(self, service: str) -> None:
        prefixes = importlib.import_module(f"services.{service}.web").PREFIXES
        # Every service shows its upkeep at an address of its own, which nginx knows as such.
        shared = upkeep.PART.format(service="<service>")
        pages = pages_of(contracts.service_class(service))
        paths = [page.path for page in pages if page.path != shared]

        assert paths
        assert set(nginx.prefixes_of(service)) == set(prefixes)
        for path in paths:
            assert any(
                path == prefix or (prefix != "/" and path.startswith(f"{prefix}/"))
                for prefix in prefixes
            ), path


class TestVendoredScripts:
    def test_are_those_that_were_read_and_accepted(self) -> None:
        entries = json.loads(vendor.LIST.read_text(encoding="utf-8"))
        accepted = {
            ROOT / entry["folder"] / Path(name).name: digest
            for entry in entries
            for name, digest in entry["files"].items()
        }
        lying_there = {
            path
            for web in WEBS.values()
            for path in (web / "static" / "vendor").rglob("*")
            if path.is_file()
        }

        assert lying_there == set(accepted)
        for path, digest in accepted.items():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
