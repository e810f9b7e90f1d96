"""Referrals, end to end within one database: people, entitlements, facts, histories."""

import json
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from chassis.auth import OtherSite
from services.referrals import events
from services.referrals.api import referrals as referral_api
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain.person import PersonNotValid, PersonUnknown
from services.referrals.handlers import answering, learning, showing, slips
from services.referrals.seal import read
from tests.fix_stack import TxOf
from tests.referrals.build import (
    DESK,
    NOW,
    SEAL,
    SITE,
    Tx,
    a_caller,
    a_fact,
    a_house,
    accept,
    new_id,
    on,
    open_site,
    person_of,
    renew,
    see,
    steps,
    submit,
    told,
)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    return opened


class TestSubmit:
    def test_gives_a_code_and_a_slip_and_tells_no_name(self, tx: Tx) -> None:
        made = submit(tx, needs=("recharge", "computer"), phone="06 39 98 00 12")

        assert made.expires_on == date(2027, 2, 20)
        slip = read(made.qr, public_key=SEAL.public_key, on=NOW.date())
        assert (slip.referral_id, slip.code) == (made.referral_id, made.code)
        assert told(tx, made.referral_id) == [
            {
                "type": "referrals.referral.submitted.v1",
                "site": SITE,
                "data": {
                    "referral_id": str(made.referral_id),
                    "site_code": SITE,
                    "situation": "budget",
                    "needs": ["recharge", "computer"],
                    "expires_on": "2027-02-20",
                },
            }
        ]
        assert steps(tx, made.referral_id) == ["submitted"]

    def test_counts_the_day_in_paris(self, tx: Tx) -> None:
        just_after_midnight = datetime.fromisoformat("2026-11-20T23:30:00+00:00")

        assert submit(tx, now=just_after_midnight).expires_on == date(2027, 2, 21)

    def test_needs_a_site_that_was_heard_of(self, tx: Tx) -> None:
        with pytest.raises(referrals.SiteUnknown):
            submit(tx, site_code="atlantis")

    def test_refuses_a_person_who_cannot_be(self, tx: Tx) -> None:
        with pytest.raises(PersonNotValid):
            submit(tx, birth_date="2026-11-20")

    def test_draws_another_code_when_one_is_taken(self, tx: Tx) -> None:
        drawn = iter([7, 7, 8])

        codes = [submit(tx, draw=lambda _: next(drawn)).code for _ in range(2)]

        assert len(set(codes)) == 2


class TestSecond:
    PERSON: ClassVar[Any] = {"given_name": "Anouk", "family_name": "Bruyère"}

    def test_is_refused_while_one_is_open_at_any_site(self, tx: Tx) -> None:
        open_site(tx, "lyon")
        me = a_caller("referrer")
        first = submit(tx, caller=me, **self.PERSON)
        see(tx, first.referral_id)

        with pytest.raises(referrals.OpenAlready) as refused:
            submit(tx, caller=me, site_code="lyon", **self.PERSON)

        assert refused.value.values == {"referral_code": first.code, "site_code": SITE}
        row = tx.execute("SELECT count(*) AS sent FROM referral").fetchone()
        assert row == {"sent": 1}

    def test_names_the_first_to_its_own_house_alone(self, tx: Tx) -> None:
        me, colleague, stranger = (a_caller("referrer") for _ in range(3))
        a_house(tx, me, colleague)
        a_house(tx, stranger)
        submit(tx, caller=me, **self.PERSON)

        with pytest.raises(referrals.OpenAlready):
            submit(tx, caller=colleague, **self.PERSON)
        for other in (stranger, a_caller("referrer")):
            with pytest.raises(referrals.OpenElsewhere) as refused:
                submit(tx, caller=other, **self.PERSON)
            assert refused.value.values == {}

    def test_house_of_nobody_is_nobodys_house(self, tx: Tx) -> None:
        submit(tx, caller=a_caller("referrer"), **self.PERSON)

        with pytest.raises(referrals.OpenElsewhere):
            submit(tx, caller=a_caller("referrer"), **self.PERSON)

    def test_is_taken_once_the_first_was_answered_or_has_lapsed(self, tx: Tx) -> None:
        first = submit(tx, **self.PERSON)
        body = referral_api.RefuseReferral(reason="Plus de place.")
        answering.refuse_referral(tx, first.referral_id, body, caller=DESK, now=NOW, new_id=new_id)
        second = submit(tx, **self.PERSON)
        last_day = on(second.expires_on - timedelta(days=1))
        with pytest.raises(referrals.OpenElsewhere):
            submit(tx, now=last_day, **self.PERSON)

        third = submit(tx, now=on(second.expires_on), **self.PERSON)
        accept(tx, third.referral_id, now=on(third.expires_on - timedelta(days=1)))
        submit(tx, now=on(third.expires_on - timedelta(days=1)), **self.PERSON)


