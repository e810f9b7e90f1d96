"""All that the network holds on a person, on paper: what the JSON says, in the person's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel.dates import format_date, format_datetime

from chassis import texts
from kernel.period import PARIS
from services.referrals.printing import pdf

LANGUAGE = "fr"
#: Of what there is more, the paper shows the newest and says that the file has all of them.
ROWS_MAX = 300
_SUFFIXES = ("_cents", "_at", "_on", "_id", "_ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows of one kind in one service: a name and a value for each field."""

    heading: str
    rows: Sequence[Sequence[tuple[str, str]]]
    left_out: int


def to_html(
    services: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    *,
    too_large: Mapping[str, int],
    ready_at: datetime,
) -> str:
    """Return the page; every text in it is escaped."""
    return pdf.template("export.html").render(
        services=[
            (say(service), [_section(kind, rows) for kind, rows in held.items() if rows])
            for service, held in services.items()
        ],
        too_large=[say(service) for service in too_large],
        made=format_datetime(ready_at.astimezone(PARIS), "long", locale=LANGUAGE),
        say=say,
        language=LANGUAGE,
    )


def label(field: str) -> str:
    """Return a field's name in English words, which is its msgid."""
    for suffix in _SUFFIXES:
        field = field.removesuffix(suffix)
    return field.replace("_", " ")


def say(sentence: str, **values: object) -> str:
    """Say it in the person's language."""
    return texts.say(sentence, values, language=LANGUAGE, service="referrals")


def _section(kind: str, rows: Sequence[Mapping[str, Any]]) -> Section:
    return Section(
        heading=say(label(kind)),
        rows=[
            [(say(label(field)), _shown(field, value)) for field, value in row.items()]
            for row in rows[-ROWS_MAX:]
        ],
        left_out=max(0, len(rows) - ROWS_MAX),
    )


def _shown(field: str, value: Any) -> str:
    """Write a value of the JSON as a person reads it."""
    if value is None or value == "" or value == []:
        return "–"
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, int) and field.endswith("_cents"):
        return texts.amount(value, language=LANGUAGE)
    if isinstance(value, Mapping):
        return ", ".join(f"{say(label(name))} {_shown(name, each)}" for name, each in value.items())
    if isinstance(value, list):
        return " ; ".join(_shown(field, each) for each in value)
    if isinstance(value, str) and field.endswith("_at"):
        instant = datetime.fromisoformat(value).astimezone(PARIS)
        return format_datetime(instant, "d MMMM y HH:mm", locale=LANGUAGE)
    if isinstance(value, str) and field.endswith(("_on", "_date", "from_on", "until_on")):
        return format_date(date.fromisoformat(value), "long", locale=LANGUAGE)
    return str(value)
