"""PINs at rest: AES-256-GCM for keeping, HMAC-SHA-256 for finding a duplicate.

A sealed PIN is its nonce and its ciphertext; operator and serial are the associated data, so a
ciphertext moved to another voucher does not open.  What seals is a key of RELAIS_PIN_KEYS or, once
the keys were turned, a data key: one that lies in the table pin_key, itself sealed ("wrapped") by a
key of RELAIS_PIN_KEYS with its own name as associated data.

The blind index is made with a key of its own, which outlives the rotation of the others: `index:`
in RELAIS_PIN_KEYS, or one derived from the oldest key there.  The first turn of the keys wraps it
as the data key `index`, so that the oldest key may then leave RELAIS_PIN_KEYS.
"""

import base64
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

#: The name of the key under the blind index, in RELAIS_PIN_KEYS as in pin_key.
INDEX = "index"
_KEY_BYTES = 32
_NONCE_BYTES = 12


class KeyUnknown(Exception):
    """A PIN was sealed with a key this process does not hold."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A PIN that nobody can read without the key it names."""

    key_id: str
    box: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """A data key that nobody can use without the key of RELAIS_PIN_KEYS it names."""

    key_id: str
    wrapped_by: str
    wrapped: bytes


class PinSeal:
    """Seals and opens PINs with the keys of RELAIS_PIN_KEYS and the data keys it was taught.

    The first of RELAIS_PIN_KEYS wraps new data keys, and seals PINs until there is a data key.
    """

    def __init__(self, keys: str) -> None:
        pairs = [entry.strip().partition(":") for entry in keys.split(",") if entry.strip()]
        raw = {key_id: _raw(text) for key_id, _, text in pairs}
        index_key = raw.pop(INDEX, None)
        if not raw:
            raise ValueError("RELAIS_PIN_KEYS holds no key: expected <id>:<base64url of 32 bytes>")
        self._wrappers = {key_id: AESGCM(key) for key_id, key in raw.items()}
        self._boxes = dict(self._wrappers)
        #: The keys of RELAIS_PIN_KEYS; the first is the one that wraps.
        self.key_ids = tuple(raw)
        self._current = self.key_ids[0]
        self._index_key = index_key or HKDF(
            algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=None, info=b"relais pin index"
        ).derive(list(raw.values())[-1])

    def seal(self, pin: str, *, operator: str, serial: str) -> Sealed:
        """Encrypt a PIN under the current key."""
        box = _encrypt(self._boxes[self._current], pin.encode(), bound=_bound(operator, serial))
        return Sealed(self._current, box)

    def seal_all(
        self, vouchers: Sequence[tuple[bytes, bytes]], *, operator: str
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the box and the blind index of each (serial, PIN): what a million vouchers take."""
        encrypt = self._boxes[self._current].encrypt
        bound = _bound(operator, "")
        indexing = HMAC(self._index_key, hashes.SHA256())
        indexing.update(bound)
        nonces = os.urandom(_NONCE_BYTES * len(vouchers))
        for at, (serial, pin) in enumerate(vouchers):
            nonce = nonces[_NONCE_BYTES * at : _NONCE_BYTES * (at + 1)]
            index = indexing.copy()
            index.update(pin)
            yield nonce + encrypt(nonce, pin, bound + serial), index.finalize()

    def open(self, sealed: Sealed, *, operator: str, serial: str) -> str:
        """Decrypt a PIN; KeyUnknown or InvalidTag when it cannot be."""
        cipher = self._boxes.get(sealed.key_id)
        if cipher is None:
            raise KeyUnknown(sealed.key_id)
        return _decrypt(cipher, sealed.box, bound=_bound(operator, serial)).decode()

    def index(self, pin: str, *, operator: str) -> bytes:
        """Return what two vouchers with the same PIN have in common, and nothing else tells."""
        indexing = HMAC(self._index_key, hashes.SHA256())
        indexing.update(_bound(operator, pin))
        return indexing.finalize()

    def derive(self, purpose: bytes, *, salt: bytes) -> bytes:
        """Return a key for another purpose: the same each time, however the keys are turned."""
        derivation = HKDF(algorithm=hashes.SHA256(), length=_KEY_BYTES, salt=salt, info=purpose)
        return derivation.derive(self._index_key)

    @property
    def current(self) -> str:
        """The name of the key that seals."""
        return self._current

    def knows(self, key_id: str) -> bool:
        """Say whether a PIN sealed with that key can be opened."""
        return key_id in self._boxes

    def learn(self, key: WrappedKey) -> None:
        """Take up a data key, or the key under the blind index."""
        raw = self._unwrap(key)
        if key.key_id == INDEX:
            self._index_key = raw
        else:
            self._boxes[key.key_id] = AESGCM(raw)

    def seal_with(self, key_id: str) -> None:
        """Seal with that data key from now on."""
        if key_id not in self._boxes:
            raise KeyUnknown(key_id)
        self._current = key_id

    def new_key(self, key_id: str) -> WrappedKey:
        """Make a data key."""
        return self._wrap(os.urandom(_KEY_BYTES), key_id=key_id)

    def wrapped_index(self) -> WrappedKey:
        """Return the key under the blind index, so that it can be kept beside the data keys."""
        return self._wrap(self._index_key, key_id=INDEX)

    def rewrap(self, key: WrappedKey) -> WrappedKey:
        """Return the same data key, wrapped by the first key of RELAIS_PIN_KEYS."""
        return self._wrap(self._unwrap(key), key_id=key.key_id)

    def _wrap(self, raw: bytes, *, key_id: str) -> WrappedKey:
        wrapped_by = self.key_ids[0]
        wrapped = _encrypt(self._wrappers[wrapped_by], raw, bound=key_id.encode())
        return WrappedKey(key_id=key_id, wrapped_by=wrapped_by, wrapped=wrapped)

    def _unwrap(self, key: WrappedKey) -> bytes:
        wrapper = self._wrappers.get(key.wrapped_by)
        if wrapper is None:
            raise KeyUnknown(key.wrapped_by)
        return _decrypt(wrapper, key.wrapped, bound=key.key_id.encode())


def _encrypt(cipher: AESGCM, text: bytes, *, bound: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, text, bound)


def _decrypt(cipher: AESGCM, box: bytes, *, bound: bytes) -> bytes:
    return cipher.decrypt(box[:_NONCE_BYTES], box[_NONCE_BYTES:], bound)


def _bound(operator: str, what: str) -> bytes:
    return f"{operator}\x1f{what}".encode()


def _raw(key: str) -> bytes:
    raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    if len(raw) != _KEY_BYTES:
        raise ValueError("a PIN key has 32 bytes, written in base64url")
    return raw
