"""Referrals: sent, looked at, answered."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from services.referrals import api
from services.referrals.api import people as person_api
from services.referrals.api import referrals as referral_api
from services.referrals.doors import STAFF, keys
from services.referrals.handlers import answering, sending, showing


class ReferralDoors:
    """Referrals, by who sends them and who answers."""

    @http.command(
        "POST",
        "/v1/referrals",
        body=referral_api.SubmitReferral,
        answer=referral_api.ReferralSubmitted,
        status=201,
        allow=("referrer",),
    )
    def submit_referral(
        self, tx: Transaction, call: Call, body: referral_api.SubmitReferral
    ) -> referral_api.ReferralSubmitted:
        """Send a person to a reception point."""
        return sending.submit_referral(
            tx, body, caller=call.caller, now=call.now, fresh=keys.fresh(call)
        )

    @http.query(
        "GET",
        "/v1/referrals",
        query=referral_api.ReferralPage,
        answer=list[referral_api.ReferralSummary],
        allow=(*STAFF, "referrer"),
    )
    def list_referrals(
        self, tx: Transaction, call: Call, page: referral_api.ReferralPage
    ) -> Paged[referral_api.ReferralSummary]:
        """List referrals: those of the caller's sites, or of the referrer and their structure."""
        return showing.list_referrals(tx, page, caller=call.caller, now=call.now)

    @http.query(
        "GET",
        "/v1/referrals/<uuid:referral_id>",
        answer=referral_api.ReferralHistory,
        allow=(*STAFF, "referrer"),
    )
    def show_referral(
        self, tx: Transaction, call: Call, referral_id: UUID
    ) -> referral_api.ReferralHistory:
        """Show what became of a referral."""
        return showing.show_referral(tx, referral_id, caller=call.caller, now=call.now)

    @http.command(
        "POST",
        "/v1/referrals/<uuid:referral_id>/seen",
        body=api.Nothing,
        answer=referral_api.ReferralState,
        allow=STAFF,
    )
    def see_referral(
        self, tx: Transaction, call: Call, body: api.Nothing, referral_id: UUID
    ) -> referral_api.ReferralState:
        """Note that the site has read a referral."""
        return answering.see_referral(
            tx, referral_id, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.command(
        "POST",
        "/v1/referrals/<uuid:referral_id>/accept",
        body=referral_api.AcceptReferral,
        answer=person_api.Entitled,
        allow=STAFF,
    )
    def accept_referral(
        self, tx: Transaction, call: Call, body: referral_api.AcceptReferral, referral_id: UUID
    ) -> person_api.Entitled:
        """Take a person in: an entitlement opens."""
        return answering.accept_referral(
            tx, referral_id, body, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.command(
        "POST",
        "/v1/referrals/<uuid:referral_id>/refuse",
        body=referral_api.RefuseReferral,
        answer=referral_api.ReferralState,
        allow=STAFF,
    )
    def refuse_referral(
        self, tx: Transaction, call: Call, body: referral_api.RefuseReferral, referral_id: UUID
    ) -> referral_api.ReferralState:
        """Refuse a referral, with a reason for the referrer."""
        return answering.refuse_referral(
            tx, referral_id, body, caller=call.caller, now=call.now, new_id=call.new_id
        )
