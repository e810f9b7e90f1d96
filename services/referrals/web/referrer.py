"""A referrer's pages: the referral in two minutes, its slip, and what became of each."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from chassis import qr
from chassis.db import Transaction
from chassis.http import Call, Parameters
from chassis.web import View, page
from kernel.period import business_date
from services.referrals.api import referrals as referral_api
from services.referrals.domain.referral import State, is_printable
from services.referrals.doors.keys import slip_seal
from services.referrals.handlers import following, workers
from services.referrals.seal import Slip

_REFERRER = ("referrer",)
_SHOWN = 30
#: The state that a list is narrowed to, if any.
Filter = Literal["", "submitted", "seen", "provisional", "accepted", "refused", "lapsed", "revoked"]


class FollowQuery(Parameters):
    """Which of one's referrals to list: by state, or the one of a code that somebody says."""

    etat: Filter = ""
    code: Annotated[str, Field(max_length=20)] = ""
    after: UUID | None = None


class ReferrerPages:
    """Referring people, and following what becomes of them."""

    @page("/orienter", allow=_REFERRER)
    def show_referral_form(self, tx: Transaction, call: Call) -> View:
        """Ask who is sent where, and for what."""
        sites, usual = following.list_places(tx, caller=call.caller)
        waiting = following.list_to_confirm(tx, caller=call.caller, now=call.now)
        return View(
            "refer.html",
            site_choices=[(row["site_code"], row["name"]) for row in sites],
            usual=usual,
            waiting_count=len(waiting),
        )

    @page("/orienter/suivi", allow=_REFERRER, query=FollowQuery)
    def show_followed(self, tx: Transaction, call: Call, query: FollowQuery) -> View:
        """List one's referrals with how far each has come, and what waits for one's word."""
        wanted = referral_api.ReferralPage(
            state=query.etat or None,
            code=query.code or None,
            after=query.after,
            limit=_SHOWN,
        )
        sites, _ = following.list_places(tx, caller=call.caller)
        waiting = following.list_to_confirm(tx, caller=call.caller, now=call.now)
        return View(
            "followed.html",
            waiting=waiting,
            waiting_count=len(waiting),
            found=following.list_followed(tx, wanted, caller=call.caller, now=call.now),
            site_names={row["site_code"]: row["name"] for row in sites},
            chosen=query,
            myself=workers.show_myself(tx, caller=call.caller, now=call.now),
        )

    @page("/orienter/suivi/<uuid:referral_id>", allow=_REFERRER)
    def show_sent_referral(self, tx: Transaction, call: Call, referral_id: UUID) -> View:
        """Show a referral: its code, its slip, its steps."""
        referral, site = following.show_followed(tx, referral_id, caller=call.caller, now=call.now)
        slip = Slip(referral_id=referral_id, code=referral.code, expires_on=referral.expires_on)
        printable = is_printable(
            State(referral.state),
            used=any(step.step == "first_visit" for step in referral.steps),
            expires_on=referral.expires_on,
            on=business_date(call.now),
        )
        picture = qr.as_picture(slip_seal().sign(slip)) if printable else None
        return View("sent.html", referral=referral, site=site, picture=picture)

    @page("/orienter/suivi/<uuid:referral_id>/etapes", allow=_REFERRER)
    def show_sent_steps(self, tx: Transaction, call: Call, referral_id: UUID) -> View:
        """Show the steps of a referral alone, to be loaded anew."""
        referral, _ = following.show_followed(tx, referral_id, caller=call.caller, now=call.now)
        return View("steps_part.html", referral=referral)
