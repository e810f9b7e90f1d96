"""The drawer of a till: opened with its float, moved, handed over, counted blind, closed."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import NamedTuple
from uuid import UUID

from chassis.db import Transaction
from chassis.http import Call
from chassis.web import Redirect, View, page
from kernel.period import business_date
from services.recharges.doors import STAFF, SUPERVISORS
from services.recharges.handlers import reports, steering
from services.recharges.store import drawers, staff

#: How far back a till's sessions are listed beside its drawer.
_LISTED_DAYS = 7
_LISTED_MAX = 10


class Staff(NamedTuple):
    """A member of staff: what colleagues call them, where that is known, and their short code."""

    #: Whether the page is shown to them.
    is_reader: bool
    name: str
    code: str


class DrawerPages:
    """A till's drawer, from the float to the Z."""

    @page("/caisse/tiroir", allow=STAFF)
    def show_drawers(self, tx: Transaction, call: Call) -> View | Redirect:
        """Show the tills of one's site, or the one there is."""
        tills = steering.tills(
            tx,
            site_codes=call.caller.sites_seen,
            on=business_date(call.now),
            language=call.language,
        )
        if len(tills) == 1:
            return Redirect(f"/caisse/tiroir/{tills[0]['till_id']}")
        return View("drawers.html", tills=tills)

    @page("/caisse/tiroir/<uuid:till_id>", allow=STAFF)
    def show_drawer(self, tx: Transaction, call: Call, till_id: UUID) -> View | Redirect:
        """Show what can be done with a till's drawer; never what must be in it."""
        today = business_date(call.now)
        till = steering.till(tx, till_id, on=today, language=call.language)
        call.caller.require_site(till["site_code"])
        if till["drawer_state"] == "counted":
            return Redirect(f"/caisse/tiroir/seances/{till['drawer_session_id']}")
        is_supervisor = call.caller.role in SUPERVISORS
        session, account = None, None
        if till["drawer_session_id"] is not None:
            session = drawers.find_drawer(tx, till["drawer_session_id"])
            account = steering.session_account(tx, session)
        return View(
            "drawer.html",
            till=till,
            session=session,
            account=account,
            notes=steering.NOTES,
            coins=steering.COINS,
            is_supervisor=is_supervisor,
            may_use=is_supervisor or till["bound_to"] in (None, call.caller.user_id),
            may_hand_over=is_supervisor or till["held_by"] == call.caller.user_id,
            offers=list(steering.offer_labels(tx).items()),
            refunds=steering.waiting_refunds(tx, site_codes=[till["site_code"]]),
            who=who_of(tx, call),
            last=steering.last_sessions(
                tx,
                till_id=till_id,
                since=today - timedelta(days=_LISTED_DAYS),
                count_max=_LISTED_MAX,
            ),
        )

    @page("/caisse/tiroir/seances/<uuid:drawer_session_id>", allow=STAFF)
    def show_drawer_session(
        self, tx: Transaction, call: Call, drawer_session_id: UUID
    ) -> View | Redirect:
        """Show a drawer that was counted: its gap, its approval, its Z."""
        session = drawers.find_drawer(tx, drawer_session_id)
        call.caller.require_site(session["site_code"])
        if session["state"] == "open":
            return Redirect(f"/caisse/tiroir/{session['till_id']}")
        till = steering.till(
            tx, session["till_id"], on=business_date(call.now), language=call.language
        )
        is_supervisor = call.caller.role in SUPERVISORS
        return View(
            "drawer_session.html",
            till=till,
            session=session,
            account=steering.session_account(tx, session),
            is_supervisor=is_supervisor,
            approves_alone=is_supervisor and session["counted_by"] != call.caller.user_id,
            who=who_of(tx, call),
        )


def who_of(tx: Transaction, call: Call) -> Callable[[UUID], Staff]:
    """Give what says who somebody is, looked up once for each."""

    @cache
    def who(user_id: UUID) -> Staff:
        return Staff(
            is_reader=user_id == call.caller.user_id,
            name=staff.find_name(tx, user_id) or "",
            code=reports.code_of(user_id),
        )

    return who
