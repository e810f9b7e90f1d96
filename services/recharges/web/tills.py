"""Drawers and closings for who steers: gaps, what is still open, perpetual totals, archives."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis.db import Transaction
from chassis.http import Call, Parameters
from chassis.web import View, page
from kernel.period import business_date
from services.recharges.doors import SUPERVISORS
from services.recharges.handlers import archiving, steering
from services.recharges.web.drawers import who_of
from services.recharges.web.stock import SiteChosen, chosen

_CLOSINGS_LISTED = 31


class ClosingsChosen(Parameters):
    """Which till's closings are looked at, of which period, before which number."""

    till: UUID | None = None
    period: Literal["day", "month", "year"] = "day"
    before: Annotated[int | None, Field(ge=1)] = None


class SteeredTillPages:
    """What tills came to, and what is still open there."""

    @page("/pilotage/caisses", allow=SUPERVISORS, query=SiteChosen)
    def show_tills_page(self, tx: Transaction, call: Call, query: SiteChosen) -> View:
        """Show the drawers of a site, open and closed, or the gaps of each; and money owed back."""
        names = steering.site_names(tx, site_codes=call.caller.sites_seen)
        site_code = chosen(call, query, names)
        on = business_date(call.now)
        asked = [site_code] if site_code else call.caller.sites_seen
        since = on - timedelta(days=steering.GAP_DAYS)
        return View(
            "tills.html",
            sites=names,
            site_code=site_code,
            days=steering.GAP_DAYS,
            gaps=steering.gaps(tx, site_codes=asked, on=on),
            tills=steering.tills(tx, site_codes=asked, on=on, language=call.language),
            refunds=steering.waiting_refunds(tx, site_codes=asked),
            sessions=steering.last_sessions(tx, site_code=site_code, since=since)
            if site_code
            else (),
            who=who_of(tx, call),
        )

    @page("/pilotage/caisses/apercu", allow=SUPERVISORS)
    def show_tills_at_a_glance(self, tx: Transaction, call: Call) -> View:
        """Show gaps, what is open or was left open, and money owed back: a part of /pilotage."""
        on = business_date(call.now)
        seen = call.caller.sites_seen
        return View(
            "tills_glance.html",
            gaps=steering.gaps(tx, site_codes=seen, on=on),
            days=steering.GAP_DAYS,
            refunds=steering.waiting_refunds(tx, site_codes=seen),
        )

    @page("/pilotage/clotures", allow=SUPERVISORS, query=ClosingsChosen)
    def show_closings_page(self, tx: Transaction, call: Call, query: ClosingsChosen) -> View:
        """Show a till's closings with its perpetual totals, and the archives of its journal."""
        on = business_date(call.now)
        tills = steering.tills(
            tx, site_codes=call.caller.sites_seen, on=on, language=call.language, with_revoked=True
        )
        till = None
        if query.till is not None:
            till = steering.till(tx, query.till, on=on, language=call.language)
            call.caller.require_site(till["site_code"])
        elif len(tills) == 1:
            till = tills[0]
        if till is None:
            return View("closings.html", tills=tills, till=None)
        found = steering.closings(
            tx,
            till["till_id"],
            period=query.period,
            before=query.before,
            count_max=_CLOSINGS_LISTED + 1,
        )
        return View(
            "closings.html",
            tills=tills,
            till=till,
            period=query.period,
            closings=found[:_CLOSINGS_LISTED],
            more=len(found) > _CLOSINGS_LISTED,
            archives={
                year: archiving.file_name(till, year=year)
                for year in steering.years(tx, till["till_id"], on=on)
            },
        )
