"""What carries PINs to an offline till: AES-256-GCM under a key of the lease's own.

The key follows from a key of ours and the lease's id, so that no table holds it; a browser imports
it as one that cannot be read out again.  A box is its nonce and its ciphertext; the voucher's
serial is the associated data, so that a box moved to another voucher does not open.
"""

import base64
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.recharges.seal import PinSeal

_NONCE_BYTES = 12


class Boxes:
    """Boxes the PINs of one lease."""

    def __init__(self, pins: PinSeal, lease_id: UUID) -> None:
        self._key = pins.derive(b"relais lease 1", salt=lease_id.bytes)
        self._cipher = AESGCM(self._key)

    @property
    def key(self) -> str:
        """The lease's key, as the device gets it."""
        return base64.urlsafe_b64encode(self._key).decode()

    def box(self, pin: str, *, serial: str) -> str:
        """Seal a PIN for the device."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, pin.encode(), serial.encode())
        return base64.urlsafe_b64encode(nonce + sealed).decode()
