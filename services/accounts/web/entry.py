"""The way in: signing in, and from there to where one's work is."""

from typing import Annotated

from pydantic import Field

from chassis import navigation
from chassis.db import Transaction
from chassis.http import ANYONE, SIGNED_IN, Call, Parameters
from chassis.web import Redirect, View, page
from services.accounts.seal import ENROLLING


class Back(Parameters):
    """Which page of ours somebody wanted before they had to sign in."""

    next: Annotated[str, Field(max_length=500)] = ""

    @property
    def path(self) -> str:
        """The page, if it is one of ours: an address elsewhere would look like us and is not."""
        is_ours = self.next.startswith("/") and not self.next.startswith(("//", "/\\"))
        return self.next if is_ours and self.next.isprintable() else ""


class EntryPages:
    """The start and the sign-in."""

    @page("/", allow=(*SIGNED_IN, ENROLLING))
    def show_start(self, tx: Transaction, call: Call) -> Redirect:
        """Lead to where the caller's work is."""
        return Redirect(navigation.home_of(call.caller.role))

    @page("/connexion", allow=ANYONE, query=Back)
    def show_sign_in(self, tx: Transaction, call: Call, query: Back) -> View:
        """Ask who is there."""
        return View("sign_in.html", back="" if query.path == "/" else query.path)
