"""What recharges is told by its environment besides what every service is told."""

import re
from functools import cache
from typing import Annotated

from pydantic import AfterValidator, SecretStr, StringConstraints

from chassis.settings import Secret, Settings
from services.recharges.domain.ticket import Seller

SIRET_DIGITS = 14
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


def _siret(text: str) -> str:
    digits = "".join(text.split())
    if not (len(digits) == SIRET_DIGITS and digits.isascii() and digits.isdigit()):
        raise ValueError("a SIRET has fourteen digits")
    # Luhn: every second digit counts double, and its own digits are added up.
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    if sum(sum(divmod(each, 10)) for each in doubled) % 10:
        raise ValueError("this SIRET is mistyped: its last digit does not fit the others")
    return digits


class SellerSettings(Settings):
    """Who sells, as every ticket has to say: the operator of this network, in law."""

    relais_seller_name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    relais_seller_siret: Annotated[str, AfterValidator(_siret)]

    @property
    def seller(self) -> Seller:
        """The seller as tickets say it."""
        return Seller(name=self.relais_seller_name, siret=self.relais_seller_siret)


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


@cache
def of_seller() -> SellerSettings:
    """Read what printing tickets needs, once."""
    return SellerSettings()


def at_start() -> None:
    """Read what this process needs: one that only relays takes no cards and prints no tickets."""
    if current().parts & {"http", "consume"}:
        of_cards()
    if "http" in current().parts:
        of_seller()
