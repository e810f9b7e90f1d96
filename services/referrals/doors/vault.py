"""The keys of personal data, from the service's one secret, each made once."""

import base64
from functools import cache

from chassis import sealed
from chassis.sealed import Safe
from services.referrals.domain.trace import Digest, digest_under
from services.referrals.settings import current


@cache
def export_safe() -> Safe:
    """What keeps exports, and the keys of those that wait."""
    return Safe(_raw(current().relais_referral_key.get_secret_value()), name="relais exports 1")


@cache
def trace_digest() -> Digest:
    """What makes the traces of erased identities."""
    return digest_of_traces(current().relais_referral_key.get_secret_value())


def digest_of_traces(secret: str) -> Digest:
    """Return how traces are made under this service's secret; the audit is given it too."""
    return digest_under(sealed.derived(_raw(secret), b"relais traces 1"))


def _raw(secret: str) -> bytes:
    return base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
