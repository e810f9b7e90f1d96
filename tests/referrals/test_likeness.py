"""When two identities are one person's: spelled anyhow, and never for a phone alone."""

import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.referrals.domain.likeness import (
    SENTENCES,
    Likeness,
    Reason,
    Verdict,
    compare,
    is_certain,
    keys_of,
)
from services.referrals.domain.person import Identity, fold
from services.referrals.domain.spelling import is_respelled, is_slip, sound

BORN = date(1980, 5, 17)
PHONE, OTHER_PHONE = "+33639980012", "+33639980013"

GIVEN = ["Hélène", "Joachim", "Marie-Claire", "Mohamed", "Aïcha", "Jean Paul", "Thibault", "Olga"]
FAMILY = ["Épervier", "Dupont-Durand", "Benkacem", "Le Goff", "Nguyễn", "D'Arcy", "Traoré", "Ruiz"]
days = st.dates(date(1930, 1, 1), date(2008, 12, 31))
contacts = st.fixed_dictionaries(
    {
        "phone": st.none() | st.integers(0, 9999).map(lambda n: f"+3363998{n:04}"),
        "email": st.none() | st.integers(0, 9999).map(lambda n: f"p{n}@courriel.example"),
    }
)
people = st.builds(
    lambda given, family, day, contact: Identity(
        given_name=given, family_name=family, birth_date=day, **contact
    ),
    st.sampled_from(GIVEN),
    st.sampled_from(FAMILY),
    days,
    contacts,
)


def somebody(**changes: Any) -> Identity:
    known: dict[str, Any] = {
        "given_name": "Hélène",
        "family_name": "Épervier",
        "birth_date": BORN,
    }
    return Identity(**known | changes)


# -- spelled anyhow -------------------------------------------------------------------------------


def without_accents(text: str) -> str:
    return "".join(s for s in unicodedata.normalize("NFD", text) if not unicodedata.combining(s))


#: Ways to write a name that change nothing of it.
WRITTEN: list[Callable[[str], str]] = [
    str.upper,
    str.lower,
    without_accents,
    lambda text: text.replace("-", " "),
    lambda text: text.replace(" ", "-"),
    lambda text: text.replace(" ", ""),
    lambda text: text.replace("'", " "),
    lambda text: unicodedata.normalize("NFD", text),
]


@st.composite
def written_anyhow(draw: st.DrawFn, person: Identity) -> Identity:
    names = [person.given_name, person.family_name]
    for place in (0, 1):
        for way in draw(st.lists(st.sampled_from(WRITTEN), max_size=3)):
            names[place] = way(names[place])
    if draw(st.booleans()):
        names.reverse()
    return replace(person, given_name=names[0], family_name=names[1])


