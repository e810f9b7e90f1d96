"""What is in stock."""

from prometheus_client import Gauge

from chassis import clock, http, metrics, texts
from chassis.db import Transaction
from chassis.http import Call
from chassis.timer import every
from kernel.period import business_date
from kernel.refusal import Invalid
from services.recharges.api import stock as api
from services.recharges.doors import STAFF
from services.recharges.handlers import stock as handlers

_MEASURE_S = 15.0

_vouchers = Gauge(
    "relais_vouchers", "Vouchers by state", ["site", "offer", "state"], registry=metrics.registry
)


class StockDoors:
    """A site's vouchers by offer and state."""

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
