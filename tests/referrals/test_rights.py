"""A person sees all that is held on them, and is forgotten when they ask."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import errors

from chassis import mail, personal
from chassis.mail import Mail
from chassis.sealed import NotOpened
from kernel.envelope import Envelope
from services.referrals.api import rights as api
from services.referrals.domain.erasure import CaseOpen, MergedMeanwhile
from services.referrals.domain.person import PersonUnknown
from services.referrals.domain.referral import ReferralLapsed
from services.referrals.handlers import accesses, erasing, learning, retaining, showing
from services.referrals.handlers.exporting import PersonElsewhere
from services.referrals.handlers.merging import merge_person
from tests.fix_stack import TxOf
from tests.referrals.build import (
    DESK,
    NOW,
    Tx,
    a_caller,
    a_fact,
    a_house,
    accept,
    new_id,
    open_site,
    submit,
    told,
)
from tests.referrals.rights import (
    ERASURES,
    MANAGER,
    SERVICES,
    answers,
    asked,
    complete,
    erase,
    everything,
    export,
    receipt,
    take,
)

ZOE: Any = {
    "given_name": "Zoé",
    "family_name": "Pimprenelle",
    "birth_date": "1961-02-03",
    "phone": "06 39 98 44 55",
    "email": "zoe.pimprenelle@example.org",
}
WORDS = ("Pimprenelle", "pimprenelle", "639984455", "1961-02-03")


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    return opened


def taken_in(tx: Tx, **person: Any) -> UUID:
    return accept(tx, submit(tx, **(ZOE | person)).referral_id).person_ref


def a_case(*, person_ref: UUID, case_id: UUID, closed: bool = False) -> Envelope:
    word = "closed" if closed else "opened"
    data = {"case_id": str(case_id), "person_ref": str(person_ref), f"{word}_on": "2026-11-20"}
    return a_fact(f"mediation.case.{word}.v1", data)


class TestExport:
    def test_names_who_has_yet_to_answer_and_is_whole_with_the_last(self, tx: Tx) -> None:
        person_ref = taken_in(tx)

        first = export(tx, person_ref)
        assert isinstance(first, api.ExportAsked)
        assert first.missing == ["mediation", "recharges"]
        take(tx, answers(asked(tx), {"sales": [{"total_cents": 250}]}, service="recharges"))
        second = export(tx, person_ref)
        assert isinstance(second, api.ExportAsked)
        assert (second.export_id, second.missing) == (first.export_id, ["mediation"])
        take(tx, answers(asked(tx), {"cases": [{"label": "Facture"}]}, service="mediation"))
        whole = export(tx, person_ref)

        assert isinstance(whole, api.ExportReady)
        assert whole.services["recharges"] == {"sales": [{"total_cents": 250}]}
        assert whole.services["mediation"] == {"cases": [{"label": "Facture"}]}
        own = whole.services["referrals"]
        assert own["identity"][0]["family_name"] == "Pimprenelle"
        assert [step["step"] for step in own["steps"]][-1] == "accepted"
        assert own["entitlements"][0]["monthly_cap_cents"] == 3_000
        assert "export_asked" in {each["what"] for each in own["accesses"]}
        assert whole.too_large == {}

    def test_tells_who_sent_the_person_and_what_became_of_the_entitlement(self, tx: Tx) -> None:
        referrer = a_caller("referrer")
        a_house(tx, referrer)
        person_ref = accept(tx, submit(tx, caller=referrer, **ZOE).referral_id).person_ref

        held = complete(tx, person_ref).services["referrals"]

        assert [each["structure"] for each in held["referrals"]] == ["CCAS fictif"]
        [opened] = held["entitlement_changes"]
        assert (opened["change"], opened["until_on"]) == ("entitlement_opened", "2027-08-20")

    def test_leaves_no_key_no_part_and_no_readable_word_behind(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        complete(tx, person_ref, mediation={"cases": [{"label": "Mot de Pimprenelle"}]})

        row = tx.execute("SELECT private_key, document FROM export").fetchone()
        assert row is not None
        assert row["private_key"] is None
        assert b"Pimprenelle" not in row["document"]
        assert tx.execute("SELECT FROM export_part").fetchone() is None
        assert "Mot de" not in everything(tx)

    def test_is_one_for_all_the_names_of_a_person(self, tx: Tx) -> None:
        one, other = taken_in(tx), taken_in(tx, birth_date="1961-03-02", phone=None)
        merge_person(tx, one, other, caller=MANAGER, now=NOW, new_id=new_id)

        whole = complete(tx, other)

        assert set(whole.person_refs) == {one, other}
        assert len(whole.services["referrals"]["identity"]) == 2
        again = export(tx, one)
        assert isinstance(again, api.ExportReady)
        assert again.export_id == whole.export_id

    def test_is_asked_anew_once_it_is_stale_or_was_given_up(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        ready = complete(tx, person_ref)

        stale = export(tx, person_ref, now=NOW + timedelta(hours=25))
        assert isinstance(stale, api.ExportAsked)
        assert stale.export_id != ready.export_id
        later = export(tx, person_ref, now=NOW + timedelta(hours=25 + 72))
        assert isinstance(later, api.ExportAsked)
        assert later.export_id != stale.export_id

    def test_supersedes_answers_that_come_too_late_or_twice(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        export(tx, person_ref)
        facts = answers(asked(tx), {}, service="recharges")

        assert take(tx, facts) == []
        assert take(tx, facts) == []
        take(tx, answers(asked(tx), {}, service="mediation"))
        assert take(tx, facts) == [fact.id for fact in facts]

    def test_parks_a_box_that_was_sealed_for_another_export_or_another_service(
        self, tx: Tx
    ) -> None:
        person_ref = taken_in(tx)
        export(tx, person_ref)
        [fact] = answers(asked(tx), {}, service="recharges")
        moved = Envelope(
            id=new_id(),
            type="mediation.export.answered.v1",
            subject="x",
            site="network",
            time=NOW,
            data=fact.data,
        )

        with pytest.raises(NotOpened):
            take(tx, [moved])

    def test_comes_in_parts_and_names_who_holds_too_much(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        rows = [{"label": "x" * 1_000} for _ in range(400)]
        huge = [{"label": "x" * 100_000} for _ in range(100)]
        export(tx, person_ref)
        facts = answers(asked(tx), {"lines": rows}, service="mediation")
        assert len(facts) == 4
        assert all(len(fact.to_json()) < 200_000 for fact in facts)

        take(tx, answers(asked(tx), {"sales": huge}, service="recharges"))
        take(tx, facts[::-1])
        whole = export(tx, person_ref)

        assert isinstance(whole, api.ExportReady)
        assert whole.services["mediation"] == {"lines": rows}
        assert "recharges" not in whole.services
        assert whole.too_large["recharges"] > 10_000_000

    def test_is_for_managers_of_a_site_the_person_was_sent_to(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        elsewhere = a_caller("site_manager", "lyon")

        with pytest.raises(PersonElsewhere):
            export(tx, person_ref, caller=elsewhere)
        assert isinstance(export(tx, person_ref, caller=a_caller("admin")), api.ExportAsked)
        with pytest.raises(PersonUnknown):
            export(tx, uuid4())

    def test_of_merged_people_is_for_whom_each_of_them_was_sent_to(self, tx: Tx) -> None:
        open_site(tx, "lyon")
        theirs = taken_in(tx)
        made = submit(tx, given_name="Odile", birth_date="1955-05-05", site_code="lyon")
        lyon = a_caller("site_manager", "lyon")
        mine = accept(tx, made.referral_id, by=lyon).person_ref
        merge_person(tx, theirs, mine, caller=lyon, now=NOW, new_id=new_id)

        for person_ref in (theirs, mine):
            with pytest.raises(PersonElsewhere):
                export(tx, person_ref, caller=lyon)
            with pytest.raises(PersonElsewhere):
                erase(tx, person_ref, caller=lyon)


class TestErasure:
    def test_leaves_no_word_of_the_person_in_any_table(self, tx: Tx) -> None:
        referral = submit(tx, **ZOE)
        person_ref = accept(tx, referral.referral_id).person_ref
        complete(tx, person_ref)
        letter = Mail(to=ZOE["email"], subject="Bonjour", text="Madame Pimprenelle")
        mail.file(tx, letter, kind="t", about=str(referral.referral_id), now=NOW, mail_id=new_id())
        assert any(word in everything(tx) for word in WORDS)

        done = erase(tx, person_ref)

        left = everything(tx)
        assert [word for word in WORDS if word in left] == []
        assert done.missing == ["mediation", "recharges"]
        [own] = done.receipts
        assert (own.service, own.counts["identities"], own.counts["mails"]) == ("referrals", 1, 1)
        assert own.counts["exports"] == 1

    def test_ends_what_is_under_way(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        waiting = submit(tx, **ZOE)

        erase(tx, person_ref, now=NOW + timedelta(days=10))

        shortened, ended, erased = told(tx, person_ref)[-3:]
        assert shortened["type"] == "referrals.entitlement.shortened.v1"
        assert shortened["data"]["until"] == "2026-11-30"
        assert ended["type"] == "referrals.entitlement.ended.v1"
        assert erased["type"] == "referrals.person.erased.v1"
        assert erased["data"]["person_refs"] == [str(person_ref)]
        with pytest.raises(ReferralLapsed):
            accept(tx, waiting.referral_id, now=NOW + timedelta(days=10))

    def test_twice_is_one_that_everybody_is_told_again(self, tx: Tx) -> None:
        person_ref = taken_in(tx)

        first = erase(tx, person_ref)
        letter = Mail(to=ZOE["email"], subject="Bonjour", text="Madame Pimprenelle")
        mail.file(tx, letter, kind="t", about=str(person_ref), now=NOW, mail_id=new_id())
        second = erase(tx, person_ref, now=NOW + timedelta(days=1))

        assert (second.erasure_id, second.receipts) == (first.erasure_id, first.receipts)
        assert "Pimprenelle" not in everything(tx)
        erased = [fact for fact in told(tx, person_ref) if fact["type"].endswith(".erased.v1")]
        assert len(erased) == 2
        assert erased[0]["data"] == erased[1]["data"]

    def test_takes_everybody_who_was_merged(self, tx: Tx) -> None:
        one, other = taken_in(tx), taken_in(tx, birth_date="1961-03-02", phone=None)
        merge_person(tx, one, other, caller=MANAGER, now=NOW, new_id=new_id)

        erase(tx, one)

        for person_ref in (one, other):
            with pytest.raises(PersonUnknown):
                showing.show_person(tx, person_ref, caller=DESK, now=NOW)
        assert set(told(tx, one)[-1]["data"]["person_refs"]) == {str(one), str(other)}
        assert "Pimprenelle" not in everything(tx)

    def test_takes_nobody_who_was_merged_since_the_caller_looked(self, tx: Tx) -> None:
        one, other = taken_in(tx), taken_in(tx, birth_date="1961-03-02", phone=None)
        merge_person(tx, one, other, caller=MANAGER, now=NOW, new_id=new_id)

        with pytest.raises(MergedMeanwhile):
            erase(tx, other, meant=[other])

        assert erase(tx, other, meant=[other, one]).receipts[0].counts["identities"] == 2

    def test_leaves_nobody_to_merge_with(self, tx: Tx) -> None:
        one, other = taken_in(tx), taken_in(tx, birth_date="1961-03-02", phone=None)
        erase(tx, other)

        for pair in ((one, other), (other, one)):
            with pytest.raises(PersonUnknown):
                merge_person(tx, *pair, caller=MANAGER, now=NOW, new_id=new_id)

    def test_waits_until_the_mediation_case_is_closed(self, tx: Tx) -> None:
        person_ref, case_id = taken_in(tx), uuid4()
        retaining.hear_contacts(tx, [a_case(person_ref=person_ref, case_id=case_id)])

        with pytest.raises(CaseOpen) as refused:
            erase(tx, person_ref)
        assert refused.value.values["opened_on"] == date(2026, 11, 20)
        retaining.hear_contacts(tx, [a_case(person_ref=person_ref, case_id=case_id, closed=True)])
        assert erase(tx, person_ref).reason == "asked_by_person"

    def test_is_not_held_up_by_a_case_whose_closing_was_heard_first(self, tx: Tx) -> None:
        person_ref, case_id = taken_in(tx), uuid4()
        retaining.hear_contacts(tx, [a_case(person_ref=person_ref, case_id=case_id, closed=True)])
        retaining.hear_contacts(tx, [a_case(person_ref=person_ref, case_id=case_id)])

        assert erase(tx, person_ref).receipts

    def test_makes_somebody_new_of_whoever_comes_again(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        erase(tx, person_ref)

        again = taken_in(tx)

        assert again != person_ref
        shown = showing.show_person(tx, again, caller=DESK, now=NOW)
        assert shown.family_name == "Pimprenelle"

    def test_is_undone_by_no_fact_that_comes_late(self, tx: Tx) -> None:
        referral = submit(tx, **ZOE)
        person_ref = accept(tx, referral.referral_id).person_ref
        erase(tx, person_ref)

        sale = {"sale_id": str(uuid4()), "person_ref": str(person_ref)}
        late = a_fact("recharges.sale.completed.v1", sale, at=NOW + timedelta(hours=1))
        learning.note_visits(tx, [late], now=NOW, new_id=new_id)

        shown = showing.show_referral(tx, referral.referral_id, caller=a_caller("admin"), now=NOW)
        assert shown.person is None
        assert [step.step for step in shown.steps][-1] == "first_visit"
        assert "Pimprenelle" not in everything(tx)

    def test_cannot_be_undone_in_the_database(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        erase(tx, person_ref)

        for statement in (
            "INSERT INTO person (person_ref, given_name, family_name, name_key, birth_date,"
            " known_since) VALUES (%s, 'Zoé', 'Pimprenelle', 'zoe', '1961-02-03', now())",
            "UPDATE pseudonym SET erased_at = NULL WHERE person_ref = %s",
            "DELETE FROM pseudonym WHERE person_ref = %s",
            "DELETE FROM erasure WHERE person_ref = %s",
            "UPDATE erasure SET erased_at = now() WHERE person_ref = %s",
            "UPDATE erasure SET traces = '{abc}' WHERE person_ref = %s",
        ):
            with (
                pytest.raises((errors.UniqueViolation, errors.RestrictViolation)),
                tx.transaction(),
            ):
                tx.execute(statement.encode(), (person_ref,))

    def test_needs_a_receipt_of_everybody(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        erasure_id = erase(tx, person_ref).erasure_id
        erasing.take_receipts(tx, [receipt(erasure_id, service="mediation")])
        page = api.ErasurePage(person_ref=person_ref)
        in_time = erase(tx, taken_in(tx, birth_date="1961-03-02", phone=None))
        for service in SERVICES:
            erasing.take_receipts(tx, [receipt(in_time.erasure_id, service=service)])

        def overdue(hours: int) -> list[UUID]:
            listed = erasing.list_erasures(
                tx,
                api.ErasurePage(overdue=True),
                caller=MANAGER,
                now=NOW + timedelta(hours=hours),
                terms=ERASURES,
            )
            return [each.erasure_id for each in listed.items]

        def shown(hours: int) -> api.Erasure:
            listed = erasing.list_erasures(
                tx, page, caller=MANAGER, now=NOW + timedelta(hours=hours), terms=ERASURES
            )
            [erasure] = listed.items
            return erasure

        assert (shown(0).missing, shown(0).overdue, shown(2).overdue) == (
            ["recharges"],
            False,
            True,
        )
        assert (overdue(0), overdue(2)) == ([], [erasure_id])
        twice = receipt(erasure_id, service="recharges")
        erasing.take_receipts(tx, [twice, twice])
        assert (shown(2).missing, shown(2).overdue, overdue(2)) == ([], False, [])
        assert [each.service for each in shown(2).receipts] == [
            "mediation",
            "recharges",
            "referrals",
        ]


class TestAccess:
    def test_is_noted_for_each_who_is_read_or_written(self, tx: Tx) -> None:
        referral = submit(tx, **ZOE)
        person_ref = accept(tx, referral.referral_id).person_ref
        showing.show_person(tx, person_ref, caller=DESK, now=NOW)
        showing.show_referral(tx, referral.referral_id, caller=DESK, now=NOW)
        export(tx, person_ref)

        listed = accesses.list_accesses(tx, person_ref, api.AccessPage(), caller=MANAGER)

        assert [(each.what, each.by_role) for each in listed.items] == [
            ("export_asked", "site_manager"),
            ("referral_shown", "till_operator"),
            ("person_shown", "till_operator"),
            ("identity_written", "referrer"),
        ]
        assert listed.items[1].site_codes == ["saint-denis"]

    def test_is_written_once_and_kept_for_its_months(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        for statement in (
            "UPDATE access SET what = 'nothing' WHERE person_ref = %s",
            "DELETE FROM access WHERE person_ref = %s",
        ):
            with pytest.raises(errors.RestrictViolation), tx.transaction():
                tx.execute(statement.encode(), (person_ref,))

    def test_goes_with_its_month_once_that_is_old_enough(self, tx: Tx) -> None:
        old = NOW.replace(year=2020)
        person_ref = accept(tx, submit(tx, now=old, **ZOE).referral_id, now=old).person_ref
        showing.show_person(tx, person_ref, caller=DESK, now=NOW)

        retaining.drop_what_is_old(tx, now=NOW)

        listed = accesses.list_accesses(tx, person_ref, api.AccessPage(), caller=MANAGER)
        assert [each.what for each in listed.items] == ["person_shown"]


class TestQuestion:
    def test_holds_a_key_and_pseudonyms_only(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        export(tx, person_ref)

        question = asked(tx)

        assert question.person_refs == [person_ref]
        assert len(personal.decoded(question.public_key)) == 32
