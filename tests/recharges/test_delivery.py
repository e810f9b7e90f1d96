"""An operator's delivery file: what is read, and every way in which it is refused."""

from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from kernel.refusal import Refusal
from services.recharges.domain import delivery
from services.recharges.domain.delivery import (
    COLUMNS,
    CellsDiffer,
    ColumnsMissing,
    ColumnTwice,
    CountDiffers,
    DeliveredVoucher,
    Empty,
    EncodingUnknown,
    FaceValueDiffers,
    FaceValueMalformed,
    FaceValueWrong,
    Kind,
    LineBroken,
    OfferUnknown,
    PinMalformed,
    PinTwice,
    Seen,
    SerialMalformed,
    SerialTwice,
    UseByMalformed,
    UseByPassed,
)
from tests.recharges.build import DAY, a_file, a_row, rows

FACE_VALUES = {"sfr-15": Cents(1500), "sfr-500mo": Cents(500)}


def take_in(
    content: bytes, *, count: int | None = None, face_value_cents: int | None = None
) -> list[DeliveredVoucher]:
    """Read a file line by line, up to the control totals."""
    seen, vouchers = Seen(), []
    for voucher in delivery.read(delivery.decode(content), face_values=FACE_VALUES, on=DAY):
        seen.add(voucher)
        vouchers.append(voucher)
    counts = Counter(voucher.kind for voucher in vouchers)
    delivery.check_totals(counts, count=count, face_value_cents=face_value_cents)
    return vouchers


class TestRead:
    @pytest.mark.parametrize("delimiter", [";", ","])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    def test_reads_what_operators_write(self, delimiter: str, line_end: str, encoding: str) -> None:
        lines = [a_row() | {"label": "crédit offert"} for _ in range(3)]
        columns = ["label", *reversed(COLUMNS)]

        vouchers = take_in(
            a_file(
                lines, delimiter=delimiter, line_end=line_end, encoding=encoding, columns=columns
            )
        )

        assert [voucher.serial for voucher in vouchers] == [line["serial"] for line in lines]
        assert [voucher.pin for voucher in vouchers] == [line["pin"] for line in lines]
        assert [voucher.line_no for voucher in vouchers] == [2, 3, 4]
        assert {voucher.kind.use_by for voucher in vouchers} == {date(2027, 6, 30)}

    def test_passes_over_empty_lines_and_still_counts_them(self) -> None:
        content = a_file([*rows(1), {}, *rows(1)]).replace(b";;;;", b"")

        assert [voucher.line_no for voucher in take_in(content)] == [2, 4]

    def test_never_shows_a_pin_in_a_representation(self) -> None:
        (voucher,) = take_in(a_file([a_row(pin="12345678901234")]))

        assert "12345678901234" not in repr(voucher)

    def test_counts_lines_as_an_editor_does(self) -> None:
        # U+2028 and form feed end a line for str.splitlines, and for no editor.
        content = a_file(
            [a_row() | {"label": "a\u2028b\x0cc"}, a_row(serial="?")], columns=[*COLUMNS, "label"]
        )

        with pytest.raises(SerialMalformed) as refusal:
            take_in(content)
        assert refusal.value.values == {"line_no": 3}


def with_cell(**cells: Any) -> bytes:
    """A file of five vouchers whose fourth line is not as it should be."""
    lines = rows(5)
    lines[2] = a_row() | {name: str(value) for name, value in cells.items()}
    return a_file(lines)


def with_fourth_line(line: str) -> bytes:
    lines = a_file(rows(5)).decode().split("\n")
    lines[3] = line
    return "\n".join(lines).encode()


