"""People who come without a referral: in for a short time, until a referrer confirms."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID, uuid4

import pytest

from chassis.auth import Caller, OtherSite
from services.referrals.api import referrals as referral_api
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain import structure
from services.referrals.handlers import answering, clocks, learning, showing, slips
from tests.fix_stack import TxOf
from tests.referrals import letterbox
from tests.referrals.build import (
    DESK,
    MANAGER,
    NOW,
    SEAL,
    SITE,
    Tx,
    a_caller,
    a_fact,
    a_house,
    accept,
    confirm,
    employ,
    new_id,
    on,
    open_site,
    renew,
    set_rule,
    steps,
    submit,
    told,
    walk_in,
)

TODAY = NOW.date()
MONTH_ON = date(2026, 12, 20)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    open_site(opened, "lyon")
    return opened


def types(tx: Tx, subject: object) -> list[str]:
    return [
        fact["type"].removeprefix("referrals.").removesuffix(".v1") for fact in told(tx, subject)
    ]


def changes(tx: Tx, person_ref: UUID) -> list[str]:
    rows = tx.execute(
        "SELECT change FROM entitlement_change JOIN entitlement USING (entitlement_id)"
        " WHERE person_ref = %s ORDER BY change_id",
        (person_ref,),
    )
    return [row["change"] for row in rows]


class TestWalkIn:
    PERSON: ClassVar[Any] = {"given_name": "Malo", "family_name": "Ajonc"}

    def test_is_in_for_a_month_and_others_are_told_as_usual(self, tx: Tx) -> None:
        entered = walk_in(tx, **self.PERSON)

        assert entered.expires_on == MONTH_ON
        assert entered.entitlement.until_on == MONTH_ON
        assert entered.entitlement.provisional
        assert steps(tx, entered.referral_id) == ["provisional"]
        assert types(tx, entered.referral_id) == ["referral.submitted"]
        [opened] = told(tx, entered.person_ref)
        assert opened["type"] == "referrals.entitlement.opened.v1"
        assert (opened["data"]["from"], opened["data"]["until"]) == ("2026-11-20", "2026-12-20")

    def test_becomes_whole_from_its_first_day_once_a_referrer_confirms(self, tx: Tx) -> None:
        entered = walk_in(tx, **self.PERSON)
        me = a_caller("referrer")

        confirmed = confirm(tx, entered.referral_id, by=me, now=on(date(2026, 12, 19)))

        assert confirmed.entitlement.until_on == date(2027, 8, 20)
        assert not confirmed.entitlement.provisional
        assert steps(tx, entered.referral_id) == ["provisional", "accepted"]
        assert types(tx, entered.referral_id) == ["referral.submitted", "referral.accepted"]
        assert types(tx, entered.person_ref) == ["entitlement.opened", "entitlement.renewed"]
        assert changes(tx, entered.person_ref) == ["opened", "confirmed"]
        mine = showing.list_referrals(tx, referral_api.ReferralPage(), caller=me, now=NOW).items
        assert [(each.referral_id, each.walk_in) for each in mine] == [(entered.referral_id, True)]
        with pytest.raises(referrals.NoWalkIn):
            confirm(tx, entered.referral_id, by=me)
        again = submit(tx, now=on(date(2027, 1, 20)), **self.PERSON)
        renewed = renew(tx, entered.person_ref, again.referral_id, now=on(date(2027, 1, 20)))
        assert renewed.entitlement.until_on == date(2028, 5, 20)

    def test_lapses_and_ends_unconfirmed_and_is_not_had_twice(self, tx: Tx) -> None:
        entered = walk_in(tx, **self.PERSON)

        with pytest.raises(referrals.ReferralLapsed):
            confirm(tx, entered.referral_id, by=a_caller("referrer"), now=on(MONTH_ON))
        with pytest.raises(referrals.WalkedInBefore):
            walk_in(tx, now=on(MONTH_ON), **self.PERSON)
        assert clocks.end_entitlements(tx, now=on(MONTH_ON), new_id=new_id) == 1
        assert clocks.let_referrals_lapse(tx, now=on(MONTH_ON), new_id=new_id) == 1

        assert steps(tx, entered.referral_id, now=on(MONTH_ON)) == ["provisional", "lapsed"]
        assert types(tx, entered.referral_id) == ["referral.submitted", "referral.lapsed"]
        assert told(tx, entered.referral_id)[-1]["data"]["walk_in"] is True
        assert types(tx, entered.person_ref) == ["entitlement.opened", "entitlement.ended"]
        with pytest.raises(referrals.WalkedInBefore):
            walk_in(tx, now=on(MONTH_ON), **self.PERSON)
        referred = submit(tx, now=on(MONTH_ON), **self.PERSON)
        accept(tx, referred.referral_id, now=on(MONTH_ON))
        much_later = on(date(2028, 1, 1))
        walk_in(tx, now=much_later, **self.PERSON)

    def test_is_confirmed_by_the_structure_that_was_asked_and_no_other(self, tx: Tx) -> None:
        me, colleague, stranger = (a_caller("referrer") for _ in range(3))
        house = a_house(tx, me, colleague)
        a_house(tx, stranger)
        employ(tx, house, me, email="zoe@ccas.example")
        entered = walk_in(tx, structure_id=str(house), **self.PERSON)

        for other in (stranger, a_caller("referrer")):
            with pytest.raises(referrals.ReferralUnknown):
                confirm(tx, entered.referral_id, by=other)
        seen = showing.list_referrals(tx, referral_api.ReferralPage(), caller=me, now=NOW).items
        assert [each.state for each in seen] == ["provisional"]
        confirm(tx, entered.referral_id, by=colleague)

        [(kind, asked)] = letterbox.filed(tx)  # the colleague left no address
        assert kind == "referral_provisional"
        assert asked["To"] == "zoe@ccas.example"
        assert f"{entered.code} est provisoire : elle prend fin le 19 décembre" in letterbox.words(
            asked
        )
        with pytest.raises(structure.StructureUnknown):
            walk_in(tx, structure_id=str(uuid4()))

    def test_is_not_accepted_refused_revoked_or_renewed_by_the_site(self, tx: Tx) -> None:
        entered = walk_in(tx, **self.PERSON)
        refuse = referral_api.RefuseReferral(reason="Plus de place.")
        revoke = referral_api.RevokeSlip(reason="Perdu")

        for call in (
            lambda: accept(tx, entered.referral_id),
            lambda: answering.refuse_referral(
                tx, entered.referral_id, refuse, caller=DESK, now=NOW, new_id=new_id
            ),
            lambda: slips.revoke_slip(
                tx, entered.referral_id, revoke, caller=DESK, now=NOW, new_id=new_id
            ),
        ):
            with pytest.raises(referrals.AwaitsConfirmation):
                call()

    def test_nobody_is_in_twice(self, tx: Tx) -> None:
        first = walk_in(tx, **self.PERSON)
        with pytest.raises(referrals.WalkedInAlready) as refused:
            walk_in(tx, **self.PERSON)
        assert refused.value.values == {
            "referral_code": first.code,
            "last_on": MONTH_ON - timedelta(days=1),
        }
        with pytest.raises(referrals.WalkedInElsewhere):
            submit(tx, **self.PERSON)
        with pytest.raises(referrals.OpenElsewhere):
            walk_in(tx, by=a_caller("till_operator", "lyon"), site_code="lyon", **self.PERSON)

        other: Any = {"given_name": "Nour", "family_name": "Bleuet"}
        accept(tx, submit(tx, **other).referral_id)
        with pytest.raises(entitlements.EntitlementActive):
            walk_in(tx, **other)
        third: Any = {"given_name": "Lou", "family_name": "Carline"}
        submit(tx, **third)
        with pytest.raises(referrals.OpenAlready):
            walk_in(tx, **third)

    def test_is_named_to_the_house_that_is_asked_to_confirm_it(self, tx: Tx) -> None:
        house = a_house(tx, me := a_caller("referrer"))
        first = walk_in(tx, structure_id=str(house), **self.PERSON)

        with pytest.raises(referrals.WalkedInAlready) as refused:
            submit(tx, caller=me, **self.PERSON)

        assert refused.value.values["referral_code"] == first.code

    def test_belongs_to_the_site_of_who_takes_them_in(self, tx: Tx) -> None:
        with pytest.raises(OtherSite):
            walk_in(tx, site_code="lyon")

    def test_lasts_as_long_as_the_rule_says(self, tx: Tx) -> None:
        set_rule(tx, "walk_in_months", 2)

        assert walk_in(tx).expires_on == date(2027, 1, 20)

    def test_first_visit_counts_from_the_provisional_entry(self, tx: Tx) -> None:
        entered = walk_in(tx, **self.PERSON)
        sale = a_fact(
            "recharges.sale.completed.v1",
            {"person_ref": str(entered.person_ref)},
            at=NOW + timedelta(hours=1),
        )

        learning.note_visits(tx, [sale], now=NOW, new_id=new_id)
        confirm(tx, entered.referral_id, by=a_caller("referrer"), now=NOW + timedelta(hours=2))

        assert steps(tx, entered.referral_id) == ["provisional", "first_visit", "accepted"]

    def test_slip_is_provisional_and_a_referrals_is_not(self, tx: Tx) -> None:
        def is_provisional(referral_id: UUID) -> bool:
            return slips.find_paper(tx, referral_id, caller=DESK, now=NOW, seal=SEAL).provisional

        assert is_provisional(walk_in(tx, **self.PERSON).referral_id)
        assert not is_provisional(submit(tx).referral_id)

    def test_shows_the_person_to_the_site(self, tx: Tx) -> None:
        entered = walk_in(tx, **self.PERSON)

        shown = showing.show_referral(tx, entered.referral_id, caller=DESK, now=NOW)

        assert (shown.state, shown.person_ref, shown.site_code) == (
            "provisional",
            entered.person_ref,
            SITE,
        )


class TestCode:
    """What a referrer finds who is told the code of an entry."""

    PERSON: ClassVar[Any] = {"given_name": "Malo", "family_name": "Ajonc"}

    def find(
        self, tx: Tx, code: str | None, *, by: Caller, now: datetime = NOW
    ) -> list[referral_api.ReferralSummary]:
        page = referral_api.ReferralPage(code=code)
        return list(showing.list_referrals(tx, page, caller=by, now=now).items)

    def test_finds_as_little_as_it_takes_to_confirm(self, tx: Tx) -> None:
        me = a_caller("referrer")
        a_house(tx, me)
        entered = walk_in(tx, needs=("recharge", "sim"), **self.PERSON)

        [found] = self.find(tx, entered.code.lower().replace("-", " "), by=me)

        assert (found.code, found.site_code) == (entered.code, SITE)
        assert found.needs == ["recharge", "sim"]
        assert found.person == referral_api.PersonName(given_name="M.", family_name="A.")
        assert found.situation is None
        with pytest.raises(referrals.ReferralUnknown):
            showing.show_referral(tx, entered.referral_id, caller=me, now=NOW)
        confirm(tx, found.referral_id, by=me)
        [mine] = self.find(tx, None, by=me)
        assert mine.person == referral_api.PersonName(**self.PERSON)
        assert mine.situation == "budget"
        assert self.find(tx, entered.code, by=a_caller("referrer")) == []

    def test_is_all_that_finds_it(self, tx: Tx) -> None:
        me = a_caller("referrer")
        entered = walk_in(tx, **self.PERSON)

        assert self.find(tx, None, by=me) == []
        assert self.find(tx, entered.code[:4], by=me) == []
        assert self.find(tx, entered.code, by=me, now=on(MONTH_ON)) == []

    def test_finds_nothing_for_whoever_may_not_confirm(self, tx: Tx) -> None:
        named, stranger = a_caller("referrer"), a_caller("referrer")
        house = a_house(tx, named)
        asked = walk_in(tx, structure_id=str(house), **self.PERSON)
        sent = submit(tx)
        for code in (asked.code, sent.code):
            assert self.find(tx, code, by=stranger) == []
        [known] = self.find(tx, asked.code, by=named)
        assert known.person == referral_api.PersonName(**self.PERSON)

        entered = walk_in(tx)
        set_rule(tx, "accreditation_required", 1)
        assert self.find(tx, entered.code, by=stranger) == []
        [at_desk] = self.find(tx, entered.code, by=MANAGER)
        assert at_desk.situation == "budget"
