"""Whom somebody looks for: the words of a name, in each way they may be divided, and a birth year.

Apostrophes, hyphens and spaces come and go in names: N'Guyen is Nguyen, El Amrani is Elamrani.  So
a text has several readings, and whoever fits one of them is found.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations, pairwise

from services.referrals.domain.person import AGE_YEARS_MAX, fold

_YEAR = re.compile(r"[0-9]{4}")
#: What a name has at least that a birth year narrows down; digits alone find phones, three of them.
_NAME_SIGNS_MIN = 3
#: Texts of more words are read as they stand.
_DIVIDED_WORDS_MAX = 5

Reading = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A name in all its readings, and the year of birth if it was given."""

    readings: Sequence[Reading]
    birth_year: int | None = None


def read(text: str, *, today: date) -> Wanted | None:
    """Return whom a text with letters names; None where that is nobody."""
    words = fold(text).split()
    years = [word for word in words if _YEAR.fullmatch(word)]
    names = [word for word in words if word not in years]
    if not years:
        return Wanted(readings=_readings(names)) if names else None
    if len(years) > 1 or not any(_is_name(word) for word in names):
        return None
    year = int(years[0])
    if not today.year - AGE_YEARS_MAX <= year <= today.year:
        return None
    return Wanted(readings=_readings(names), birth_year=year)


def _is_name(word: str) -> bool:
    return len(word) >= _NAME_SIGNS_MIN and word.isalpha()


def _readings(words: Sequence[str]) -> list[Reading]:
    """Divide the words in each way in which some neighbours are one word; as they stand first."""
    gaps = range(1, len(words))
    if len(words) > _DIVIDED_WORDS_MAX:
        return [tuple(words)]
    return [
        _divided(words, at)
        for count in range(len(words) - 1, -1, -1)
        for at in combinations(gaps, count)
    ]


def _divided(words: Sequence[str], at: Sequence[int]) -> Reading:
    edges = (0, *at, len(words))
    return tuple("".join(words[first:end]) for first, end in pairwise(edges))
