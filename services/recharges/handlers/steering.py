"""What pages show of tills, drawers, stock and closings at a glance; nothing is decided here."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from chassis import texts
from chassis.columns import column
from chassis.db import Transaction
from services.recharges.domain import drawer, freeze
from services.recharges.domain.alert import Supply
from services.recharges.domain.sale import TillUnknown
from services.recharges.domain.ticket import words_left
from services.recharges.handlers import stock
from services.recharges.store import SQL
from services.recharges.store import drawers as drawer_rows

Row = dict[str, Any]
Sites = Sequence[str] | None
#: How far back the gaps of drawers are looked at.
GAP_DAYS = 30
#: Notes and coins as they are counted, the largest first.
NOTES = tuple(value for value in reversed(drawer.DENOMINATIONS) if value >= 500)
COINS = tuple(value for value in reversed(drawer.DENOMINATIONS) if value < 500)


def tills(
    tx: Transaction, *, site_codes: Sites, on: date, language: str, with_revoked: bool = False
) -> list[Row]:
    """Return the tills of some sites, or of all, each with the drawer that is open there."""
    return _tills(
        tx, on=on, language=language, site_codes=site_codes, till_id=None, with_revoked=with_revoked
    )


def till(tx: Transaction, till_id: UUID, *, on: date, language: str) -> Row:
    """Return a till with the drawer that is open there, or refuse."""
    found = _tills(
        tx, on=on, language=language, site_codes=None, till_id=till_id, with_revoked=True
    )
    if not found:
        raise TillUnknown(till_id=till_id)
    return found[0]


def _tills(
    tx: Transaction,
    *,
    on: date,
    language: str,
    site_codes: Sites,
    till_id: UUID | None,
    with_revoked: bool,
) -> list[Row]:
    asked = {
        "site_codes": None if site_codes is None else column(site_codes),
        "till_id": till_id,
        "with_revoked": with_revoked,
    }
    found = tx.execute(SQL["find_tills_with_drawers"], asked).fetchall()
    for row in found:
        row["is_late"] = row["business_date"] is not None and row["business_date"] < on
        row["frozen_detail"] = row["frozen_at"] and texts.translate(
            freeze.sentence(row["frozen_why"]), language=language, service="recharges"
        )
    return found


def last_sessions(
    tx: Transaction,
    *,
    since: date,
    site_code: str | None = None,
    till_id: UUID | None = None,
    count_max: int = 200,
) -> list[Row]:
    """Return the drawer sessions of a till or of a site, the latest first."""
    asked = {"site_code": site_code, "till_id": till_id, "since": since, "count_max": count_max}
    found = tx.execute(SQL["find_last_sessions"], asked).fetchall()
    return [row | {"reason": words_left(row["reason"])} for row in found]


def waiting_refunds(tx: Transaction, *, site_codes: Sites, count_max: int = 200) -> list[Row]:
    """Return the refunds of some sites, or of all, whose money is still owed; the oldest first."""
    asked = {
        "site_codes": None if site_codes is None else column(site_codes),
        "count_max": count_max,
    }
    found = tx.execute(SQL["find_waiting_refunds"], asked).fetchall()
    return [row | {"reason": words_left(row["reason"])} for row in found]


def gaps(tx: Transaction, *, site_codes: Sites, on: date) -> list[Row]:
    """Return, by site, what drawers were short of or over in the last days, and what is open."""
    names = site_names(tx, site_codes=site_codes)
    rows: dict[str, Row] = {
        code: {
            "site_code": code,
            "site_name": name,
            "counted": 0,
            "with_gap": 0,
            "approved": 0,
            "gap_cents": 0,
            "absolute_cents": 0,
            "open": 0,
            "late": 0,
        }
        for code, name in names.items()
    }
    asked = {
        "site_codes": None if site_codes is None else column(site_codes),
        "since": on - timedelta(days=GAP_DAYS),
    }
    for row in tx.execute(SQL["find_gaps_by_site"], asked):
        rows[row["site_code"]] |= row
    for each in tills(tx, site_codes=site_codes, on=on, language="en"):
        if each["drawer_session_id"] is not None:
            rows[each["site_code"]]["late" if each["is_late"] else "open"] += 1
    return [row for row in rows.values() if row["counted"] or row["open"] or row["late"]]


def cover(tx: Transaction, *, site_codes: Sites, on: date) -> list[Row]:
    """Return how long each offer lasts at each site, and a word for it."""
    names, labels = site_names(tx, site_codes=site_codes), offer_labels(tx)
    # One site is read by itself: what all the others have in stock costs time.
    only = site_codes[0] if site_codes is not None and len(site_codes) == 1 else None
    return [
        {
            "site_code": each.site_code,
            "site_name": names[each.site_code],
            "offer_code": each.offer_code,
            "label": labels[each.offer_code],
            "on_hand": each.on_hand,
            "cover_days": None if each.cover_days is None else round(each.cover_days, 1),
            "lead_time_days": each.lead_time_days,
            "state": _state(each),
        }
        for each in sorted(
            stock.supplies(tx, on=on, site_code=only),
            key=lambda each: (names.get(each.site_code, ""), each.offer_code),
        )
        if each.site_code in names
    ]


def _state(supply: Supply) -> str:
    if supply.on_hand == 0:
        return "out"
    if supply.cover_days is None:
        return "unsold"
    lead = supply.lead_time_days
    return "low" if lead is not None and supply.cover_days < lead else "enough"


def last_batches(tx: Transaction, *, site_code: str, count_max: int) -> list[Row]:
    """Return a site's batches: those that wait for release, then the latest."""
    asked = {"site_code": site_code, "count_max": count_max}
    return tx.execute(SQL["find_last_batches"], asked).fetchall()


def site_names(tx: Transaction, *, site_codes: Sites) -> dict[str, str]:
    """Return the names of some sites, or of all, by their codes."""
    asked = {"site_codes": None if site_codes is None else column(site_codes)}
    return {row["site_code"]: row["name"] for row in tx.execute(SQL["find_site_names"], asked)}


def offer_labels(tx: Transaction) -> dict[str, str]:
    """Return what each offer is called."""
    return {row["offer_code"]: row["label"] for row in tx.execute(SQL["find_offer_labels"])}


def closings(
    tx: Transaction, till_id: UUID, *, period: str, before: int | None, count_max: int
) -> list[Row]:
    """Return a till's closings of a period, the latest first."""
    asked = {"till_id": till_id, "period": period, "before": before, "count_max": count_max}
    return tx.execute(SQL["find_last_closings"], asked).fetchall()


def years(tx: Transaction, till_id: UUID, *, on: date) -> list[int]:
    """Return the years that there is an archive of: those with closed days, and the running one."""
    found = {row["year"] for row in tx.execute(SQL["find_years_closed"], {"till_id": till_id})}
    return sorted(found | {on.year}, reverse=True) if found else []


def session_account(tx: Transaction, session: Row) -> Row:
    """Return what a drawer session is made of, in the order it happened."""
    closing = tx.execute(
        SQL["find_closing_of_drawer"], {"drawer_session_id": session["drawer_session_id"]}
    ).fetchone()
    return {
        "movements": [
            row | {"reason": words_left(row["reason"])}
            for row in drawer_rows.movements(tx, session)
        ],
        "handovers": drawer_rows.handovers(tx, session),
        "closing": closing,
    }
