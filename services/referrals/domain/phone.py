"""Phone numbers as they are compared: E.164, whatever way they were written."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

_WRITTEN = re.compile(r"[+0(][0-9+\s./()-]*", re.ASCII)
#: Spaces that no keyboard has a key for, as copied from a page or a sheet.
_SPACES = str.maketrans(dict.fromkeys("\u00a0\u2007\u2009\u202f", " "))
#: What follows +33: a number of nine digits that does not begin with a second trunk 0.
_FRENCH = re.compile(r"[1-9][0-9]{8}")
#: A French number dialled like any other, whose country code is another: Guadeloupe, Guyane,
#: Martinique, La Réunion, Mayotte.
_OVERSEAS = ("GP", "GF", "MQ", "RE", "YT")
#: Their 08 and 09 are France's own.
_THEIRS = frozenset(
    (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
)
#: Saint-Pierre-et-Miquelon: 0508 and the six digits dialled there.
_MIQUELON = re.compile(r"508([0-9]{6})")


def normalise(text: str) -> str:
    """Return `+33639980012` for `06 39 98 00 12`, `0033 6.39.98.00.12` or `+33 (0)6 39 98 00 12`.

    A number without a country is French, be it of an overseas department: `0692 12 34 56` is
    `+262692123456`.  What cannot be a number is a ValueError.
    """
    bare = text.translate(_SPACES).strip()
    if not _WRITTEN.fullmatch(bare):
        raise ValueError("This is not a phone number, such as 06 39 98 00 12.")
    try:
        number = _at_home(phonenumbers.parse(bare, "FR"))
    except NumberParseException as error:
        raise ValueError("This is not a phone number, such as 06 39 98 00 12.") from error
    # Possible, not valid: validity follows what each operator was given last month, and numbers
    # set aside for fiction never are.
    if not phonenumbers.is_possible_number(number):
        raise ValueError("This is not a phone number, such as 06 39 98 00 12.")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _at_home(number: PhoneNumber) -> PhoneNumber:
    """Give a number that was written as one of France the country code it is reached by."""
    if number.country_code != phonenumbers.country_code_for_region("FR"):
        return number
    national = phonenumbers.national_significant_number(number)
    if not _FRENCH.fullmatch(national):
        raise ValueError("This is not a phone number, such as 06 39 98 00 12.")
    if there := _MIQUELON.fullmatch(national):
        return phonenumbers.parse(there[1], "PM")
    for region in _OVERSEAS:
        other = phonenumbers.parse(f"0{national}", region)
        if phonenumbers.number_type(other) in _THEIRS:
            return other
    return number
