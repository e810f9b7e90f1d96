"""The referrals service: its entry points."""

import secrets
from functools import cache
from uuid import UUID, uuid4

from chassis import http
from chassis.consume import consume
from chassis.db import Transaction
from chassis.http import Call, Paged
from chassis.service import Service
from kernel.envelope import Envelope
from kernel.period import business_date
from services.referrals import api, handlers, seal
from services.referrals.settings import current

_STAFF = ("till_operator", "mediator", "site_manager", "admin")
_MANAGERS = ("site_manager", "admin")


@cache
def _seal() -> seal.Seal:
    return seal.Seal(current().relais_referral_key.get_secret_value())


class Referrals(Service):
    """Who is sent to a reception point, by whom, and what they may buy there."""

    name = "referrals"

    # -- referrals -------------------------------------------------------------------------------

    @http.command(
        "POST",
        "/v1/referrals",
        body=api.SubmitReferral,
        answer=api.ReferralSubmitted,
        status=201,
        allow=("referrer",),
    )
    def submit_referral(
        self, tx: Transaction, call: Call, body: api.SubmitReferral
    ) -> api.ReferralSubmitted:
        """Send a person to a reception point."""
        return handlers.submit_referral(
            tx,
            body,
            caller=call.caller,
            now=call.now,
            new_id=call.new_id,
            # Random, not sorted by time: others know the person by it and should learn no more.
            fresh_person_ref=uuid4(),
            draw=secrets.randbelow,
            seal=_seal(),
        )

    @http.query(
        "GET",
        "/v1/referrals",
        query=api.ReferralPage,
        answer=list[api.ReferralSummary],
        allow=(*_STAFF, "referrer"),
    )
    def list_referrals(
        self, tx: Transaction, call: Call, page: api.ReferralPage
    ) -> Paged[api.ReferralSummary]:
        """List referrals: those of the caller's sites, or of the referrer and their structure."""
        return handlers.list_referrals(tx, page, caller=call.caller, now=call.now)

    @http.query(
        "GET",
        "/v1/referrals/<uuid:referral_id>",
        answer=api.ReferralHistory,
        allow=(*_STAFF, "referrer"),
    )
    def show_referral(self, tx: Transaction, call: Call, referral_id: UUID) -> api.ReferralHistory:
        """Show what became of a referral."""
        return handlers.show_referral(tx, referral_id, caller=call.caller, now=call.now)

    @http.command(
        "POST",
        "/v1/referrals/<uuid:referral_id>/seen",
        body=api.Nothing,
        answer=api.ReferralState,
        allow=_STAFF,
    )
    def see_referral(
        self, tx: Transaction, call: Call, body: api.Nothing, referral_id: UUID
    ) -> api.ReferralState:
        """Note that the site has read a referral."""
        return handlers.see_referral(tx, referral_id, caller=call.caller, now=call.now)

    @http.command(
        "POST",
        "/v1/referrals/<uuid:referral_id>/accept",
        body=api.Nothing,
        answer=api.Entitled,
        allow=_STAFF,
    )
    def accept_referral(
        self, tx: Transaction, call: Call, body: api.Nothing, referral_id: UUID
    ) -> api.Entitled:
        """Take a person in: an entitlement opens."""
        return handlers.accept_referral(
            tx, referral_id, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.command(
        "POST",
        "/v1/referrals/<uuid:referral_id>/refuse",
        body=api.RefuseReferral,
        answer=api.ReferralState,
        allow=_STAFF,
    )
    def refuse_referral(
        self, tx: Transaction, call: Call, body: api.RefuseReferral, referral_id: UUID
    ) -> api.ReferralState:
        """Refuse a referral, with a reason for the referrer."""
        return handlers.refuse_referral(
            tx, referral_id, body, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.door("POST", "/v1/slips", body=api.ReadSlip, answer=api.Slip, allow=_STAFF)
    def read_slip(self, call: Call, body: api.ReadSlip) -> api.Slip:
        """Check the signature and the date of a scanned slip."""
        today = business_date(call.now)
        slip = seal.read(body.qr, public_key=_seal().public_key, on=today)
        return api.Slip(referral_id=slip.referral_id, code=slip.code, expires_on=slip.expires_on)

    # -- people ----------------------------------------------------------------------------------

    @http.query("GET", "/v1/people/<uuid:person_ref>", answer=api.Person, allow=_STAFF)
    def show_person(self, tx: Transaction, call: Call, person_ref: UUID) -> api.Person:
        """Show the name to greet a person by, and what they may buy."""
        return handlers.show_person(tx, person_ref, now=call.now)

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/renewals",
        body=api.RenewEntitlement,
        answer=api.Entitled,
        allow=_STAFF,
    )
    def renew_entitlement(
        self, tx: Transaction, call: Call, body: api.RenewEntitlement, person_ref: UUID
    ) -> api.Entitled:
        """Extend a person's entitlement, once, with a new referral."""
        return handlers.renew_entitlement(
            tx, person_ref, body, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/merge",
        body=api.MergePerson,
        answer=api.Merge,
        allow=_MANAGERS,
    )
    def merge_person(
        self, tx: Transaction, call: Call, body: api.MergePerson, person_ref: UUID
    ) -> api.Merge:
        """Say that a person is another one: their monthly caps are one from then on."""
        return handlers.merge_person(
            tx, person_ref, body.into, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/unmerge",
        body=api.Nothing,
        answer=api.Merge,
        allow=_MANAGERS,
    )
    def unmerge_person(
        self, tx: Transaction, call: Call, body: api.Nothing, person_ref: UUID
    ) -> api.Merge:
        """Undo a merge that was wrong."""
        return handlers.unmerge_person(
            tx, person_ref, caller=call.caller, now=call.now, new_id=call.new_id
        )

    # -- structures ------------------------------------------------------------------------------

    @http.query(
        "GET",
        "/v1/structures",
        query=api.StructurePage,
        answer=list[api.Structure],
        allow=(*_STAFF, "referrer"),
    )
    def list_structures(
        self, tx: Transaction, call: Call, page: api.StructurePage
    ) -> Paged[api.Structure]:
        """List the houses that refer people."""
        return handlers.list_structures(tx, page)

    @http.command(
        "POST",
        "/v1/structures",
        body=api.NewStructure,
        answer=api.Structure,
        status=201,
        allow=_MANAGERS,
    )
    def add_structure(self, tx: Transaction, call: Call, body: api.NewStructure) -> api.Structure:
        """Make a house that refers people known."""
        return handlers.add_structure(tx, body, structure_id=call.new_id(), now=call.now)

    @http.command(
        "POST",
        "/v1/structures/<uuid:structure_id>/workers",
        body=api.NewWorker,
        answer=api.Worker,
        status=201,
        allow=_MANAGERS,
    )
    def add_worker(
        self, tx: Transaction, call: Call, body: api.NewWorker, structure_id: UUID
    ) -> api.Worker:
        """Let a referrer refer in the name of a structure."""
        return handlers.add_worker(tx, structure_id, user_id=body.user_id)

    # -- the bus ---------------------------------------------------------------------------------

    @consume("accounts.site.opened.v1")
    def on_site_opened(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Know the sites that people can be sent to."""
        handlers.learn_sites(tx, facts)

    @consume("accounts.user.created.v1", "accounts.user.disabled.v1")
    def on_user_told(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Know who signs in, to tell who may refer people."""
        handlers.learn_users(tx, facts)

    @consume("recharges.sale.completed.v1")
    def on_sale_completed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Let referrers know of the first visit."""
        handlers.note_visits(tx, facts)


SERVICE = Referrals
