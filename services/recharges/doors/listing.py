"""What a till reads while it sells."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from kernel.period import business_date
from services.recharges.api import listing as api
from services.recharges.doors import STAFF
from services.recharges.handlers import listing as handlers
from services.recharges.store import drawers


class ListingDoors:
    """What is left of a person's month, and a till's last sales."""

    @http.query("GET", "/v1/people/<uuid:person_ref>/cap", answer=api.PersonCap, allow=STAFF)
    def get_cap(self, tx: Transaction, call: Call, person_ref: UUID) -> api.PersonCap:
        """Show what is left of a person's month, or say why they may not buy today."""
        return handlers.show_cap(tx, person_ref, on=business_date(call.now))

    @http.query(
        "GET",
        "/v1/tills/<uuid:till_id>/sales",
        query=api.SalesOf,
        answer=list[api.SaleListed],
        allow=STAFF,
    )
    def get_sales(
        self, tx: Transaction, call: Call, query: api.SalesOf, till_id: UUID
    ) -> Paged[api.SaleListed]:
        """List a till's sales, the latest first, without PINs and without names."""
        call.caller.require_site(drawers.find_till(tx, till_id)["site_code"])
        found = handlers.show_sales(tx, till_id, query)
        return Paged.cut(found, limit=query.limit, key=lambda each: each.ticket_no)

    @http.query(
        "GET", "/v1/tills/<uuid:till_id>/card-sales", answer=list[api.SaleWaiting], allow=STAFF
    )
    def get_card_sales(self, tx: Transaction, call: Call, till_id: UUID) -> list[api.SaleWaiting]:
        """List a till's sales that wait for their card."""
        call.caller.require_site(drawers.find_till(tx, till_id)["site_code"])
        return handlers.show_waiting(tx, till_id)
