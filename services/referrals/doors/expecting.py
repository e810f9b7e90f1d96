"""Whom a site's tills take along."""

from chassis import http
from chassis.db import Transaction
from chassis.http import Call
from services.referrals.api import expecting as api
from services.referrals.doors import STAFF
from services.referrals.handlers import expecting


class ExpectingDoors:
    """People as tills know them without the line."""

    @http.query(
        "GET", "/v1/sites/<string:site_code>/expected", answer=list[api.Expected], allow=STAFF
    )
    def list_expected(self, tx: Transaction, call: Call, site_code: str) -> list[api.Expected]:
        """List who may buy at a site today, by reference and code, the likeliest to come first."""
        return expecting.list_expected(tx, site_code, caller=call.caller, now=call.now)
