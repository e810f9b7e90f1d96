"""A till's drawer: opened with a counted float, read at any time, counted blind, closed once."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from services.recharges.api import drawers as api
from services.recharges.doors import STAFF, SUPERVISORS
from services.recharges.doors.pens import pen_of
from services.recharges.handlers import drawers as handlers
from services.recharges.store import drawers as store


class DrawerDoors:
    """Drawer sessions."""

    @http.command(
        "POST",
        "/v1/tills/<uuid:till_id>/drawer-sessions",
        body=api.OpenDrawer,
        answer=api.DrawerOpened,
        status=201,
        allow=STAFF,
    )
    def open_drawer(
        self, tx: Transaction, call: Call, body: api.OpenDrawer, till_id: UUID
    ) -> api.DrawerOpened:
        """Open a till's drawer with its counted float."""
        till = store.lock_till(tx, till_id)
        call.caller.require_site(till["site_code"])
        return handlers.open_drawer(
            tx, till, pieces=body.pieces, by=call.caller.user_id, pen=pen_of(call)
        )

    @http.command(
        "POST",
        "/v1/drawer-sessions/<uuid:drawer_session_id>/movements",
        body=api.MoveCash,
        answer=api.CashMoved,
        status=201,
        allow=STAFF,
    )
    def move_cash(
        self, tx: Transaction, call: Call, body: api.MoveCash, drawer_session_id: UUID
    ) -> api.CashMoved:
        """Put cash into an open drawer, or take some out, for a reason."""
        till, session = store.lock_drawer(tx, drawer_session_id)
        call.caller.require_site(till["site_code"])
        return handlers.move_cash(
            tx,
            till,
            session,
            body,
            by=call.caller.user_id,
            is_supervisor=call.caller.role in SUPERVISORS,
            pen=pen_of(call),
        )

    @http.command(
        "POST",
        "/v1/drawer-sessions/<uuid:drawer_session_id>/handovers",
        body=api.HandOver,
        answer=api.HandedOver,
        status=201,
        allow=STAFF,
    )
    def hand_over_drawer(
        self, tx: Transaction, call: Call, body: api.HandOver, drawer_session_id: UUID
    ) -> api.HandedOver:
        """Give an open drawer to another person, counted."""
        till, session = store.lock_drawer(tx, drawer_session_id)
        call.caller.require_site(till["site_code"])
        return handlers.hand_over(
            tx,
            till,
            session,
            body,
            by=call.caller.user_id,
            is_supervisor=call.caller.role in SUPERVISORS,
            pen=pen_of(call),
        )

    @http.command(
        "POST",
        "/v1/drawer-sessions/<uuid:drawer_session_id>/close",
        body=api.CloseDrawer,
        answer=api.DrawerCounted,
        allow=STAFF,
    )
    def close_drawer(
        self, tx: Transaction, call: Call, body: api.CloseDrawer, drawer_session_id: UUID
    ) -> api.DrawerCounted:
        """Count a drawer blind: that closes it, and the till's day, unless the gap is large."""
        till, session = store.lock_drawer(tx, drawer_session_id)
        call.caller.require_site(till["site_code"])
        return handlers.close_drawer(
            tx,
            till,
            session,
            counted=body.counted,
            by=call.caller.user_id,
            is_supervisor=call.caller.role in SUPERVISORS,
            pen=pen_of(call),
        )

    @http.command(
        "POST",
        "/v1/drawer-sessions/<uuid:drawer_session_id>/approval",
        body=api.ApproveDrawer,
        answer=api.DrawerCounted,
        allow=SUPERVISORS,
    )
    def approve_drawer(
        self, tx: Transaction, call: Call, body: api.ApproveDrawer, drawer_session_id: UUID
    ) -> api.DrawerCounted:
        """Close a drawer whose gap another person has to accept."""
        till, session = store.lock_drawer(tx, drawer_session_id)
        call.caller.require_site(till["site_code"])
        return handlers.approve_drawer(
            tx, till, session, reason=body.reason, by=call.caller.user_id, pen=pen_of(call)
        )

    @http.query(
        "GET",
        "/v1/drawer-sessions/<uuid:drawer_session_id>/x",
        answer=api.DrawerRead,
        allow=STAFF,
    )
    def read_drawer(self, tx: Transaction, call: Call, drawer_session_id: UUID) -> api.DrawerRead:
        """Read a drawer as it stands: an X. The expected amount is hidden until the count."""
        session = store.find_drawer(tx, drawer_session_id)
        call.caller.require_site(session["site_code"])
        return handlers.read_drawer(tx, session, is_supervisor=call.caller.role in SUPERVISORS)

    @http.query(
        "GET",
        "/v1/drawer-sessions",
        query=api.DrawersOf,
        answer=list[api.DrawerShown],
        allow=STAFF,
    )
    def get_drawers(
        self, tx: Transaction, call: Call, query: api.DrawersOf
    ) -> Paged[api.DrawerShown]:
        """List a site's drawer sessions with their gaps, as they were opened."""
        call.caller.require_site(query.site_code)
        found = handlers.show_drawers(tx, query)
        return Paged.cut(found, limit=query.limit, key=lambda each: each.drawer_session_id)
