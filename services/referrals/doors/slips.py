"""The slip a person takes along: printed, checked, revoked; and what a till needs offline."""

import base64
from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from chassis.resources import DatabaseProvider
from chassis.shapes import File
from services.referrals import seal
from services.referrals.api import referrals as referral_api
from services.referrals.api import slips as slip_api
from services.referrals.doors import STAFF
from services.referrals.doors.keys import slip_seal
from services.referrals.handlers import slips
from services.referrals.printing import slip as paper


class SlipDoors:
    """Slips, on paper and on screens."""

    database: DatabaseProvider

    @http.query("POST", "/v1/slips", body=slip_api.ReadSlip, answer=slip_api.Slip, allow=STAFF)
    def read_slip(self, tx: Transaction, call: Call, body: slip_api.ReadSlip) -> slip_api.Slip:
        """Check a scanned slip, and say what became of its referral."""
        public_key = slip_seal().public_key
        return slips.read_slip(tx, body.qr, public_key=public_key, now=call.now)

    @http.door("GET", "/v1/slips/key", answer=slip_api.SlipKey, allow=http.ANYONE)
    def show_slip_key(self, call: Call) -> slip_api.SlipKey:
        """Show the public key with which anybody checks slips, offline."""
        raw = base64.urlsafe_b64encode(slip_seal().public_key)
        return slip_api.SlipKey(
            public_key=raw.decode().rstrip("="),
            prefix=seal.PREFIX,
            purpose=seal.PURPOSE.decode().rstrip("\x00"),
        )

    @http.query(
        "GET",
        "/v1/slips/revoked",
        query=slip_api.RevokedPage,
        answer=list[slip_api.RevokedSlip],
        allow=STAFF,
    )
    def list_revoked_slips(
        self, tx: Transaction, call: Call, page: slip_api.RevokedPage
    ) -> Paged[slip_api.RevokedSlip]:
        """List the slips that were revoked before their day, for tills to carry along offline."""
        return slips.list_revoked(tx, page, now=call.now)

    @http.door(
        "GET",
        "/v1/referrals/<uuid:referral_id>/slip.pdf",
        answer=http.Bytes("application/pdf"),
        allow=(*STAFF, "referrer"),
    )
    def print_slip(self, call: Call, referral_id: UUID) -> File:
        """Print the slip of a referral until the person has come: one page, accessible."""
        with self.database.transaction() as tx:
            found = slips.find_paper(
                tx, referral_id, caller=call.caller, now=call.now, seal=slip_seal()
            )
        # Shown where it is opened, and kept under a name by which it is found again.
        named = {"Content-Disposition": f'inline; filename="bon-{found.code}.pdf"'}
        return File(content=paper.to_pdf(found), media_type="application/pdf", headers=named)

    @http.command(
        "POST",
        "/v1/referrals/<uuid:referral_id>/revoke-slip",
        body=referral_api.RevokeSlip,
        answer=referral_api.ReferralState,
        allow=(*STAFF, "referrer"),
    )
    def revoke_slip(
        self, tx: Transaction, call: Call, body: referral_api.RevokeSlip, referral_id: UUID
    ) -> referral_api.ReferralState:
        """Revoke a slip, and the referral with it, before its site has answered."""
        return slips.revoke_slip(
            tx, referral_id, body, caller=call.caller, now=call.now, new_id=call.new_id
        )
