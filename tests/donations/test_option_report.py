"""The rules of an option report, with no file and no database in sight."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from kernel.period import Month
from services.donations.domain import option_report
from services.donations.domain.option_report import Cap, Kind, Line, Report, Totals

PERIOD = Month(2026, 10)
TODAY = date(2026, 11, 20)
CAPS = (
    Cap(from_on=date(2016, 10, 9), operation_max_cents=Cents(5_000)),
    Cap(from_on=date(2026, 10, 1), operation_max_cents=Cents(2_000)),
)


def a_line(
    number: int = 3,
    *,
    token: str | None = None,
    kind: Kind = Kind.BILLED,
    amount_cents: int = 100,
    invoice_month: Month = PERIOD,
) -> Line:
    token = f"token-{number}" if token is None else token
    return Line(number, token, "solidaire-1", invoice_month, kind, Cents(amount_cents))


def a_report(
    lines: Sequence[Line],
    *,
    period: Month = PERIOD,
    announced_count: int | None = None,
    announced_cents: int | None = None,
) -> Report:
    cents = sum(line.amount_cents for line in lines)
    return Report(
        operator="sfr",
        period=period,
        announced_count=len(lines) if announced_count is None else announced_count,
        announced_cents=Cents(cents if announced_cents is None else announced_cents),
        lines=lines,
    )


def check(report: Report, *, today: date = TODAY) -> Totals:
    return option_report.check(report, caps=CAPS, today=today)


class TestCheck:
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just(Kind.BILLED), st.integers(1, 2_000)),
                st.tuples(st.just(Kind.REVERSED), st.integers(-2_000, -1)),
                st.tuples(
                    st.just(Kind.ADJUST), st.integers(-2_000, 2_000).filter(lambda cents: cents)
                ),
            )
        )
    )
    def test_adds_up_kind_by_kind(self, drawn: list[tuple[Kind, int]]) -> None:
        lines = [
            a_line(number, kind=kind, amount_cents=cents)
            for number, (kind, cents) in enumerate(drawn, start=3)
        ]

        totals = check(a_report(lines))

        assert totals.count == len(lines)
        assert totals.total_cents == sum(cents for _, cents in drawn)
        assert totals.billed_cents == sum(c for kind, c in drawn if kind is Kind.BILLED)
        assert totals.reversed_cents == sum(c for kind, c in drawn if kind is Kind.REVERSED)
        assert totals.adjusted_cents == sum(c for kind, c in drawn if kind is Kind.ADJUST)

    @pytest.mark.parametrize(
        ("kind", "amount_cents"),
        [
            (Kind.BILLED, 0),
            (Kind.BILLED, -100),
            (Kind.REVERSED, 0),
            (Kind.REVERSED, 100),
            (Kind.ADJUST, 0),
        ],
    )
    def test_refuses_the_wrong_sign(self, kind: Kind, amount_cents: int) -> None:
        with pytest.raises(option_report.WrongSign) as refused:
            check(a_report([a_line(3), a_line(4, kind=kind, amount_cents=amount_cents)]))

        assert refused.value.values["line"] == 4

    def test_refuses_an_invoice_of_the_month_after(self) -> None:
        with pytest.raises(option_report.InvoiceAfterPeriod) as refused:
            check(a_report([a_line(3), a_line(4, invoice_month=PERIOD.next())]))

        assert refused.value.values["line"] == 4

    def test_takes_invoices_of_earlier_months(self) -> None:
        assert check(a_report([a_line(invoice_month=Month(2014, 3))])).count == 1

    @pytest.mark.parametrize(
        ("invoice_month", "max_cents"), [(Month(2026, 10), 2_000), (Month(2026, 9), 5_000)]
    )
    def test_holds_each_invoice_to_the_cap_of_its_month(
        self, invoice_month: Month, max_cents: int
    ) -> None:
        at_cap = a_line(invoice_month=invoice_month, amount_cents=max_cents)
        over_cap = a_line(invoice_month=invoice_month, amount_cents=max_cents + 1)

        assert check(a_report([at_cap])).billed_cents == max_cents
        with pytest.raises(option_report.OverCap) as refused:
            check(a_report([over_cap]))
        assert refused.value.values == {
            "line": 3,
            "amount_cents": max_cents + 1,
            "operation_max_cents": max_cents,
        }

    def test_holds_what_is_older_than_the_law_to_its_first_cap(self) -> None:
        with pytest.raises(option_report.OverCap):
            check(a_report([a_line(invoice_month=Month(2014, 3), amount_cents=9_000)]))

    def test_refuses_a_line_said_twice(self) -> None:
        twice = [a_line(3, token="twin"), a_line(4), a_line(5, token="twin", amount_cents=200)]

        with pytest.raises(option_report.DuplicateLine) as refused:
            check(a_report(twice))

        assert refused.value.values == {"line": 5, "first_line": 3}

    def test_takes_a_billing_and_its_reversal(self) -> None:
        lines = [
            a_line(3, token="twin"),
            a_line(4, token="twin", kind=Kind.REVERSED, amount_cents=-100),
        ]

        assert check(a_report(lines)).total_cents == 0

    @pytest.mark.parametrize("announced", [1, 3])
    def test_refuses_another_number_of_lines(self, announced: int) -> None:
        with pytest.raises(option_report.CountDiffers) as refused:
            check(a_report([a_line(3), a_line(4)], announced_count=announced))

        assert refused.value.values == {"announced": announced, "found": 2, "line": 4}

    @pytest.mark.parametrize("announced", [99, 101])
    def test_refuses_a_total_one_cent_away(self, announced: int) -> None:
        with pytest.raises(option_report.TotalDiffers):
            check(a_report([a_line()], announced_cents=announced))

    def test_takes_the_running_month_and_refuses_the_next(self) -> None:
        last_day = date(2026, 10, 31)

        assert check(a_report([a_line()]), today=last_day).count == 1
        with pytest.raises(option_report.PeriodNotBegun):
            check(a_report([a_line()]), today=date(2026, 9, 30))

    def test_takes_a_month_in_which_nobody_gave(self) -> None:
        assert check(a_report([])).total_cents == 0


class TestReversalsNotBilledHere:
    def test_are_those_whose_billing_is_elsewhere(self) -> None:
        billed = a_line(3, token="here")
        reversed_here = a_line(4, token="here", kind=Kind.REVERSED, amount_cents=-100)
        reversed_month_before = reversed_here._replace(number=5, invoice_month=PERIOD.previous())
        reversed_unknown = a_line(6, token="gone", kind=Kind.REVERSED, amount_cents=-100)

        assert option_report.reversals_not_billed_here(
            [billed, reversed_here, reversed_month_before, reversed_unknown]
        ) == [reversed_month_before, reversed_unknown]
