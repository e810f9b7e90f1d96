"""The steering of referrals: what is late where, the houses that refer, what each site asks."""

from typing import Annotated
from uuid import UUID

from babel.dates import format_date
from pydantic import Field

from chassis import navigation
from chassis.db import Transaction
from chassis.http import Call, Parameters
from chassis.web import View, page
from kernel.period import Month, business_date
from services.referrals.api import SiteCode
from services.referrals.api import counting as counting_api
from services.referrals.api import referrals as referral_api
from services.referrals.api import rights as rights_api
from services.referrals.api import structures as structure_api
from services.referrals.doors import MANAGERS
from services.referrals.doors.rights import erasure_terms
from services.referrals.handlers import (
    counting,
    criteria,
    desk,
    erasing,
    showing,
    structures,
    workers,
)
from services.referrals.store import network
from services.referrals.web.referrer import Filter

_WORKERS_MAX = 200
#: The first of the erasures that are overdue: more have one cause.
_LATE_MAX = 5


class SteeringQuery(Parameters):
    """Which referrals to list."""

    site: SiteCode | Annotated[str, Field(max_length=0)] = ""
    etat: Filter = ""
    retard: bool = False
    after: UUID | None = None


class CriterionQuery(Parameters):
    """Of which site; without one, the first of one's own."""

    site: SiteCode | None = None


class SteeringPages:
    """Figures by site and by month, the full list, structures and criteria."""

    @page("/pilotage/orientations/apercu", allow=MANAGERS)
    def show_figures(self, tx: Transaction, call: Call) -> View:
        """Show what waits and is late at each site, and who has not forgotten whom in time.

        A part of the first steering page.
        """
        late = erasing.list_erasures(
            tx,
            rights_api.ErasurePage(overdue=True, limit=_LATE_MAX),
            caller=call.caller,
            now=call.now,
            terms=erasure_terms(),
        )
        return View(
            "figures.html",
            sites=desk.count_by_site(tx, caller=call.caller, now=call.now),
            late=late.items,
            service_names=navigation.SERVICES,
        )

    @page("/pilotage/orientations", allow=MANAGERS, query=SteeringQuery)
    def show_all_referrals(self, tx: Transaction, call: Call, query: SteeringQuery) -> View:
        """List the referrals of one's sites, by site, state and lateness."""
        wanted = referral_api.ReferralPage(
            site_code=query.site or None,
            state=query.etat or None,
            overdue=query.retard,
            after=query.after,
        )
        sites = desk.list_own_sites(tx, caller=call.caller)
        return View(
            "all_referrals.html",
            found=showing.list_referrals(tx, wanted, caller=call.caller, now=call.now),
            sites=sites,
            site_names={row["site_code"]: row["name"] for row in sites},
            chosen=query,
        )

    @page("/pilotage/orientations/mois", allow=MANAGERS, query=counting_api.CountedMonth)
    def show_month(self, tx: Transaction, call: Call, query: counting_api.CountedMonth) -> View:
        """Show what the network did in a month, in counts that may be passed on."""
        asked = None if query.month is None else Month.parse(query.month)
        counted = counting.show_month(tx, asked, now=call.now)
        month = Month.parse(counted.month)
        is_last = month.next() == Month.of(business_date(call.now))
        return View(
            "months.html",
            counted=counted,
            month_name=format_date(month.first_on, "MMMM y", locale=call.language),
            site_names={row["site_code"]: row["name"] for row in network.list_sites(tx)},
            before=month.previous(),
            after=None if is_last else month.next(),
        )

    @page("/pilotage/orientations/structures", allow=MANAGERS, query=structure_api.StructurePage)
    def show_structures(
        self, tx: Transaction, call: Call, query: structure_api.StructurePage
    ) -> View:
        """List the houses that refer people, and add one."""
        return View("structures.html", found=structures.list_structures(tx, query, now=call.now))

    @page("/pilotage/orientations/structures/<uuid:structure_id>", allow=MANAGERS)
    def show_structure(self, tx: Transaction, call: Call, structure_id: UUID) -> View:
        """Show what a structure signed and who refers in its name."""
        everybody = structure_api.WorkerPage(limit=_WORKERS_MAX)
        return View(
            "structure.html",
            structure=structures.show_structure(tx, structure_id, now=call.now),
            conventions=structures.list_conventions(tx, structure_id),
            workers=workers.list_workers(tx, structure_id, everybody, now=call.now).items,
            today=business_date(call.now),
        )

    @page("/pilotage/orientations/critere", allow=MANAGERS, query=CriterionQuery)
    def show_criteria(self, tx: Transaction, call: Call, query: CriterionQuery) -> View:
        """Show by what a site decides whom it takes in, and set it."""
        sites = desk.list_own_sites(tx, caller=call.caller)
        site_code = query.site or next((row["site_code"] for row in sites), None)
        return View(
            "criteria.html",
            sites=sites,
            site_code=site_code,
            criteria=(
                []
                if site_code is None
                else criteria.list_criteria(tx, site_code, caller=call.caller)
            ),
            today=business_date(call.now),
        )