BROKEN: dict[str, tuple[bytes, type[Refusal]]] = {
    "no serial": (with_cell(serial=""), SerialMalformed),
    "a serial of signs": (with_cell(serial="70' OR 1=1"), SerialMalformed),
    "a serial too long": (with_cell(serial="7" * 41), SerialMalformed),
    "no PIN": (with_cell(pin=""), PinMalformed),
    "a PIN too short": (with_cell(pin="12345"), PinMalformed),
    "a PIN in Excel's own notation": (with_cell(pin="3,1E+13"), PinMalformed),
    "an unknown offer": (with_cell(offer_code="orange-15"), OfferUnknown),
    "a face value in euros": (with_cell(face_value_cents="15.00"), FaceValueMalformed),
    "a negative face value": (with_cell(face_value_cents="-1500"), FaceValueMalformed),
    "another face value": (with_cell(face_value_cents=1000), FaceValueWrong),
    "no use-by day": (with_cell(use_by=""), UseByMalformed),
    "a French day": (with_cell(use_by="30/06/2027"), UseByMalformed),
    "a day that is none": (with_cell(use_by="2027-02-30"), UseByMalformed),
    "a day without dashes": (with_cell(use_by="20270630"), UseByMalformed),
    "a week": (with_cell(use_by="2027-W26-3"), UseByMalformed),
    "a day that has passed": (with_cell(use_by=DAY - timedelta(days=1)), UseByPassed),
    "a cell too few": (with_fourth_line("7001;31000000000001;sfr-15;1500"), CellsDiffer),
    "a cell too many": (
        with_fourth_line("7001;310000000001;sfr-15;1500;2027-06-30;"),
        CellsDiffer,
    ),
    "a word": (with_fourth_line("illisible"), CellsDiffer),
    "text behind a quote": (
        with_fourth_line('"7001"x;31000000000001;sfr-15;1500;2027-06-30'),
        LineBroken,
    ),
}


class TestBadInput:
    @pytest.mark.parametrize("name", BROKEN)
    def test_of_one_line_is_refused_naming_the_line(self, name: str) -> None:
        content, kind = BROKEN[name]

        with pytest.raises(kind) as refusal:
            take_in(content)
        assert refusal.value.values["line_no"] == 4
        assert "ine 4" in str(refusal.value)

    def test_of_a_quote_that_never_ends_is_refused_naming_the_last_line(self) -> None:
        with pytest.raises(LineBroken) as refusal:
            take_in(with_fourth_line('7001;"31000000000001;sfr-15;1500;2027-06-30'))
        assert refusal.value.values["line_no"] == 7

    def test_of_a_quote_in_the_names_of_columns_is_a_refusal_too(self) -> None:
        with pytest.raises(LineBroken):
            take_in(b'"' + a_file(rows(2)))

    def test_accepts_the_last_day_of_use(self) -> None:
        assert len(take_in(with_cell(use_by=DAY))) == 5

    @pytest.mark.parametrize(
        ("encoding", "line_no"), [("utf-16", 1), ("utf-16-le", 1), ("utf-32", 1)]
    )
    def test_of_a_wrong_encoding_is_refused(self, encoding: str, line_no: int) -> None:
        with pytest.raises(EncodingUnknown) as refusal:
            take_in(a_file(rows(3), encoding=encoding))
        assert refusal.value.values == {"line_no": line_no}

    @pytest.mark.parametrize("bad", [b"\x81", b"\xff\x8d", b"\x00"])
    def test_of_bytes_that_are_no_text_is_refused_naming_the_line(self, bad: bytes) -> None:
        lines = a_file(rows(5)).split(b"\n")
        lines[3] = bad + lines[3]

        with pytest.raises(EncodingUnknown) as refusal:
            take_in(b"\n".join(lines))
        assert refusal.value.values == {"line_no": 4}

    @pytest.mark.parametrize("missing", COLUMNS)
    def test_without_a_column_is_refused(self, missing: str) -> None:
        columns = [name for name in COLUMNS if name != missing]

        with pytest.raises(ColumnsMissing) as refusal:
            take_in(a_file(rows(2), columns=columns))
        assert refusal.value.values == {"missing": missing}

    def test_with_a_column_twice_is_refused(self) -> None:
        with pytest.raises(ColumnTwice) as refusal:
            take_in(a_file(rows(2), columns=[*COLUMNS, "pin"]))
        assert refusal.value.values == {"twice": "pin"}

    def test_of_a_cell_that_runs_over_the_end_of_its_line_is_refused(self) -> None:
        # Such a cell would let the file say another number of lines than an editor.
        with pytest.raises(LineBroken) as refusal:
            take_in(with_fourth_line('7001;310000000001;sfr-15;1500;"2027-06-30\n"'))
        assert refusal.value.values == {"line_no": 4}

    def test_names_the_line_of_a_serial_that_stands_twice_and_of_the_first(self) -> None:
        lines = [*rows(2), a_row(serial="7000"), *rows(1), a_row(serial="7000")]

        with pytest.raises(SerialTwice) as refusal:
            take_in(a_file(lines))
        assert refusal.value.values == {"line_no": 6, "serial": "7000", "first_line_no": 4}

    def test_names_the_line_of_a_pin_that_stands_twice_and_not_the_pin(self) -> None:
        lines = [*rows(1), a_row(pin="99887766554433"), a_row(serial="700A", pin="99887766554433")]

        with pytest.raises(PinTwice) as refusal:
            take_in(a_file(lines))
        assert refusal.value.values == {"line_no": 4, "serial": "700A", "first_line_no": 3}
        assert "99887766554433" not in str(refusal.value)

    @pytest.mark.parametrize("content", [b"", b"\n\n", a_file([]), a_file([]) + b"\n\n"])
    def test_of_a_file_without_vouchers_is_refused(self, content: bytes) -> None:
        with pytest.raises((Empty, ColumnsMissing)):
            take_in(content)

    @given(noise=st.binary(max_size=300), at=st.integers(0, 400))
    def test_whatever_it_is_ends_in_a_refusal_or_in_vouchers(self, noise: bytes, at: int) -> None:
        content = a_file(rows(4))

        with suppress(Refusal):
            assert take_in(content[:at] + noise + content[at:])