class TestOnePerson:
    @pytest.mark.parametrize(
        "same",
        [
            {"given_name": "HELENE", "family_name": "epervier", "birth_date": "1980-05-17"},
            {"given_name": "Hélène", "family_name": "Épervier", "birth_date": "1980-05-17"},
            {"given_name": "Epervier", "family_name": "Hélène", "birth_date": "1980-05-17"},
            {"given_name": "Helene", "phone": "0033 6.39.98.00.12", "birth_date": "1980-05-17"},
        ],
    )
    def test_is_one_by_names_or_given_name_and_phone_with_the_birth_date(
        self, tx: Tx, same: Any
    ) -> None:
        first = submit(tx, given_name="Hélène", family_name="Épervier", phone="06 39 98 00 12")
        accept(tx, first.referral_id)

        assert person_of(tx, submit(tx, **same).referral_id) == person_of(tx, first.referral_id)

    @pytest.mark.parametrize(
        "other",
        [
            {"given_name": "Hélène", "family_name": "Épervier", "birth_date": "1980-05-18"},
            {"given_name": "Joachim", "phone": "06 39 98 00 12", "birth_date": "1979-01-01"},
            {  # twins
                "given_name": "Joachim",
                "family_name": "Épervier",
                "phone": "06 39 98 00 12",
                "birth_date": "1980-05-17",
            },
            {"given_name": "Hélène", "family_name": "Épervier", "namesake": True},
        ],
    )
    def test_couple_twins_with_one_phone_and_namesakes_are_two(self, tx: Tx, other: Any) -> None:
        first = submit(tx, given_name="Hélène", family_name="Épervier", phone="06 39 98 00 12")

        assert person_of(tx, submit(tx, **other).referral_id) != person_of(tx, first.referral_id)

    def test_name_weighs_more_than_phone(self, tx: Tx) -> None:
        one = submit(tx, given_name="Hélène", family_name="Épervier")
        accept(tx, one.referral_id)
        submit(tx, given_name="Lena", family_name="Iris", phone="0639980012")

        both = submit(tx, given_name="Hélène", family_name="Épervier", phone="0639980012")

        assert person_of(tx, both.referral_id) == person_of(tx, one.referral_id)

    def test_of_a_namesake_is_found_again_by_phone(self, tx: Tx) -> None:
        who: dict[str, Any] = {"given_name": "Hélène", "family_name": "Épervier"}
        first = submit(tx, **who, phone="0639980012")
        namesake = submit(tx, **who, phone="0639980013", namesake=True)
        for made in (first, namesake):
            accept(tx, made.referral_id)

        again = [submit(tx, **who, phone=f"06 39 98 00 1{end}") for end in (3, 2)]

        assert [person_of(tx, each.referral_id) for each in again] == [
            person_of(tx, namesake.referral_id),
            person_of(tx, first.referral_id),
        ]

    def test_is_no_namesake_of_nobody(self, tx: Tx) -> None:
        made = submit(tx, given_name="Hélène", family_name="Épervier", namesake=True)
        accept(tx, made.referral_id)

        again = submit(tx, given_name="Hélène", family_name="Épervier")

        assert person_of(tx, again.referral_id) == person_of(tx, made.referral_id)


