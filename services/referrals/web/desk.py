"""The reception desk: today's referrals, looking for people, answering, people's files."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from chassis import navigation
from chassis.db import Transaction
from chassis.http import Call, Parameters
from chassis.web import View, page
from services.referrals import seal
from services.referrals.api import SiteCode
from services.referrals.api import finding as finding_api
from services.referrals.api import referrals as referral_api
from services.referrals.api import rights as rights_api
from services.referrals.api import structures as structure_api
from services.referrals.domain import referral_code
from services.referrals.doors import EXPORTERS, MANAGERS, STAFF
from services.referrals.doors.keys import slip_seal
from services.referrals.doors.rights import erasure_terms
from services.referrals.handlers import accesses, criteria, desk, erasing, finding, showing
from services.referrals.handlers import slips as slip_handlers
from services.referrals.handlers import structures as structure_handlers
from services.referrals.printing import codes
from services.referrals.store import Row, network

#: Fewer signs than that find half of the network, more than that are nobody's name.
_SIGNS_MIN, _SIGNS_MAX = 3, 80
_STRUCTURES_MAX = 200


class DeskQuery(Parameters):
    """Whose table is looked at; without a site, the first of one's own."""

    site: SiteCode | None = None


class Newer(Parameters):
    """What came to a site after the last referral that is shown."""

    site: SiteCode
    apres: UUID | None = None


class Search(Parameters):
    """What was typed, or read by a scanner: a name, a phone's end, a code, the text of a slip."""

    q: Annotated[str, Field(max_length=400)] = ""


class Pair(Parameters):
    """Who may be the same person."""

    avec: UUID


