"""Selling at a till, and what a sale shows afterwards."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import uuid_utils
from prometheus_client import Counter

from chassis import http, metrics
from chassis.db import Database, Transaction
from chassis.http import Call
from chassis.resources import BatchProvider
from kernel.money import Cents
from kernel.period import business_date
from kernel.refusal import Refusal
from services.recharges import settings
from services.recharges.api import selling as api
from services.recharges.domain.sale import CardNotYet, Order, Sale, Wanted
from services.recharges.doors import STAFF
from services.recharges.handlers import selling as handlers
from services.recharges.seal import PinSeal
from services.recharges.signing import JournalKeys

_sales = Counter(
    "relais_sales",
    "Vouchers sold",
    ["site", "offer", "tender"],
    registry=metrics.registry,
)


def _new_id() -> UUID:
    return UUID(int=uuid_utils.uuid7().int)


def _selling(database: Database) -> Callable[[Sequence[Order]], Sequence[Any]]:
    """Return what runs a batch of orders: one transaction for each business day in it."""
    pins = PinSeal(settings.current().relais_pin_keys.get_secret_value())
    keys = JournalKeys(settings.current().relais_journal_keys.get_secret_value())

    def run(orders: Sequence[Order]) -> list[api.SaleDone | Refusal]:
        outcomes: list[api.SaleDone | Refusal] = []
        for _, of_day in groupby(orders, key=lambda order: business_date(order.ordered_at)):
            sold: list[Sale] = []
            with database.transaction() as tx:
                outcomes += handlers.sell_recharges(
                    tx, list(of_day), pins=pins, keys=keys, new_id=_new_id, sold=sold.append
                )
            count(sold)
        return outcomes

    return run


def count(sold: Sequence[Sale]) -> None:
    """Count what was sold for the metrics."""
    for each in sold:
        for line in each.lines:
            _sales.labels(each.site_code, line.offer.offer_code, each.order.tender).inc(
                line.quantity
            )


class SellingDoors:
    """Sales, the tariff and the tills."""

    sales = BatchProvider(_selling, kind="sale")

    @http.door(
        "POST", "/v1/sales", body=api.Sell, answer=api.SaleDone, status=201, allow=STAFF, keyed=True
    )
    def sell(self, call: Call, body: api.Sell) -> Any:
        """Sell recharges for cash; committed together with the other sales that are waiting."""
        if body.payment.tender == "card":
            raise CardNotYet()
        order = Order(
            sale_id=call.new_id(),
            key=call.key or "",
            request_hash=call.request_hash,
            till_id=body.till_id,
            person_ref=body.person_ref,
            seller_id=call.caller.user_id,
            seller_sites=None if call.caller.role == "admin" else call.caller.site_codes,
            lines=tuple(
                Wanted(offer_code=line.offer_code, quantity=line.quantity) for line in body.lines
            ),
            tendered_cents=Cents(body.payment.tendered_cents or 0),
            ordered_at=call.now,
            tender=body.payment.tender,
        )
        return self.sales.submit(order)

    @http.query("GET", "/v1/sales/<uuid:sale_id>", answer=api.SaleShown, allow=STAFF)
    def get_sale(self, tx: Transaction, call: Call, sale_id: UUID) -> api.SaleShown:
        """Show a sale of one's own site, without PINs."""
        shown = handlers.show_sale(tx, sale_id)
        call.caller.require_site(shown.site_code)
        return shown

    @http.query("GET", "/v1/offers", answer=list[api.OfferShown], allow=http.SIGNED_IN)
    def get_offers(self, tx: Transaction, call: Call) -> list[api.OfferShown]:
        """Show the tariff in force today."""
        return handlers.show_offers(tx, on=business_date(call.now))

    @http.query("GET", "/v1/tills", answer=list[api.TillShown], allow=STAFF)
    def get_tills(self, tx: Transaction, call: Call) -> list[api.TillShown]:
        """Show the tills the caller may use."""
        everywhere = call.caller.role == "admin"
        return handlers.show_tills(
            tx, site_codes=None if everywhere else sorted(call.caller.site_codes)
        )
