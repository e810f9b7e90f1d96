"""Sentences for persons: French by default, English beside it, through gettext catalogues.

A catalogue is `locale/fr.po` in the chassis and in each service; its msgids are the English
sentences in the code, so English needs no file.  Catalogues are read as text at start: there is
no compiled file to forget.
"""

import gettext
import io
from datetime import date
from functools import cache
from importlib import resources

from babel.dates import format_date
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency

from kernel.refusal import Refusal

LANGUAGES = ("fr", "en")


def language_of(accept_language: str | None) -> str:
    """Choose French unless the header asks for English first."""
    first = (accept_language or "").split(",", 1)[0].strip().lower()
    return "en" if first.startswith("en") else "fr"


def translate(sentence: str, *, language: str, service: str | None = None) -> str:
    """Return the sentence in the language; one nobody translated stays English."""
    for package in ("chassis", *((f"services.{service}",) if service else ())):
        translated = _catalogue(package, language).gettext(sentence)
        if translated != sentence:
            return translated
    return sentence


def explain(refusal: Refusal, *, language: str) -> str:
    """Say why something was refused, with its amounts and days written as the language does."""
    service = refusal.code.partition(".")[0]
    template = translate(refusal.sentence(), language=language, service=service)
    values = {name: _shown(name, v, language=language) for name, v in refusal.values.items()}
    return template.format_map(values)


def amount(cents: int, *, language: str) -> str:
    """Write an amount of cents in euros: `2,50 €`."""
    return format_currency(cents / 100, "EUR", locale=language)


def _shown(name: str, value: object, *, language: str) -> object:
    if name.endswith("_cents") and isinstance(value, int):
        return amount(value, language=language)
    if isinstance(value, date):
        return format_date(value, format="long", locale=language)
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
