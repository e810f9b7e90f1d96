"""The key that slips are signed with, read once."""

from functools import cache

from services.referrals.seal import Seal
from services.referrals.settings import current


@cache
def slip_seal() -> Seal:
    """What signs slips and says how they are checked."""
    return Seal(current().relais_referral_key.get_secret_value())
