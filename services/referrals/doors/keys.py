"""What entries are given that nobody decides: the key that signs slips, codes, identifiers."""

import secrets
from functools import cache
from uuid import uuid4

from chassis.http import Call
from services.referrals.handlers.sending import Fresh
from services.referrals.seal import Seal
from services.referrals.settings import current


@cache
def slip_seal() -> Seal:
    """What signs slips and says how they are checked."""
    return Seal(current().relais_referral_key.get_secret_value())


def fresh(call: Call) -> Fresh:
    """What one entry is given."""
    return Fresh(new_id=call.new_id, person_ref=uuid4(), draw=secrets.randbelow, seal=slip_seal())