class DeskPages:
    """The reception desk."""

    @page("/accueil", allow=STAFF, query=DeskQuery)
    def show_desk(self, tx: Transaction, call: Call, query: DeskQuery) -> View:
        """Show what a site has to answer today."""
        sites = desk.list_own_sites(tx, caller=call.caller)
        site_code = _chosen(sites, query)
        day = (
            None
            if site_code is None
            else desk.show_day(tx, site_code, caller=call.caller, now=call.now)
        )
        return View("desk.html", sites=sites, site_code=site_code, day=day)

    @page("/accueil/nouvelles", allow=STAFF, query=Newer)
    def count_newer(self, tx: Transaction, call: Call, query: Newer) -> View:
        """Say how many referrals have come since the page was opened, and name nobody."""
        count = desk.count_newer(
            tx, query.site, after=query.apres, caller=call.caller, now=call.now
        )
        return View("newer.html", count=count, site_code=query.site)

    @page("/accueil/recherche", allow=STAFF, query=Search)
    def search(self, tx: Transaction, call: Call, query: Search) -> View:
        """Find people and referrals by what was typed or scanned."""
        if query.q.startswith(seal.PREFIX):
            public_key = slip_seal().public_key
            slip = slip_handlers.read_slip(tx, query.q, public_key=public_key, now=call.now)
            sites = desk.list_own_sites(tx, caller=call.caller)
            is_ours = slip.site_code in {row["site_code"] for row in sites}
            return View("found_slip.html", slip=slip, is_ours=is_ours, site_names=_names(tx))
        if not query.q:
            return View("nothing.html")
        if len(query.q) < _SIGNS_MIN:
            return View("found.html", is_short=True, referrals=(), people=(), site_names={})
        wanted = finding_api.FindPeople(q=query.q[:_SIGNS_MAX])
        people = finding.find_people(tx, wanted, caller=call.caller, now=call.now)
        return View(
            "found.html",
            is_short=False,
            referrals=_of_code(tx, call, query.q),
            people=people,
            site_names=_names(tx),
        )

    @page("/accueil/sans-bon", allow=STAFF, query=DeskQuery)
    def show_walk_in_form(self, tx: Transaction, call: Call, query: DeskQuery) -> View:
        """Take somebody in who came without a referral."""
        sites = desk.list_own_sites(tx, caller=call.caller)
        site_code = _chosen(sites, query)
        first = structure_api.StructurePage(limit=_STRUCTURES_MAX)
        return View(
            "walk_in.html",
            sites=sites,
            site_code=site_code,
            structure_choices=[
                (each.structure_id, each.name)
                for each in structure_handlers.list_structures(tx, first, now=call.now).items
            ],
            criterion=(
                None
                if site_code is None
                else criteria.find_criterion(tx, site_code, caller=call.caller, now=call.now)
            ),
            is_manager=call.caller.role in MANAGERS,
        )

    @page("/accueil/orientations/<uuid:referral_id>", allow=STAFF)
    def show_referral_file(self, tx: Transaction, call: Call, referral_id: UUID) -> View:
        """Show a referral, beside what answers it."""
        file = desk.show_referral(tx, referral_id, caller=call.caller, now=call.now)
        is_open = file.history.state in ("submitted", "seen")
        return View(
            "referral.html",
            file=file,
            found=_alike(tx, call, file.person_ref) if is_open and file.person_ref else None,
            is_manager=call.caller.role in MANAGERS,
            site_names=_names(tx),
        )

    @page("/accueil/orientations/<uuid:referral_id>/etapes", allow=STAFF)
    def show_referral_steps(self, tx: Transaction, call: Call, referral_id: UUID) -> View:
        """Show the steps of a referral alone, to be loaded anew."""
        history = showing.show_referral(tx, referral_id, caller=call.caller, now=call.now)
        return View("steps_part.html", referral=history)

    @page("/accueil/personnes/<uuid:person_ref>", allow=STAFF)
    def show_person_file(self, tx: Transaction, call: Call, person_ref: UUID) -> View:
        """Show a person's file, each part to who may see it."""
        file = desk.show_person(tx, person_ref, caller=call.caller, now=call.now)
        return View("person.html", file=file, site_names=_names(tx))

    @page("/accueil/personnes/<uuid:person_ref>/doublons", allow=STAFF)
    def show_duplicates_of(self, tx: Transaction, call: Call, person_ref: UUID) -> View:
        """Show who may be the same person, side by side, with the reasons."""
        return View(
            "duplicates.html",
            found=_alike(tx, call, person_ref),
            is_manager=call.caller.role in MANAGERS,
            site_names=_names(tx),
        )

    @page("/accueil/personnes/<uuid:person_ref>/fusion", allow=MANAGERS, query=Pair)
    def preview_merge(self, tx: Transaction, call: Call, query: Pair, person_ref: UUID) -> View:
        """Show what joins, before two files are said to be one person's."""
        joined = desk.preview_merge(tx, person_ref, query.avec, caller=call.caller, now=call.now)
        return View("merge.html", joined=joined, site_names=_names(tx))

    @page(
        "/accueil/personnes/<uuid:person_ref>/consultations",
        allow=MANAGERS,
        query=rights_api.AccessPage,
    )
    def show_accesses(
        self, tx: Transaction, call: Call, query: rights_api.AccessPage, person_ref: UUID
    ) -> View:
        """Show who looked at a person's identity or changed it."""
        found = accesses.list_accesses(tx, person_ref, query, caller=call.caller)
        return View(
            "accesses.html",
            person_ref=person_ref,
            accesses=found.items,
            last=found.last,
            words=codes.WORDS,
            site_names=_names(tx),
        )

    @page("/accueil/personnes/<uuid:person_ref>/export", allow=EXPORTERS)
    def show_export(self, tx: Transaction, call: Call, person_ref: UUID) -> View:
        """Ask for all that the network holds on a person, and wait for it."""
        file = desk.show_person(tx, person_ref, caller=call.caller, now=call.now)
        return View("export.html", person=file.person)

    @page("/accueil/effacements/<uuid:person_ref>", allow=MANAGERS)
    def show_erasure(self, tx: Transaction, call: Call, person_ref: UUID) -> View:
        """Show how far an erasure has come."""
        return View("erasure.html", person_ref=person_ref, **_erasure(tx, call, person_ref))

    @page("/accueil/effacements/<uuid:person_ref>/recus", allow=MANAGERS)
    def show_receipts(self, tx: Transaction, call: Call, person_ref: UUID) -> View:
        """Show the receipts of an erasure alone, to be loaded anew."""
        return View("receipts.html", **_erasure(tx, call, person_ref))


def _chosen(sites: Sequence[Row], query: DeskQuery) -> str | None:
    return query.site or next((row["site_code"] for row in sites), None)


def _names(tx: Transaction) -> dict[str, str]:
    return {row["site_code"]: row["name"] for row in network.list_sites(tx)}


def _alike(tx: Transaction, call: Call, person_ref: UUID) -> finding_api.Duplicates:
    return finding.show_duplicates(
        tx, person_ref, caller=call.caller, now=call.now, language=call.language
    )


def _of_code(tx: Transaction, call: Call, text: str) -> list[referral_api.ReferralSummary]:
    code = referral_code.normalise(text)
    if code is None:
        return []
    wanted = referral_api.ReferralPage(code=code, limit=1)
    return list(showing.list_referrals(tx, wanted, caller=call.caller, now=call.now).items)


def _erasure(tx: Transaction, call: Call, person_ref: UUID) -> dict[str, Any]:
    wanted = rights_api.ErasurePage(person_ref=person_ref, limit=1)
    found = erasing.list_erasures(
        tx, wanted, caller=call.caller, now=call.now, terms=erasure_terms()
    )
    return {"erasure": next(iter(found.items), None), "service_names": navigation.SERVICES}
