"""What anybody may read of the network: where it is, and what it offers."""

from chassis import http
from chassis.db import Transaction
from chassis.http import Call
from services.referrals.api import standard as api
from services.referrals.handlers import publishing

_MAX_AGE_S = 3600


class StandardDoors:
    """The sector's standard."""

    @http.query(
        "GET",
        "/v1/public/data-inclusion.json",
        answer=api.DataInclusion,
        allow=http.ANYONE,
        max_age_s=_MAX_AGE_S,
    )
    def publish_offers(self, tx: Transaction, call: Call) -> api.DataInclusion:
        """Say where the reception points are and what each offers, as data·inclusion has it."""
        return publishing.publish_offers(tx, now=call.now)
