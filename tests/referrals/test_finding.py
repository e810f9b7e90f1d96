"""Looking for people, and showing those who are alike side by side."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.auth import Caller
from services.referrals.api import finding as api
from services.referrals.domain import likeness
from services.referrals.domain.likeness import NotAnother
from services.referrals.domain.person import PersonUnknown
from services.referrals.handlers import finding
from services.referrals.handlers.merging import merge_person, unmerge_person
from services.referrals.store import SQL
from services.referrals.store import people as person_rows
from tests.fix_stack import TxOf
from tests.referrals.build import (
    NOW,
    SITE,
    Tx,
    a_caller,
    accept,
    new_id,
    open_site,
    person_of,
    submit,
    walk_in,
)

ELSEWHERE = a_caller("till_operator", "marseille")
MANAGER = a_caller("site_manager", SITE)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    tx = tx_of("referrals")
    open_site(tx)
    open_site(tx, "marseille")
    return tx


def enter(tx: Tx, *, accepted: bool = True, site_code: str = SITE, **person: Any) -> UUID:
    """Somebody of the network; Hélène Épervier unless it is said who."""
    known = {"given_name": "Hélène", "family_name": "Épervier", "birth_date": "1980-05-17"}
    made = submit(tx, site_code=site_code, **known | person)
    if accepted:
        by = a_caller("till_operator", site_code)
        accept(tx, made.referral_id, by=by)
    return person_of(tx, made.referral_id)


def find(tx: Tx, text: str, *, by: Caller = ELSEWHERE) -> list[api.FoundPerson]:
    return finding.find_people(tx, api.FindPeople(q=text), caller=by, now=NOW)


def refs(tx: Tx, text: str) -> list[UUID]:
    return [each.person_ref for each in find(tx, text)]


def duplicates(tx: Tx, person_ref: UUID) -> dict[UUID, tuple[str, list[str]]]:
    shown = finding.show_duplicates(tx, person_ref, caller=MANAGER, now=NOW, language="fr")
    return {
        each.person.person_ref: (each.likeness, [reason.reason for reason in each.reasons])
        for each in shown.duplicates
    }


def join(tx: Tx, person_ref: UUID, into: UUID) -> None:
    merge_person(tx, person_ref, into, caller=MANAGER, now=NOW, new_id=new_id)


class TestFind:
    @pytest.mark.parametrize(
        "text",
        [
            "Épervier",
            "epervier helene",
            "HELENE EPE",
            "hélène",
            "Elaine Épervière",
            "06 39 98 00 12",
            "+33639980012",
            "012",
        ],
    )
    def test_finds_whoever_it_may_be_from_any_site(self, tx: Tx, text: str) -> None:
        person = enter(tx, phone="0639980012")
        enter(tx, given_name="Joachim", family_name="Milan", phone="0639980099")

        assert refs(tx, text) == [person]

    @pytest.mark.parametrize(
        "text",
        [
            *("pervier", "Hélène Milan", "013", "0012", "80012", "---", "%%%", "___", "0 1"),
            *("Épervier 0012", "Épervier 1981", "Épervier 1980 1980", "Ép 1980", "- 1980", "1980"),
        ],
    )
    def test_finds_nobody_else(self, tx: Tx, text: str) -> None:
        enter(tx, phone="0639980012")

        assert find(tx, text) == []

    @pytest.mark.parametrize(
        ("given_name", "family_name", "text"),
        [
            ("Jean-Baptiste", "N'Guyen", "Batiste"),
            ("Jean-Baptiste", "N'Guyen", "Jeanbaptiste Nguyen"),
            ("Jean-Baptiste", "Nguyen", "N’Guyen"),
            ("Jean-Baptiste", "Nguyen", "Nguyen 1987"),
            ("Jeanbaptiste", "Nguyen", "Jean Batiste 1987"),
            ("Saïd", "El Amrani", "elamrani sa"),
            ("Saïd", "Elamrani", "El Amrani"),
        ],
    )
    def test_finds_names_however_they_are_divided(
        self, tx: Tx, given_name: str, family_name: str, text: str
    ) -> None:
        person = enter(tx, given_name=given_name, family_name=family_name, birth_date="1987-05-17")
        enter(tx, given_name=given_name, family_name="Milan", birth_date="1988-05-17")
        enter(tx, given_name="Odon", family_name=family_name, birth_date="1988-05-18")

        found = refs(tx, text)
        assert found == [person] if "1987" in text else person in found

    def test_finds_a_name_with_every_gap_written_another_way(self, tx: Tx) -> None:
        word = st.text(alphabet="abdeilmnorst", min_size=3, max_size=6)
        gap = st.sampled_from(["", " ", "-", "'", "’", "  "])
        names = st.lists(word, min_size=1, max_size=2)

        @settings(max_examples=30, deadline=None)
        @given(given=names, family=names, gaps=st.lists(gap, min_size=4, max_size=4))
        def is_found(given: list[str], family: list[str], gaps: list[str]) -> None:
            with tx.transaction(force_rollback=True):
                person = enter(
                    tx,
                    accepted=False,
                    given_name=gaps[0].join(given),
                    family_name=gaps[1].join(family),
                )
                asked = (gaps[2].join(given), gaps[3].join(family))
                assert person in refs(tx, f"{asked[0]} {asked[1]} 1980"[:80])
                assert person in refs(tx, f"{asked[1]} {asked[0]}"[:80])

        is_found()

    def test_uses_the_indexes_of_names(self, tx: Tx) -> None:
        reading = ("jean", "batiste")
        values = {
            "longest": f"% {reading[1]}%",
            "longest_sound": likeness.sound_key(reading[1]),
            "beginnings": [f"% {word}%" for word in reading],
            "sounds": [likeness.sound_key(word) for word in reading],
            "birth_year": 1987,
            "limit": 20,
        }
        tx.execute("SET LOCAL enable_seqscan = off")
        tx.execute("SET LOCAL enable_indexscan = off")

        rows = tx.execute(b"EXPLAIN " + SQL["search_names"].encode(), values).fetchall()

        plan = "\n".join(str(row["QUERY PLAN"]) for row in rows)
        assert "person_by_words" in plan, plan
        assert "person_by_match_keys" in plan

    def test_finds_by_the_code_of_a_referral(self, tx: Tx) -> None:
        person = enter(tx)
        made = submit(tx, given_name="Hélène", family_name="Épervier", birth_date="1980-05-17")
        enter(tx, given_name="Joachim")

        assert refs(tx, made.code.lower()) == refs(tx, made.code.replace("-", " ")) == [person]

    def test_shows_what_it_takes_to_know_somebody_again_and_no_more(self, tx: Tx) -> None:
        person = enter(tx, phone="0639980012", email="h.epervier@courriel.example")

        [found] = find(tx, "epervier")

        assert found.model_dump() == {
            "person_ref": person,
            "given_name": "Hélène",
            "family_name": "Épervier",
            "birth_year": 1980,
            "phone_end": "012",
            "last_site_code": SITE,
            "also_known_as": [],
            "use_restricted": False,
        }
        for secret in ("63998", "courriel", "-05-17"):
            assert secret not in found.model_dump_json()

    def test_names_the_site_where_somebody_was_last_taken_in(self, tx: Tx) -> None:
        person = enter(tx, accepted=False)
        assert find(tx, "epervier")[0].last_site_code is None

        join(tx, person, enter(tx, given_name="Hélaine", site_code="marseille"))

        assert find(tx, "epervier")[0].last_site_code == "marseille"

    def test_names_the_site_that_took_somebody_in_provisionally(self, tx: Tx) -> None:
        walk_in(tx, given_name="Malo", family_name="Ajonc")

        [found] = find(tx, "ajonc")

        assert found.last_site_code == SITE

    def test_shows_whom_the_others_were_merged_into_once(self, tx: Tx) -> None:
        one, other = enter(tx), enter(tx, family_name="Milan", phone="0639980012")

        join(tx, one, other)

        for text in ("Épervier", "Milan", "Hélène", "012"):
            [found] = find(tx, text)
            assert (found.person_ref, found.family_name) == (other, "Milan")
            assert found.also_known_as == ["Hélène Épervier"]
        unmerge_person(tx, one, caller=MANAGER, now=NOW, new_id=new_id)
        assert refs(tx, "Hélène") == [one, other]

    def test_shows_twenty_at_most(self, tx: Tx) -> None:
        for _ in range(25):
            enter(tx, accepted=False, namesake=True)

        assert len(find(tx, "epervier")) == finding.FOUND_MAX

    def test_is_noted_for_each_person_shown(self, tx: Tx) -> None:
        person = enter(tx)

        find(tx, "epervier")

        row = tx.execute("SELECT * FROM access WHERE what = 'people_searched'").fetchone()
        assert row is not None
        assert (row["person_ref"], row["by_user_id"]) == (person, ELSEWHERE.user_id)
        assert row["site_codes"] == ["marseille"]


class TestDuplicates:
    def test_are_shown_side_by_side_with_the_reasons_the_likeliest_first(self, tx: Tx) -> None:
        person = enter(tx, phone="0639980012", birth_date="1980-07-03")
        swapped = enter(tx, family_name="Eperviez", birth_date="1980-03-07", phone="0639980012")
        twin = enter(tx, given_name="Joachim", birth_date="1980-07-03", phone="0639980012")
        partner: dict[str, Any] = {"given_name": "Olga", "birth_date": "1978-01-31"}
        enter(tx, **partner, phone="0639980012")

        assert list(duplicates(tx, person).items()) == [
            (swapped, ("likely", ["name_spelling", "day_and_month_swapped", "same_phone"])),
            (twin, ("possible", ["same_family_name", "same_birth_date", "same_phone"])),
        ]
        assert duplicates(tx, swapped)[person][0] == "likely"

    def test_say_in_french_why(self, tx: Tx) -> None:
        person, _ = enter(tx), enter(tx, birth_date="1981-05-17")

        shown = finding.show_duplicates(tx, person, caller=MANAGER, now=NOW, language="fr")

        assert [reason.text for reason in shown.duplicates[0].reasons] == [
            "Même nom.",
            "Dates de naissance à une faute de frappe près.",
        ]

    def test_are_not_shown_again_once_they_were_told_apart(self, tx: Tx) -> None:
        person, other = enter(tx), enter(tx, birth_date="1981-05-17")
        third = enter(tx, birth_date="1979-05-17")

        for one, two in ((person, other), (other, person)):
            finding.tell_apart(tx, one, two, caller=MANAGER, now=NOW)

        assert list(duplicates(tx, person)) == [third]
        assert list(duplicates(tx, other)) == []

    def test_that_were_told_apart_are_so_whatever_either_is_merged_into(self, tx: Tx) -> None:
        person, other = enter(tx), enter(tx, birth_date="1981-05-17")
        finding.tell_apart(tx, person, other, caller=MANAGER, now=NOW)
        again, other_again = enter(tx, phone="0639980012", namesake=True), uuid4()
        other_again = enter(tx, birth_date="1981-05-17", phone="0639980013", namesake=True)
        assert list(duplicates(tx, again)) != []

        join(tx, person, again)
        join(tx, other, other_again)

        assert duplicates(tx, again) == duplicates(tx, other_again) == {}
        unmerge_person(tx, person, caller=MANAGER, now=NOW, new_id=new_id)
        assert set(duplicates(tx, again)) == {person, other_again}

    def test_of_a_merged_person_are_those_of_all_their_names(self, tx: Tx) -> None:
        one = enter(tx)
        other = enter(tx, given_name="Lena", family_name="Milan", birth_date="1990-01-31")
        alike = enter(tx, given_name="Lena", family_name="Millan", birth_date="1990-01-31")

        join(tx, other, one)

        assert list(duplicates(tx, one)) == list(duplicates(tx, other)) == [alike]
        assert list(duplicates(tx, alike)) == [one]

    def test_of_nobody_are_not_found(self, tx: Tx) -> None:
        with pytest.raises(PersonUnknown):
            duplicates(tx, uuid4())
        with pytest.raises(PersonUnknown):
            finding.tell_apart(tx, enter(tx), uuid4(), caller=MANAGER, now=NOW)

    def test_are_never_somebody_and_themself(self, tx: Tx) -> None:
        person, other = enter(tx), enter(tx, birth_date="1981-05-17")
        join(tx, person, other)

        for one, two in ((person, person), (person, other), (other, person)):
            with pytest.raises(NotAnother):
                finding.tell_apart(tx, one, two, caller=MANAGER, now=NOW)


class TestKeys:
    def test_that_older_rules_made_are_made_anew(self, tx: Tx) -> None:
        people = [enter(tx, birth_date=f"1980-05-{day}") for day in (17, 18, 27)]
        tx.execute("UPDATE person SET match_keys = '{}', keyed_by = 0")
        assert refs(tx, "Elaine Épervière") == []

        assert person_rows.rekey_people(tx, limit=2) == 2
        assert person_rows.rekey_people(tx, limit=2) == 1
        assert person_rows.rekey_people(tx, limit=2) == 0

        assert refs(tx, "Elaine Épervière") == people
        row = tx.execute("SELECT DISTINCT keyed_by FROM person").fetchall()
        assert row == [{"keyed_by": likeness.KEYED_BY}]

    def test_find_on_a_day_whom_a_referral_is_of_before_they_are_made(self, tx: Tx) -> None:
        person = enter(tx)
        tx.execute("UPDATE person SET match_keys = '{}', keyed_by = 0")

        later = NOW + timedelta(days=300)
        submit(tx, now=later, given_name="HELENE", family_name="epervier", birth_date="1980-05-17")

        rows = tx.execute("SELECT DISTINCT person_ref FROM referral").fetchall()
        assert rows == [{"person_ref": person}]
