"""Those who work here: who they are, what they may do, and what becomes of their access."""

from typing import Any
from uuid import UUID

from chassis.db import Transaction
from chassis.http import Call, Paged
from chassis.texts import ROLES
from chassis.web import View, page
from services.accounts.api import users as api
from services.accounts.api.sessions import SessionPage
from services.accounts.domain.user import AT_SITES, MANAGED, Role
from services.accounts.doors import MANAGERS
from services.accounts.doors.deeds import deed_of
from services.accounts.handlers import second_factors, sessions, sites, users


class TeamPages:
    """The users, as those who manage them see them."""

    @page("/pilotage/personnes", allow=MANAGERS, query=api.UserPage)
    def show_team(self, tx: Transaction, call: Call, query: api.UserPage) -> View:
        """Show who may sign in."""
        return self._team(tx, call, query, template="team.html")

    @page("/pilotage/personnes/liste", allow=MANAGERS, query=api.UserPage)
    def show_team_list(self, tx: Transaction, call: Call, query: api.UserPage) -> View:
        """Show those whose name or address has something in it."""
        return self._team(tx, call, query, template="team_list.html")

    def _team(self, tx: Transaction, call: Call, query: api.UserPage, *, template: str) -> View:
        found: Paged[api.User] = users.list_users(tx, query, caller=call.caller)
        return View(
            template,
            people=found.items,
            last=found.last,
            q=query.q,
            is_first=query.after is None,
            managed={
                each.user_id for each in found.items if users.may_manage(each, caller=call.caller)
            },
            site_names=sites.site_names(tx),
        )

    @page("/pilotage/personnes/nouvelle", allow=MANAGERS)
    def show_newcomer(self, tx: Transaction, call: Call) -> View:
        """Ask who will sign in from now on."""
        return View("team_new.html", **_choices(tx, call))

    @page("/pilotage/personnes/<uuid:user_id>", allow=MANAGERS)
    def show_person(self, tx: Transaction, call: Call, user_id: UUID) -> View:
        """Show somebody's rights, sessions and second factor, and let them be changed."""
        deed = deed_of(call)
        user = users.require_managed(tx, user_id, deed=deed)
        live = sessions.list_sessions(tx, SessionPage(user_id=user_id), deed=deed)
        return View(
            "team_person.html",
            person=users.shown(user),
            is_oneself=user_id == call.caller.user_id,
            sessions=live.items,
            factor=second_factors.show_of(tx, user, deed=deed),
            **_choices(tx, call),
        )


def _choices(tx: Transaction, call: Call) -> dict[str, Any]:
    """Which roles and sites a caller may give."""
    is_admin = call.caller.role == Role.ADMIN
    return {
        "roles": [role for role in ROLES if is_admin or role in MANAGED],
        "roles_at_sites": sorted(AT_SITES),
        "sites": list(sites.site_names(tx, seen_by=call.caller).items()),
        "is_admin": is_admin,
    }
