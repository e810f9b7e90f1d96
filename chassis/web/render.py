"""Writes pages: Jinja2 templates of a service over those of the chassis, in the person's language.

Every sentence in a template goes through gettext; the sentences that scripts say are taken out of
the scripts themselves (`t("...")`) and sent along in the page, so that they stand in the same
catalogues and nobody keeps a list.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_datetime, format_time
from babel.messages.extract import extract
from babel.numbers import format_decimal
from markupsafe import Markup, escape

from chassis import navigation, texts
from chassis.http import Call

_PARIS = ZoneInfo("Europe/Paris")
_CHASSIS = Path(__file__).parent
_SERVICES = Path(__file__).parents[2] / "services"
#: What marks a sentence in a script: `t("...")`, and `tn("one", "many", count)`.
SCRIPT_KEYWORDS: Mapping[str, Any] = {"t": None, "tn": (1, 2)}
#: Inside a page's data block, what HTML would read as the end of it.
_ESCAPES = {ord("<"): "\\u003c", ord(">"): "\\u003e", ord("&"): "\\u0026"}

_HEAD = re.compile(r"<thead.*?</thead>", re.DOTALL)
_HEADING = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
_ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t[dh]\b")


class FileMissing(Exception):
    """A template names a static file that does not exist."""


def page(
    template: str, values: Mapping[str, Any], *, service: str, language: str, call: Call | None
) -> str:
    """Write one page; `call` is None where nobody is known to be signed in."""
    caller = call.caller if call is not None and call.caller.role else None
    return (
        _environment(service, language)
        .get_template(template)
        .render(
            values,
            caller=caller,
            places=navigation.places_of(caller.role) if caller else (),
            steering=navigation.steering_of(caller.role) if caller else (),
            account_path=navigation.ACCOUNT,
            path=call.path if call is not None else "",
        )
    )


def folder_of(owner: str) -> Path:
    """Return where the static files of the chassis or of a service lie."""
    return (_CHASSIS if owner == "chassis" else _SERVICES / owner / "web") / "static"


def static(path: str, *, owner: str = "chassis") -> str:
    """Return the address of a static file."""
    if not (folder_of(owner) / path).is_file():
        raise FileMissing(f"{owner}: {path}")
    return f"/static/{owner}/{path}"


def with_column_names(table: Markup) -> Markup:
    """Give each cell of a table the name of its column, to stand before it on a narrow screen."""
    rows = str(table)
    head = _HEAD.search(rows)
    if head is None:
        return table
    headings = _HEADING.findall(head[0])
    names = [Markup(words).striptags() for words in headings]  # noqa: S704 - the template's own

    def named(row: re.Match[str]) -> str:
        left = iter(names)
        return _CELL.sub(lambda cell: f'{cell[0]} data-column="{escape(next(left, ""))}"', row[0])

    body = _ROW.sub(named, rows[head.end() :])
    return Markup(rows[: head.end()] + body)  # noqa: S704 - the names are escaped


def script_sentences(owner: str) -> frozenset[str | tuple[str, str]]:
    """Take out of the scripts of the chassis or of a service what they say to people."""
    found: set[str | tuple[str, str]] = set()
    for script in sorted(folder_of(owner).rglob("*.js")):
        if "vendor" in script.parts:
            continue
        with script.open("rb") as source:
            for _, words, _, _ in extract("javascript", source, keywords=SCRIPT_KEYWORDS):
                found.add(words if isinstance(words, str) else (words[0], words[1]))
    return frozenset(found)


@cache
def _environment(service: str, language: str) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [
                jinja2.FileSystemLoader(_SERVICES / service / "web" / "templates"),
                jinja2.FileSystemLoader(_CHASSIS / "templates"),
            ]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translate = partial(texts.translate, language=language, service=service)
    count = partial(texts.translate_counted, language=language, service=service)
    environment.install_gettext_callables(translate, count, newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "language": language,
        "service": service,
        "static": static,
        "said_by_scripts": partial(_said_by_scripts, service, language),
    }
    environment.filters |= _filters(translate, language)
    return environment


def _filters(translate: Callable[[str], str], language: str) -> Mapping[str, Callable[..., str]]:
    def euros(cents: int) -> str:
        return texts.amount(cents, language=language)

    def day(value: date) -> str:
        return texts.day(value, language=language)

    def last_day(until: date) -> str:
        return texts.day(until - timedelta(days=1), language=language)

    def moment(value: datetime) -> str:
        return format_datetime(value, "d MMM y, HH:mm", tzinfo=_PARIS, locale=language)

    def hour(value: datetime) -> str:
        return format_time(value, "HH:mm", tzinfo=_PARIS, locale=language)

    def number(value: float) -> str:
        return format_decimal(value, locale=language)

    def role(value: str) -> str:
        return translate(texts.ROLES.get(value, value))

    return {
        "euros": euros,
        "day": day,
        "last_day": last_day,
        "moment": moment,
        "hour": hour,
        "number": number,
        "role": role,
        "with_column_names": with_column_names,
    }


@cache
def _said_by_scripts(service: str, language: str) -> Markup:
    """Return what the scripts of a page may say, as the JSON of a data block."""
    said: dict[str, Any] = {}
    for words in script_sentences("chassis") | script_sentences(service):
        if isinstance(words, str):
            said[words] = texts.translate(words, language=language, service=service)
        else:
            said[words[0]] = [
                texts.translate_counted(*words, count, language=language, service=service)
                for count in (1, 2)
            ]
    return Markup(json.dumps(said, ensure_ascii=False, sort_keys=True).translate(_ESCAPES))  # noqa: S704
