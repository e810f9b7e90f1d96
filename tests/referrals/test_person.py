"""Who somebody is: names, phones and dates as they are compared."""

import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.period import add_years
from services.referrals.domain import phone
from services.referrals.domain.person import Identity, PersonNotValid, fold, identify

TODAY = date(2026, 11, 20)


def identified(**changes: Any) -> Identity:
    values: dict[str, Any] = {
        "given_name": "Hélène",
        "family_name": "Épervier",
        "birth_date": date(1980, 2, 29),
        "phone": None,
        "email": None,
        "today": TODAY,
    }
    return identify(**values | changes)


def wrong_fields(**changes: Any) -> list[str]:
    with pytest.raises(PersonNotValid) as refused:
        identified(**changes)
    errors = refused.value.values["errors"]
    assert isinstance(errors, list)
    return [error["field"] for error in errors]


class TestPhone:
    @pytest.mark.parametrize(
        "text",
        [
            "0639980012",
            "06 39 98 00 12",
            "06.39.98.00.12",
            "06-39-98-00-12",
            "06\u00a039\u202f98 00 12",
            "0033639980012",
            "00 33 6 39 98 00 12",
            "+33639980012",
            "+33 6 39 98 00 12",
            "+33 (0)6 39 98 00 12",
            "(06) 39 98 00 12",
            " 06\u200939\u200798/00/12 ",
            "+33 06 39 98 00 12",
        ],
    )
    def test_every_spelling_is_one_number(self, text: str) -> None:
        assert phone.normalise(text) == "+33639980012"

    @pytest.mark.parametrize("text", ["+44 20 7946 0958", "0044 2079460958"])
    def test_other_countries_keep_theirs(self, text: str) -> None:
        assert phone.normalise(text) == "+442079460958"

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("0692 12 34 56", "+262692123456"),
            ("0262 20 12 34", "+262262201234"),
            ("0639 01 23 45", "+262639012345"),
            ("0269 61 23 45", "+262269612345"),
            ("0690 20 12 34", "+590690201234"),
            ("0596 30 12 34", "+596596301234"),
            ("0694 20 12 34", "+594694201234"),
            ("0696 20 12 34", "+596696201234"),
            ("05 08 41 23 45", "+508412345"),
        ],
    )
    def test_of_an_overseas_department_has_its_country_code_however_it_is_dialled(
        self, text: str, number: str
    ) -> None:
        assert phone.normalise(text) == number
        assert phone.normalise(number) == number
        assert phone.normalise(f"+33 (0){text[1:]}") == number

    @pytest.mark.parametrize("text", ["0800 12 34 56", "09 76 12 34 56", "02 31 12 34 56"])
    def test_of_france_keeps_its_own(self, text: str) -> None:
        assert phone.normalise(text) == "+33" + text[1:].replace(" ", "")

    @pytest.mark.parametrize(
        "text",
        [
            *("3631", "112", "06 39 98 00 12 ou 01 99 00 12 34", "0639980012, bureau"),
            *("", "+", "0", "12", "639980012", "06 39 98 00", "06 39 98 00 12 3", "abc"),
            *("+33039980012", "+0639980012", "06 39 98 00 1x", "+33 6 39 98 00 12 ext 3"),
            "٠٦٣٩٩٨٠٠١٢",
        ],
    )
    def test_refuses_what_is_none(self, text: str) -> None:
        with pytest.raises(ValueError):
            phone.normalise(text)

    @given(st.integers(0, 9999_9999), st.sampled_from([" ", ".", "-", "", "\u00a0"]))
    def test_is_the_same_after_a_second_time(self, number: int, gap: str) -> None:
        digits = f"06{number:08d}"
        spelled = gap.join(digits[at : at + 2] for at in range(0, 10, 2))

        found = phone.normalise(spelled)

        assert phone.normalise(found) == found
        assert found.removesuffix(digits[1:]) in ("+33", "+262", "+590", "+594", "+596")


class TestName:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("Hélène", "HELENE"),
            ("Jean-Paul", "jean paul"),
            ("D’Arc", "d'arc"),
            ("Œdipe", "oedipe"),
            ("Straße", "STRASSE"),
            ("Łukasz", "Lukasz"),
            ("  Zoé   Anne ", "Zoe Anne"),
        ],
    )
    def test_is_compared_without_accents_capitals_and_signs(self, one: str, other: str) -> None:
        assert fold(one) == fold(other)

    @given(st.text(max_size=40))
    def test_folding_twice_changes_nothing_and_accents_never_matter(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)
        assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))

    @given(st.text(st.characters(max_codepoint=127), max_size=40))
    def test_is_folded_alike_beside_an_accent_and_without_any(self, text: str) -> None:
        assert fold(f"{text} é").split() == [*fold(text).split(), "e"]

    @pytest.mark.parametrize("name", ["", " ", "-", "4ever", "X Æ A-12", "a@b", "<b>", "Zoé\n\x07"])
    def test_refuses_what_is_none(self, name: str) -> None:
        assert wrong_fields(given_name=name) == ["person.given_name"]

    @pytest.mark.parametrize("name", ["Nguyễn", "O'Neill", "محمد", "Анна", "Ka'eo", "J.-B."])
    def test_takes_names_of_the_world(self, name: str) -> None:
        assert identified(family_name=name).family_name == unicodedata.normalize("NFC", name)


class TestBirthDate:
    @given(st.dates())
    def test_lies_within_the_last_hundred_and_twenty_years(self, day: date) -> None:
        if add_years(TODAY, -120) < day < TODAY:
            assert identified(birth_date=day).birth_date == day
        else:
            assert wrong_fields(birth_date=day) == ["person.birth_date"]

    def test_bounds_to_the_day(self) -> None:
        assert identified(birth_date=TODAY - timedelta(days=1))
        assert wrong_fields(birth_date=TODAY)
        assert wrong_fields(birth_date=date(1906, 11, 20))
        assert identified(birth_date=date(1906, 11, 21))


class TestIdentify:
    def test_names_every_wrong_field_at_once(self) -> None:
        wrong = wrong_fields(given_name="1", birth_date=TODAY, phone="12", email="x@y")

        assert wrong == ["person.given_name", "person.birth_date", "person.phone", "person.email"]

    def test_says_nothing_of_the_person_when_printed(self) -> None:
        printed = repr(identified(phone="0639980012", email="h@courriel.example"))

        for secret in ("Hélène", "Épervier", "1980", "639980012", "courriel"):
            assert secret not in printed
