"""Report files as operators write them, for the tests of donations."""

import csv
import io
from collections.abc import Sequence

from services.donations.domain.report_file import COLUMNS

Row = tuple[str, str, str, str, int]  # in the order of COLUMNS


def a_row(
    token: str,
    *,
    option_code: str = "solidaire-1",
    invoice_month: str = "2026-10",
    kind: str = "BILLED",
    amount_cents: int = 100,
) -> Row:
    return (token, option_code, invoice_month, kind, amount_cents)


def a_file(
    rows: Sequence[Row],
    *,
    operator: str = "sfr",
    period: str = "2026-10",
    announced_count: int | None = None,
    announced_cents: int | None = None,
    delimiter: str = ";",
    encoding: str = "utf-8",
    line_end: str = "\n",
    columns: Sequence[str] = COLUMNS,
    leading: Sequence[str] = (),
) -> bytes:
    """Write a report whose header is right unless it is told otherwise."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    count = len(rows) if announced_count is None else announced_count
    cents = sum(row[-1] for row in rows) if announced_cents is None else announced_cents
    writer.writerow([*leading, operator, period, count, cents])
    writer.writerow(columns)
    writer.writerows([row[COLUMNS.index(column)] for column in columns] for row in rows)
    return text.getvalue().encode(encoding)


def with_line(content: bytes, *, number: int, line: bytes) -> bytes:
    """Replace one line of a file, counted from 1 as an editor does."""
    lines = content.split(b"\n")
    lines[number - 1] = line
    return b"\n".join(lines)
