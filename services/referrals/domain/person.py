"""A person's identity: what is believed of it, and when two of them are the same person's."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from kernel.period import add_years
from kernel.refusal import Invalid, NotFound
from services.referrals.domain import email as emails
from services.referrals.domain import phone as phones

AGE_YEARS_MAX = 120
_ASCII_WORD = re.compile(r"[a-z0-9]+")
# Letters that do not decompose into a plain one and an accent.
_PLAIN = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


class PersonNotValid(Invalid):
    """Some fields about the person are not as they should be."""

    code = "referrals.person.not_valid"


class PersonUnknown(NotFound):
    """There is no such person."""

    code = "referrals.person.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who somebody is, each field as it is stored; never told to other services, never logged."""

    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    birth_date: date = field(repr=False)
    phone: str | None = field(repr=False, default=None)
    email: str | None = field(repr=False, default=None)

    @property
    def name_key(self) -> str:
        """The name as it is compared: without accents, capitals, hyphens and apostrophes."""
        return fold(f"{self.given_name} {self.family_name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody under the name that other services know, with the name to greet them by."""

    person_ref: UUID
    given_name: str = field(repr=False)
    family_name: str = field(repr=False)


def identify(
    *,
    given_name: str,
    family_name: str,
    birth_date: date,
    phone: str | None,
    email: str | None,
    today: date,
) -> Identity:
    """Return the identity as it is stored, or refuse it with every field that is wrong."""
    wrong: list[dict[str, str]] = []

    def reject(name: str, reason: str) -> None:
        wrong.append({"field": f"person.{name}", "reason": reason})

    names = {"given_name": given_name, "family_name": family_name}
    for name, text in names.items():
        names[name] = " ".join(unicodedata.normalize("NFC", text).split())
        if not _is_name(names[name]):
            reject(name, "A name has letters, and no digits or signs.")
    if birth_date >= today:
        reject("birth_date", "A birth date lies in the past.")
    elif birth_date <= add_years(today, -AGE_YEARS_MAX):
        reject("birth_date", "This birth date is too long ago.")
    if phone is not None:
        try:
            phone = phones.normalise(phone)
        except ValueError as error:
            reject("phone", str(error))
    if email is not None:
        try:
            email = emails.normalise(email)
        except ValueError as error:
            reject("email", str(error))
    if wrong:
        raise PersonNotValid(errors=wrong)
    return Identity(birth_date=birth_date, phone=phone, email=email, **names)


def fold(text: str) -> str:
    """Return the text without accents, capitals and whatever is no letter, words apart."""
    if text.isascii():  # nearly all that an audit reads: the same, a dozen times as fast
        return " ".join(_ASCII_WORD.findall(text.lower()))
    # Twice, as Unicode's compatibility caseless matching (D146) has it: a sign that decomposes into
    # a capital is a capital only then.
    for _ in range(2):
        text = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(
        sign for sign in text.translate(_PLAIN) if not unicodedata.category(sign).startswith("M")
    )
    return " ".join("".join(sign if sign.isalnum() else " " for sign in bare).split())


def _is_name(text: str) -> bool:
    return any(sign.isalpha() for sign in text) and all(
        sign.isalpha() or unicodedata.combining(sign) or sign in " -'’.·" for sign in text
    )
