"""What a person may have changed: what is written about them, and whether it may be used."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call
from services.referrals.api import correcting as api
from services.referrals.domain.restriction import Ground
from services.referrals.doors import MANAGERS, STAFF
from services.referrals.handlers import correcting, restricting


class CorrectingDoors:
    """Corrections of identities, and restrictions of their use."""

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/correction",
        body=api.CorrectIdentity,
        answer=api.Corrected,
        allow=http.Employed(STAFF),
    )
    def correct_identity(
        self, tx: Transaction, call: Call, body: api.CorrectIdentity, person_ref: UUID
    ) -> api.Corrected:
        """Correct a person's name, birth date, phone or e-mail."""
        return correcting.correct_identity(tx, person_ref, body, caller=call.caller, now=call.now)

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/restriction",
        body=api.RestrictUse,
        answer=api.Restriction,
        allow=MANAGERS,
    )
    def restrict_use(
        self, tx: Transaction, call: Call, body: api.RestrictUse, person_ref: UUID
    ) -> api.Restriction:
        """Restrict the use of a person's data: they are kept, and nothing is decided by them."""
        ground = Ground(body.ground)
        return restricting.restrict_use(tx, person_ref, ground, caller=call.caller, now=call.now)

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/restriction/lift",
        body=api.LiftRestriction,
        answer=api.Restriction,
        allow=MANAGERS,
    )
    def lift_restriction(
        self, tx: Transaction, call: Call, body: api.LiftRestriction, person_ref: UUID
    ) -> api.Restriction:
        """Let the data of a person be used again."""
        return restricting.lift_restriction(tx, person_ref, body, caller=call.caller, now=call.now)