class TestAccept:
    def test_opens_an_entitlement_and_tells(self, tx: Tx) -> None:
        made = submit(tx)

        entitled = accept(tx, made.referral_id)

        assert entitled.model_dump(mode="json", by_alias=True) == {
            "person_ref": str(person_of(tx, made.referral_id)),
            "entitlement": {
                "from": "2026-11-20",
                "until": "2027-08-20",
                "monthly_cap_cents": 3000,
                "provisional": False,
            },
        }
        assert [fact["type"] for fact in told(tx, made.referral_id)] == [
            "referrals.referral.submitted.v1",
            "referrals.referral.accepted.v1",
        ]
        [opened] = told(tx, entitled.person_ref)
        assert opened["type"] == "referrals.entitlement.opened.v1"
        assert opened["data"] == {
            "person_ref": str(entitled.person_ref),
            "from": "2026-11-20",
            "until": "2027-08-20",
            "monthly_cap_cents": 3000,
        }
        assert steps(tx, made.referral_id) == ["submitted", "seen", "accepted"]

    def test_is_seen_once_however_often_it_is_looked_at(self, tx: Tx) -> None:
        made = submit(tx)

        for _ in range(2):
            seen = see(tx, made.referral_id)
            assert seen.state == "seen"
        accept(tx, made.referral_id)

        assert steps(tx, made.referral_id) == ["submitted", "seen", "accepted"]

    def test_answered_one_is_not_answered_again(self, tx: Tx) -> None:
        made = submit(tx)
        accept(tx, made.referral_id)

        with pytest.raises(referrals.OutOfTurn):
            accept(tx, made.referral_id)

    def test_lapsed_one_is_not_accepted(self, tx: Tx) -> None:
        made = submit(tx)

        accept_on = on(made.expires_on)
        with pytest.raises(referrals.ReferralLapsed):
            accept(tx, made.referral_id, now=accept_on)
        assert steps(tx, made.referral_id, now=accept_on) == ["submitted", "lapsed"]

    def test_one_entitlement_in_the_whole_network(self, tx: Tx) -> None:
        open_site(tx, "lyon")
        person: Any = {"given_name": "Olga", "family_name": "Lilas"}
        accept(tx, submit(tx, **person).referral_id)
        elsewhere = submit(tx, site_code="lyon", **person)
        last_day, day_after = on(date(2027, 8, 19)), on(date(2027, 8, 20))
        later = submit(tx, site_code="lyon", now=last_day, **person)
        desk = a_caller("mediator", "lyon")

        with pytest.raises(entitlements.EntitlementActive) as refused:
            accept(tx, elsewhere.referral_id, by=desk)
        assert refused.value.values["last_on"] == date(2027, 8, 19)
        with pytest.raises(entitlements.EntitlementActive):
            accept(tx, later.referral_id, by=desk, now=last_day)
        again = accept(tx, later.referral_id, by=desk, now=day_after)
        assert again.entitlement.from_on == date(2027, 8, 20)

    def test_is_for_the_staff_of_the_site(self, tx: Tx) -> None:
        made = submit(tx)

        with pytest.raises(OtherSite):
            accept(tx, made.referral_id, by=a_caller("till_operator", "lyon"))
        accept(tx, made.referral_id, by=a_caller("admin"))

    def test_takes_the_figures_in_force_on_the_day(self, tx: Tx) -> None:
        made = submit(tx, now=on(date(2013, 3, 1)), birth_date="1970-01-01")

        entitled = accept(tx, made.referral_id, now=on(date(2013, 3, 15)))

        assert entitled.entitlement.until_on == date(2013, 9, 15), "six months until April 2013"

    def test_unknown_one_is_not_there(self, tx: Tx) -> None:
        with pytest.raises(referrals.ReferralUnknown):
            accept(tx, uuid4())


class TestRefuse:
    def test_keeps_the_words_and_tells_the_code(self, tx: Tx) -> None:
        made = submit(tx)
        body = referral_api.RefuseReferral(
            reason="Plus de place ce mois-ci.", reason_code="no_place"
        )

        refused = answering.refuse_referral(
            tx, made.referral_id, body, caller=DESK, now=NOW, new_id=new_id
        )

        assert refused.state == "refused"
        shown = showing.show_referral(tx, made.referral_id, caller=DESK, now=NOW)
        assert (shown.refusal_reason, shown.person_ref) == ("Plus de place ce mois-ci.", None)
        assert told(tx, made.referral_id)[-1]["data"] == {
            "referral_id": str(made.referral_id),
            "site_code": SITE,
            "reason_code": "no_place",
        }


