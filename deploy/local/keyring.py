"""The secrets of one stack: made once, kept in one private file, completed for new services."""

import base64
import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deploy.local.home import Home, write_private

FILE = "secrets.json"


@dataclass(kw_only=True)
class Keyring:
    """Passwords of the private servers and the keys that services read from their environment."""

    postgres_password: str
    rabbitmq_password: str
    signing_key: str
    pin_keys: str
    referral_key: str
    journal_keys: str
    factor_keys: str
    stripe_api_key: str
    stripe_webhook_secret: str
    service_passwords: dict[str, str] = field(default_factory=dict)

    @property
    def verify_key(self) -> str:
        """The public half of the signing key: what every service checks tokens with."""
        private = Ed25519PrivateKey.from_private_bytes(_bytes(self.signing_key))
        return _text(private.public_key().public_bytes_raw())

    def environment(self, names: Iterable[str]) -> dict[str, str]:
        """The variables every service reads, and the secrets that one of them names."""
        offered = {
            "RELAIS_SIGNING_KEY": self.signing_key,
            "RELAIS_PIN_KEYS": self.pin_keys,
            "RELAIS_REFERRAL_KEY": self.referral_key,
            "RELAIS_JOURNAL_KEYS": self.journal_keys,
            "RELAIS_FACTOR_KEYS": self.factor_keys,
            "STRIPE_API_KEY": self.stripe_api_key,
            "STRIPE_WEBHOOK_SECRET": self.stripe_webhook_secret,
        }
        return {"RELAIS_VERIFY_KEY": self.verify_key} | {name: offered[name] for name in names}


def load(home: Home, *, services: Iterable[str] = ()) -> Keyring:
    """Reads the keyring, making what is missing."""
    path = home.path / FILE
    stored = json.loads(path.read_text()) if path.exists() else {}
    keyring = Keyring(**(_fresh() | stored))
    for service in services:
        keyring.service_passwords.setdefault(service, secrets.token_urlsafe(24))
    if asdict(keyring) != stored:
        save(home, keyring=keyring)
    return keyring


def save(home: Home, *, keyring: Keyring) -> None:
    """Replaces the stored keyring whole."""
    write_private(home.path / FILE, content=json.dumps(asdict(keyring), indent=2) + "\n")


def fresh(services: Iterable[str]) -> Keyring:
    """A keyring that nothing uses yet."""
    return Keyring(
        **_fresh(),
        service_passwords={service: secrets.token_urlsafe(24) for service in services},
    )


def new_pin_key(*, key_id: str) -> str:
    """One `id:key` entry of RELAIS_PIN_KEYS."""
    return f"{key_id}:{_text(secrets.token_bytes(32))}"


def new_journal_key(*, key_id: str) -> str:
    """One `id:key` entry of RELAIS_JOURNAL_KEYS: an Ed25519 private key."""
    return f"{key_id}:{_text(Ed25519PrivateKey.generate().private_bytes_raw())}"


def _fresh() -> dict[str, str]:
    return {
        "postgres_password": secrets.token_urlsafe(24),
        "rabbitmq_password": secrets.token_urlsafe(24),
        "signing_key": _text(Ed25519PrivateKey.generate().private_bytes_raw()),
        "pin_keys": new_pin_key(key_id="k1"),
        "referral_key": _text(Ed25519PrivateKey.generate().private_bytes_raw()),
        "journal_keys": new_journal_key(key_id="j1"),
        "factor_keys": new_pin_key(key_id="f1"),
        # What the stand-in for Stripe takes; Stripe itself knows neither.
        "stripe_api_key": f"sk_test_{secrets.token_hex(24)}",
        "stripe_webhook_secret": f"whsec_{secrets.token_hex(24)}",
    }


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
