"""Whom somebody looks for, as it is read."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referrals.domain import wanted
from services.referrals.domain.person import fold

TODAY = date(2026, 11, 20)


class TestReading:
    def test_is_each_way_to_divide_the_words_as_they_stand_first(self) -> None:
        read = wanted.read("De La-Cruz", today=TODAY)

        assert read is not None
        assert read.readings == [
            ("de", "la", "cruz"),
            ("de", "lacruz"),
            ("dela", "cruz"),
            ("delacruz",),
        ]

    @given(st.text(max_size=80))
    def test_of_any_text_leaves_no_sign_out_and_is_no_burden(self, text: str) -> None:
        read = wanted.read(text, today=TODAY)

        if read is None:
            return
        assert 1 <= len(read.readings) <= 16
        signs = fold(text).replace(" ", "")
        year = "" if read.birth_year is None else str(read.birth_year)
        for reading in read.readings:
            assert sorted("".join(reading) + year) == sorted(signs)
            assert all(reading)


class TestBirthYear:
    @pytest.mark.parametrize("year", [1906, 1987, 2026])
    def test_stands_before_or_behind_a_name(self, year: int) -> None:
        for text in (f"Nguyen {year}", f"{year} nguyen"):
            read = wanted.read(text, today=TODAY)
            assert read == wanted.Wanted(readings=[("nguyen",)], birth_year=year)

    @given(st.integers(0, 9_999), st.sampled_from(["", "li ", "x y ", "l2x ", "- "]))
    def test_without_a_name_of_three_letters_is_four_digits_of_a_phone(
        self, digits: int, name: str
    ) -> None:
        assert wanted.read(f"{name}{digits:04}", today=TODAY) is None

    @given(st.integers(0, 9_999).filter(lambda year: not 1906 <= year <= 2026))
    def test_that_nobody_living_was_born_in_finds_nobody(self, year: int) -> None:
        assert wanted.read(f"Nguyen {year:04}", today=TODAY) is None
