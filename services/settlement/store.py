"""Entries, transfers and their sums, as rows."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from chassis import queries
from chassis.columns import column
from chassis.db import Transaction
from kernel.period import Month
from services.settlement.domain.account import CHART, Account, Side, Unit
from services.settlement.domain.anchor import Anchor, contradiction
from services.settlement.domain.posting import Entry
from services.settlement.domain.statement import Difference, SiteCredits, Sums, Takings

SQL = queries.load("services.settlement")
_EVERY_OPERATOR = "*"
_DIFFERENCES_MAX = 100
_MONEY = [name for name, of in CHART.items() if (of.unit, of.side) == (Unit.EURO, Side.DEBIT)]
_GONE = [Account.CREDITS_LOST, Account.CREDITS_DAMAGED, Account.CREDITS_EXPIRED]
_IN_KIND = [name for name, of in CHART.items() if of.unit is Unit.FACE_VALUE]


def see_operator(tx: Transaction, operator: str | None) -> None:
    """Show this transaction the rows of one operator; None, the staff's, shows those of all."""
    if operator in ("", _EVERY_OPERATOR):
        raise ValueError(f"{operator!r} is no operator")
    tx.execute(SQL["see_operator"], {"operator": operator or _EVERY_OPERATOR})


def post_entries(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Append entries with their transfers; those of facts that are there already change nothing."""
    moves = [
        (place, position, transfer)
        for place, entry in enumerate(entries, start=1)
        for position, transfer in enumerate(entry.transfers, start=1)
    ]
    tx.execute(
        SQL["post_entries"],
        {
            "fact_ids": column([entry.fact_id for entry in entries]),
            "operators": column([entry.operator for entry in entries]),
            "kinds": column([entry.kind.value for entry in entries]),
            "documents": column([entry.document for entry in entries]),
            "sites": column([entry.site_code for entry in entries]),
            "days": column([entry.booked_on for entry in entries]),
            "declared_cents": column([entry.declared_cents for entry in entries]),
            "declared_face_values": column([entry.declared_face_value_cents for entry in entries]),
            "declared_counts": column([entry.declared_count for entry in entries]),
            "places": column([place for place, _, _ in moves]),
            "positions": column([position for _, position, _ in moves]),
            "debits": column([transfer.debit.value for _, _, transfer in moves]),
            "credits": column([transfer.credit.value for _, _, transfer in moves]),
            "amounts": column([transfer.amount_cents for _, _, transfer in moves]),
            "items": column([transfer.item_count for _, _, transfer in moves]),
            "offers": column([transfer.offer_code for _, _, transfer in moves]),
        },
    )


def keep_anchors(tx: Transaction, told: Sequence[Anchor]) -> None:
    """Append anchors; one that is there already changes nothing, unless it says another hash."""
    asked = {
        "places": column(list(range(len(told)))),
        "tills": column([each.till_id for each in told]),
        "kinds": column([each.kind for each in told]),
        "sequences": column([each.sequence for each in told]),
        "hashes": column([each.hash for each in told]),
    }
    tx.execute(
        SQL["add_anchors"],
        asked
        | {
            "closings": column([each.closing_id for each in told]),
            "instants": column([each.told_at for each in told]),
        },
    )
    # A statement of its own, which sees what another transaction committed in between.
    other = tx.execute(SQL["find_other_hash"], asked).fetchone()
    if other is not None:
        raise contradiction(told[other["place"]], known_hash=bytes(other["hash"]))


def knows_operator(tx: Transaction, operator: str, *, period: Month | None = None) -> bool:
    """Say whether anything was posted for an operator, ever or in a period."""
    days = _of(operator, period) if period else {"from_on": None, "until_on": None}
    [row] = tx.execute(SQL["knows_operator"], days | {"operator": operator})
    return bool(row["known"])


def sum_period(tx: Transaction, *, operator: str, period: Month) -> Sums:
    """Sum an operator's transfers of the period, and those up to its end."""
    [row] = tx.execute(SQL["sum_period"], _of(operator, period) | {"gone": _GONE})
    return Sums(**row)


def list_sites(tx: Transaction, *, operator: str, period: Month) -> list[SiteCredits]:
    """List an operator's credits at each site."""
    asked = _of(operator, period) | {"gone": _GONE, "in_kind": _IN_KIND}
    return [SiteCredits(**row) for row in tx.execute(SQL["list_sites"], asked)]


def list_takings(tx: Transaction, *, operator: str, period: Month) -> list[Takings]:
    """List what tills took for an operator's recharges, by site and business day."""
    return [Takings(**row) for row in tx.execute(SQL["list_takings"], _of(operator, period))]


def list_unequal_entries(tx: Transaction, *, operator: str, period: Month) -> list[Difference]:
    """List entries whose transfers are not what their facts declared, in each unit that differs."""
    rows = tx.execute(
        SQL["list_unequal_entries"],
        _of(operator, period)
        | {"money": _MONEY, "in_kind": _IN_KIND, "count_max": _DIFFERENCES_MAX},
    )
    return [difference for row in rows for difference in _differences(row)]


def list_unequal_days(tx: Transaction, *, operator: str, period: Month) -> list[Difference]:
    """List the days whose totals are not the sum of their transfers."""
    rows = tx.execute(
        SQL["list_unequal_days"], _of(operator, period) | {"count_max": _DIFFERENCES_MAX}
    )
    return [
        Difference(
            name=f"day_{what}",
            reference=f"{row['site_code']} {row['booked_on']}, {row['debit']} by {row['credit']}"
            + (f" ({row['offer_code']})" if row["offer_code"] else ""),
            expected=row[f"expected_{what}"],
            found=row[f"found_{what}"],
        )
        for row in rows
        for what in ("cents", "count", "transfers")
        if row[f"expected_{what}"] != row[f"found_{what}"]
    ]


def list_accounts(
    tx: Transaction,
    *,
    operator: str | None,
    site_codes: Collection[str] | None,
    from_on: date | None,
    until_on: date | None,
) -> list[dict[str, Any]]:
    """List what each account was debited and credited."""
    return tx.execute(
        SQL["list_accounts"],
        {
            "operator": operator,
            "site_codes": None if site_codes is None else sorted(site_codes),
            "from_on": from_on,
            "until_on": until_on,
        },
    ).fetchall()


def _of(operator: str, period: Month) -> dict[str, Any]:
    return {
        "operator": operator,
        "from_on": period.first_on,
        "until_on": period.next().first_on,
    }


def _differences(row: dict[str, Any]) -> list[Difference]:
    reference = f"{row['kind']} {row['document']}"
    pairs = (
        ("entry_cents", row["declared_cents"], row["cents"]),
        ("entry_face_value_cents", row["declared_face_value_cents"], row["face_value_cents"]),
        ("entry_count", row["declared_count"], row["item_count"]),
    )
    return [
        Difference(name=name, reference=reference, expected=expected, found=found)
        for name, expected, found in pairs
        if expected != found
    ]
