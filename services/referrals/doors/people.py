"""People: what a till sees of them, renewals, merges."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call
from services.referrals import api
from services.referrals.api import people as person_api
from services.referrals.doors import MANAGERS, STAFF
from services.referrals.handlers import answering, merging, showing


class PersonDoors:
    """People and what they may buy."""

    @http.query("GET", "/v1/people/<uuid:person_ref>", answer=person_api.Person, allow=STAFF)
    def show_person(self, tx: Transaction, call: Call, person_ref: UUID) -> person_api.Person:
        """Show the name to greet a person by, and what they may buy."""
        return showing.show_person(tx, person_ref, caller=call.caller, now=call.now)

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/renewals",
        body=person_api.RenewEntitlement,
        answer=person_api.Entitled,
        allow=STAFF,
    )
    def renew_entitlement(
        self, tx: Transaction, call: Call, body: person_api.RenewEntitlement, person_ref: UUID
    ) -> person_api.Entitled:
        """Extend a person's entitlement, once, with a new referral."""
        return answering.renew_entitlement(
            tx, person_ref, body, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/merge",
        body=person_api.MergePerson,
        answer=person_api.Merge,
        allow=MANAGERS,
    )
    def merge_person(
        self, tx: Transaction, call: Call, body: person_api.MergePerson, person_ref: UUID
    ) -> person_api.Merge:
        """Say that a person is another one: their monthly caps are one from then on."""
        return merging.merge_person(
            tx, person_ref, body.into, caller=call.caller, now=call.now, new_id=call.new_id
        )

    @http.command(
        "POST",
        "/v1/people/<uuid:person_ref>/unmerge",
        body=api.Nothing,
        answer=person_api.Merge,
        allow=MANAGERS,
    )
    def unmerge_person(
        self, tx: Transaction, call: Call, body: api.Nothing, person_ref: UUID
    ) -> person_api.Merge:
        """Undo a merge that was wrong."""
        return merging.unmerge_person(
            tx, person_ref, caller=call.caller, now=call.now, new_id=call.new_id
        )
