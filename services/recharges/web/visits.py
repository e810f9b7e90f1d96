"""When a person came: a part of their file at the reception desk, which referrals shows."""

from uuid import UUID

from chassis import aliases, http
from chassis.db import Transaction
from chassis.http import Call
from chassis.web import View, page
from services.recharges.store import visits

#: Whoever follows somebody sees when they came; whoever sells sees what is left of their month.
FOLLOWERS = http.Employed(("mediator", "site_manager", "admin"))


class VisitPages:
    """Visits, by day."""

    @page("/caisse/venues/<uuid:person_ref>", allow=FOLLOWERS)
    def show_visits(self, tx: Transaction, call: Call, person_ref: UUID) -> View:
        """Show on which days a person bought at the caller's sites, and nothing of what."""
        found = visits.list_visits(
            tx,
            aliases.references(tx, person_ref),
            site_codes=call.caller.sites_seen,
        )
        return View("visits.html", visits=found)
