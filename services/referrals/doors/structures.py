"""The houses that refer people, and what they signed."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from services.referrals.api import structures as structure_api
from services.referrals.doors import MANAGERS, STAFF
from services.referrals.handlers import structures


class StructureDoors:
    """Structures and their conventions."""

    @http.query(
        "GET",
        "/v1/structures",
        query=structure_api.StructurePage,
        answer=list[structure_api.Structure],
        allow=(*STAFF, "referrer"),
    )
    def list_structures(
        self, tx: Transaction, call: Call, page: structure_api.StructurePage
    ) -> Paged[structure_api.Structure]:
        """List the houses that refer people."""
        return structures.list_structures(tx, page, now=call.now)

    @http.command(
        "POST",
        "/v1/structures",
        body=structure_api.NewStructure,
        answer=structure_api.Structure,
        status=201,
        allow=MANAGERS,
    )
    def add_structure(
        self, tx: Transaction, call: Call, body: structure_api.NewStructure
    ) -> structure_api.Structure:
        """Make a house that refers people known."""
        return structures.add_structure(tx, body, structure_id=call.new_id(), now=call.now)

    @http.query(
        "GET",
        "/v1/structures/<uuid:structure_id>/conventions",
        answer=list[structure_api.Convention],
        allow=MANAGERS,
    )
    def list_conventions(
        self, tx: Transaction, call: Call, structure_id: UUID
    ) -> list[structure_api.Convention]:
        """List what a structure signed, the latest first."""
        return structures.list_conventions(tx, structure_id)

    @http.command(
        "POST",
        "/v1/structures/<uuid:structure_id>/conventions",
        body=structure_api.NewConvention,
        answer=structure_api.Convention,
        status=201,
        allow=MANAGERS,
    )
    def add_convention(
        self, tx: Transaction, call: Call, body: structure_api.NewConvention, structure_id: UUID
    ) -> structure_api.Convention:
        """Write down what a structure signed."""
        return structures.add_convention(
            tx,
            structure_id,
            body,
            convention_id=call.new_id(),
            caller=call.caller,
            now=call.now,
        )

    @http.command(
        "POST",
        "/v1/structures/<uuid:structure_id>/conventions/<uuid:convention_id>/end",
        body=structure_api.EndOn,
        answer=structure_api.Convention,
        allow=MANAGERS,
    )
    def end_convention(
        self,
        tx: Transaction,
        call: Call,
        body: structure_api.EndOn,
        structure_id: UUID,
        convention_id: UUID,
    ) -> structure_api.Convention:
        """End a convention, today or on a later day."""
        return structures.end_convention(
            tx, structure_id, convention_id, body, caller=call.caller, now=call.now
        )
