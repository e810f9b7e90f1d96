"""The way in: signing in, and from there to where one's work is."""

from typing import Annotated

from pydantic import Field

from chassis import navigation
from chassis.db import Transaction
from chassis.http import ANYONE, SIGNED_IN, Call, Parameters
from chassis.web import Redirect, View, page
from kernel.refusal import NotFound
from services.accounts.domain.password import CHARS_MIN
from services.accounts.doors.identities import provider_names
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
        return View(
            "sign_in.html", back="" if query.path == "/" else query.path, providers=provider_names()
        )

    @page("/connexion/retour/<provider>", allow=ANYONE)
    def show_return(self, tx: Transaction, call: Call, provider: str) -> View:
        """Take in whoever comes back from a provider; a script exchanges what they bring."""
        if provider not in provider_names():
            raise NotFound()
        return View("sign_in_return.html", provider=provider)

    @page("/connexion/oubli", allow=ANYONE)
    def show_forgotten(self, tx: Transaction, call: Call) -> View:
        """Ask whose password is forgotten."""
        return View("forgotten.html")

    @page("/connexion/nouveau-mot-de-passe", allow=ANYONE)
    def show_new_password(self, tx: Transaction, call: Call) -> View:
        """Let somebody choose a new password, with the code behind the `#` of the mail's link."""
        return View("new_password.html", chars_min=CHARS_MIN)
