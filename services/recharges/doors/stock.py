"""What is in stock: counts, batches and their life, single vouchers, alerts."""

from uuid import UUID

from prometheus_client import Gauge

from chassis import clock, http, metrics
from chassis.db import Transaction
from chassis.http import Call, Paged
from chassis.ids import new_id
from chassis.timer import every
from kernel.period import business_date
from services.recharges.api import stock as api
from services.recharges.doors import STAFF, SUPERVISORS
from services.recharges.handlers import batches
from services.recharges.handlers import stock as handlers
from services.recharges.store import lots

_MEASURE_S = 15.0
_WATCH_S = 60.0

_vouchers = Gauge(
    "relais_vouchers", "Vouchers by state", ["site", "offer", "state"], registry=metrics.registry
)
_alerts = Gauge(
    "relais_stock_alerts", "Open stock alerts", ["site", "kind"], registry=metrics.registry
)


class StockDoors:
    """A site's vouchers by offer and state, and what changes the state."""

    @http.query("GET", "/v1/stock", query=api.SiteAsked, answer=list[api.StockShown], allow=STAFF)
    def get_stock(self, tx: Transaction, call: Call, asked: api.SiteAsked) -> list[api.StockShown]:
        """Show a site's vouchers by offer and state."""
        call.caller.require_site(asked.site_code)
        return handlers.show_stock(tx, site_code=asked.site_code, on=business_date(call.now))

    @http.query(
        "GET", "/v1/stock/alerts", query=api.SiteAsked, answer=list[api.AlertShown], allow=STAFF
    )
    def get_stock_alerts(
        self, tx: Transaction, call: Call, asked: api.SiteAsked
    ) -> list[api.AlertShown]:
        """Show what a site is warned of: offers that run out, vouchers that run out of time."""
        call.caller.require_site(asked.site_code)
        return handlers.show_alerts(tx, site_code=asked.site_code)

    @http.query("GET", "/v1/stock/batches/<uuid:batch_id>", answer=api.BatchAccount, allow=STAFF)
    def get_batch_account(self, tx: Transaction, call: Call, batch_id: UUID) -> api.BatchAccount:
        """Show where every voucher of a batch is, and what was done to them."""
        return batches.show_batch(tx, batch_id, call=call)

    @http.query(
        "GET", "/v1/batches", query=api.BatchesAsked, answer=list[api.BatchShown], allow=STAFF
    )
    def list_batches(
        self, tx: Transaction, call: Call, asked: api.BatchesAsked
    ) -> Paged[api.BatchShown]:
        """List a site's deliveries; the `Link` header names the next page."""
        return batches.list_batches(tx, asked, call=call)

    @http.command(
        "POST",
        "/v1/batches/<uuid:batch_id>/release",
        body=api.Nothing,
        answer=api.BatchChanged,
        allow=SUPERVISORS,
    )
    def release_batch(
        self, tx: Transaction, call: Call, body: api.Nothing, batch_id: UUID
    ) -> api.BatchChanged:
        """Let a batch out of quarantine: another person than who received it or set it aside."""
        return batches.release_batch(tx, batch_id, call=call)

    @http.command(
        "POST",
        "/v1/batches/<uuid:batch_id>/freeze",
        body=api.Reason,
        answer=api.BatchChanged,
        allow=SUPERVISORS,
    )
    def freeze_batch(
        self, tx: Transaction, call: Call, body: api.Reason, batch_id: UUID
    ) -> api.BatchChanged:
        """Sell nothing of a batch for now, at any site."""
        return batches.change_batch(tx, batch_id, "freeze", reason=body.reason, call=call)

    @http.command(
        "POST",
        "/v1/batches/<uuid:batch_id>/unfreeze",
        body=api.Reason,
        answer=api.BatchChanged,
        allow=SUPERVISORS,
    )
    def unfreeze_batch(
        self, tx: Transaction, call: Call, body: api.Reason, batch_id: UUID
    ) -> api.BatchChanged:
        """Sell a frozen batch again."""
        return batches.change_batch(tx, batch_id, "unfreeze", reason=body.reason, call=call)

    @http.command(
        "POST",
        "/v1/batches/<uuid:batch_id>/recall",
        body=api.Reason,
        answer=api.BatchChanged,
        allow=SUPERVISORS,
    )
    def recall_batch(
        self, tx: Transaction, call: Call, body: api.Reason, batch_id: UUID
    ) -> api.BatchChanged:
        """Never sell anything of a batch again."""
        return batches.change_batch(tx, batch_id, "recall", reason=body.reason, call=call)

    @http.command(
        "POST",
        "/v1/stock/changes",
        body=api.ChangeVouchers,
        answer=api.VouchersChanged,
        status=201,
        allow=STAFF,
    )
    def change_vouchers(
        self, tx: Transaction, call: Call, body: api.ChangeVouchers
    ) -> api.VouchersChanged:
        """Set vouchers aside; for a supervisor also: record them damaged, lost or found."""
        return batches.change_vouchers(tx, body, call=call, supervisors=SUPERVISORS)

    @every(_MEASURE_S)
    def measure_stock(self, tx: Transaction) -> None:
        """Show how many vouchers are in which state."""
        counted = handlers.count_vouchers(tx, on=business_date(clock.now()))
        _vouchers.clear()  # a site that sent all it had has no line any more
        for (site_code, offer_code), counts in handlers.by_place(counted).items():
            for state, count in counts.items():
                _vouchers.labels(site_code, offer_code, state).set(count)

    @every(_WATCH_S)
    def watch_stock(self, tx: Transaction) -> None:
        """Take what is past its day out of stock; warn of what runs low or out of time."""
        now = clock.now()
        handlers.expire_vouchers(tx, now=now, new_id=new_id)
        handlers.watch_stock(tx, now=now, new_id=new_id)
        for site_code, kind, count in handlers.count_alerts(tx):
            _alerts.labels(site_code, kind).set(count)

    @every(_WATCH_S)
    def join_lots(self, tx: Transaction) -> None:
        """Join the pieces that card payments, leases and transfers left of a batch."""
        lots.join_pieces(tx)
