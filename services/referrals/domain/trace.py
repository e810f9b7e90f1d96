"""Traces of an identity: what an audit looks for once the identity itself is gone.

A trace is the keyed digest of each word of a full name, of a phone number's last nine digits, or of
an e-mail address.  Words are compared without accents and capitals and in any order; a name counts
as found where all of its words stand together in one value.  It is not found misspelt, in part, in
a picture, or where a program has encoded it.
"""

import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256

from services.referrals.domain.person import Identity, fold

_DIGEST_BYTES = 16
_PHONE_DIGITS = 9
_EMAIL = re.compile(r"[^\s@\"'<>,;:(){}\[\]]+@[^\s@\"'<>,;:(){}\[\]]+")
_PHONE = re.compile(r"(?<!\d)\d(?:[\s.\-/()]{0,2}\d){8,14}(?!\d)")
_WORD = re.compile(r"[^\W\d_]{2,}")

Digest = Callable[[str], bytes]


def digest_under(key: bytes) -> Digest:
    """Return the digest of words under a key."""

    def digest(word: str) -> bytes:
        return hmac.digest(key, word.encode(), sha256)[:_DIGEST_BYTES]

    return digest


def traces_of(identity: Identity, *, digest: Digest) -> list[bytes]:
    """Return the traces of an identity, each the digests of what must stand together."""
    found = [{f"word {word}" for word in _words(identity.name_key)}]
    if identity.phone is not None:
        found.append({f"phone {_last_digits(identity.phone)}"})
    if identity.email is not None:
        found.append({f"email {identity.email.lower()}"})
    return sorted(b"".join(sorted(digest(word) for word in words)) for words in found if words)


def words_in(text: str) -> Iterator[str]:
    """Yield whatever in a text may be a part of somebody's identity, as it is digested."""
    for word in _words(fold(text)):
        yield f"word {word}"
    for match in _PHONE.findall(text):
        yield f"phone {_last_digits(match)}"
    for match in _EMAIL.findall(text):
        yield f"email {match.rstrip('.').lower()}"


def is_found(trace: bytes, *, digests: Iterable[bytes]) -> bool:
    """Say whether all that belongs to a trace is among the digests of one value."""
    known = set(digests)
    return all(part in known for part in parts_of(trace))


def parts_of(trace: bytes) -> list[bytes]:
    """Return the digests that make up a trace."""
    return [trace[start : start + _DIGEST_BYTES] for start in range(0, len(trace), _DIGEST_BYTES)]


def _words(folded: str) -> list[str]:
    return _WORD.findall(folded)


def _last_digits(phone: str) -> str:
    return "".join(sign for sign in phone if sign.isdigit())[-_PHONE_DIGITS:]
