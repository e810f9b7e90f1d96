"""Reception points."""

from chassis import http
from chassis.db import Transaction
from chassis.http import SIGNED_IN, Call
from services.accounts.api import sites as api
from services.accounts.doors.deeds import deed_of
from services.accounts.handlers import sites as handlers


class SiteDoors:
    """The sites."""

    @http.query("GET", "/v1/sites", answer=list[api.Site], allow=SIGNED_IN)
    def list_sites(self, tx: Transaction, call: Call) -> list[api.Site]:
        """List the reception points."""
        return handlers.list_sites(tx)

    @http.command(
        "POST", "/v1/sites", body=api.OpenSite, answer=api.Site, status=201, allow=("admin",)
    )
    def open_site(self, tx: Transaction, call: Call, body: api.OpenSite) -> api.Site:
        """Open a reception point."""
        return handlers.open_site(tx, body, deed=deed_of(call))
