"""What is in stock, at a site and in all; what expires, what runs low."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis import outbox
from chassis.columns import column
from chassis.db import Transaction
from kernel.period import business_date
from services.recharges import events
from services.recharges.api import stock as api
from services.recharges.domain import alert
from services.recharges.domain.alert import (
    PACE_DAYS,
    PACE_DAYS_MIN,
    Crossing,
    Remainder,
    Supply,
)
from services.recharges.domain.stock import State
from services.recharges.handlers import telling
from services.recharges.store import SQL, lots, moves

#: The states as they are counted: `sold` is what was taken and neither disputed nor refunded.
COUNTED = ("sold", *sorted(set(State) - {State.SOLD_OUT}))
_EXPIRED_AT_ONCE = 500
_WARNED_DAYS = 60


def show_stock(tx: Transaction, *, site_code: str, on: date) -> list[api.StockShown]:
    """Return a site's vouchers by offer and state, and how many days they last."""
    of_offer = {each.offer_code: each for each in supplies(tx, on=on, site_code=site_code)}
    soonest = {
        row["offer_code"]: row["use_by"]
        for row in tx.execute(SQL["find_soonest_use_by"], {"site_code": site_code, "on": on})
    }
    shown = []
    for (_, offer_code), counts in by_place(count_vouchers(tx, on=on, site_code=site_code)).items():
        cover = of_offer[offer_code].cover_days
        shown.append(
            api.StockShown(
                offer_code=offer_code,
                received=sum(counts.values()),
                soonest_use_by=soonest.get(offer_code),
                days_of_cover=None if cover is None else round(cover, 1),
                **counts,
            )
        )
    return shown


def count_vouchers(
    tx: Transaction, *, on: date, site_code: str | None = None, batch_id: UUID | None = None
) -> list[api.VouchersCounted]:
    """Count every voucher once, by site, offer and state; of a site, of a batch, or all."""
    asked = {"on": on, "site_code": site_code, "batch_id": batch_id}
    return [api.VouchersCounted(**row) for row in tx.execute(SQL["count_vouchers"], asked)]


def by_place(
    counted: Iterable[api.VouchersCounted],
) -> dict[tuple[str, str], dict[str, int]]:
    """Lay counts out by site and offer, each with every state."""
    places: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    for each in counted:
        places[each.site_code, each.offer_code][each.state] = each.count
    return places


def expire_vouchers(tx: Transaction, *, now: datetime, new_id: Callable[[], UUID]) -> int:
    """Move what is past its use-by day out of stock; the sale has refused it since that day."""
    asked = {"on": business_date(now), "count_max": _EXPIRED_AT_ONCE}
    outdated = [lots.lot_from(row) for row in tx.execute(SQL["lock_outdated_lots"], asked)]
    lots.move(tx, outdated, state=State.EXPIRED)
    act = moves.Act(at=now, by=None, new_id=new_id)
    telling.tell_written_off(tx, outdated, cause="expired", act=act)
    return moves.record(tx, "expired", outdated, act=act)


def watch_stock(tx: Transaction, *, now: datetime, new_id: Callable[[], UUID]) -> list[Crossing]:
    """Warn of what runs low or out of time, once per crossing; return what is newly warned of."""
    on = business_date(now)
    tx.execute(SQL["note_stock_day"], {"on": on})
    opened = {
        Crossing(**{name: row[name] for name in Crossing.__slots__}): row["alert_id"]
        for row in tx.execute(SQL["find_open_alerts"])
    }
    until = on + timedelta(days=_WARNED_DAYS)
    remainders = tx.execute(SQL["find_remainders"], {"on": on, "until": until})
    due = alert.due(
        supplies(tx, on=on, site_code=None),
        [Remainder(**row) for row in remainders],
        open_already=opened.keys(),
        on=on,
    )
    passed = [alert_id for crossing, alert_id in opened.items() if crossing not in due]
    new = [crossing for crossing in due if crossing not in opened]
    if passed:
        tx.execute(SQL["clear_alerts"], {"now": now, "alert_ids": passed})
    if new:
        _raise(tx, new, due, now=now)
    outbox.append(
        tx,
        [
            events.StockLow(
                site_code=each.site_code,
                offer_code=each.offer_code,
                kind=each.kind,
                use_by=each.use_by,
                vouchers=due[each],
            ).tell(
                id=new_id(),
                subject=f"{each.site_code}/{each.offer_code}",
                site=each.site_code,
                at=now,
            )
            for each in new
        ],
    )
    return new


def _raise(
    tx: Transaction, new: list[Crossing], counts: dict[Crossing, int], *, now: datetime
) -> None:
    tx.execute(
        SQL["raise_alerts"],
        {
            "now": now,
            "site_codes": column(each.site_code for each in new),
            "offer_codes": column(each.offer_code for each in new),
            "kinds": column(each.kind for each in new),
            "use_by": column(each.use_by for each in new),
            "counts": column(counts[each] for each in new),
        },
    )


def supplies(tx: Transaction, *, on: date, site_code: str | None) -> list[Supply]:
    """Return what a site, or each, has on hand of each offer and sold lately."""
    asked = {
        "on": on,
        "since": on - timedelta(days=PACE_DAYS),
        "site_code": site_code,
        "days_min": PACE_DAYS_MIN,
        "days_max": PACE_DAYS,
    }
    return [Supply(**row) for row in tx.execute(SQL["find_supplies"], asked)]


def show_alerts(tx: Transaction, *, site_code: str) -> list[api.AlertShown]:
    """Return what a site is warned of at the moment."""
    rows = tx.execute(SQL["alerts_of_site"], {"site_code": site_code})
    return [api.AlertShown(**row) for row in rows]


def count_alerts(tx: Transaction) -> list[tuple[str, str, int]]:
    """Count open alerts by site and kind; kinds that once were open are told with nothing."""
    rows = tx.execute(SQL["count_alerts"])
    return [(row["site_code"], row["kind"], row["count"]) for row in rows]
