"""The file of an option report: bytes in, a report out, or a refusal that names the line.

    sfr;2026-10;3;100                                     header (a leading HEADER cell may precede)
    token;option_code;invoice_month;kind;amount_cents     columns, in any order
    017fa4c951d3cbe;solidaire-1;2026-10;BILLED;100        lines

Semicolons or commas, decided by the first line; UTF-8 with or without its mark, else cp1252.  Each
line is read by itself: a stray quotation mark spoils its own line and not those behind it.
"""

import csv
import re
from collections.abc import Sequence
from typing import ClassVar

from kernel.money import Cents
from kernel.period import Month
from kernel.refusal import Invalid
from services.donations.domain.option_report import HEADER_LINES, Kind, Line, Report

COLUMNS = ("token", "option_code", "invoice_month", "kind", "amount_cents")
_UTF8_MARK = b"\xef\xbb\xbf"
# No text has these; files in UTF-16, archives and workbooks do.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|\Z)")
_OPERATOR = re.compile(r"[a-z][a-z0-9-]{0,31}")
_COUNT = re.compile(r"[0-9]{1,9}")
_AMOUNT = re.compile(r"-?[0-9]{1,12}")
_TOKEN = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_OPTION_CODE = re.compile(r"[\w.+-]{1,64}")
# So much of what was found is shown in a refusal.
_SHOWN_CHARACTERS = 40


class BrokenFile(Invalid):
    """Line {line}: the file cannot be read."""

    code = "donations.report.broken_file"
    #: What a line should be; the sentence above says what this one is.
    should_be: ClassVar[str] = "The file is text, line by line."

    def __init__(self, *, line: int, **values: object) -> None:
        errors = [{"field": f"line {line}", "reason": self.should_be}]
        super().__init__(line=line, errors=errors, **values)


class NoText(BrokenFile):
    """Line {line}: the file is neither UTF-8 nor cp1252 text."""

    code = "donations.report.no_text"
    should_be = "The file is text in UTF-8 or cp1252."


class BadHeader(BrokenFile):
    """Line {line}: the header must hold operator, period (YYYY-MM), number of lines and total."""

    code = "donations.report.bad_header"
    should_be = "The header holds operator, period (YYYY-MM), number of lines and total."


class BadColumns(BrokenFile):
    """Line {line}: the columns must be token, option_code, invoice_month, kind, amount_cents."""

    code = "donations.report.bad_columns"
    should_be = "The columns are token, option_code, invoice_month, kind, amount_cents."


class BrokenLine(BrokenFile):
    """Line {line}: it does not hold five fields."""

    code = "donations.report.broken_line"
    should_be = "A line holds five fields."


class BadToken(BrokenFile):
    """Line {line}: the token is not 1 to 128 letters, digits and .:_- signs."""

    code = "donations.report.bad_token"
    should_be = "A token is made of 1 to 128 letters, digits and .:_- signs."


class BadOptionCode(BrokenFile):
    """Line {line}: {value} is no option code."""

    code = "donations.report.bad_option_code"
    should_be = "An option code is made of 1 to 64 letters, digits and .+-_ signs."


class BadInvoiceMonth(BrokenFile):
    """Line {line}: {value} is no month written YYYY-MM."""

    code = "donations.report.bad_invoice_month"
    should_be = "A month is written YYYY-MM."


class UnknownKind(BrokenFile):
    """Line {line}: {value} is none of BILLED, REVERSED and ADJUST."""

    code = "donations.report.unknown_kind"
    should_be = "The kind is one of BILLED, REVERSED and ADJUST."


class AmountNotWhole(BrokenFile):
    """Line {line}: {value} is no whole number of cents."""

    code = "donations.report.amount_not_whole"
    should_be = "An amount is a whole number of cents, such as 100 or -100."


def read(content: bytes) -> Report:
    """Read a whole file; what the lines say is checked by `option_report.check`."""
    rows = _decode(content).replace("\r\n", "\n").rstrip("\r\n").split("\n")
    delimiter = ";" if ";" in rows[0] else ","
    operator, period, announced_count, announced_cents = _read_header(rows[0], delimiter=delimiter)
    places = _read_columns(rows[1] if len(rows) > 1 else "", delimiter=delimiter)
    months: dict[str, Month] = {}
    lines = [
        _read_line(row, number=number, delimiter=delimiter, places=places, months=months)
        for number, row in enumerate(rows[HEADER_LINES:], start=HEADER_LINES + 1)
    ]
    return Report(
        operator=operator,
        period=period,
        announced_count=announced_count,
        announced_cents=announced_cents,
        lines=lines,
    )


def _decode(content: bytes) -> str:
    text = None
    position = 0
    has_mark = content.startswith(_UTF8_MARK)
    for encoding in ("utf-8-sig",) if has_mark else ("utf-8", "cp1252"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError as error:
            position = error.start
    if text is None:
        raise NoText(line=content.count(b"\n", 0, position) + 1)
    if wrong := _NO_TEXT.search(text):
        raise NoText(line=text.count("\n", 0, wrong.start()) + 1)
    return text


def _read_header(row: str, *, delimiter: str) -> tuple[str, Month, int, Cents]:
    cells = _split(row, delimiter=delimiter) or []
    # A spreadsheet fills every row up to the width of the widest.
    while cells and not cells[-1]:
        cells.pop()
    if cells and cells[0].upper() == "HEADER":
        cells = cells[1:]
    if len(cells) != 4:
        raise BadHeader(line=1)
    operator, period, count, cents = cells
    month = _month(period)
    if (
        month is None
        or not _OPERATOR.fullmatch(operator)
        or not _COUNT.fullmatch(count)
        or not _AMOUNT.fullmatch(cents)
    ):
        raise BadHeader(line=1)
    return operator, month, int(count), Cents(int(cents))


def _read_columns(row: str, *, delimiter: str) -> Sequence[int]:
    names = _split(row, delimiter=delimiter) or []
    if sorted(names) != sorted(COLUMNS):
        raise BadColumns(line=2)
    return [names.index(column) for column in COLUMNS]


def _read_line(
    row: str, *, number: int, delimiter: str, places: Sequence[int], months: dict[str, Month]
) -> Line:
    cells = _split(row, delimiter=delimiter)
    if cells is None or len(cells) != len(COLUMNS):
        raise BrokenLine(line=number)
    token, option_code, invoice_month, kind, amount = (cells[place] for place in places)
    if not _TOKEN.fullmatch(token):
        raise BadToken(line=number)
    if not _OPTION_CODE.fullmatch(option_code):
        raise BadOptionCode(line=number, value=option_code[:_SHOWN_CHARACTERS])
    month = months.get(invoice_month) or _month(invoice_month)
    if month is None:
        raise BadInvoiceMonth(line=number, value=invoice_month[:_SHOWN_CHARACTERS])
    months[invoice_month] = month
    if kind not in _KINDS:
        raise UnknownKind(line=number, value=kind[:_SHOWN_CHARACTERS])
    if not _AMOUNT.fullmatch(amount):
        raise AmountNotWhole(line=number, value=amount[:_SHOWN_CHARACTERS])
    return Line(number, token, option_code, month, _KINDS[kind], Cents(int(amount)))


_KINDS = {kind.value: kind for kind in Kind}


def _month(text: str) -> Month | None:
    try:
        return Month.parse(text)
    except ValueError:
        return None


def _split(row: str, *, delimiter: str) -> list[str] | None:
    """Cut one row into cells; None when its quotation marks do not match."""
    if '"' not in row:
        return row.split(delimiter)
    try:
        return next(csv.reader([row], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
