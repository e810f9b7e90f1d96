"""The fast reading of a delivery says what the careful one says, of good files and of bad ones."""

from collections import Counter
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from kernel.refusal import Refusal
from services.recharges.domain import delivery, reading
from services.recharges.domain.delivery import COLUMNS, DeliveredVoucher, Kind, Seen
from services.recharges.domain.reading import Reader
from tests.recharges.build import DAY, a_file, a_row, rows

FACE_VALUES = {"sfr-15": Cents(1500), "sfr-500mo": Cents(500)}
Outcome = tuple[Any, ...]


def reader_of(content: bytes) -> Reader:
    return Reader(delivery.decode(content), face_values=FACE_VALUES, on=DAY)


def survey(content: bytes, *, block_characters: int = 100) -> Reader:
    """Survey a file in small blocks; `_careful` says whether the careful reader had to."""
    reader = reader_of(content)
    with patch.object(reading, "BLOCK_CHARACTERS", block_characters):
        reader.survey(lambda _: None)
    return reader


def careful(content: bytes) -> Outcome:
    seen, counts = Seen(), Counter[Kind]()
    try:
        for voucher in delivery.read(delivery.decode(content), face_values=FACE_VALUES, on=DAY):
            seen.add(voucher)
            counts[voucher.kind] += 1
    except Refusal as refusal:
        return type(refusal), refusal.values
    return (counts,)


def fast(content: bytes) -> Outcome:
    with patch.object(reading, "BLOCK_CHARACTERS", 100), patch.object(reading, "BLOCK_VOUCHERS", 3):
        try:
            return (reader_of(content).survey(lambda _: None),)
        except Refusal as refusal:
            return type(refusal), refusal.values


class TestReader:
    @pytest.mark.parametrize("delimiter", [";", ","])
    @pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
    def test_reads_fast_what_operators_write(
        self, delimiter: str, line_end: str, encoding: str
    ) -> None:
        lines = [a_row() | {"label": "crédit offert"} for _ in range(20)]
        content = a_file(
            lines,
            delimiter=delimiter,
            line_end=line_end,
            encoding=encoding,
            columns=["label", *reversed(COLUMNS)],
        )

        reader = survey(content)

        assert not reader._careful
        blocks = list(reader.blocks())
        assert [serial for block in blocks for serial in block.serials] == [
            line["serial"] for line in lines
        ]
        assert [pin for block in blocks for pin in block.pins] == [line["pin"] for line in lines]

    def test_gives_the_same_vouchers_when_it_is_careful(self) -> None:
        lines = [*rows(5), *rows(5, offer_code="sfr-500mo")]
        plain = a_file(lines)
        quoted = plain.replace(b"sfr-15", b'"sfr-15"')

        one, other = survey(plain), survey(quoted)

        assert (one._careful, other._careful) == (False, True)
        assert list(one.blocks()) == list(other.blocks())

    def test_never_shows_a_pin_in_a_representation(self) -> None:
        (block,) = survey(a_file([a_row(pin="12345678901234")])).blocks()

        assert "12345678901234" not in repr(block)

    def test_tells_how_many_were_read_up_to_the_last(self) -> None:
        told: list[int] = []

        with patch.object(reading, "BLOCK_CHARACTERS", 100):
            reader_of(a_file(rows(10))).survey(told.append)

        assert told == sorted(told)
        assert told[-1] == 10
        assert len(told) > 1

    @given(noise=st.text('\r\n;"0a ,', max_size=12), at=st.integers(0, 700), cut=st.integers(0, 40))
    def test_accepts_and_refuses_what_the_careful_reader_does(
        self, noise: str, at: int, cut: int
    ) -> None:
        content = a_file([*rows(6), *rows(6, offer_code="sfr-500mo")])
        content = content[:at] + noise.encode() + content[at + cut :]

        assert fast(content) == careful(content)

    @given(
        moved=st.integers(1, 12), cells=st.integers(1, 4), label=st.sampled_from(["", "7001", "x"])
    )
    def test_is_not_taken_in_by_cells_that_moved_to_the_next_line(
        self, moved: int, cells: int, label: str
    ) -> None:
        lines = [a_row() | {"label": label} for _ in range(12)]
        text = a_file(lines, columns=[*COLUMNS, "label"]).decode().split("\n")
        kept, given_away = text[moved].split(";")[:-cells], text[moved].split(";")[-cells:]
        text[moved] = ";".join(kept)
        text[moved + 1] = ";".join([*given_away, text[moved + 1]])
        content = "\n".join(text).encode()

        assert fast(content) == careful(content)
        assert isinstance(fast(content)[0], type)

    @pytest.mark.parametrize("column", ["serial", "pin"])
    def test_finds_what_stands_twice_far_apart(self, column: str) -> None:
        lines = rows(40)
        lines[39][column] = lines[0][column]

        assert fast(a_file(lines)) == careful(a_file(lines))
        assert fast(a_file(lines))[1]["line_no"] == 41


def test_kinds_of_the_careful_reader_are_those_of_the_fast_one() -> None:
    voucher: DeliveredVoucher = next(reader_of(a_file(rows(1))).vouchers())

    assert survey(a_file(rows(1))).survey(lambda _: None) == {voucher.kind: 1}
