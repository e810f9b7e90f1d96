"""By what a site decides whom it takes in."""

from chassis import http
from chassis.db import Transaction
from chassis.http import Call
from services.referrals.api import criteria as criterion_api
from services.referrals.doors import MANAGERS, STAFF
from services.referrals.handlers import criteria


class CriterionDoors:
    """Sites' criteria, by date of effect."""

    @http.query(
        "GET",
        "/v1/sites/<string:site_code>/criteria",
        answer=list[criterion_api.SiteCriterion],
        allow=STAFF,
    )
    def list_criteria(
        self, tx: Transaction, call: Call, site_code: str
    ) -> list[criterion_api.SiteCriterion]:
        """List the criteria of a site, the latest first; without one it asks for nothing."""
        return criteria.list_criteria(tx, site_code, caller=call.caller)

    @http.command(
        "POST",
        "/v1/sites/<string:site_code>/criteria",
        body=criterion_api.SetCriterion,
        answer=list[criterion_api.SiteCriterion],
        allow=MANAGERS,
    )
    def set_criterion(
        self, tx: Transaction, call: Call, body: criterion_api.SetCriterion, site_code: str
    ) -> list[criterion_api.SiteCriterion]:
        """Set the criterion of a site from a day on."""
        return criteria.set_criterion(tx, site_code, body, caller=call.caller, now=call.now)
