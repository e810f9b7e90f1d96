"""Secrets of accounts: passwords as Argon2id, second factors sealed, codes and tokens made anew.

An enrolment code and a device token follow from the id of their row and the signing key: an
answer that got lost is given again, and no table holds either of them in clear.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from chassis.auth import Caller, Signer
from services.accounts.domain import device, second_factor
from services.accounts.domain.password import normalise
from services.accounts.domain.second_factor import Factor
from services.accounts.domain.session import Session

#: The role in a device's token; it is no person's, so no route allows it unless it means devices.
DEVICE_ROLE = "till_device"
#: The role in the token of somebody who has yet to enrol the second factor that their role needs.
ENROLLING = "enrolling"
_SECRET_BYTES = 20  # as RFC 4226 recommends, and every app takes
_NONCE_BYTES = 12
_RESET_BYTES = 32


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

    def session_token(self, session: Session, caller: Caller) -> str:
        """Return the token of a session, issued at the instant the session began."""
        return self._signer.sign(
            caller,
            token_id=session.session_id,
            now=session.began_at,
            lifetime=session.expires_at - session.began_at,
        )

    def device_token(self, enrolled: device.Device, *, lifetime: timedelta) -> str:
        """Return the token of a device, the same each time until it is rolled."""
        caller = Caller(
            user_id=enrolled.device_id,
            role=DEVICE_ROLE,
            site_codes=frozenset({enrolled.site_code}),
        )
        return self._signer.sign(
            caller,
            token_id=enrolled.device_id,
            now=enrolled.token_from,
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

    def new_flow(self, provider: str, *, expires_at: datetime) -> str:
        """Begin a sign-in elsewhere: what the browser keeps, of which the rest follows."""
        body = f"{int(expires_at.timestamp())}.{secrets.token_urlsafe(24)}"
        return f"{body}.{self._flow_mac(provider, body)}"

    def read_flow(self, provider: str, flow: str) -> datetime | None:
        """Return until when a flow may come back; None when it is none of ours."""
        body, _, mac = flow.rpartition(".")
        if not hmac.compare_digest(self._flow_mac(provider, body).encode(), mac.encode()):
            return None
        return datetime.fromtimestamp(int(body.partition(".")[0]), tz=UTC)

    def of_flow(self, purpose: str, flow: str) -> str:
        """Return the state, the nonce or the verifier of a flow: none of them is kept."""
        return _text(self._mac(f"oidc {purpose}".encode(), flow.encode()))

    def flow_digest(self, flow: str) -> bytes:
        """Return what is kept of a flow that came back."""
        return self._mac(b"oidc flow used", flow.encode())

    def _flow_mac(self, provider: str, body: str) -> str:
        return _text(self._mac(b"oidc flow", f"{provider}\x00{body}".encode()))

    def new_reset_token(self) -> str:
        """Make what a mail carries to whoever lost their password."""
        return _text(os.urandom(_RESET_BYTES))

    def reset_digest(self, token: str) -> bytes:
        """Return what a reset is found by; the token does not follow from it."""
        return self._mac(b"reset", token.encode())


@dataclass(frozen=True, slots=True)
class Sealed:
    """A secret that nobody can read without the key it names."""

    key_id: str
    box: bytes


class FactorSeal:
    """Seals second factors with the keys of RELAIS_FACTOR_KEYS, the current one first.

    A sealed secret is its nonce and its ciphertext; the user is the associated data, so that one
    moved to another account does not open.
    """

    def __init__(self, keys: str) -> None:
        pairs = [entry.strip().partition(":") for entry in keys.split(",") if entry.strip()]
        raw = {key_id: _raw(text) for key_id, _, text in pairs}
        if not raw or "" in raw or len(raw) != len(pairs):
            raise ValueError("factor keys are <id>:<base64url of 32 bytes>, each id once")
        self._boxes = {key_id: AESGCM(key) for key_id, key in raw.items()}
        self._current = next(iter(raw))
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"relais recovery code 1")
        # The oldest key stays: recovery codes are digests and cannot be sealed anew.
        self._code_key = derive.derive(list(raw.values())[-1])

    def new_secret(self) -> bytes:
        """Make the secret that a telephone and we will share."""
        return os.urandom(_SECRET_BYTES)

    def seal(self, secret: bytes, *, user_id: UUID) -> Sealed:
        """Encrypt a secret under the current key."""
        nonce = os.urandom(_NONCE_BYTES)
        box = nonce + self._boxes[self._current].encrypt(nonce, secret, user_id.bytes)
        return Sealed(self._current, box)

    def codes_of(self, factor: Factor) -> Callable[[int], str]:
        """Open a factor and return what its telephone shows in each half minute."""
        nonce, sealed = factor.sealed[:_NONCE_BYTES], factor.sealed[_NONCE_BYTES:]
        secret = self._boxes[factor.key_id].decrypt(nonce, sealed, factor.user_id.bytes)
        totp = _totp(secret)
        return lambda step: totp.generate(step * second_factor.STEP_S).decode()

    def text_of(self, secret: bytes) -> str:
        """Return a secret as it is typed into an app."""
        return base64.b32encode(secret).decode()

    def address_of(self, secret: bytes, *, account: str) -> str:
        """Return a secret as an app reads it from a QR code."""
        return _totp(secret).get_provisioning_uri(account, "Relais")

    def new_recovery_codes(self) -> list[str]:
        """Make codes for the day the telephone is lost, 49 bits each."""
        return [
            device.code_of(secrets.randbits(64)) for _ in range(second_factor.RECOVERY_CODE_COUNT)
        ]

    def recovery_digest(self, code: str) -> bytes:
        """Return what a recovery code is found by."""
        return hmac.digest(self._code_key, device.normalise_code(code).encode(), hashlib.sha256)


def _totp(secret: bytes) -> TOTP:
    # SHA-1 is what the apps know; a collision in it does not help to guess a code.
    return TOTP(secret, second_factor.CODE_DIGITS, SHA1(), second_factor.STEP_S)  # noqa: S303


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _raw(key: str) -> bytes:
    raw = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    if len(raw) != 32:
        raise ValueError("a factor key has 32 bytes, written in base64url")
    return raw