class TestControlTotals:
    def test_that_agree_are_accepted(self) -> None:
        content = a_file([*rows(2), *rows(1, offer_code="sfr-500mo")])

        assert len(take_in(content, count=3, face_value_cents=3500)) == 3

    def test_refuse_another_number_of_vouchers(self) -> None:
        with pytest.raises(CountDiffers) as refusal:
            take_in(a_file(rows(3)), count=4)
        assert refusal.value.values == {"expected": 4, "found": 3}

    def test_refuse_another_sum_of_face_values(self) -> None:
        with pytest.raises(FaceValueDiffers) as refusal:
            take_in(a_file(rows(3)), count=3, face_value_cents=4499)
        assert refusal.value.values == {"expected_cents": 4499, "found_cents": 4500}

    @given(keep=st.floats(0, 0.999))
    def test_refuse_a_file_cut_anywhere(self, keep: float) -> None:
        content = a_file(rows(20))
        cut = content[: int(len(content) * keep)]
        if cut.endswith(b"2027-06-30") and cut.count(b"2027-06-30") == 20:
            return  # only the end of the last line is missing: all vouchers are there

        with pytest.raises(Refusal):
            take_in(cut, count=20, face_value_cents=30_000)

    def test_refuse_a_file_cut_between_two_lines(self) -> None:
        content = a_file(rows(10))
        cut = b"\n".join(content.split(b"\n")[:6])

        with pytest.raises(CountDiffers) as refusal:
            take_in(cut, count=10, face_value_cents=15_000)
        assert refusal.value.values == {"expected": 10, "found": 5}


class TestArrange:
    @given(
        counts=st.dictionaries(
            st.builds(
                Kind,
                st.sampled_from(["sfr-15", "sfr-500mo"]),
                st.dates(DAY, DAY + timedelta(days=3)),
                st.just(Cents(1500)),
            ),
            st.integers(1, 5),
            min_size=1,
        )
    )
    def test_gives_each_kind_one_range_and_each_voucher_one_position(
        self, counts: dict[Kind, int]
    ) -> None:
        ranges = delivery.arrange(counts)

        assert {each.kind: each.end_position - each.first_position for each in ranges} == counts
        assert [each.first_position for each in ranges] == [
            1,
            *(each.end_position for each in ranges[:-1]),
        ]
        assert ranges[-1].end_position == sum(counts.values()) + 1
