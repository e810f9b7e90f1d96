"""Sentences for persons: French by default, English beside it, through gettext catalogues.

A catalogue is `locale/fr.po` in the chassis and in each service; its msgids are the English
sentences in the code, so English needs no file.  Catalogues are read as text at start: there is
no compiled file to forget.
"""

import gettext
import io
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib import resources

from babel.dates import format_date
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency

from kernel.counted import Counted, CountedInFrench
from kernel.refusal import Refusal

LANGUAGES = ("fr", "en")
#: The codes of roles in words; the words are msgids.
ROLES = {
    "till_operator": "till operator",
    "mediator": "mediator",
    "operator_partner": "operator's partner",
    "referrer": "referrer",
    "site_manager": "site manager",
    "admin": "administrator",
    "till_device": "device of a till",
    "enrolling": "second factor to be set up",
}


def language_of(accept_language: str | None) -> str:
    """Choose French unless the header asks for English first."""
    first = (accept_language or "").split(",", 1)[0].strip().lower()
    return "en" if first.startswith("en") else "fr"


def translate(sentence: str, *, language: str, service: str | None = None) -> str:
    """Return the sentence in the language; one nobody translated stays English."""
    if not sentence:  # gettext keeps the head of its catalogue under the empty one
        return ""
    for package in ("chassis", *((f"services.{service}",) if service else ())):
        translated = _catalogue(package, language).gettext(sentence)
        if translated != sentence:
            return translated
    return sentence


def translate_counted(
    one: str, many: str, count: int, *, language: str, service: str | None = None
) -> str:
    """Return the form of a sentence that goes with a number of things."""
    for package in ("chassis", *((f"services.{service}",) if service else ())):
        translated = _catalogue(package, language).ngettext(one, many, count)
        if translated not in (one, many):
            return translated
    return one if count == 1 else many


def explain(refusal: Refusal, *, language: str) -> str:
    """Say why something was refused."""
    service = refusal.code.partition(".")[0]
    return say(refusal.sentence(), refusal.values, language=language, service=service)


def say(
    sentence: str, values: Mapping[str, object], *, language: str, service: str | None = None
) -> str:
    """Return a sentence with its amounts, days, numbers and words as the language writes them."""
    template = translate(sentence, language=language, service=service)
    shown = {
        name: _shown(name, value, language=language, service=service)
        for name, value in values.items()
    }
    return template.format_map(shown)


def amount(cents: int, *, language: str) -> str:
    """Write an amount of cents in euros: `2,50 €`; below zero with the sign, `−2,50 €`."""
    written = format_currency(Decimal(cents).scaleb(-2), "EUR", locale=language)
    return written.replace("-", "\N{MINUS SIGN}")  # a hyphen is overlooked


def day(value: date, *, language: str) -> str:
    """Write a day in words: `1er août 2026`."""
    written = format_date(value, format="long", locale=language)
    # French counts the first day of a month: "1er août", which the locale data leave out.
    return f"1er{written[1:]}" if language == "fr" and value.day == 1 else written


def _shown(name: str, value: object, *, language: str, service: str | None) -> object:
    if name.endswith("_cents") and isinstance(value, int):
        return amount(value, language=language)
    if name == "role":
        return translate(ROLES.get(str(value), str(value)), language=language)
    if name == "roles" and isinstance(value, tuple):
        words = [translate(ROLES.get(str(each), str(each)), language=language) for each in value]
        return format_list(words, style="or", locale=language)
    if type(value) is int:
        return CountedInFrench(value) if language == "fr" else Counted(value)
    if isinstance(value, date):
        return day(value, language=language)
    if isinstance(value, StrEnum):  # a word of the trade, which has its own msgid
        return translate(value, language=language, service=service)
    return value


@cache
def _catalogue(package: str, language: str) -> gettext.NullTranslations:
    try:
        source = (resources.files(package) / "locale" / f"{language}.po").read_bytes()
    except (FileNotFoundError, ModuleNotFoundError):
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(source), locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
