"""Secrets of accounts: passwords kept as Argon2id, codes and tokens made anew instead of kept.

An enrolment code and a device token follow from the id of their row and the signing key: an
answer that got lost is given again, and no table holds either of them in clear.
"""

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.auth import Caller, Signer
from services.accounts.domain import device
from services.accounts.domain.password import normalise

#: The role in a device's token; it is no person's, so no route allows it unless it means devices.
DEVICE_ROLE = "till_device"


class Passwords:
    """Argon2id with the parameters of the settings."""

    def __init__(self, *, memory_kib: int, rounds: int, lanes: int) -> None:
        self._hasher = PasswordHasher(
            time_cost=rounds, memory_cost=memory_kib, parallelism=lanes, type=Type.ID
        )
        # An unknown address costs as much as a wrong password: nobody learns who has an account.
        self.nobody = self._hasher.hash("the password of nobody")

    def hash(self, password: str) -> str:
        """Return what is stored of a password."""
        return self._hasher.hash(normalise(password))

    def is_right(self, stored: str, password: str) -> bool:
        """Say whether the password is the one that was stored."""
        try:
            return self._hasher.verify(stored, normalise(password))
        except (VerificationError, InvalidHashError):
            return False

    def is_dated(self, stored: str) -> bool:
        """Say whether the password was stored with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)


class Seal:
    """What only the holder of the signing key can make."""

    def __init__(self, signing_key: str) -> None:
        self._signer = Signer(signing_key)
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"relais enrolment code 1")
        self._code_key = derive.derive(signing_key.encode())

    def token(
        self, caller: Caller, *, token_id: UUID, issued_at: datetime, lifetime: timedelta
    ) -> str:
        """Return the token of a signed-in user."""
        return self._signer.sign(caller, token_id=token_id, now=issued_at, lifetime=lifetime)

    def device_token(self, enrolled: device.Device, *, lifetime: timedelta) -> str:
        """Return the token of a device, the same each time."""
        caller = Caller(
            user_id=enrolled.device_id,
            role=DEVICE_ROLE,
            site_codes=frozenset({enrolled.site_code}),
        )
        return self.token(
            caller,
            token_id=enrolled.device_id,
            issued_at=enrolled.enrolled_at,
            lifetime=lifetime,
        )

    def enrolment_code(self, enrolment_id: UUID) -> str:
        """Return the code of an enrolment, the same each time."""
        return device.code_of(int.from_bytes(self._mac(b"code", enrolment_id.bytes)))

    def code_digest(self, code: str) -> bytes:
        """Return what an enrolment is found by; the code does not follow from it."""
        return self._mac(b"digest", device.normalise_code(code).encode())

    def _mac(self, purpose: bytes, message: bytes) -> bytes:
        return hmac.digest(self._code_key, purpose + b"\x00" + message, hashlib.sha256)
