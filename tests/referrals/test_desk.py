"""What a desk's pages show: its table, a person's file by role, figures by site."""

from dataclasses import replace
from datetime import timedelta

import pytest

from chassis.auth import Caller, OtherSite
from services.referrals.api import referrals as api
from services.referrals.handlers import desk, following, showing
from services.referrals.handlers.merging import merge_person
from tests.fix_stack import TxOf
from tests.referrals.build import (
    DESK,
    MANAGER,
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

#: A week and a half later every answer that was due is late.
LATE = NOW + timedelta(days=10)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    tx = tx_of("referrals")
    open_site(tx)
    open_site(tx, "marseille")
    return tx


class TestTable:
    def test_lies_with_what_is_late_on_top_and_counts_it(self, tx: Tx) -> None:
        first = submit(tx, given_name="Aline", now=NOW)
        second = submit(tx, given_name="Boris", now=NOW + timedelta(days=9))

        day = desk.show_day(tx, SITE, caller=MANAGER, now=LATE)

        assert [each.referral_id for each in day.waiting] == [
            first.referral_id,
            second.referral_id,
        ]
        assert (day.overdue_count, day.latest) == (1, second.referral_id)
        assert day.answered == []

    def test_keeps_what_was_answered_until_the_day_is_over(self, tx: Tx) -> None:
        sent = submit(tx)
        accept(tx, sent.referral_id, by=MANAGER)

        today, tomorrow = (
            desk.show_day(tx, SITE, caller=MANAGER, now=at) for at in (NOW, NOW + timedelta(days=1))
        )

        assert [each.state for each in today.answered] == ["accepted"]
        assert (tomorrow.answered, tomorrow.waiting) == ([], [])

    def test_says_how_many_are_new_and_names_nobody(self, tx: Tx) -> None:
        known = submit(tx, given_name="Aline")
        submit(tx, given_name="Boris", now=NOW + timedelta(hours=1))

        def noted() -> int:
            row = tx.execute("SELECT count(*) AS noted FROM access").fetchone()
            assert row is not None
            return int(row["noted"])

        before = noted()
        count = desk.count_newer(tx, SITE, after=known.referral_id, caller=MANAGER, now=NOW)

        assert (count, noted()) == (1, before)

    def test_is_its_own_site_s_alone(self, tx: Tx) -> None:
        with pytest.raises(OtherSite):
            desk.show_day(tx, SITE, caller=a_caller("site_manager", "marseille"), now=NOW)


class TestFile:
    @pytest.mark.parametrize(
        ("role", "volunteer", "history", "correcting", "managing"),
        [
            ("till_operator", False, False, True, False),
            ("till_operator", True, False, False, False),
            ("mediator", False, True, True, False),
            ("mediator", True, False, False, False),
            ("site_manager", False, True, True, True),
            ("admin", False, True, True, True),
        ],
    )
    def test_shows_its_parts_by_role(
        self, role: str, volunteer: bool, history: bool, correcting: bool, managing: bool
    ) -> None:
        caller = Caller(
            user_id=new_id(), role=role, site_codes=frozenset({SITE}), volunteer=volunteer
        )

        assert desk.Sight.of(caller) == desk.Sight(
            history=history, correcting=correcting, managing=managing
        )

    def test_tells_nothing_of_other_sites_referrals(self, tx: Tx) -> None:
        sent = submit(tx)
        accept(tx, sent.referral_id, by=MANAGER)
        person_ref = person_of(tx, sent.referral_id)

        here = desk.show_person(tx, person_ref, caller=MANAGER, now=NOW)
        there = desk.show_person(
            tx, person_ref, caller=a_caller("site_manager", "marseille"), now=NOW
        )

        assert [each.referral_id for each in here.referrals] == [sent.referral_id]
        assert there.referrals == []
        assert here.standing == there.standing is not None

    def test_names_who_is_merged_into_it_until_that_is_undone(self, tx: Tx) -> None:
        one, other = (
            person_of(tx, submit(tx, given_name=name).referral_id) for name in ("Aline", "Boris")
        )
        joined = desk.preview_merge(tx, one, other, caller=MANAGER, now=NOW)
        merge_person(tx, one, other, caller=MANAGER, now=NOW, new_id=new_id)

        file = desk.show_person(tx, one, caller=MANAGER, now=NOW)

        assert [each.person.given_name for each in joined.files] == ["Aline", "Boris"]
        assert file.person.person_ref == other
        assert [row["given_name"] for row in file.merges] == ["Aline"]
        assert len(file.referrals) == 2
        # Whom an erasure means that is asked for on this page.
        assert set(file.person_refs) == {one, other}

    def test_tells_whoever_only_sells_nothing_of_why_somebody_was_sent(self, tx: Tx) -> None:
        sent = submit(tx)
        volunteer = replace(a_caller("mediator", SITE), volunteer=True)

        told = [
            showing.show_referral(tx, sent.referral_id, caller=caller, now=NOW).situation
            for caller in (DESK, volunteer, a_caller("mediator", SITE), MANAGER)
        ]

        assert told == [None, None, "budget", "budget"]


class TestFigures:
    def test_count_what_waits_is_late_and_was_taken_in(self, tx: Tx) -> None:
        submit(tx, given_name="Aline")
        accepted = submit(tx, given_name="Boris")
        accept(tx, accepted.referral_id, by=MANAGER)
        walk_in(tx, given_name="Cosima")

        [now] = desk.count_by_site(tx, caller=MANAGER, now=NOW)
        [late] = desk.count_by_site(tx, caller=MANAGER, now=LATE)
        everywhere = desk.count_by_site(tx, caller=a_caller("admin"), now=NOW)

        figures = ("waiting", "overdue", "accepted")
        assert [now[name] for name in figures] == [1, 0, 1]
        assert late["overdue"] == 1
        assert {row["site_code"] for row in everywhere} >= {SITE, "marseille"}


class TestFollowing:
    def test_shows_each_referral_with_its_steps_and_where_one_sends_people(self, tx: Tx) -> None:
        referrer = a_caller("referrer")
        sent = submit(tx, caller=referrer)
        accept(tx, sent.referral_id, by=MANAGER)

        found = following.list_followed(
            tx, api.ReferralPage(limit=5), caller=referrer, now=NOW
        ).items
        sites, usual = following.list_places(tx, caller=referrer)

        assert [[step["step"] for step in each.steps] for each in found] == [
            ["submitted", "seen", "accepted"]
        ]
        assert (usual, SITE in {row["site_code"] for row in sites}) == (SITE, True)