class TestRenew:
    PERSON: ClassVar[Any] = {"given_name": "Kofi", "family_name": "Merisier"}

    def test_extends_once_on_a_new_referral_and_tells_the_whole_period(self, tx: Tx) -> None:
        first = accept(tx, submit(tx, **self.PERSON).referral_id)
        ref = first.person_ref
        new = submit(tx, **self.PERSON)

        renewed = renew(tx, ref, new.referral_id)

        assert renewed.entitlement.from_on == date(2026, 11, 20)
        assert renewed.entitlement.until_on == date(2028, 5, 20)
        assert told(tx, ref)[-1]["type"] == "referrals.entitlement.renewed.v1"
        assert told(tx, ref)[-1]["data"]["from"] == "2026-11-20"
        assert told(tx, ref)[-1]["data"]["until"] == "2028-05-20"
        assert steps(tx, new.referral_id) == ["submitted", "seen", "accepted", "renewed"]
        third = submit(tx, **self.PERSON)
        with pytest.raises(entitlements.RenewedAlready):
            renew(tx, ref, third.referral_id)

    def test_refuses_what_does_not_fit(self, tx: Tx) -> None:
        first = submit(tx, **self.PERSON)
        ref = accept(tx, first.referral_id).person_ref
        new, stranger = submit(tx, **self.PERSON), submit(tx)

        with pytest.raises(referrals.OutOfTurn):
            renew(tx, ref, first.referral_id)
        with pytest.raises(referrals.OtherPerson):
            renew(tx, ref, stranger.referral_id)
        with pytest.raises(PersonUnknown):
            renew(tx, uuid4(), new.referral_id)
        with pytest.raises(OtherSite):
            renew(tx, ref, new.referral_id, by=a_caller("mediator", "lyon"))

    def test_needs_an_entitlement_in_force(self, tx: Tx) -> None:
        made = submit(tx)

        with pytest.raises(entitlements.EntitlementMissing):
            renew(tx, person_of(tx, made.referral_id), made.referral_id)


class TestFirstVisit:
    def sale(self, person_ref: UUID, *, at: datetime) -> Any:
        data = events.SaleCompleted(person_ref=person_ref).model_dump(mode="json")
        return a_fact("recharges.sale.completed.v1", data, at=at)

    def test_is_what_the_slip_can_be_printed_until(self, tx: Tx) -> None:
        made = submit(tx)
        ref = accept(tx, made.referral_id).person_ref

        def paper() -> Any:
            return slips.find_paper(tx, made.referral_id, caller=DESK, now=NOW, seal=SEAL)

        assert paper().code == made.code

        learning.note_visits(tx, [self.sale(ref, at=NOW)], now=NOW, new_id=new_id)

        with pytest.raises(referrals.OutOfTurn):
            paper()

    def test_is_the_earliest_sale_in_whatever_order_they_come(self, tx: Tx) -> None:
        made = submit(tx)
        ref = accept(tx, made.referral_id).person_ref
        hours = [5, 3, 8, 3]

        for hour in hours:
            visit = self.sale(ref, at=NOW + timedelta(hours=hour))
            learning.note_visits(tx, [visit, self.sale(uuid4(), at=NOW)], now=NOW, new_id=new_id)

        shown = showing.show_referral(tx, made.referral_id, caller=DESK, now=NOW)
        visits = [step for step in shown.steps if step.step == "first_visit"]
        assert [step.at for step in visits] == [NOW + timedelta(hours=3)]

    def test_belongs_to_the_acceptance_before_it(self, tx: Tx) -> None:
        person: Any = {"given_name": "Esma", "family_name": "Pinson"}
        first = submit(tx, **person)
        ref = accept(tx, first.referral_id).person_ref
        second = submit(tx, now=on(date(2027, 9, 1)), **person)
        accept(tx, second.referral_id, now=on(date(2027, 9, 1)))

        sold_at = (on(date(2027, 9, 2)), on(date(2027, 1, 5)))
        learning.note_visits(tx, [self.sale(ref, at=at) for at in sold_at], now=NOW, new_id=new_id)

        assert steps(tx, first.referral_id)[-1] == "first_visit"
        assert steps(tx, second.referral_id)[-1] == "first_visit"