@st.composite
def slipped(draw: st.DrawFn, word: str) -> str:
    """The word with one slip: a letter more, less, another, or two that changed places."""
    at = draw(st.integers(0, len(word) - 2))
    letter = draw(st.sampled_from("aeimnrst"))
    return draw(
        st.sampled_from(
            [
                word[:at] + letter + word[at:],
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )
    )


@st.composite
def slipped_day(draw: st.DrawFn, day: date) -> date:
    swapped = [day.replace(day=day.month, month=day.day)] if day.day <= 12 else []
    years = [day.replace(year=day.year + by, day=min(day.day, 28)) for by in (-1, 1)]
    return draw(st.sampled_from([*swapped, *years]))


class TestPersonWrittenAnyhow:
    @given(st.data(), people)
    def test_is_the_same_without_asking(self, data: st.DataObject, person: Identity) -> None:
        other = data.draw(written_anyhow(person))

        assert compare(person, other).verdict is Verdict.LIKELY
        assert is_certain(person, other)

    @given(st.data(), people)
    def test_is_likely_with_a_slip_in_the_birth_date(
        self, data: st.DataObject, person: Identity
    ) -> None:
        person = replace(person, birth_date=person.birth_date.replace(day=min(BORN.day, 28)))
        other = data.draw(written_anyhow(person))
        other = replace(other, birth_date=data.draw(slipped_day(person.birth_date)))

        assert compare(person, other).verdict is Verdict.LIKELY

    @given(st.data(), people, st.sampled_from(["given_name", "family_name"]))
    def test_is_likely_with_a_slip_in_one_name(
        self, data: st.DataObject, person: Identity, name: str
    ) -> None:
        assume(len(fold(getattr(person, name))) > 5)
        other = data.draw(written_anyhow(person))
        slip = data.draw(slipped(getattr(other, name)))
        if name == "given_name":
            other = replace(other, given_name=slip)
        else:
            other = replace(other, family_name=slip)
        assume(len(fold(other.given_name)) > 4 and len(fold(other.family_name)) > 4)

        assert compare(person, other).verdict is Verdict.LIKELY

    @pytest.mark.parametrize(
        ("changes", "reasons"),
        [
            ({}, {Reason.SAME_NAME}),
            ({"given_name": "Épervier", "family_name": "Hélène"}, {Reason.NAME_ORDER}),
            ({"family_name": "Éperviez"}, {Reason.NAME_SPELLING}),
            ({"family_name": "Épervier-Faucon"}, {Reason.NAME_PART}),
            ({"given_name": "Hélène Marie"}, {Reason.NAME_PART}),
            (
                {"given_name": "Eperviez Faucon", "family_name": "Helene"},
                {Reason.NAME_ORDER, Reason.NAME_SPELLING, Reason.NAME_PART},
            ),
        ],
    )
    def test_is_likely_and_one_reads_why(self, changes: Any, reasons: set[Reason]) -> None:
        found = compare(somebody(), somebody(**changes))

        assert found.verdict is Verdict.LIKELY
        assert set(found.reasons) == reasons | {Reason.SAME_BIRTH_DATE}

    @pytest.mark.parametrize(
        ("day", "reason"),
        [
            (date(1980, 3, 7), Reason.DAY_AND_MONTH_SWAPPED),
            (date(1981, 7, 3), Reason.BIRTH_DATE_SLIP),
            (date(1908, 7, 3), Reason.BIRTH_DATE_SLIP),
            (date(1980, 8, 3), Reason.BIRTH_DATE_SLIP),
            (date(1980, 7, 30), Reason.BIRTH_DATE_SLIP),
            (date(1980, 7, 13), Reason.BIRTH_DATE_SLIP),
        ],
    )
    def test_is_likely_with_such_a_birth_date(self, day: date, reason: Reason) -> None:
        one = somebody(birth_date=date(1980, 7, 3))

        found = compare(one, replace(one, birth_date=day))

        assert found == Likeness(verdict=Verdict.LIKELY, reasons=(Reason.SAME_NAME, reason))


class TestOthers:
    @given(people, people)
    def test_who_share_neither_name_are_apart_whatever_else_they_share(
        self, one: Identity, other: Identity
    ) -> None:
        assume(one.given_name != other.given_name and one.family_name != other.family_name)
        other = replace(other, phone=one.phone, email=one.email)

        assert compare(one, other).verdict is Verdict.APART
        assert not is_certain(one, other)

    @given(people, people)
    def test_who_share_nothing_but_a_name_are_apart(self, one: Identity, other: Identity) -> None:
        assume(abs((one.birth_date - other.birth_date).days) > 400)
        assume(one.birth_date.day != other.birth_date.day)
        assume(one.birth_date.month != other.birth_date.month)
        other = replace(other, phone=None, email=None)

        assert compare(one, other).verdict is Verdict.APART

    def test_a_couple_with_one_phone_and_one_name_are_two(self) -> None:
        one = somebody(phone=PHONE)
        partner = somebody(given_name="Joachim", birth_date=date(1978, 9, 2), phone=PHONE)

        found = compare(one, partner)

        assert found.verdict is Verdict.APART
        assert found.reasons == (Reason.SAME_FAMILY_NAME, Reason.SAME_PHONE)  # a hint, no more

    @pytest.mark.parametrize(
        ("phone", "verdict"), [(PHONE, Verdict.POSSIBLE), (OTHER_PHONE, Verdict.APART)]
    )
    def test_twins_are_two_and_looked_at_if_they_share_a_phone(
        self, phone: str, verdict: Verdict
    ) -> None:
        one, twin = somebody(phone=PHONE), somebody(given_name="Joachim", phone=phone)

        assert compare(one, twin).verdict is verdict
        assert not is_certain(one, twin)

    @given(st.data(), people)
    def test_of_one_family_name_and_day_are_looked_at_if_their_given_names_are_much_alike(
        self, data: st.DataObject, person: Identity
    ) -> None:
        assume(len(fold(person.given_name)) > 4)
        given_name = data.draw(slipped(data.draw(slipped(person.given_name))))
        assume(fold(given_name))
        family_name = data.draw(st.sampled_from(WRITTEN))(person.family_name)
        other = replace(person, phone=None, given_name=given_name, family_name=family_name)

        assert compare(person, other).verdict is not Verdict.APART
        assert set(keys_of(person)) & set(keys_of(other))

    @pytest.mark.parametrize(
        ("given_name", "other", "verdict"),
        [
            ("Aïssata", "Aïssatou", Verdict.POSSIBLE),
            ("Jean", "Jeanne", Verdict.POSSIBLE),
            ("Alexandre", "Alex", Verdict.POSSIBLE),
            ("Léa", "Léo", Verdict.POSSIBLE),
            ("Luc", "Léa", Verdict.APART),
            ("Paul", "Pierre", Verdict.APART),
        ],
    )
    def test_of_one_family_name_and_day_are_apart_if_their_given_names_are(
        self, given_name: str, other: str, verdict: Verdict
    ) -> None:
        one = somebody(given_name=given_name, family_name="N'Diaye-Lefèvre", phone=PHONE)
        two = somebody(given_name=other, family_name="Ndiaye Lefevre", phone=OTHER_PHONE)

        assert compare(one, two).verdict is verdict
        assert compare(two, one) == compare(one, two)
        assert not is_certain(one, two)
        later = replace(two, birth_date=date(1981, 5, 17))
        assert compare(one, later).verdict is Verdict.APART

    def test_a_father_and_his_son_of_one_name_are_looked_at_if_they_share_a_phone(self) -> None:
        father = somebody(given_name="Joachim", phone=PHONE)
        son = replace(father, birth_date=date(2004, 11, 28))

        assert compare(father, son).verdict is Verdict.POSSIBLE
        assert compare(father, replace(son, phone=None)).verdict is Verdict.APART
        assert not is_certain(father, son)

    def test_a_namesake_of_another_day_is_another(self) -> None:
        assert compare(somebody(), somebody(birth_date=date(1991, 2, 3))).verdict is Verdict.APART

    def test_who_married_is_known_by_given_name_birth_date_and_phone(self) -> None:
        one = somebody(phone=PHONE)
        married = replace(one, family_name="Faucon")

        assert compare(one, married).verdict is Verdict.LIKELY
        assert is_certain(one, married)
        assert compare(one, replace(married, phone=None)).verdict is Verdict.APART


class TestCompare:
    @given(st.data(), people, people)
    def test_says_the_same_both_ways_round(
        self, data: st.DataObject, one: Identity, other: Identity
    ) -> None:
        mixed = Identity(
            **{
                name: getattr(data.draw(st.sampled_from([one, other])), name)
                for name in ("given_name", "family_name", "birth_date", "phone", "email")
            }
        )
        other = data.draw(written_anyhow(mixed))

        assert compare(one, other) == compare(other, one)
        assert is_certain(one, other) == is_certain(other, one)
        if is_certain(one, other):
            assert compare(one, other).verdict is Verdict.LIKELY

    @given(st.data(), people, people)
    def test_finds_nobody_whom_the_keys_would_miss(
        self, data: st.DataObject, one: Identity, other: Identity
    ) -> None:
        name, given_name = data.draw(st.tuples(*[st.sampled_from([one, other])] * 2))
        other = replace(
            data.draw(written_anyhow(other)),
            family_name=data.draw(slipped(name.family_name)),
            given_name=given_name.given_name,
            birth_date=data.draw(st.sampled_from([one.birth_date, other.birth_date])),
            phone=data.draw(st.sampled_from([one.phone, other.phone])),
        )

        if compare(one, other).verdict is not Verdict.APART:
            assert set(keys_of(one)) & set(keys_of(other))

    def test_has_a_sentence_for_every_reason(self) -> None:
        assert set(SENTENCES) == set(Reason)


class TestSpelling:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("mohamed", "mouhammad"),
            ("dupont", "dupond"),
            ("dubois", "duboit"),
            ("philippe", "filip"),
            ("fatima", "fatma"),
            ("khadija", "kadidja"),
            ("ousmane", "usman"),
            ("gonzalez", "gonsales"),
            ("christophe", "kristof"),
            ("guillaume", "gilome"),
            ("baptiste", "batiste"),
        ],
    )
    def test_that_sounds_the_same_is_the_same(self, one: str, other: str) -> None:
        assert is_respelled(one, other)
        assert sound(one) == sound(other)

    @pytest.mark.parametrize(
        ("one", "other"),
        [("lea", "leo"), ("jean", "jeanne"), ("bernard", "bertrand"), ("paul", "pierre")],
    )
    def test_of_other_names_is_another(self, one: str, other: str) -> None:
        assert not is_respelled(one, other)

    @given(*[st.text("abcehlmnoprstu", min_size=1, max_size=9)] * 2)
    def test_is_judged_the_same_both_ways_round(self, one: str, other: str) -> None:
        assert is_respelled(one, other) == is_respelled(other, one)
        assert is_respelled(one, one)

    @given(st.data(), st.text("abcehlmnoprstu", min_size=5, max_size=9))
    def test_forgives_one_slip_in_a_long_word_and_none_in_a_short(
        self, data: st.DataObject, word: str
    ) -> None:
        assert is_slip(word, data.draw(slipped(word)))
        assert not is_slip(word[:3], word[:2] + "y")
