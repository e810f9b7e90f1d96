"""Refunds: asked by a supervisor, answered by the operator, paid back by card or at a till."""

from functools import cache
from typing import Any
from uuid import UUID

from chassis import clock, http
from chassis.db import Database, Transaction
from chassis.http import Call, Paged
from chassis.resources import DatabaseProvider
from chassis.timer import every
from services.recharges.api import refunds as api
from services.recharges.doors import SUPERVISORS
from services.recharges.doors.cards import alert, gateway, tools
from services.recharges.doors.pens import pen_of
from services.recharges.handlers import refunds as handlers
from services.recharges.handlers.refund_desk import RefundDesk
from services.recharges.store import drawers as drawer_rows
from services.recharges.store import selling as sales

_SWEEP_S = 2.0


@cache
def desk(database: Database) -> RefundDesk:
    """The one refund desk of this process."""
    return RefundDesk(
        database=database, gateway=gateway(), tools=tools(), now=clock.now, alert=alert
    )


class RefundDoors:
    """Sales given back."""

    database: Any = DatabaseProvider()

    @http.command(
        "POST",
        "/v1/sales/<uuid:sale_id>/refunds",
        body=api.AskRefund,
        answer=api.RefundShown,
        status=201,
        allow=SUPERVISORS,
    )
    def ask_refund(
        self, tx: Transaction, call: Call, body: api.AskRefund, sale_id: UUID
    ) -> api.RefundShown:
        """Give a sale back, or some of its vouchers: unseen ones at once, the others if granted."""
        sale = sales.find_sale(tx, sale_id)
        call.caller.require_site(sale["site_code"])
        return handlers.ask(tx, sale, body, by=call.caller.user_id, pen=pen_of(call))

    @http.command(
        "POST",
        "/v1/refunds/<uuid:refund_id>/answer",
        body=api.AnswerRefund,
        answer=api.RefundShown,
        allow=("operator_partner",),
    )
    def answer_refund(
        self, tx: Transaction, call: Call, body: api.AnswerRefund, refund_id: UUID
    ) -> api.RefundShown:
        """Say for one's own operator whether vouchers whose PIN was seen were used."""
        return handlers.answer(
            tx,
            refund_id,
            body,
            operator=call.caller.operator,
            by=call.caller.user_id,
            pen=pen_of(call),
        )

    @http.command(
        "POST",
        "/v1/refunds/<uuid:refund_id>/payout",
        body=api.PayOut,
        answer=api.RefundShown,
        allow=SUPERVISORS,
    )
    def pay_refund_out(
        self, tx: Transaction, call: Call, body: api.PayOut, refund_id: UUID
    ) -> api.RefundShown:
        """Hand a granted refund over in cash, at a till of the site that sold."""
        till = drawer_rows.lock_till(tx, body.till_id)
        call.caller.require_site(till["site_code"])
        return handlers.pay_out(tx, refund_id, till, by=call.caller.user_id, pen=pen_of(call))

    @http.query(
        "GET",
        "/v1/refunds",
        query=api.RefundsAsked,
        answer=list[api.RefundShown],
        allow=(*SUPERVISORS, "operator_partner"),
    )
    def get_refunds(
        self, tx: Transaction, call: Call, query: api.RefundsAsked
    ) -> Paged[api.RefundShown]:
        """List the refunds of one's sites, or for an operator those of its vouchers."""
        caller = call.caller
        sites: list[str] | None = None if query.site_code is None else [query.site_code]
        operator = None
        if caller.role == "operator_partner":
            operator = caller.operator or ""
        elif query.site_code is not None:
            caller.require_site(query.site_code)
        else:
            sites = caller.sites_seen
        found = handlers.show_refunds(tx, query, site_codes=sites, operator=operator)
        return Paged.cut(found, limit=query.limit, key=lambda each: each.refund_id)

    @every(_SWEEP_S)
    def sweep_refunds(self, tx: Transaction) -> None:
        """Give back by card what is granted."""
        desk(self.database).sweep(tx)