class TestShow:
    def test_referrer_sees_their_own_and_no_other(self, tx: Tx) -> None:
        me = a_caller("referrer")
        mine = submit(tx, caller=me)
        submit(tx)

        listed = showing.list_referrals(tx, referral_api.ReferralPage(), caller=me, now=NOW)

        assert [each.referral_id for each in listed.items] == [mine.referral_id]
        with pytest.raises(referrals.ReferralUnknown):
            showing.show_referral(tx, mine.referral_id, caller=a_caller("referrer"), now=NOW)

    def test_referrer_sees_those_of_their_house(self, tx: Tx) -> None:
        me, colleague, stranger = (a_caller("referrer") for _ in range(3))
        a_house(tx, me, colleague)
        a_house(tx, stranger)
        made = [submit(tx, caller=each) for each in (me, colleague, stranger)]

        listed = showing.list_referrals(tx, referral_api.ReferralPage(), caller=me, now=NOW)

        ours = [each.referral_id for each in (made[1], made[0])]
        assert [each.referral_id for each in listed.items] == ours
        shown = showing.show_referral(tx, ours[0], caller=me, now=NOW)
        assert shown.code == made[1].code
        with pytest.raises(referrals.ReferralUnknown):
            showing.show_referral(tx, ours[0], caller=stranger, now=NOW)

    def test_staff_see_their_site_by_state_and_code_page_by_page(self, tx: Tx) -> None:
        open_site(tx, "lyon")
        made = [submit(tx) for _ in range(5)]
        submit(tx, site_code="lyon")
        accept(tx, made[2].referral_id)

        def ids(caller: Any = DESK, **query: Any) -> list[UUID]:
            page = referral_api.ReferralPage(**query)
            found = showing.list_referrals(tx, page, caller=caller, now=NOW)
            assert found.last in (None, str(found.items[-1].referral_id))
            return [each.referral_id for each in found.items]

        newest_first = [each.referral_id for each in reversed(made)]
        assert ids() == ids(site_code=SITE) == newest_first
        assert ids(state="accepted") == [made[2].referral_id]
        assert ids(code=made[3].code.lower().replace("-", "")) == [made[3].referral_id]
        assert ids(limit=2, after=newest_first[1]) == newest_first[2:4]
        with pytest.raises(OtherSite):
            ids(site_code="lyon")
        lyon = a_caller("site_manager", "lyon")
        with pytest.raises(OtherSite):
            showing.show_referral(tx, made[0].referral_id, caller=lyon, now=NOW)

    def test_lists_what_lapsed_as_lapsed(self, tx: Tx) -> None:
        made = submit(tx)
        later = on(made.expires_on)

        def found(state: Any) -> list[UUID]:
            page = referral_api.ReferralPage(state=state)
            listed = showing.list_referrals(tx, page, caller=DESK, now=later)
            return [each.referral_id for each in listed.items if each.state == state]

        assert found("lapsed") == [made.referral_id]
        assert found("submitted") == []

    def test_till_sees_the_name_and_the_entitlement_in_force(self, tx: Tx) -> None:
        entitled = accept(tx, submit(tx, given_name="Zoé", family_name="Roseau").referral_id)

        shown = showing.show_person(tx, entitled.person_ref, caller=DESK, now=NOW)
        ended = showing.show_person(tx, entitled.person_ref, caller=DESK, now=on(date(2027, 8, 20)))

        assert (shown.given_name, shown.family_name) == ("Zoé", "Roseau")
        assert shown.entitlement == entitled.entitlement
        assert ended.entitlement is None
        with pytest.raises(PersonUnknown):
            showing.show_person(tx, uuid4(), caller=DESK, now=NOW)


class TestSecrecy:
    def test_identity_stands_in_one_table_alone(self, tx: Tx) -> None:
        made = submit(
            tx,
            given_name="Pélagie",
            family_name="Hirondelle",
            phone="06 39 98 04 77",
            email="pelagie@courriel.example",
            birth_date="1961-03-09",
        )
        accept(tx, made.referral_id)
        tables = [
            row["table_name"]
            for row in tx.execute(
                "SELECT table_name FROM information_schema.tables"
                " WHERE table_schema = 'referrals' AND table_name <> 'person'"
            )
        ]
        assert {"outbox", "referral", "referral_step", "entitlement"} <= set(tables)

        for table in tables:
            kept = tx.execute(f"SELECT {table}::text AS kept FROM {table}".encode()).fetchall()
            for secret in ("Pélagie", "irondelle", "639980477", "pelagie", "1961-03-09"):
                assert secret not in json.dumps(kept, ensure_ascii=False), table
