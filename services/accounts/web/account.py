"""One's own account: who one is, where one is signed in, the password and the second factor."""

from chassis import navigation
from chassis.db import Transaction
from chassis.http import SIGNED_IN, Call
from chassis.web import View, page
from services.accounts.api.sessions import SessionPage
from services.accounts.domain.password import CHARS_MIN
from services.accounts.doors.deeds import deed_of
from services.accounts.handlers import second_factors, sessions, sites
from services.accounts.seal import ENROLLING


class AccountPages:
    """What everybody finds of themselves."""

    @page("/compte", allow=(*SIGNED_IN, ENROLLING))
    def show_account(self, tx: Transaction, call: Call) -> View:
        """Show one's account; who must enrol a second factor does that and nothing else."""
        deed = deed_of(call)
        me, factor = sessions.show_me(tx, deed=deed), second_factors.show(tx, deed=deed)
        if call.caller.role == ENROLLING:
            return View("account_enrolling.html", me=me, factor=factor)
        names = sites.site_names(tx)
        return View(
            "account.html",
            me=me,
            site_names=[names.get(code, code) for code in me.site_codes],
            factor=factor,
            sessions=sessions.list_sessions(tx, SessionPage(), deed=deed).items,
            chars_min=CHARS_MIN,
            has_pages=bool(navigation.places_of(call.caller.role)),
        )

    @page("/compte/sessions", allow=SIGNED_IN)
    def show_sessions(self, tx: Transaction, call: Call) -> View:
        """Show where one is signed in."""
        found = sessions.list_sessions(tx, SessionPage(), deed=deed_of(call))
        return View("account_sessions.html", sessions=found.items)
