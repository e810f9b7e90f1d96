"""PINs at rest: AES-256-GCM for keeping, HMAC-SHA-256 for finding a duplicate.

A sealed PIN is its nonce and its ciphertext; operator and serial are the associated data, so a
ciphertext moved to another voucher does not open.  The blind index is made with a key of its own
(`index:` in RELAIS_PIN_KEYS, or one derived from the oldest key), which outlives the rotation of
the others.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE_BYTES = 12
_INDEX = "index"


class KeyUnknown(Exception):
    """A PIN was sealed with a key this process does not hold."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A PIN that nobody can read without the key it names."""

    key_id: str
    box: bytes


class PinSeal:
    """Seals and opens PINs with the keys of RELAIS_PIN_KEYS, the first being the current one."""

    def __init__(self, keys: str) -> None:
        pairs = [entry.strip().partition(":") for entry in keys.split(",") if entry.strip()]
        raw = {key_id: _raw(text) for key_id, _, text in pairs}
        index_key = raw.pop(_INDEX, None)
        if not raw:
            raise ValueError("RELAIS_PIN_KEYS holds no key: expected <id>:<base64url of 32 bytes>")
        self._boxes = {key_id: AESGCM(key) for key_id, key in raw.items()}
        self._current = next(iter(raw))
        self._index_key = index_key or HKDF(
            algorithm=hashes.SHA256(), length=32, salt=None, info=b"relais pin index"
        ).derive(list(raw.values())[-1])

    def seal(self, pin: str, *, operator: str, serial: str) -> Sealed:
        """Encrypt a PIN under the current key."""
        nonce = os.urandom(_NONCE_BYTES)
        box = self._boxes[self._current].encrypt(nonce, pin.encode(), _bound(operator, serial))
        return Sealed(self._current, nonce + box)

    def open(self, sealed: Sealed, *, operator: str, serial: str) -> str:
        """Decrypt a PIN; KeyUnknown or InvalidTag when it cannot be."""
        cipher = self._boxes.get(sealed.key_id)
        if cipher is None:
            raise KeyUnknown(sealed.key_id)
        nonce, box = sealed.box[:_NONCE_BYTES], sealed.box[_NONCE_BYTES:]
        return cipher.decrypt(nonce, box, _bound(operator, serial)).decode()

    def index(self, pin: str, *, operator: str) -> bytes:
        """Return what two vouchers with the same PIN have in common, and nothing else tells."""
        return hmac.digest(self._index_key, f"{operator}\x1f{pin}".encode(), hashlib.sha256)


def _bound(operator: str, serial: str) -> bytes:
    return f"{operator}\x1f{serial}".encode()


def _raw(key: str) -> bytes:
    raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    if len(raw) != 32:
        raise ValueError("a PIN key has 32 bytes, written in base64url")
    return raw
