"""What recharges is told by its environment besides what every service is told."""

from functools import cache

from chassis.settings import Secret, Settings


class RechargesSettings(Settings):
    """`RELAIS_PIN_KEYS`: `<id>:<base64url of 32 bytes>`, the current one first."""

    relais_pin_keys: Secret


@cache
def current() -> RechargesSettings:
    """Read the settings from the environment, once."""
    return RechargesSettings()
