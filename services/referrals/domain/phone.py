"""Phone numbers as they are compared: E.164, whatever way they were written."""

import re

_SPACING = re.compile(r"[\s.\-/()\u00a0\u202f]+")
_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_FRENCH = re.compile(r"\+33[1-9][0-9]{8}")


def normalise(text: str) -> str:
    """Return `+33639980012` for `06 39 98 00 12`, `0033 6.39.98.00.12` or `+33 (0)6 39 98 00 12`.

    A number without a country is French.  What cannot be a number is a ValueError.
    """
    bare = _SPACING.sub("", text.replace("(0)", ""))
    if bare.startswith("00"):
        bare = "+" + bare[2:]
    elif bare.startswith("0"):
        bare = "+33" + bare[1:]
    if not _E164.fullmatch(bare) or (bare.startswith("+33") and not _FRENCH.fullmatch(bare)):
        raise ValueError("This is not a phone number.")
    return bare
