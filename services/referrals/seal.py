"""The signed text on a referral slip: a till checks it with the public key alone, offline.

    RELAIS1.<base64url of payload and signature>

The payload is the referral's id (16 bytes), the first day on which it is no longer good (4 bytes,
days since 0001-01-01) and its code in ASCII; an Ed25519 signature of 64 bytes follows.  There is
no identity in it: whoever finds a slip learns nothing about the person.
"""

import base64
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kernel.refusal import Refusal

#: What the text of a slip begins with.
PREFIX = "RELAIS1."
# A signature of ours over something else is none of a slip.
PURPOSE = b"relais referral slip 1\x00"
_ID_BYTES, _DAY_BYTES, _SIGNATURE_BYTES, _CODE_BYTES_MAX = 16, 4, 64, 20


class SlipForged(Refusal):
    """This is not one of our referral slips, or it has been changed."""

    code = "referrals.slip.forged"


class SlipExpired(Refusal):
    """This referral slip expired on {expires_on}."""

    code = "referrals.slip.expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """What a slip says; it is good on every day before `expires_on`."""

    referral_id: UUID
    code: str
    expires_on: date


class Seal:
    """Signs slips; only referrals holds the private key."""

    def __init__(self, private_key: str) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(_raw(private_key))

    @property
    def public_key(self) -> bytes:
        """What tills check slips with."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, slip: Slip) -> str:
        """Return the text of a slip."""
        payload = (
            slip.referral_id.bytes
            + slip.expires_on.toordinal().to_bytes(_DAY_BYTES, "big")
            + slip.code.encode("ascii")
        )
        return PREFIX + _encode(payload + self._key.sign(PURPOSE + payload))


def read(text: str, *, public_key: bytes, on: date) -> Slip:
    """Return what a slip says; refuse one that is not ours, was changed, or is no longer good."""
    payload = _signed(text.strip(), public_key=public_key)
    day = payload[_ID_BYTES : _ID_BYTES + _DAY_BYTES]
    slip = Slip(
        referral_id=UUID(bytes=payload[:_ID_BYTES]),
        expires_on=date.fromordinal(int.from_bytes(day, "big")),
        code=payload[_ID_BYTES + _DAY_BYTES :].decode("ascii"),
    )
    if on >= slip.expires_on:
        raise SlipExpired(expires_on=slip.expires_on)
    return slip


def _signed(text: str, *, public_key: bytes) -> bytes:
    encoded = text.removeprefix(PREFIX)
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (NotBase64, ValueError) as error:
        raise SlipForged() from error
    payload, signature = raw[:-_SIGNATURE_BYTES], raw[-_SIGNATURE_BYTES:]
    if (
        PREFIX + _encode(raw) != text  # one slip has one text
        or not 0 < len(payload) - _ID_BYTES - _DAY_BYTES <= _CODE_BYTES_MAX
    ):
        raise SlipForged()
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, PURPOSE + payload)
    except InvalidSignature as error:
        raise SlipForged() from error
    return payload


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(key: str) -> bytes:
    raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    if len(raw) != 32:
        raise ValueError("an Ed25519 key has 32 bytes, written in base64url")
    return raw
