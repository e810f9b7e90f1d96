"""Words of names that are spelled otherwise and are the same word.

Two ways to err: the pen slips (`is_slip`), and the ear writes what it hears (`sound`).
"""

import re
from itertools import pairwise

#: A French ear, in the order in which it is applied; on words as `person.fold` leaves them.
_HEARD = tuple(
    (re.compile(spelled), heard)
    for spelled, heard in (
        (r"ph", "f"),
        (r"pt", "t"),  # Baptiste, Batiste
        (r"chr", "kr"),
        (r"sch|sh|ch", "x"),  # one sign for one sound
        (r"(ck|qu|q)", "k"),
        (r"c(?=[eiy])", "s"),
        (r"c", "k"),
        (r"gu(?=[eiy])", "g"),
        (r"(dj|g(?=[eiy]))", "j"),
        (r"h", ""),
        (r"z", "s"),
        (r"^ou(?=[aei])", "w"),  # Ouahid, Wahid
        (r"^(ou|u)", "o"),  # Ousmane, Usman, Osman
        (r"(?<=.)[wy]", "i"),
        (r"(.)\1+", r"\1"),
        (r"m(?=[bp])", "n"),
        (r"(?<=.[lnr])[dtsx]$|(?<=..)[tsx]$", ""),  # Dupont, Dupond, Dupon; Petit; Dubois
    )
)
_VOWELS = re.compile(r"(?<=.)[aeiou]+")
#: A sound of fewer consonants is that of too many words.
_SOUND_SIGNS_MIN = 3
#: How many slips a word of so many letters is forgiven.
_SLIPS = ((8, 2), (4, 1), (0, 0))
#: How many slips apart two given names are still worth a look by a human.
_SIMILAR_SLIPS_MAX = 2


def sound(word: str) -> str:
    """Return what is heard of a word: how it begins, its consonants, and an `a` at its end.

    Whoever writes down what they hear agrees on consonants long before they do on vowels: Mohamed,
    Mouhammad, Muhammed.  An `a` at the end is heard: Karim and Karima are two.
    """
    for spelled, heard in _HEARD:
        word = spelled.sub(heard, word)
    return _VOWELS.sub("", word) + ("a" if word.endswith("a") else "")


def is_respelled(one: str, other: str) -> bool:
    """Say whether two words are the same one, spelled otherwise; the same both ways round."""
    heard = sound(one)
    if heard == sound(other) and len(heard) >= _SOUND_SIGNS_MIN:
        return True
    return is_slip(one, other)


def is_slip(one: str, other: str) -> bool:
    """Say whether a slip or two of the pen make one word of the other: a sign more, less, else.

    Two neighbours that changed places are one slip.
    """
    forgiven = next(slips for signs, slips in _SLIPS if min(len(one), len(other)) >= signs)
    return abs(len(one) - len(other)) <= forgiven and _slips(one, other) <= forgiven


def is_similar(one: str, other: str) -> bool:
    """Say whether two names may be one, for a human to look at: two slips, or one begins the other.

    Of a short name no more than half the letters may differ: Léo and Léa are alike, Luc is another.
    """
    few, many = sorted((one, other), key=len)
    if many.startswith(few):
        return True
    forgiven = min(_SIMILAR_SLIPS_MAX, len(many) // 2)
    return len(many) - len(few) <= forgiven and _slips(one, other) <= forgiven


def _slips(one: str, other: str) -> int:
    """Count the slips between two words: optimal string alignment, row by row."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for line, sign in enumerate(one, start=1):
        oldest, before, row = before, row, [line]
        for place, wanted in enumerate(other, start=1):
            slips = min(before[place] + 1, row[-1] + 1, before[place - 1] + (sign != wanted))
            if line > 1 and place > 1 and one[line - 2 : line] == wanted + other[place - 2]:
                slips = min(slips, oldest[place - 2] + 1)
            row.append(slips)
    return row[-1]


def is_swapped(one: str, other: str) -> bool:
    """Say whether two texts of one length differ by two neighbours that changed places."""
    return one != other and any(
        one[:at] + second + first + one[at + 2 :] == other
        for at, (first, second) in enumerate(pairwise(one))
    )
