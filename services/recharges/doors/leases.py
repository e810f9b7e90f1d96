"""Offline tills: what they take along, send up and give back; and a till that was frozen."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from chassis import clock, http, idempotency
from chassis.db import Transaction
from chassis.http import Call
from chassis.resources import DatabaseProvider
from chassis.timer import every
from kernel.money import Cents
from services.recharges.api import leases as api
from services.recharges.boxes import Boxes
from services.recharges.domain.offline_sale import Line, OfflineSale
from services.recharges.doors import STAFF, SUPERVISORS, secrets
from services.recharges.doors.counting import count
from services.recharges.doors.pens import pen_of, pen_of_the_clock
from services.recharges.handlers import leases as handlers
from services.recharges.handlers import offline
from services.recharges.handlers.leases import DEVICE
from services.recharges.store import keys

_WARN_S = 60.0
#: 200 sales of ten lines with twenty serials each would be more; a till sends up what it sold.
_UPLOAD_BYTES_MAX = 1_000_000


class LeaseDoors:
    """Leases, offline sales and frozen tills."""

    database: Any = DatabaseProvider()

    @http.door(
        "POST",
        "/v1/tills/<uuid:till_id>/leases",
        body=api.TakeLease,
        answer=api.LeaseTaken,
        status=201,
        allow=(*STAFF, DEVICE),
        keyed=True,
    )
    def take_lease(self, call: Call, body: api.TakeLease, till_id: UUID) -> api.LeaseTaken:
        """Lend vouchers and cap to a till that sells without the network.

        A door, not a command: what is kept of the answer must not hold the key to its own boxes.
        """
        key, lease_id = call.key or "", call.new_id()
        with self.database.transaction() as tx:
            keys.learn_to_seal(tx, secrets.pins())
            before = idempotency.claim(
                tx, key=key, request_hash=call.request_hash, caller=call.caller
            )
            if before is None:
                taken = handlers.take_lease(
                    tx,
                    till_id,
                    body,
                    lease_id=lease_id,
                    caller=call.caller,
                    pins=secrets.pins(),
                    pen=pen_of(call),
                )
                kept = taken.model_copy(update={"key": ""})
                idempotency.keep(tx, key=key, status=201, answer=kept.model_dump_json())
                return taken
            known = api.LeaseTaken.model_validate_json(before[1])
            handlers.require_open(tx, till_id, known.lease_id, caller=call.caller)
        return known.model_copy(update={"key": Boxes(secrets.pins(), known.lease_id).key})

    @http.query(
        "GET",
        "/v1/tills/<uuid:till_id>/leases",
        answer=list[api.LeaseShown],
        allow=(*STAFF, DEVICE),
    )
    def list_leases(self, tx: Transaction, call: Call, till_id: UUID) -> list[api.LeaseShown]:
        """Show what a till has leased and not given back."""
        return handlers.show_leases(tx, till_id, caller=call.caller)

    @http.command(
        "POST",
        "/v1/leases/<uuid:lease_id>/return",
        body=api.ReturnLease,
        answer=api.LeaseShown,
        allow=(*STAFF, DEVICE),
    )
    def return_lease(
        self, tx: Transaction, call: Call, body: api.ReturnLease, lease_id: UUID
    ) -> api.LeaseShown:
        """Give back what was not sold, vouchers and cap."""
        return handlers.return_lease(tx, lease_id, body, caller=call.caller, pen=pen_of(call))

    @http.command(
        "POST",
        "/v1/tills/<uuid:till_id>/offline-sales",
        body=api.OfflineSales,
        answer=list[api.OfflineOutcome],
        allow=(*STAFF, DEVICE),
        limit=_UPLOAD_BYTES_MAX,
    )
    def take_offline_sales(
        self, tx: Transaction, call: Call, body: api.OfflineSales, till_id: UUID
    ) -> list[api.OfflineOutcome]:
        """Take in what a till sold offline, in order; each line is accepted, known or refused."""
        outcomes, sold = offline.take_sales(
            tx,
            till_id,
            [read_sale(each) for each in body.root],
            caller=call.caller,
            language=call.language,
            pen=pen_of(call),
        )
        count(sold)
        return outcomes

    @http.command(
        "POST",
        "/v1/tills/<uuid:till_id>/unfreeze",
        body=api.Unfreeze,
        answer=api.TillUnfrozen,
        allow=SUPERVISORS,
    )
    def unfreeze_till(
        self, tx: Transaction, call: Call, body: api.Unfreeze, till_id: UUID
    ) -> api.TillUnfrozen:
        """Let a frozen till sell again, for a reason."""
        return handlers.unfreeze(
            tx,
            till_id,
            reason=body.reason,
            caller=call.caller,
            language=call.language,
            pen=pen_of(call),
        )

    @every(_WARN_S)
    def warn_of_expired_leases(self, tx: Transaction) -> None:
        """Note leases whose time is over and that nobody gave back."""
        handlers.warn_of_expired(tx, pen=pen_of_the_clock(clock.now()))


def read_sale(sent: api.OfflineSale) -> OfflineSale:
    """Read a sale as the domain knows it."""
    return OfflineSale(
        till_id=sent.till_id,
        sequence=sent.sequence,
        previous_hash=bytes.fromhex(sent.previous_hash),
        hash=bytes.fromhex(sent.hash),
        sale_id=sent.sale_id,
        sold_at=datetime.fromisoformat(sent.sold_at).astimezone(UTC),
        sold_at_text=sent.sold_at,
        person_ref=sent.person_ref,
        seller_id=sent.seller_id,
        lease_id=sent.lease_id,
        lines=tuple(
            Line(
                offer_code=line.offer_code,
                serials=line.serials,
                price_cents=Cents(line.price_cents),
                face_value_cents=Cents(line.face_value_cents),
            )
            for line in sent.lines
        ),
        tendered_cents=Cents(sent.tendered_cents),
        total_cents=Cents(sent.total_cents),
        change_cents=Cents(sent.change_cents),
    )
