"""The start of a manager's day, the state of the services, and the log of who may do what."""

from typing import Annotated

from pydantic import Field

from chassis import navigation, upkeep
from chassis.db import Transaction
from chassis.http import Call, Parameters
from chassis.web import View, page
from kernel.period import business_date
from services.accounts.api.log import LogPage
from services.accounts.doors import MANAGERS
from services.accounts.doors.deeds import deed_of
from services.accounts.handlers import devices, logs, second_factors, users

_ADMIN = ("admin",)


class LogQuery(Parameters):
    """Which page of the log is looked at."""

    after: Annotated[int | None, Field(ge=1)] = None


class SteeringPages:
    """What a manager opens first; what an administrator keeps an eye on."""

    @page("/pilotage", allow=MANAGERS)
    def show_overview(self, tx: Transaction, call: Call) -> View:
        """Show what matters today, each part from the service that knows it."""
        return View(
            "overview.html",
            today=business_date(call.now),
            services=navigation.SERVICES if call.caller.role in _ADMIN else {},
            part=upkeep.PART,
        )

    @page("/pilotage/personnes/apercu", allow=MANAGERS)
    def show_team_overview(self, tx: Transaction, call: Call) -> View:
        """Show how many work here, whether every till has its device, and what a password opens."""
        at = call.caller.sites_seen
        return View(
            "overview_team.html",
            people=users.count_users(tx, site_codes=at),
            tills=devices.count_tills(tx, site_codes=at),
            open_roles=(
                second_factors.list_open_roles(tx, deed=deed_of(call))
                if call.caller.role in _ADMIN
                else []
            ),
        )

    @page("/pilotage/livraisons", allow=_ADMIN)
    def show_services(self, tx: Transaction, call: Call) -> View:
        """Show what waits in every service, and what failed for good."""
        return View("services.html", services=navigation.SERVICES, part=upkeep.PART)

    @page("/pilotage/journal", allow=_ADMIN, query=LogQuery)
    def show_log(self, tx: Transaction, call: Call, query: LogQuery) -> View:
        """Show who did what to whose access."""
        found = logs.list_entries(tx, LogPage(after=query.after), deed=deed_of(call))
        return View(
            "log.html",
            entries=found.items,
            names=logs.names(tx, found.items),
            last=found.last,
            is_first=query.after is None,
        )

    @page("/pilotage/journal/chaine", allow=_ADMIN)
    def show_chain(self, tx: Transaction, call: Call) -> View:
        """Compute the chain of the log anew, and say whether it holds."""
        count, broken_at = logs.verify(tx)
        return View("log_chain.html", count=count, broken_at=broken_at)
