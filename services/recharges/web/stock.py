"""Stock for who steers: how long it lasts, what waits for a second person, what is on its way."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from chassis.db import Transaction
from chassis.http import Call, Parameters
from chassis.web import View, page
from kernel.period import business_date
from services.recharges.api.transfers import TransfersAsked
from services.recharges.domain import batch
from services.recharges.domain.batch import BatchState
from services.recharges.domain.ticket import TOP_UPS
from services.recharges.doors import SUPERVISORS
from services.recharges.handlers import batches, steering, stock, transfers
from services.recharges.web.drawers import who_of

_BATCHES_LISTED = 12
_TRANSFERS_LISTED = 12
#: What operators are called.
_OPERATORS = {each.operator: each.name for each in TOP_UPS}


class SiteChosen(Parameters):
    """Which site is looked at; none is all of them, or the only one."""

    site: Annotated[str, Field(max_length=40)] = ""


class StockPages:
    """The stock of sites."""

    @page("/pilotage/stock", allow=SUPERVISORS, query=SiteChosen)
    def show_stock_page(self, tx: Transaction, call: Call, query: SiteChosen) -> View:
        """Show one site's stock with what can be done; or how long that of each site lasts."""
        names = steering.site_names(tx, site_codes=call.caller.sites_seen)
        site_code = chosen(call, query, names)
        asked = [site_code] if site_code else call.caller.sites_seen
        return View(
            "stock.html",
            sites=names,
            site_code=site_code,
            cover=steering.cover(tx, site_codes=asked, on=business_date(call.now)),
            **(_stock_of(tx, call, site_code) if site_code else {}),
        )

    @page("/pilotage/stock/apercu", allow=SUPERVISORS)
    def show_stock_at_a_glance(self, tx: Transaction, call: Call) -> View:
        """Show how long the stock of each site lasts: a part of /pilotage."""
        cover = steering.cover(tx, site_codes=call.caller.sites_seen, on=business_date(call.now))
        return View("stock_glance.html", cover=cover)

    @page("/pilotage/stock/lots/<uuid:batch_id>", allow=SUPERVISORS)
    def show_batch_page(self, tx: Transaction, call: Call, batch_id: UUID) -> View:
        """Show where every voucher of a batch is, and what may be done to it."""
        account = batches.show_batch(tx, batch_id, call=call)
        here = call.caller.works_at(account.site_code)
        waiting = sum(each.count for each in account.counts if each.state == "quarantined")
        may = {
            verb
            for verb in batch.verbs(BatchState(account.state))
            if (waiting if verb == "release" else here)
        }
        return View(
            "stock_batch.html",
            batch=account,
            waiting=waiting,
            may=may,
            sites=steering.site_names(tx, site_codes=None),
            labels=steering.offer_labels(tx),
            operators=_OPERATORS,
            who=who_of(tx, call),
        )

    @page("/pilotage/stock/transferts/<uuid:transfer_id>", allow=SUPERVISORS)
    def show_transfer_page(self, tx: Transaction, call: Call, transfer_id: UUID) -> View:
        """Show what is on its way, to be counted in, or taken back."""
        transfer = transfers.show_transfer(tx, transfer_id, call=call)
        on_its_way = transfer.state == "sent"
        return View(
            "stock_transfer.html",
            transfer=transfer,
            may_receive=on_its_way
            and call.caller.works_at(transfer.to_site)
            and transfer.sent_by != call.caller.user_id,
            may_cancel=on_its_way and call.caller.works_at(transfer.from_site),
            sites=steering.site_names(tx, site_codes=None),
            labels=steering.offer_labels(tx),
            who=who_of(tx, call),
        )


def chosen(call: Call, query: SiteChosen, names: dict[str, str]) -> str:
    """Return the site that is looked at: the one asked for, or the only one."""
    if query.site:
        call.caller.require_site(query.site)
        return query.site
    return next(iter(names)) if len(names) == 1 else ""


def _stock_of(tx: Transaction, call: Call, site_code: str) -> dict[str, Any]:
    asked = TransfersAsked(site_code=site_code, limit=_TRANSFERS_LISTED)
    labels = steering.offer_labels(tx)
    found = stock.show_stock(tx, site_code=site_code, on=business_date(call.now))
    return {
        "stock": found,
        "offers": [(each.offer_code, labels[each.offer_code]) for each in found],
        "alerts": stock.show_alerts(tx, site_code=site_code),
        "batches": steering.last_batches(tx, site_code=site_code, count_max=_BATCHES_LISTED),
        "transfers": transfers.list_transfers(tx, asked, call=call).items,
        "everywhere": steering.site_names(tx, site_codes=None),
        "labels": labels,
        "operators": _OPERATORS,
    }
