"""What recharges is told by its environment besides what every service is told."""

import re
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from chassis.settings import Secret, Settings

#: 32 bytes are 43 signs of base64url, with or without the padding.
_ENTRY = re.compile(r"(?P<id>[^:,\s]+):[A-Za-z0-9_-]{43}=?")


def _keys(secret: SecretStr) -> SecretStr:
    entries = [_ENTRY.fullmatch(entry.strip()) for entry in secret.get_secret_value().split(",")]
    if not all(entries) or not any(entry and entry["id"] != "index" for entry in entries):
        raise ValueError("expected <id>:<base64url of 32 bytes>, the current key first")
    return secret


class PinSettings(Settings):
    """`RELAIS_PIN_KEYS`: `<id>:<base64url of 32 bytes>`, the current one first."""

    relais_pin_keys: Annotated[Secret, AfterValidator(_keys)]


class JournalSettings(Settings):
    """`RELAIS_JOURNAL_KEYS`, in the same form."""

    relais_journal_keys: Annotated[Secret, AfterValidator(_keys)]


class RechargesSettings(PinSettings, JournalSettings):
    """What a process that sells needs."""


class CardSettings(Settings):
    """What a process that takes cards needs besides; the base is that of Stripe or a stand-in."""

    stripe_api_key: Secret
    stripe_webhook_secret: Secret
    stripe_api_base: str = "https://api.stripe.com"


@cache
def of_pins() -> PinSettings:
    """Read what a command that seals PINs needs, once."""
    return PinSettings()


@cache
def of_journal() -> JournalSettings:
    """Read what a command that writes in the journal needs, once."""
    return JournalSettings()


@cache
def current() -> RechargesSettings:
    """Read the settings from the environment, once."""
    return RechargesSettings()


@cache
def of_cards() -> CardSettings:
    """Read what taking cards needs, once."""
    return CardSettings()


def at_start() -> None:
    """Read what this process needs: one that only relays takes no cards."""
    if current().parts & {"http", "consume"}:
        of_cards()
