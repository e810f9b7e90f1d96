"""The keys this process signs the journal with and opens PINs by, read once."""

from functools import cache

from services.recharges import settings
from services.recharges.seal import PinSeal
from services.recharges.signing import JournalKeys


@cache
def journal_keys() -> JournalKeys:
    """The keys of RELAIS_JOURNAL_KEYS."""
    return JournalKeys(settings.current().relais_journal_keys.get_secret_value())


@cache
def pins() -> PinSeal:
    """The keys of RELAIS_PIN_KEYS, and those that the database taught since."""
    return PinSeal(settings.current().relais_pin_keys.get_secret_value())
