"""Counts of people, as rows."""

from datetime import date, datetime

from chassis.db import Transaction
from services.referrals.domain.counting import least_of
from services.referrals.store import SQL


def find_least(tx: Transaction, *, on: date) -> int:
    """Find from how many people on a count is shown."""
    rows = tx.execute(SQL["list_rules"], {"on": on})
    return least_of({row["name"]: row["value"] for row in rows}, on=on)


def count_people(
    tx: Transaction, *, since: datetime, before: datetime
) -> dict[tuple[str, str], int]:
    """Count who took which step at which site."""
    rows = tx.execute(SQL["count_people"], {"since": since, "before": before})
    return {(row["step"], row["site_code"]): row["people"] for row in rows}
