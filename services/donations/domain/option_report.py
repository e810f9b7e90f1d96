"""An operator's monthly report of the 1 euro option: what makes it right, and its totals.

The operator's customer gives one euro on the bill; the operator passes every cent on and reports
each month what it billed, what it took back because a bill was not paid or was disputed, and what
it put right.  A report is taken whole or not at all, so it has no life cycle: it is there or it is
not, and what was wrong in it is put right by ADJUST lines of a later one.
CMF L521-3-1 (gifts charged to a telephone bill); see docs/rules/option-report.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from kernel.money import Cents
from kernel.period import Month
from kernel.refusal import Refusal

# The header record and the column names come before the first line.
HEADER_LINES = 2


class Kind(StrEnum):
    """What a line says of one customer's option in one month."""

    BILLED = "BILLED"  # the gift was put on the bill: above zero
    REVERSED = "REVERSED"  # it was taken back: below zero
    ADJUST = "ADJUST"  # an earlier line is put right: anything but zero


class Line(NamedTuple):
    """One line; `number` is its place in the file, `token` the operator's pseudonym."""

    number: int
    token: str
    option_code: str
    invoice_month: Month
    kind: Kind
    amount_cents: Cents

    @property
    def key(self) -> tuple[str, Month, str, Kind]:
        """What may be said only once, in this file and in all others of the operator."""
        return (self.token, self.invoice_month, self.option_code, self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as it was read: its lines, and what its header announces of them."""

    operator: str
    period: Month
    announced_count: int
    announced_cents: Cents
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """The most one operation may take from a customer's bill, from a day on."""

    from_on: date
    operation_max_cents: Cents


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What a report amounts to, by kind."""

    count: int
    billed_cents: Cents
    reversed_cents: Cents
    adjusted_cents: Cents

    @property
    def total_cents(self) -> Cents:
        """What the operator owes for the period: all it billed less what it took back."""
        return Cents(self.billed_cents + self.reversed_cents + self.adjusted_cents)


class PeriodNotBegun(Refusal):
    """The report is for {period}, a month that has not begun."""

    code = "donations.report.period_not_begun"


class WrongSign(Refusal):
    """Line {line}: {amount_cents} cannot be the amount of a {kind} line."""

    code = "donations.report.wrong_sign"


class InvoiceAfterPeriod(Refusal):
    """Line {line}: the invoice month {invoice_month} comes after the report's period {period}."""

    code = "donations.report.invoice_after_period"


class OverCap(Refusal):
    """Line {line}: {amount_cents} is more than one operation may take: {operation_max_cents}."""

    code = "donations.report.over_cap"


class DuplicateLine(Refusal):
    """Line {line} says again what line {first_line} already says."""

    code = "donations.report.duplicate_line"


class CountDiffers(Refusal):
    """The header announces {announced:line|lines}, the file ends at line {line} after {found}."""

    code = "donations.report.count_differs"


class TotalDiffers(Refusal):
    """Line {line}: the header announces {announced_cents}, the lines add up to {found_cents}."""

    code = "donations.report.total_differs"


def check(report: Report, *, caps: Sequence[Cap], today: date) -> Totals:
    """Refuse a report with anything wrong in it; return its totals."""
    if report.period > Month.of(today):
        raise PeriodNotBegun(period=str(report.period))
    _check_lines(report, caps=caps)
    _check_repetition(report.lines)
    totals = total(report.lines)
    if totals.count != report.announced_count:
        last_line = report.lines[-1].number if report.lines else HEADER_LINES
        raise CountDiffers(announced=report.announced_count, found=totals.count, line=last_line)
    if totals.total_cents != report.announced_cents:
        raise TotalDiffers(
            line=1, announced_cents=report.announced_cents, found_cents=totals.total_cents
        )
    return totals


def total(lines: Iterable[Line]) -> Totals:
    """Add lines up, kind by kind."""
    count = 0
    cents = dict.fromkeys(Kind, 0)
    for line in lines:
        count += 1
        cents[line.kind] += line.amount_cents
    return Totals(
        count=count,
        billed_cents=Cents(cents[Kind.BILLED]),
        reversed_cents=Cents(cents[Kind.REVERSED]),
        adjusted_cents=Cents(cents[Kind.ADJUST]),
    )


def reversals_not_billed_here(lines: Sequence[Line]) -> list[Line]:
    """Return the reversals whose billing is not in the same file; an earlier one may hold it."""
    billed = {line.key[:3] for line in lines if line.kind is Kind.BILLED}
    return [line for line in lines if line.kind is Kind.REVERSED and line.key[:3] not in billed]


def cap_on(caps: Sequence[Cap], *, day: date) -> Cap | None:
    """Return the cap in force on a day; a day before the first is held to the first."""
    in_force = [cap for cap in caps if cap.from_on <= day]
    first = min(caps, key=lambda cap: cap.from_on, default=None)
    return max(in_force, key=lambda cap: cap.from_on, default=first)


def _check_lines(report: Report, *, caps: Sequence[Cap]) -> None:
    cap_of_month = {
        month: cap_on(caps, day=month.first_on)
        for month in {line.invoice_month for line in report.lines}
    }
    for line in report.lines:
        if not _has_the_sign_of_its_kind(line):
            raise WrongSign(line=line.number, kind=line.kind, amount_cents=line.amount_cents)
        if line.invoice_month > report.period:
            raise InvoiceAfterPeriod(
                line=line.number,
                invoice_month=str(line.invoice_month),
                period=str(report.period),
            )
        cap = cap_of_month[line.invoice_month]
        if cap is not None and abs(line.amount_cents) > cap.operation_max_cents:
            raise OverCap(
                line=line.number,
                amount_cents=line.amount_cents,
                operation_max_cents=cap.operation_max_cents,
            )


def _has_the_sign_of_its_kind(line: Line) -> bool:
    match line.kind:
        case Kind.BILLED:
            return line.amount_cents > 0
        case Kind.REVERSED:
            return line.amount_cents < 0
        case Kind.ADJUST:
            return line.amount_cents != 0


def _check_repetition(lines: Iterable[Line]) -> None:
    first_lines: dict[tuple[str, Month, str, Kind], int] = {}
    for line in lines:
        first_line = first_lines.setdefault(line.key, line.number)
        if first_line != line.number:
            raise DuplicateLine(line=line.number, first_line=first_line)
