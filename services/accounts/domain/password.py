"""What a password must be: long rather than contorted (NIST SP 800-63B, section 3.1.1.2)."""

import unicodedata

from kernel.refusal import Invalid

CHARS_MIN = 12
_DISTINCT_MIN = 5
_BESIDE_WORDS_MIN = 6
_WORD_MIN = 4
_ROWS = ("azertyuiopqsdfghjklmwxcvbn", "qwertyuiopasdfghjklzxcvbnm", "0123456789" * 3)
_OBVIOUS = ("motdepasse", "password", "azerty", "qwerty", "bonjour", "relais", "emmaus")


class PasswordTooShort(Invalid):
    """A password has at least {chars_min} characters."""

    code = "accounts.password.too_short"


class PasswordObvious(Invalid):
    """This password is among the first that somebody would try."""

    code = "accounts.password.obvious"


def normalise(password: str) -> str:
    """Return the same text for the same keys pressed, whichever keyboard composed the accents."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, email: str) -> None:
    """Refuse a password that is short, or among the first somebody would try for this address.

    No character classes are asked for: they make passwords hard to keep in mind, not hard to find.
    """
    if len(password) < CHARS_MIN:
        raise PasswordTooShort(
            chars_min=CHARS_MIN,
            errors=[{"field": "password", "reason": "This password is too short."}],
        )
    if _is_obvious(_folded(password), email=email):
        raise PasswordObvious(
            errors=[{"field": "password", "reason": PasswordObvious.sentence()}],
        )


def _is_obvious(folded: str, *, email: str) -> bool:
    if len(set(folded)) < _DISTINCT_MIN:
        return True
    if any(folded in row or folded in row[::-1] for row in _ROWS):
        return True
    # Known words that are most of the password: `motdepasse2026!` is tried in the first minute.
    rest = folded
    for word in (email, email.partition("@")[0], *_OBVIOUS):
        if len(word) >= _WORD_MIN:
            rest = rest.replace(word, "")
    return len(rest) < _BESIDE_WORDS_MIN


def _folded(password: str) -> str:
    decomposed = unicodedata.normalize("NFKD", password.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c) and not c.isspace())
