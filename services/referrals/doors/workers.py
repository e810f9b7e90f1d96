"""Who refers in the name of which structure, and how we write to them."""

from uuid import UUID

from chassis import http
from chassis.db import Transaction
from chassis.http import Call, Paged
from services.referrals import api
from services.referrals.api import structures as structure_api
from services.referrals.doors import MANAGERS
from services.referrals.handlers import workers


class WorkerDoors:
    """Workers of structures: added and ended by managers, written to where they say."""

    @http.query(
        "GET",
        "/v1/structures/<uuid:structure_id>/workers",
        query=structure_api.WorkerPage,
        answer=list[structure_api.Worker],
        allow=MANAGERS,
    )
    def list_workers(
        self, tx: Transaction, call: Call, page: structure_api.WorkerPage, structure_id: UUID
    ) -> Paged[structure_api.Worker]:
        """List who works and worked for a structure, the latest first."""
        return workers.list_workers(tx, structure_id, page, now=call.now)

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
        """Let a referrer refer in the name of a structure from today on."""
        return workers.add_worker(tx, structure_id, body, caller=call.caller, now=call.now)

    @http.command(
        "POST",
        "/v1/structures/<uuid:structure_id>/workers/<uuid:user_id>/end",
        body=api.Nothing,
        answer=structure_api.Worker,
        allow=MANAGERS,
    )
    def end_worker(
        self, tx: Transaction, call: Call, body: api.Nothing, structure_id: UUID, user_id: UUID
    ) -> structure_api.Worker:
        """End a referrer's time at a structure."""
        return workers.end_worker(tx, structure_id, user_id, caller=call.caller, now=call.now)

    @http.query("GET", "/v1/workers/me", answer=structure_api.Myself, allow=("referrer",))
    def show_myself(self, tx: Transaction, call: Call) -> structure_api.Myself:
        """Show a referrer what is held of them."""
        return workers.show_myself(tx, caller=call.caller, now=call.now)

    @http.command(
        "PUT",
        "/v1/workers/me",
        body=structure_api.Contact,
        answer=structure_api.Myself,
        allow=("referrer",),
    )
    def set_contact(
        self, tx: Transaction, call: Call, body: structure_api.Contact
    ) -> structure_api.Myself:
        """Say where one is written to of the steps of one's referrals; no address: no mails."""
        return workers.set_contact(tx, body, caller=call.caller, now=call.now)
