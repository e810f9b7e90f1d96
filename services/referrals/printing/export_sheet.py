"""All that the network holds on a person, on paper: what the JSON says, in the person's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date

from chassis import texts
from kernel.period import PARIS
from services.referrals.printing import codes, pdf

LANGUAGE = "fr"
#: Of what there is more, the paper shows the newest and says that the file has all of them.
ROWS_MAX = 300
#: Days that are the first on which something is no longer good; a person is told the last good one.
HALF_OPEN = frozenset({"expires_on", "until_on"})
#: Many short rows: one table, a row each.
_COMPACT = frozenset({"accesses", "exports"})
_SUFFIXES = ("_cents", "_at", "_on", "_id", "_ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Rows of one kind in one service: a name and a value for each field."""

    heading: str
    rows: Sequence[Sequence[tuple[str, str]]]
    left_out: int
    compact: bool


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
        made=_instant(ready_at),
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
        compact=kind in _COMPACT,
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
    if isinstance(value, str) and field in codes.CODED and value in codes.WORDS:
        return say(codes.WORDS[value])
    return _in_time(field, value) if isinstance(value, str) else str(value)


def _in_time(field: str, text: str) -> str:
    """Write a day, a month or an instant as a person reads it; other texts stay as they are."""
    try:
        if len(text) == len("2026-11-22"):
            return _day(field, date.fromisoformat(text))
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    # Without an offset it is no instant of ours, but somebody's words or a number.
    return text if instant.tzinfo is None else _instant(instant)


def _day(field: str, day: date) -> str:
    if field == "month_on":
        return format_date(day, "MMMM y", locale=LANGUAGE)
    if field in HALF_OPEN:
        return say("{last_on} included", last_on=day - timedelta(days=1))
    return texts.day(day, language=LANGUAGE)


def _instant(instant: datetime) -> str:
    local = instant.astimezone(PARIS)
    return say("{day_on} at {time}", day_on=local.date(), time=f"{local:%H:%M}")
