"""A person has what is written about them corrected, and its use restricted."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.auth import Caller
from services.referrals.api import correcting as api
from services.referrals.api import finding as finding_api
from services.referrals.domain.erasure import Reason
from services.referrals.domain.person import PersonNotValid, PersonUnknown
from services.referrals.domain.restriction import (
    Ground,
    InformedLater,
    NotRestricted,
    RestrictedAlready,
    UseRestricted,
)
from services.referrals.handlers import clocks, correcting, finding, restricting, retaining, showing
from services.referrals.handlers.correcting import NothingToCorrect, NotTakenIn
from services.referrals.handlers.exporting import PersonElsewhere
from services.referrals.handlers.merging import merge_person, unmerge_person
from tests.fix_stack import TxOf
from tests.referrals.build import (
    DESK,
    MANAGER,
    NOW,
    SITE,
    Tx,
    a_caller,
    a_house,
    accept,
    confirm,
    new_id,
    open_site,
    person_of,
    renew,
    submit,
    walk_in,
)
from tests.referrals.rights import complete, erase, everything

ADMIN = a_caller("admin")
ZOE: Any = {
    "given_name": "Zoé",
    "family_name": "Pimprenele",
    "birth_date": "1961-03-02",
    "phone": "06 39 98 44 55",
    "email": "zoe@courriel.example",
}


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    open_site(opened, "marseille")
    return opened


def taken_in(tx: Tx, **person: Any) -> UUID:
    return accept(tx, submit(tx, **(ZOE | person)).referral_id).person_ref


def correct(
    tx: Tx, person_ref: UUID, *, by: Caller = DESK, reason: str = "entered_wrongly", **person: Any
) -> api.Corrected:
    body = api.CorrectIdentity.model_validate_json(json.dumps({"person": person, "reason": reason}))
    return correcting.correct_identity(tx, person_ref, body, caller=by, now=NOW)


def restrict(tx: Tx, person_ref: UUID, *, by: Caller = MANAGER) -> None:
    restricting.restrict_use(tx, person_ref, Ground.ACCURACY_CONTESTED, caller=by, now=NOW)


def lift(tx: Tx, person_ref: UUID, *, informed_in_days: int = 0) -> None:
    told_on = NOW.date() + timedelta(days=informed_in_days)
    body = api.LiftRestriction(reason="settled", informed_on=told_on)
    restricting.lift_restriction(tx, person_ref, body, caller=MANAGER, now=NOW)


def find(tx: Tx, text: str) -> list[finding_api.FoundPerson]:
    return finding.find_people(tx, finding_api.FindPeople(q=text), caller=DESK, now=NOW)


def identity(tx: Tx, person_ref: UUID) -> dict[str, Any]:
    row = tx.execute("SELECT * FROM person WHERE person_ref = %s", (person_ref,)).fetchone()
    assert row is not None
    return row


class TestCorrection:
    def test_writes_what_is_right_and_leaves_the_rest(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        before = identity(tx, person_ref)

        made = correct(tx, person_ref, family_name="  Pimprenelle ", phone="0639984466", email="")

        assert (made.fields, made.alike) == (["family_name", "phone", "email"], [])
        after = identity(tx, person_ref)
        right = {"family_name": "Pimprenelle", "phone": "+33639984466", "email": None}
        same = ("given_name", "birth_date", "known_since", "namesake")
        assert {name: after[name] for name in right} == right
        assert [after[name] for name in same] == [before[name] for name in same]

    def test_keeps_no_word_of_what_stood_there(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        complete(tx, person_ref)

        correct(
            tx,
            person_ref,
            given_name="Zita",
            family_name="Pomerol",
            birth_date="1962-12-24",
            phone="0639984466",
            email="zita@courriel.example",
        )

        left = everything(tx)
        for word in (
            "zoe",
            "Zoé",
            "imprenel",
            "639984455",
            "1961-03-02",
            "born 1961",
            "year 1961",
        ):
            assert word not in left
        assert tx.execute("SELECT FROM export").fetchone() is None

    def test_has_them_found_as_who_they_are(self, tx: Tx) -> None:
        person_ref = taken_in(tx)

        correct(tx, person_ref, family_name="Quiquandon", birth_date="1962-03-02")

        for text in ("quiq", "Kikandon"):
            assert [each.person_ref for each in find(tx, text)] == [person_ref]
        assert find(tx, "Pimprenele") == []
        again = submit(tx, **(ZOE | {"family_name": "quiquandon", "birth_date": "1962-03-02"}))
        assert person_of(tx, again.referral_id) == person_ref

    def test_shows_whom_they_resemble_now_and_merges_nobody(self, tx: Tx) -> None:
        known = taken_in(tx, phone=None, email=None)
        other = taken_in(tx, given_name="Zelda", family_name="Milan", phone=None, email=None)
        assert correct(tx, other, phone="0639984477").alike == []

        made = correct(tx, other, given_name="ZOE", family_name="pimprenele")

        assert made.alike == [api.Alike(person_ref=known, likeness="likely")]
        assert identity(tx, other)["namesake"]
        again = submit(tx, **ZOE)
        assert person_of(tx, again.referral_id) == known

    def test_is_noted_with_the_fields_and_the_reason(self, tx: Tx) -> None:
        person_ref = taken_in(tx)

        correct(tx, person_ref, birth_date="1961-02-03", reason="has_changed")

        [row] = tx.execute("SELECT * FROM access WHERE what = 'identity_corrected'").fetchall()
        assert (row["person_ref"], row["by_user_id"]) == (person_ref, DESK.user_id)
        assert (row["why"], row["fields"]) == ("has_changed", ["birth_date"])
        held = complete(tx, person_ref).services["referrals"]["accesses"]
        assert ["birth_date"] in [each["fields"] for each in held]

    @pytest.mark.parametrize("role", ["till_operator", "mediator", "site_manager"])
    def test_is_for_those_who_took_the_person_in(self, tx: Tx, role: str) -> None:
        person_ref = taken_in(tx)
        sent = submit(tx, given_name="Zadig", site_code="marseille")
        only_sent = person_of(tx, sent.referral_id)

        for ref, site_code in ((person_ref, "marseille"), (only_sent, "marseille")):
            with pytest.raises(NotTakenIn):
                correct(tx, ref, by=a_caller(role, site_code), given_name="Zita")
        assert correct(tx, person_ref, by=a_caller(role, SITE), given_name="Zita").fields
        assert correct(tx, only_sent, by=ADMIN, given_name="Zita").fields

    def test_of_a_walk_in_is_for_the_site_where_they_came(self, tx: Tx) -> None:
        person_ref = walk_in(tx).person_ref

        assert correct(tx, person_ref, given_name="Zita").fields == ["given_name"]

    def test_of_one_of_two_merged_is_for_the_site_that_took_that_one_in(self, tx: Tx) -> None:
        mine = taken_in(tx)
        theirs = accept(
            tx,
            submit(tx, site_code="marseille", given_name="Zita").referral_id,
            by=a_caller("till_operator", "marseille"),
        ).person_ref
        merge_person(tx, theirs, mine, caller=MANAGER, now=NOW, new_id=new_id)

        with pytest.raises(NotTakenIn):
            correct(tx, theirs, given_name="Zelda")
        assert correct(tx, mine, given_name="Zelda").fields == ["given_name"]

    def test_of_nothing_of_nobody_or_of_what_cannot_be_is_refused(self, tx: Tx) -> None:
        person_ref = taken_in(tx)

        with pytest.raises(NothingToCorrect):
            correct(tx, person_ref, given_name="Zoé", phone="+33 6 39 98 44 55")
        with pytest.raises(PersonNotValid):
            correct(tx, person_ref, given_name="Z0é")
        with pytest.raises(PersonUnknown):
            correct(tx, uuid4(), by=ADMIN, given_name="Zita")
        erase(tx, person_ref)
        with pytest.raises(PersonUnknown):
            correct(tx, person_ref, given_name="Zita")


class TestRestriction:
    def test_has_nothing_decided_by_the_data(self, tx: Tx) -> None:
        person_ref, other = taken_in(tx), taken_in(tx, given_name="Zelda")
        again = submit(tx, now=NOW + timedelta(days=100), **ZOE)
        house = a_house(tx, referrer := a_caller("referrer"))
        came = walk_in(tx, given_name="Malo", structure_id=str(house))
        for ref in (person_ref, came.person_ref):
            restrict(tx, ref)

        renewing_at = NOW + timedelta(days=100)
        merging: Any = {"caller": MANAGER, "now": NOW, "new_id": new_id}
        decisions: list[Callable[[], object]] = [
            partial(renew, tx, person_ref, again.referral_id, now=renewing_at),
            partial(accept, tx, again.referral_id),
            partial(walk_in, tx, **ZOE),
            partial(confirm, tx, came.referral_id, by=referrer),
            partial(merge_person, tx, person_ref, other, **merging),
            partial(merge_person, tx, other, person_ref, **merging),
            partial(erase, tx, person_ref, reason=Reason.ENTERED_BY_MISTAKE),
        ]
        for decide in decisions:
            with pytest.raises(UseRestricted), tx.transaction():
                decide()

    def test_lets_them_be_corrected_exported_and_erased_at_their_wish(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        restrict(tx, person_ref)

        assert correct(tx, person_ref, given_name="Zita").fields == ["given_name"]
        [row] = complete(tx, person_ref).services["referrals"]["restrictions"]
        assert (row["ground"], row["lifted_at"]) == ("accuracy_contested", None)
        assert erase(tx, person_ref).reason == "asked_by_person"

    def test_is_shown_wherever_they_are_found(self, tx: Tx) -> None:
        person_ref, other = taken_in(tx), taken_in(tx, birth_date="1962-03-02")
        restrict(tx, person_ref)

        found = {each.person_ref: each.use_restricted for each in find(tx, "Pimprenele")}
        beside = finding.show_duplicates(tx, other, caller=MANAGER, now=NOW, language="fr")

        assert found == {person_ref: True, other: False}
        assert [each.person.use_restricted for each in beside.duplicates] == [True]
        for ref, restricted in found.items():
            shown = showing.show_person(tx, ref, caller=DESK, now=NOW)
            assert shown.use_restricted == restricted

    @pytest.mark.parametrize("restricted", [True, False])
    def test_has_nobody_written_to_or_erased_by_the_calendar(
        self, tx: Tx, restricted: bool
    ) -> None:
        person_ref = taken_in(tx)
        if restricted:
            restrict(tx, person_ref)

        clocks.remind_of_ends(tx, now=NOW + timedelta(days=265), new_id=new_id)
        reminded = tx.execute("SELECT FROM entitlement_change WHERE change = 'reminded'").fetchall()
        noticed = retaining.give_notice(tx, now=NOW + timedelta(days=800), new_id=new_id)

        assert (len(reminded), noticed) == ((0, 0) if restricted else (1, 1))

    def test_is_lifted_once_the_person_has_been_told(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        with pytest.raises(NotRestricted):
            lift(tx, person_ref)
        restrict(tx, person_ref)
        with pytest.raises(RestrictedAlready):
            restrict(tx, person_ref)
        with pytest.raises(InformedLater):
            lift(tx, person_ref, informed_in_days=1)

        lift(tx, person_ref)

        assert not showing.show_person(tx, person_ref, caller=DESK, now=NOW).use_restricted
        rows = tx.execute("SELECT what, why FROM access ORDER BY access_id DESC LIMIT 3").fetchall()
        assert [tuple(row.values()) for row in rows[1:]] == [
            ("restriction_lifted", "settled"),
            ("use_restricted", "accuracy_contested"),
        ]
        restrict(tx, person_ref)  # and may be asked for again

    def test_stands_for_all_references_and_outlives_the_undoing_of_a_merge(self, tx: Tx) -> None:
        one, other = taken_in(tx), taken_in(tx, given_name="Zelda")
        merge_person(tx, one, other, caller=MANAGER, now=NOW, new_id=new_id)
        restrict(tx, one)

        unmerge_person(tx, one, caller=MANAGER, now=NOW, new_id=new_id)

        for ref in (one, other):
            assert showing.show_person(tx, ref, caller=DESK, now=NOW).use_restricted
        lift(tx, one)
        assert showing.show_person(tx, other, caller=DESK, now=NOW).use_restricted

    def test_is_asked_for_where_the_person_is_known(self, tx: Tx) -> None:
        person_ref = taken_in(tx)

        with pytest.raises(PersonElsewhere):
            restrict(tx, person_ref, by=a_caller("site_manager", "marseille"))
        restrict(tx, person_ref, by=ADMIN)
