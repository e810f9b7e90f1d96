"""What is in stock, at a site and in all."""

from dataclasses import dataclass
from datetime import date, timedelta

from chassis.db import Transaction
from services.recharges.api import stock as api
from services.recharges.store import SQL

#: How far back the daily pace of sales is measured for days of cover.
PACE_DAYS = 28


def show_stock(tx: Transaction, *, site_code: str, on: date) -> list[api.StockShown]:
    """Return a site's vouchers by offer and state, and how many days they last."""
    since = on - timedelta(days=PACE_DAYS)
    sold = tx.execute(SQL["sold_lately"], {"site_code": site_code, "since": since})
    pace = {row["offer_code"]: row["sold"] / PACE_DAYS for row in sold}
    return [
        api.StockShown(
            **row,
            days_of_cover=round(row["available"] / pace[row["offer_code"]], 1)
            if pace.get(row["offer_code"])
            else None,
        )
        for row in tx.execute(SQL["stock_by_state"], {"site_code": site_code, "on": on})
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class VouchersCounted:
    """How many vouchers of an offer at a site are in a state."""

    site_code: str
    offer_code: str
    state: str
    count: int


def count_vouchers(tx: Transaction, *, on: date) -> list[VouchersCounted]:
    """Count every voucher once, by site, offer and state."""
    return [
        VouchersCounted(
            site_code=row["site_code"],
            offer_code=row["offer_code"],
            state=state,
            count=row[state],
        )
        for row in tx.execute(SQL["count_vouchers"], {"on": on})
        for state in ("available", "sold", "expired")
    ]
