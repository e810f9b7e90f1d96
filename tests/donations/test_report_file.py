"""The file of an option report: every way of writing it, and every way of spoiling it."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import texts
from deploy.demo import data
from kernel.period import Month
from kernel.refusal import Refusal
from services.donations.domain import option_report, report_file
from services.donations.domain.option_report import Kind, Line
from services.donations.domain.report_file import COLUMNS, BrokenFile
from tests.donations.build import Row, a_file, a_row, with_line

MONTHS = st.builds(
    lambda year, month: str(Month(year, month)), st.integers(2013, 2026), st.integers(1, 12)
)
ROWS = st.lists(
    st.tuples(
        st.from_regex(r"[A-Za-z0-9._:-]{1,40}", fullmatch=True),
        st.text("abcdeéèàç0123456789_.+-", min_size=1, max_size=20),
        MONTHS,
        st.sampled_from([kind.value for kind in Kind]),
        st.integers(-(10**9), 10**9),
    ),
    max_size=30,
)
LAYOUTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([";", ","]),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "cp1252"]),
        "line_end": st.sampled_from(["\n", "\r\n"]),
        "columns": st.permutations(COLUMNS),
        "leading": st.sampled_from([(), ("HEADER",), ("header",)]),
    }
)
# What a damaged line may look like, and what it is called.
DAMAGES = {
    b"token;solidaire-1;2026-10;BILLED": report_file.BrokenLine,
    b"token;solidaire-1;2026-10;BILLED;100;more": report_file.BrokenLine,
    b"": report_file.BrokenLine,
    b'"token;solidaire-1;2026-10;BILLED;100': report_file.BrokenLine,
    b'to"ken";"solidaire-1"x;2026-10;BILLED;100': report_file.BrokenLine,
    b";solidaire-1;2026-10;BILLED;100": report_file.BadToken,
    b"06 39 98 00 01;solidaire-1;2026-10;BILLED;100": report_file.BadToken,
    b"token;;2026-10;BILLED;100": report_file.BadOptionCode,
    b"token;solidaire 1;2026-10;BILLED;100": report_file.BadOptionCode,
    b"token;solidaire-1;2026-13;BILLED;100": report_file.BadInvoiceMonth,
    b"token;solidaire-1;10/2026;BILLED;100": report_file.BadInvoiceMonth,
    b"token;solidaire-1;2026-10;PAID;100": report_file.UnknownKind,
    b"token;solidaire-1;2026-10;billed;100": report_file.UnknownKind,
    b"token;solidaire-1;2026-10;BILLED;1.00": report_file.AmountNotWhole,
    b"token;solidaire-1;2026-10;BILLED;1,00": report_file.AmountNotWhole,
    b"token;solidaire-1;2026-10;BILLED;": report_file.AmountNotWhole,
    b"token;solidaire-1;2026-10;BILLED;1e2": report_file.AmountNotWhole,
    b"token;solidaire-1;2026-10;BILLED;" + b"9" * 400: report_file.AmountNotWhole,
    b"token;solidaire-1;2026-10;BILLED;100\x00": report_file.NoText,
}


def rows_of(lines: Sequence[Line]) -> list[Row]:
    return [
        (line.token, line.option_code, str(line.invoice_month), line.kind.value, line.amount_cents)
        for line in lines
    ]


class TestRead:
    @given(rows=ROWS, layout=LAYOUTS)
    def test_gives_back_what_was_written(self, rows: list[Row], layout: dict[str, object]) -> None:
        report = report_file.read(a_file(rows, operator="orange", period="2026-09", **layout))  # type: ignore[arg-type]

        assert (report.operator, report.period) == ("orange", Month(2026, 9))
        assert report.announced_count == len(rows)
        assert report.announced_cents == sum(row[-1] for row in rows)
        assert rows_of(report.lines) == rows
        assert [line.number for line in report.lines] == list(range(3, len(rows) + 3))

    @given(st.data())
    def test_names_the_one_line_that_is_damaged(self, drawn: st.DataObject) -> None:
        count = drawn.draw(st.integers(1, 30))
        content = a_file([a_row(f"token-{place}") for place in range(count)])
        number = drawn.draw(st.integers(3, count + 2))
        damage = drawn.draw(st.sampled_from(sorted(DAMAGES)))
        # A blank last line is no line at all.
        behind = b"" if damage else b"\n" + b"token;solidaire-1;2026-10;BILLED;100"

        with pytest.raises(DAMAGES[damage]) as refused:
            report_file.read(with_line(content, number=number, line=damage) + behind)

        assert refused.value.values["line"] == number
        assert f"ine {number}:" in str(refused.value)

    @given(st.binary(max_size=200))
    def test_refuses_any_other_bytes(self, content: bytes) -> None:
        with pytest.raises(report_file.BrokenFile):
            report_file.read(content)

    def test_refuses_a_file_cut_anywhere(self) -> None:
        content = a_file([a_row(f"token-{place}") for place in range(5)])

        for position in range(len(content) - 1):
            with pytest.raises(Refusal):
                option_report.check(
                    report_file.read(content[:position]), caps=(), today=date(2026, 11, 20)
                )

    @pytest.mark.parametrize(
        "header",
        [
            b"",
            b"sfr;2026-10;1",
            b"sfr;2026-10;1;100;more",
            b"FOOTER;sfr;2026-10;1;100",
            b"SFR Group;2026-10;1;100",
            b"sfr;10-2026;1;100",
            b"sfr;2026-10;one;100",
            b"sfr;2026-10;-1;100",
            b"sfr;2026-10;1;1.00",
        ],
    )
    def test_refuses_another_header(self, header: bytes) -> None:
        with pytest.raises(report_file.BadHeader):
            report_file.read(with_line(a_file([a_row("crunchy")]), number=1, line=header))

    def test_accepts_a_header_that_a_spreadsheet_filled_up(self) -> None:
        content = with_line(a_file([a_row("crunchy")]), number=1, line=b"sfr;2026-10;1;100;")

        assert report_file.read(content).announced_count == 1

    @pytest.mark.parametrize(
        "columns",
        [
            b"",
            b"token;option_code;invoice_month;kind",
            b"token;option_code;invoice_month;kind;amount",
            b"token;token;option_code;invoice_month;kind;amount_cents",
        ],
    )
    def test_refuses_other_columns(self, columns: bytes) -> None:
        with pytest.raises(report_file.BadColumns) as refused:
            report_file.read(with_line(a_file([a_row("crunchy")]), number=2, line=columns))

        assert refused.value.values["line"] == 2

    @pytest.mark.parametrize(
        "content",
        [
            a_file([a_row("crunchy")], encoding="utf-16"),
            b"PK\x03\x04" + bytes(range(256)),
            # The mark promises UTF-8, the line is cp1252.
            a_file([a_row("crunchy")], encoding="utf-8-sig").replace(
                b"solidaire", b"solidarit\xe9"
            ),
        ],
    )
    def test_refuses_what_is_no_text(self, content: bytes) -> None:
        with pytest.raises(report_file.NoText):
            report_file.read(content)

    def test_never_shows_more_than_a_little_of_what_it_found(self) -> None:
        with pytest.raises(report_file.UnknownKind) as refused:
            report_file.read(a_file([a_row("crunchy", kind="x" * 10_000)]))

        assert len(str(refused.value)) < 200

    def test_reads_what_the_demonstration_makes(self) -> None:
        for made in data.demonstration().option_reports:
            report = report_file.read(made.content)

            assert (report.operator, str(report.period)) == (made.operator, made.period)
            assert len(report.lines) == report.announced_count == made.lines
            assert report.announced_cents == made.total_cents


class TestSentences:
    @pytest.mark.parametrize("broken", [BrokenFile, *BrokenFile.__subclasses__()])
    def test_say_in_french_what_a_line_should_be(self, broken: type[BrokenFile]) -> None:
        refusal = broken(line=7, value="x")
        french = texts.translate(broken.should_be, language="fr", service="donations")
        assert refusal.values["errors"] == [{"field": "line 7", "reason": broken.should_be}]
        assert french != broken.should_be

    @pytest.mark.parametrize(
        ("announced", "said"), [(1, "1 ligne ;"), (2, "2 lignes ;"), (0, "0 ligne ;")]
    )
    def test_count_one_line_as_one(self, announced: int, said: str) -> None:
        refusal = option_report.CountDiffers(announced=announced, found=3, line=5)
        assert said in texts.explain(refusal, language="fr")
