"""What keeps passwords and makes tokens in this process."""

from functools import cache

from services.accounts.seal import FactorSeal, Passwords, Seal
from services.accounts.settings import current


@cache
def passwords() -> Passwords:
    """Keep and compare passwords with the parameters of the settings."""
    settings = current()
    return Passwords(
        memory_kib=settings.argon2_memory_kib,
        rounds=settings.argon2_rounds,
        lanes=settings.argon2_lanes,
    )


@cache
def seal() -> Seal:
    """Make what only the holder of the signing key can make."""
    return Seal(current().relais_signing_key.get_secret_value())


@cache
def factors() -> FactorSeal:
    """Seal and check second factors."""
    return FactorSeal(current().relais_factor_keys.get_secret_value())
