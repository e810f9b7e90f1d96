"""The entry points of recharges: who may ask what, and which facts it hears."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

import uuid_utils
from prometheus_client import Counter, Gauge

from chassis import clock, http, metrics, texts
from chassis.consume import consume
from chassis.db import Database, Transaction
from chassis.http import Call
from chassis.resources import BatchProvider
from chassis.service import Service
from chassis.timer import every
from kernel.envelope import Envelope
from kernel.money import Cents
from kernel.period import business_date
from kernel.refusal import Invalid, Refusal
from services.recharges import api, events, handlers, settings
from services.recharges.domain.sale import CardNotYet, Order, Sale, Wanted
from services.recharges.seal import PinSeal

STAFF = ("till_operator", "site_manager", "admin")
_MEASURE_S = 15.0

_sales = Counter(
    "relais_sales",
    "Vouchers sold",
    ["site", "offer", "tender"],
    registry=metrics.registry,
)
_vouchers = Gauge(
    "relais_vouchers", "Vouchers by state", ["site", "offer", "state"], registry=metrics.registry
)


def _new_id() -> UUID:
    return UUID(int=uuid_utils.uuid7().int)


def _selling(database: Database) -> Callable[[Sequence[Order]], Sequence[Any]]:
    """Return what runs a batch of orders: one transaction for each business day in it."""
    pins = PinSeal(settings.current().relais_pin_keys.get_secret_value())

    def run(orders: Sequence[Order]) -> list[api.SaleDone | Refusal]:
        outcomes: list[api.SaleDone | Refusal] = []
        for _, of_day in groupby(orders, key=lambda order: business_date(order.ordered_at)):
            sold: list[Sale] = []
            with database.transaction() as tx:
                outcomes += handlers.sell_recharges(
                    tx, list(of_day), pins=pins, new_id=_new_id, sold=sold.append
                )
            _count(sold)
        return outcomes

    return run


def _count(sold: Sequence[Sale]) -> None:
    for each in sold:
        for line in each.lines:
            _sales.labels(each.site_code, line.offer.offer_code, "cash").inc(line.quantity)


class Recharges(Service):
    """Sells recharges."""

    name = "recharges"
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

    @http.query("GET", "/v1/stock", answer=list[api.StockShown], allow=STAFF)
    def get_stock(self, tx: Transaction, call: Call) -> list[api.StockShown]:
        """Show a site's vouchers by offer and state: `?site_code=`."""
        site_code = call.query.get("site_code", "")
        if not site_code:
            needed = texts.translate("This field is needed.", language=call.language)
            raise Invalid(errors=[{"field": "site_code", "reason": needed}])
        call.caller.require_site(site_code)
        return handlers.show_stock(tx, site_code=site_code, on=business_date(call.now))

    @every(_MEASURE_S)
    def measure_stock(self, tx: Transaction) -> None:
        """Show how many vouchers are in which state."""
        for each in handlers.count_vouchers(tx, on=business_date(clock.now())):
            _vouchers.labels(each.site_code, each.offer_code, each.state).set(each.count)

    @consume(events.SiteOpened.TYPE)
    def on_site_opened(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn where vouchers may be delivered."""
        handlers.learn_sites(tx, [events.SiteOpened.hear(fact) for fact in facts])

    @consume(events.DeviceEnrolled.TYPE, events.DeviceRevoked.TYPE)
    def on_device_changed(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn which tills may sell."""
        kinds = {kind.TYPE: kind for kind in (events.DeviceEnrolled, events.DeviceRevoked)}
        handlers.learn_tills(tx, [(kinds[fact.type].hear(fact), fact.sequence) for fact in facts])

    @consume(events.EntitlementTold.TYPE, "referrals.entitlement.renewed.v1")
    def on_entitlement_told(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Learn who may buy, until when and up to which cap."""
        handlers.learn_entitlements(
            tx, [(events.EntitlementTold.hear(fact), fact.sequence) for fact in facts]
        )


SERVICE = Recharges
