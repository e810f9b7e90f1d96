"""Selling at a till, and what a sale shows afterwards."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from chassis import clock, http, idempotency
from chassis.db import Database, Transaction
from chassis.http import Call
from chassis.ids import new_id
from chassis.resources import BatchProvider, DatabaseProvider
from chassis.shapes import Reply
from kernel.money import Cents
from kernel.period import business_date
from kernel.refusal import Refusal
from services.recharges.api import selling as api
from services.recharges.api.cards import CardSaleAsked
from services.recharges.domain.sale import Order, Sale, Wanted
from services.recharges.domain.ticket import Ticket
from services.recharges.doors import STAFF, SUPERVISORS, papers, secrets
from services.recharges.doors.cards import asked, desk, reserving
from services.recharges.doors.counting import count
from services.recharges.handlers import selling as handlers
from services.recharges.handlers import showing, tickets
from services.recharges.store import journal


def _selling(database: Database) -> Callable[[Sequence[Order]], Sequence[Any]]:
    """Return what runs a batch of orders: one transaction for each business day in it."""
    pins, keys = secrets.pins(), secrets.journal_keys()
    kept = False

    def run(orders: Sequence[Order]) -> list[api.SaleDone | Refusal]:
        nonlocal kept
        if not kept:
            with database.transaction() as tx:
                journal.keep_keys(tx, keys, at=clock.now())
            kept = True
        outcomes: list[api.SaleDone | Refusal] = []
        for _, of_day in groupby(orders, key=lambda order: business_date(order.ordered_at)):
            sold: list[Sale] = []
            with database.transaction() as tx:
                outcomes += handlers.sell_recharges(
                    tx,
                    list(of_day),
                    pins=pins,
                    keys=keys,
                    new_id=new_id,
                    sold=sold.append,
                    commits=True,
                )
            count(sold)
        return outcomes

    return run


class SellingDoors:
    """Sales, the tariff and the tills."""

    database: Any = DatabaseProvider()
    sales = BatchProvider(_selling, kind="sale")
    card_sales = BatchProvider(reserving, kind="card sale")

    @http.door(
        "POST",
        "/v1/sales",
        body=api.Sell,
        answers={201: api.SaleDone, 202: CardSaleAsked},
        allow=STAFF,
        keyed=True,
    )
    def sell(self, call: Call, body: api.Sell) -> Any:
        """Sell recharges for cash (201), or hold them until the card has paid (202).

        Cash sales are committed together with the others that are waiting.
        """
        order = Order(
            sale_id=call.new_id(),
            key=call.key or "",
            request_hash=call.request_hash,
            till_id=body.till_id,
            person_ref=body.person_ref,
            seller_id=call.caller.user_id,
            seller_sites=None if call.caller.role == "admin" else call.caller.site_codes,
            seller_supervises=call.caller.role in SUPERVISORS,
            lines=tuple(
                Wanted(offer_code=line.offer_code, quantity=line.quantity) for line in body.lines
            ),
            tendered_cents=Cents(body.payment.tendered_cents or 0),
            ordered_at=call.now,
            tender=body.payment.tender,
        )
        if order.tender == "card":
            card = desk(self.database).ask_payment(self.card_sales.submit(order))
            return Reply(answer=asked(card), status=202)
        return self._with_ticket(self.sales.submit(order), call, body)

    @http.door(
        "POST",
        "/v1/sales/<uuid:sale_id>/reveals",
        body=api.RevealSale,
        answer=api.SaleDone,
        status=201,
        allow=STAFF,
        keyed=True,
    )
    def reveal_sale(self, call: Call, body: api.RevealSale, sale_id: UUID) -> api.SaleDone:
        """Show the PINs of a sale whose card payment is verified, once.

        A door, not a command: what is kept of the answer must not hold PINs.
        """
        key = call.key or ""
        with self.database.transaction() as tx:
            before = idempotency.claim(
                tx, key=key, request_hash=call.request_hash, caller=call.caller
            )
            done = showing.reveal(tx, call, sale_id, pins=secrets.pins())
            if before is None:
                kept = done.model_copy(update={"vouchers": []})
                idempotency.keep(tx, key=key, status=201, answer=kept.model_dump_json())
        return self._with_ticket(done, call, body)

    def _with_ticket(self, done: api.SaleDone, call: Call, body: api.TicketAsked) -> api.SaleDone:
        """Print the ticket where it was asked for, once the sale is stored."""

        def read() -> Ticket:
            with self.database.transaction() as tx:
                return tickets.ticket_of(tx, done.sale_id, revealed=tuple(done.vouchers))

        printed = papers.in_answer(read, format=body.ticket, language=call.language)
        several = papers.all_in_answer(read, formats=body.tickets, language=call.language)
        return done.model_copy(update={"printed": printed, "papers": several})

    @http.query("GET", "/v1/offers", answer=list[api.OfferShown], allow=http.SIGNED_IN)
    def get_offers(self, tx: Transaction, call: Call) -> list[api.OfferShown]:
        """Show the tariff in force today."""
        return handlers.show_offers(tx, on=business_date(call.now), language=call.language)

    @http.query("GET", "/v1/tills", answer=list[api.TillShown], allow=STAFF)
    def get_tills(self, tx: Transaction, call: Call) -> list[api.TillShown]:
        """Show the tills the caller may use."""
        everywhere = call.caller.role == "admin"
        return handlers.show_tills(
            tx,
            site_codes=None if everywhere else sorted(call.caller.site_codes),
            language=call.language,
        )
