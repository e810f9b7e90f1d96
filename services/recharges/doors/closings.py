"""Closings of a till: on demand, by the clock, and to be read."""

from uuid import UUID

from chassis import clock, http
from chassis.db import Transaction
from chassis.http import Call, Paged
from chassis.timer import every
from services.recharges.api import closings as api
from services.recharges.domain.journal import Period
from services.recharges.doors import STAFF, SUPERVISORS
from services.recharges.doors.pens import pen_of, pen_of_the_clock
from services.recharges.handlers import closings as handlers
from services.recharges.handlers import reports
from services.recharges.store import drawers

_CLOSE_S = 60.0


class ClosingDoors:
    """Days, months and years of a till."""

    @http.command(
        "POST",
        "/v1/tills/<uuid:till_id>/closings",
        body=api.Close,
        answer=api.Closed,
        status=201,
        allow=SUPERVISORS,
    )
    def close_period(
        self, tx: Transaction, call: Call, body: api.Close, till_id: UUID
    ) -> api.Closed:
        """Close a till's day now, or its months and years that are over."""
        till = drawers.lock_till(tx, till_id)
        call.caller.require_site(till["site_code"])
        made = handlers.close_period(tx, till, Period(body.period), pen=pen_of(call))
        return reports.show_made(tx, made)

    @http.query(
        "GET",
        "/v1/tills/<uuid:till_id>/closings",
        query=api.ClosingsOf,
        answer=list[api.ClosingShown],
        allow=STAFF,
    )
    def get_closings(
        self, tx: Transaction, call: Call, query: api.ClosingsOf, till_id: UUID
    ) -> Paged[api.ClosingShown]:
        """List a till's closings of a period with their totals, and the perpetual ones.

        Those made since the open drawer was opened are shown to supervisors only.
        """
        call.caller.require_site(drawers.find_till(tx, till_id)["site_code"])
        found = reports.show_closings(
            tx, till_id, query, is_supervisor=call.caller.role in SUPERVISORS
        )
        return Paged.cut(found, limit=query.limit, key=lambda each: each.closing_no)

    @every(_CLOSE_S)
    def close_what_is_over(self, tx: Transaction) -> None:
        """Close days, months and years that are over."""
        handlers.close_what_is_over(tx, pen=pen_of_the_clock(clock.now()))
