"""Closings of a till, as rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg.types.json import Json

from chassis.db import Transaction
from services.recharges.domain.closing import Figures, Late
from services.recharges.domain.journal import Period
from services.recharges.store import SQL

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """Where the last closing of a period ended; nowhere before the first one."""

    closing_no: int = 0
    period_on: date | None = None
    until_sequence: int = 1
    perpetual_real_cents: int = 0
    perpetual_absolute_cents: int = 0
    record_sequence: int = 0


def last(tx: Transaction, till_id: UUID, period: Period) -> Last:
    """Read where the last closing of a period ended."""
    row = tx.execute(SQL["last_closing"], {"till_id": till_id, "period": period.value}).fetchone()
    if row is None:
        return Last()
    row.pop("from_sequence")
    return Last(**row)


def perpetual(tx: Transaction, till_id: UUID) -> Row:
    """Read the perpetual totals as they stand: those of the last closing and what came since."""
    end = last(tx, till_id, Period.DAY)
    row = tx.execute(
        SQL["sums_since"], {"till_id": till_id, "from_sequence": end.until_sequence}
    ).fetchone()
    assert row is not None  # noqa: S101  # sums are always one row
    return {
        "perpetual_real_cents": end.perpetual_real_cents + row["real_cents"],
        "perpetual_absolute_cents": end.perpetual_absolute_cents + row["absolute_cents"],
    }


def last_day_of_tickets(tx: Transaction, till_id: UUID, last: Last) -> date | None:
    """Return the last business day of the tickets that no closing of a day has closed."""
    row = tx.execute(
        SQL["last_day_of_tickets"], {"till_id": till_id, "from_sequence": last.until_sequence}
    ).fetchone()
    return row["last_on"] if row else None


def late(
    tx: Transaction, till_id: UUID, *, from_sequence: int, until_sequence: int, period_on: date
) -> dict[str, Late]:
    """Read the tickets of a window that are of days before it."""
    rows = tx.execute(
        SQL["late_tickets"],
        {
            "till_id": till_id,
            "from_sequence": from_sequence,
            "until_sequence": until_sequence,
            "period_on": period_on,
        },
    )
    return {
        row["business_date"].isoformat(): Late(
            ticket_count=row["ticket_count"], real_cents=row["real_cents"]
        )
        for row in rows
    }


def save(tx: Transaction, *, figures: Figures, **said: object) -> None:
    """Write a closing."""
    tx.execute(
        SQL["save_closing"],
        {
            **said,
            "ticket_count": figures["ticket_count"],
            "sold_cents": figures["sold_cents"],
            "refunded_cents": figures["refunded_cents"],
            "real_cents": figures["real_cents"],
            "absolute_cents": figures["absolute_cents"],
            "cash_cents": figures["by_tender"].get("cash", 0),
            "card_cents": figures["by_tender"].get("card", 0),
            "late": Json(_late(figures["late"])),
        },
    )


def _late(by_day: Mapping[str, Late]) -> list[dict[str, Any]]:
    return [
        {
            "business_date": day,
            "count": late["ticket_count"],
            "real_cents": late["real_cents"],
        }
        for day, late in sorted(by_day.items())
    ]
