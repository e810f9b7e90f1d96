"""Operators' monthly reports of the 1 euro option: 10,000 lines of one operator, a few of another.

SFR's report (UTF-8, semicolons) holds billings, reversals of bills left unpaid and adjustments;
some reversals touch months billed before the first report the network ever got.  Orange's comes
as cp1252 with commas, a leading HEADER cell and the columns in an order of its own.
"""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from datetime import date

from deploy.demo.data.seed import generator, month_of

COLUMNS = ("token", "option_code", "invoice_month", "kind", "amount_cents")
Line = tuple[str, str, str, str, int]  # in the order of COLUMNS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    operator: str
    option_code: str
    encoding: str
    delimiter: str
    line_end: str
    header: tuple[str, ...]
    columns: tuple[str, ...]
    # How many lines of each sort: billed this month, billed late, reversed in the same file,
    # reversed from a month nobody reported, adjusted.
    counts: tuple[int, int, int, int, int]


_LAYOUTS = (
    _Layout(
        operator="sfr",
        option_code="solidaire-1",
        encoding="utf-8",
        delimiter=";",
        line_end="\n",
        header=(),
        columns=COLUMNS,
        counts=(9_480, 140, 180, 120, 80),
    ),
    _Layout(
        operator="orange",
        option_code="solidarité-1",
        encoding="cp1252",
        delimiter=",",
        line_end="\r\n",
        header=("HEADER",),
        columns=("invoice_month", "kind", "amount_cents", "token", "option_code"),
        counts=(560, 8, 16, 10, 6),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionReport:
    """One file: what POST donations/v1/option-reports takes as its body."""

    operator: str
    period: str
    file_name: str
    lines: int
    total_cents: int
    lines_by_kind: dict[str, int]
    cents_by_kind: dict[str, int]
    content: bytes


def make(*, today: date) -> tuple[OptionReport, ...]:
    """Reports of the month before today's."""
    return tuple(_report(layout, today=today) for layout in _LAYOUTS)


def _report(layout: _Layout, *, today: date) -> OptionReport:
    period = month_of(today, months=-1)
    lines = _lines(layout, today=today)
    total_cents = sum(line[-1] for line in lines)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=layout.delimiter, lineterminator=layout.line_end)
    writer.writerow((*layout.header, layout.operator, period, len(lines), total_cents))
    writer.writerow(layout.columns)
    places = [COLUMNS.index(column) for column in layout.columns]
    writer.writerows([line[place] for place in places] for line in lines)
    cents_by_kind: Counter[str] = Counter()
    for *_, kind, amount_cents in lines:
        cents_by_kind[kind] += amount_cents
    return OptionReport(
        operator=layout.operator,
        period=period,
        file_name=f"option-{layout.operator}-{period}.csv",
        lines=len(lines),
        total_cents=total_cents,
        lines_by_kind=dict(Counter(kind for *_, kind, _ in lines)),
        cents_by_kind=dict(cents_by_kind),
        content=text.getvalue().encode(layout.encoding),
    )


def _lines(layout: _Layout, *, today: date) -> list[Line]:
    rng = generator(f"option report {layout.operator}")
    billed, billed_late, reversed_here, reversed_unknown, adjusted = layout.counts
    this, last, before = (month_of(today, months=-back) for back in (1, 2, 3))
    # One subscriber, one token: the operator's pseudonym, which says nothing of a person.
    subscribers = billed + reversed_unknown
    tokens = [f"{number:015x}" for number in rng.sample(range(2**60), subscribers)]
    ended = tokens[billed:]

    def line(token: str, *, month: str, kind: str, cents: int) -> Line:
        return (token, layout.option_code, month, kind, cents)

    lines = [line(token, month=this, kind="BILLED", cents=100) for token in tokens[:billed]]
    lines += [
        line(token, month=last, kind="BILLED", cents=100)
        for token in rng.sample(tokens[:billed], billed_late)
    ]
    lines += [
        line(token, month=this, kind="REVERSED", cents=-100)
        for token in rng.sample(tokens[:billed], reversed_here)
    ]
    lines += [
        line(token, month=rng.choice((last, before)), kind="REVERSED", cents=-100)
        for token in ended
    ]
    lines += [
        line(token, month=last, kind="ADJUST", cents=rng.choice((-200, -100, 50, 100)))
        for token in rng.sample(tokens[:billed], adjusted)
    ]
    rng.shuffle(lines)
    return lines
