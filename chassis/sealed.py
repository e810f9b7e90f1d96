"""Boxes that only one reader opens, and a safe that only its owner does.

A box is closed for a public key (X25519): whoever closes it cannot open it again, nor can anybody
else who sees it pass.  Layout: the ephemeral public key, then the ciphertext (AES-256-GCM).  A safe
is for what a service keeps for itself; its key is derived from a secret of the service's settings.
Both bind their content to a text that says what it is: moved elsewhere, it does not open.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES, _TAG_BYTES = 12, 16
_BOX = b"relais box 1\x00"
# Each box has a key of its own, from a fresh ephemeral one: its only nonce may be any.
_ONLY_NONCE = bytes(_NONCE_BYTES)


class NotOpened(Exception):
    """This was not closed for this key and this purpose, or has been changed since."""


def new_private_key() -> bytes:
    """Return a fresh private key."""
    return X25519PrivateKey.generate().private_bytes_raw()


def public_key_of(private_key: bytes) -> bytes:
    """Return what boxes are closed with."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def close_box(content: bytes, *, public_key: bytes, purpose: str) -> bytes:
    """Close a box that only the holder of the private key opens, for the same purpose."""
    once = X25519PrivateKey.generate()
    once_public = once.public_key().public_bytes_raw()
    shared = once.exchange(X25519PublicKey.from_public_bytes(public_key))
    cipher = AESGCM(derived(shared, _BOX + once_public + public_key))
    return once_public + cipher.encrypt(_ONLY_NONCE, content, purpose.encode())


def open_box(box: bytes, *, private_key: bytes, purpose: str) -> bytes:
    """Return what is in a box, or raise NotOpened."""
    once_public, sealed = box[:KEY_BYTES], box[KEY_BYTES:]
    try:
        shared = X25519PrivateKey.from_private_bytes(private_key).exchange(
            X25519PublicKey.from_public_bytes(once_public)
        )
        cipher = AESGCM(derived(shared, _BOX + once_public + public_key_of(private_key)))
        return cipher.decrypt(_ONLY_NONCE, sealed, purpose.encode())
    except (InvalidTag, ValueError) as error:
        raise NotOpened() from error


class Safe:
    """Keeps what only this service reads, under a key derived from one of its secrets."""

    def __init__(self, secret: bytes, *, name: str) -> None:
        self._cipher = AESGCM(derived(secret, name.encode()))

    def put(self, content: bytes, *, purpose: str) -> bytes:
        """Return the content as it is stored."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, purpose.encode())

    def take(self, stored: bytes, *, purpose: str) -> bytes:
        """Return what was put in for this purpose, or raise NotOpened."""
        if len(stored) < _NONCE_BYTES + _TAG_BYTES:
            raise NotOpened()
        try:
            return self._cipher.decrypt(
                stored[:_NONCE_BYTES], stored[_NONCE_BYTES:], purpose.encode()
            )
        except InvalidTag as error:
            raise NotOpened() from error


def derived(secret: bytes, label: bytes) -> bytes:
    """Return a key of its own for each label (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=label).derive(secret)
