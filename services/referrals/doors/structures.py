"""The houses that refer people, and who works for them."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from services.referrals.api import structures as structure_api
from services.referrals.doors import MANAGERS, STAFF
from services.referrals.handlers import structures


class StructureDoors:
    """Structures and their workers."""

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
        return structures.list_structures(tx, page)

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

    @http.command(
        "POST",
        "/v1/structures/<uuid:structure_id>/workers",
        body=structure_api.NewWorker,
        answer=structure_api.Worker,
        status=201,
        allow=MANAGERS,
    )
    def add_worker(
        self, tx: Transaction, call: Call, body: structure_api.NewWorker, structure_id: UUID
    ) -> structure_api.Worker:
        """Let a referrer refer in the name of a structure."""
        return structures.add_worker(tx, structure_id, user_id=body.user_id)
