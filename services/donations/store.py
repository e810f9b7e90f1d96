"""Option reports and their lines, as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from chassis import queries
from chassis.db import Transaction
from kernel.money import Cents
from kernel.period import Month
from services.donations.domain.option_report import Cap, Line, Totals

SQL = queries.load("services.donations")
_EVERY_OPERATOR = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReport:
    """A report that was taken: who, which month, which file, how much."""

    report_id: UUID
    operator: str
    period: Month
    file_sha256: bytes
    totals: Totals
    unmatched_reversals: int
    imported_by: UUID
    imported_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierReport:
    """A report that stands in the way of a new one."""

    report_id: UUID
    period: Month
    same_file: bool


def see_operator(tx: Transaction, operator: str | None) -> None:
    """Show this transaction the rows of one operator; None shows those of all."""
    tx.execute(SQL["see_operator"], {"operator": operator or _EVERY_OPERATOR})


def lock_operator(tx: Transaction, operator: str) -> bool:
    """Let imports of one operator take turns; say whether the network knows the operator."""
    return tx.execute(SQL["lock_operator"], {"operator": operator}).fetchone() is not None


def list_operators(tx: Transaction) -> list[str]:
    """List the operators that the network knows."""
    return [row["operator"] for row in tx.execute(SQL["list_operators"])]


def list_caps(tx: Transaction) -> list[Cap]:
    """Load the cap on one operation with its dates."""
    return [
        Cap(from_on=row["from_on"], operation_max_cents=Cents(row["operation_max_cents"]))
        for row in tx.execute(SQL["list_caps"])
    ]


def find_earlier_report(
    tx: Transaction, *, operator: str, period: Month, file_sha256: bytes
) -> EarlierReport | None:
    """Return the report that is this very file, else the one of the same month."""
    row = tx.execute(
        SQL["find_earlier_report"],
        {"operator": operator, "period": str(period), "file_sha256": file_sha256},
    ).fetchone()
    if row is None:
        return None
    return EarlierReport(
        report_id=row["report_id"],
        period=Month.parse(row["period"]),
        same_file=row["same_file"],
    )


def find_reported_line(
    tx: Transaction, lines: Sequence[Line], *, operator: str
) -> tuple[int, str] | None:
    """Return the number of the first line that was reported before, and in which period."""
    row = tx.execute(
        SQL["find_reported_line"], {"operator": operator, **_columns(lines)}
    ).fetchone()
    return None if row is None else (row["line_number"], row["period"])


def count_billed(tx: Transaction, reversals: Sequence[Line], *, operator: str) -> int:
    """Count the reversals that take back what an earlier report billed."""
    [row] = tx.execute(SQL["count_billed"], {"operator": operator, **_columns(reversals)})
    count: int = row["billed"]
    return count


def add_report(tx: Transaction, report: StoredReport, *, lines: Sequence[Line]) -> None:
    """Insert a report with all its lines."""
    whole = {
        "report_id": report.report_id,
        "operator": report.operator,
        "period": str(report.period),
    }
    tx.execute(
        SQL["add_report"],
        whole
        | {
            "file_sha256": report.file_sha256,
            "line_count": report.totals.count,
            "billed_cents": report.totals.billed_cents,
            "reversed_cents": report.totals.reversed_cents,
            "adjusted_cents": report.totals.adjusted_cents,
            "total_cents": report.totals.total_cents,
            "unmatched_reversals": report.unmatched_reversals,
            "imported_by": report.imported_by,
            "imported_at": report.imported_at,
        },
    )
    tx.execute(SQL["add_lines"], whole | _columns(lines))


def list_reports(tx: Transaction, *, operator: str | None, count_max: int) -> list[dict[str, Any]]:
    """Load the newest reports of one operator, or of all of them."""
    return tx.execute(
        SQL["list_reports"], {"operator": operator, "count_max": count_max}
    ).fetchall()


def sum_reports(tx: Transaction, *, operator: str | None) -> list[dict[str, Any]]:
    """Add up every report of each operator."""
    return tx.execute(SQL["sum_reports"], {"operator": operator}).fetchall()


def _columns(lines: Sequence[Line]) -> dict[str, list[Any]]:
    """Turn lines into the arrays that `unnest` takes: one statement whatever their number."""
    return {
        "line_numbers": [line.number for line in lines],
        "tokens": [line.token for line in lines],
        "option_codes": [line.option_code for line in lines],
        "invoice_months": [str(line.invoice_month) for line in lines],
        "kinds": [line.kind.value for line in lines],
        "amounts": [line.amount_cents for line in lines],
    }
