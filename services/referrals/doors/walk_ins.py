"""People who come without a referral: taken in by a site, confirmed by a referrer."""

from uuid import UUID

from chassis import http
from chassis.auth import RoleNotAllowed
from chassis.db import Transaction
from chassis.http import Call
from services.referrals import api
from services.referrals.api import people as person_api
from services.referrals.api import referrals as referral_api
from services.referrals.doors import MANAGERS, STAFF, keys
from services.referrals.handlers import walk_ins


class WalkInDoors:
    """Walk-ins."""

    @http.command(
        "POST",
        "/v1/walk-ins",
        body=referral_api.WalkIn,
        answer=referral_api.WalkedIn,
        status=201,
        allow=STAFF,
    )
    def walk_in(
        self, tx: Transaction, call: Call, body: referral_api.WalkIn
    ) -> referral_api.WalkedIn:
        """Take somebody in provisionally who came without a referral."""
        if body.person.namesake and call.caller.role not in MANAGERS:
            # A namesake has a cap of their own: whoever sells does not say so alone.
            raise RoleNotAllowed(role=call.caller.role, roles=MANAGERS)
        return walk_ins.walk_in(tx, body, caller=call.caller, now=call.now, fresh=keys.fresh(call))

    @http.command(
        "POST",
        "/v1/referrals/<uuid:referral_id>/confirm",
        body=api.Nothing,
        answer=person_api.Entitled,
        allow=("referrer",),
    )
    def confirm_walk_in(
        self, tx: Transaction, call: Call, body: api.Nothing, referral_id: UUID
    ) -> person_api.Entitled:
        """Answer, as a referrer, for somebody who came by themselves."""
        return walk_ins.confirm_walk_in(
            tx, referral_id, caller=call.caller, now=call.now, new_id=call.new_id
        )
