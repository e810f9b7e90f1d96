"""What the calendar does: referrals lapse, entitlements end, reminders go out, answers are due."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import pytest

from kernel.period import PARIS
from services.referrals.api import referrals as referral_api
from services.referrals.domain import entitlement as entitlements
from services.referrals.handlers import answering, clocks, showing
from tests.fix_stack import TxOf
from tests.referrals import letterbox
from tests.referrals.build import (
    DESK,
    NOW,
    SITE,
    Tx,
    a_caller,
    a_house,
    accept,
    employ,
    new_id,
    on,
    open_site,
    renew,
    see,
    set_rule,
    steps,
    submit,
    told,
    walk_in,
)
from tests.referrals.test_walk_ins import changes, types

EXPIRES = date(2027, 2, 20)
UNTIL = date(2027, 8, 20)
DAY = timedelta(days=1)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    open_site(opened, "lyon")
    return opened


@pytest.fixture
def zoe(tx: Tx) -> Any:
    """A referrer who is written to."""
    me = a_caller("referrer")
    employ(tx, a_house(tx, me), me, email="zoe@ccas.example")
    return me


def lapse(tx: Tx, day: date) -> int:
    return clocks.let_referrals_lapse(tx, now=on(day), new_id=new_id)


def end(tx: Tx, day: date) -> int:
    return clocks.end_entitlements(tx, now=on(day), new_id=new_id)


def remind(tx: Tx, day: date) -> int:
    return clocks.remind_of_ends(tx, now=on(day), new_id=new_id)


class TestLapse:
    def test_is_told_once_on_the_day_a_referral_is_no_longer_good(self, tx: Tx, zoe: Any) -> None:
        unread, read = submit(tx, caller=zoe), submit(tx, caller=zoe)
        see(tx, read.referral_id)

        assert lapse(tx, EXPIRES - DAY) == 0
        assert lapse(tx, EXPIRES + 3 * DAY) == 2
        assert lapse(tx, EXPIRES + 3 * DAY) == 0

        assert types(tx, read.referral_id) == ["referral.submitted", "referral.lapsed"]
        assert told(tx, unread.referral_id)[-1]["data"] == {
            "referral_id": str(unread.referral_id),
            "site_code": SITE,
            "walk_in": False,
        }
        assert letterbox.kinds(tx).count("referral_lapsed") == 2

    def test_shows_the_same_before_and_after_it_is_told(self, tx: Tx) -> None:
        made = submit(tx)
        now = on(EXPIRES + DAY)

        def history() -> Any:
            return showing.show_referral(tx, made.referral_id, caller=DESK, now=now)

        before = history()
        lapse(tx, EXPIRES + DAY)

        assert history() == before
        assert before.steps[-1].at == datetime(2027, 2, 20, tzinfo=PARIS)

    def test_takes_no_answered_one(self, tx: Tx) -> None:
        accept(tx, submit(tx).referral_id)
        body = referral_api.RefuseReferral(reason="Plus de place.")
        answering.refuse_referral(
            tx, submit(tx).referral_id, body, caller=DESK, now=NOW, new_id=new_id
        )

        assert lapse(tx, EXPIRES + DAY) == 0

    def test_takes_no_more_at_once_than_its_limit(
        self, tx: Tx, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(clocks, "BATCH_MAX", 2)
        for _ in range(5):
            submit(tx)

        assert [lapse(tx, EXPIRES) for _ in range(4)] == [2, 2, 1, 0]


class TestEnd:
    def test_is_told_once_on_the_day_after_the_last(self, tx: Tx, zoe: Any) -> None:
        made = submit(tx, caller=zoe)
        entitled = accept(tx, made.referral_id)

        assert end(tx, UNTIL - DAY) == 0
        assert end(tx, UNTIL) == 1
        assert end(tx, UNTIL) == 0

        ended = told(tx, entitled.person_ref)[-1]
        assert ended["type"] == "referrals.entitlement.ended.v1"
        assert ended["data"] == {"person_ref": str(entitled.person_ref), "on": "2027-08-20"}
        assert ended["site"] == SITE
        assert steps(tx, made.referral_id, now=on(UNTIL))[-1] == "ended"
        assert changes(tx, entitled.person_ref) == ["opened", "ended"]
        [mail] = [mail for kind, mail in letterbox.filed(tx) if kind == "referral_ended"]
        assert "Leur dernier jour était le 19 août 2027." in letterbox.words(mail)

    def test_waits_for_the_end_of_a_renewal_and_belongs_to_it(self, tx: Tx) -> None:
        person: Any = {"given_name": "Ines", "family_name": "Genêt"}
        first = submit(tx, **person)
        entitled = accept(tx, first.referral_id)
        second = submit(tx, **person)
        renew(tx, entitled.person_ref, second.referral_id)

        assert end(tx, UNTIL) == 0
        assert end(tx, date(2028, 5, 20)) == 1

        assert steps(tx, first.referral_id)[-2:] == ["accepted", "renewed"]
        assert steps(tx, second.referral_id)[-2:] == ["renewed", "ended"]

    def test_is_not_undone_by_a_renewal_of_a_moment_before(self, tx: Tx) -> None:
        person: Any = {"given_name": "Ines", "family_name": "Genêt"}
        entitled = accept(tx, submit(tx, **person).referral_id)
        again = submit(tx, now=on(UNTIL - DAY), **person)
        end(tx, UNTIL)

        with pytest.raises(entitlements.EntitlementMissing):
            renew(tx, entitled.person_ref, again.referral_id, now=on(UNTIL - DAY, hour=21))

    def test_leaves_room_for_a_new_one(self, tx: Tx) -> None:
        person: Any = {"given_name": "Ines", "family_name": "Genêt"}
        accept(tx, submit(tx, **person).referral_id)
        end(tx, UNTIL)

        again = accept(tx, submit(tx, now=on(UNTIL), **person).referral_id, now=on(UNTIL))

        assert again.entitlement.from_on == UNTIL


class TestReminder:
    PERSON: ClassVar[Any] = {
        "given_name": "Hélène",
        "family_name": "Épervier",
        "email": "helene@example.org",
    }

    def test_goes_once_to_the_person_and_the_referrer(self, tx: Tx, zoe: Any) -> None:
        entitled = accept(tx, submit(tx, caller=zoe, **self.PERSON).referral_id)

        assert remind(tx, UNTIL - 31 * DAY) == 0
        assert remind(tx, UNTIL - 30 * DAY) == 1
        assert remind(tx, UNTIL - 29 * DAY) == 0

        mails = [each for each in letterbox.filed(tx) if "reminder" in each[0]]
        assert [(kind, mail["To"]) for kind, mail in mails] == [
            ("person_reminder", "helene@example.org"),
            ("referral_reminder", "zoe@ccas.example"),
        ]
        for _, mail in mails:
            said = letterbox.words(mail)
            assert "le 19 août 2027" in said or "jusqu'au 19 août 2027" in said
            assert "Hélène" not in said
            assert "pervier" not in said
        assert changes(tx, entitled.person_ref) == ["opened", "reminded"]

    def test_goes_again_for_the_end_of_a_renewal(self, tx: Tx) -> None:
        entitled = accept(tx, submit(tx, **self.PERSON).referral_id)
        remind(tx, UNTIL - 10 * DAY)
        again = submit(tx, now=on(UNTIL - 9 * DAY), **self.PERSON)
        renew(tx, entitled.person_ref, again.referral_id, now=on(UNTIL - 9 * DAY))

        assert remind(tx, UNTIL) == 0
        assert remind(tx, date(2028, 5, 1)) == 1

        assert letterbox.kinds(tx) == ["person_reminder"] * 2
        assert changes(tx, entitled.person_ref) == ["opened", "reminded", "renewed", "reminded"]

    def test_comes_as_early_as_the_rule_says_and_never_after_the_end(self, tx: Tx) -> None:
        accept(tx, submit(tx, **self.PERSON).referral_id)
        set_rule(tx, "reminder_days", 5)

        assert remind(tx, UNTIL - 6 * DAY) == 0
        assert remind(tx, UNTIL) == 0
        assert remind(tx, UNTIL - 5 * DAY) == 1

    def test_is_none_for_who_waits_to_be_confirmed(self, tx: Tx) -> None:
        entered = walk_in(tx, **self.PERSON)

        assert remind(tx, entered.expires_on - DAY) == 0

    def test_an_address_that_cannot_be_written_to_stops_nobody_elses(self, tx: Tx) -> None:
        accept(tx, submit(tx, **self.PERSON).referral_id)
        tx.execute("UPDATE person SET email = 'a..b@example.org'")
        accept(tx, submit(tx, email="nour@example.org").referral_id)

        assert remind(tx, UNTIL - DAY) == 2

        assert [mail["To"] for _, mail in letterbox.filed(tx)] == ["nour@example.org"]


class TestOverdue:
    # Friday 6 November 2026; the 11th is a holiday: five working days end on Monday the 16th.
    SENT = datetime(2026, 11, 6, 12, tzinfo=PARIS)

    def overdue(self, tx: Tx, day: date, *, site_code: str | None = SITE) -> list[UUID]:
        page = referral_api.ReferralPage(overdue=True, site_code=site_code)
        found = showing.list_referrals(tx, page, caller=a_caller("admin"), now=on(day)).items
        assert all(each.overdue for each in found)
        return [each.referral_id for each in found]

    def test_is_what_a_site_has_not_answered_within_five_working_days(self, tx: Tx) -> None:
        made = submit(tx, now=self.SENT)
        see(tx, made.referral_id, now=self.SENT)
        submit(tx, now=on(date(2026, 11, 16)))

        shown = showing.show_referral(tx, made.referral_id, caller=DESK, now=on(date(2026, 11, 16)))

        assert (shown.answer_due_on, shown.overdue) == (date(2026, 11, 16), False)
        assert self.overdue(tx, date(2026, 11, 16)) == []
        assert self.overdue(tx, date(2026, 11, 17)) == [made.referral_id]
        late = clocks.count_overdue(tx, now=on(date(2026, 11, 17)))
        assert late == {SITE: 1}

    def test_ends_with_the_answer_and_with_the_referral_itself(self, tx: Tx) -> None:
        made = submit(tx, now=self.SENT)
        submit(tx, now=self.SENT, site_code="lyon")
        late = on(date(2026, 11, 17))

        assert clocks.count_overdue(tx, now=late) == {SITE: 1, "lyon": 1}
        accept(tx, made.referral_id, now=late)

        assert clocks.count_overdue(tx, now=late) == {"lyon": 1}
        assert self.overdue(tx, date(2026, 11, 17)) == []
        lapsed = on(date(2027, 2, 6))
        assert clocks.count_overdue(tx, now=lapsed) == {}
        assert self.overdue(tx, date(2027, 2, 6), site_code=None) == []

    @pytest.mark.parametrize(("days", "late"), [(4, True), (6, False)])
    def test_follows_the_rule(self, tx: Tx, days: int, late: bool) -> None:
        submit(tx, now=self.SENT)
        set_rule(tx, "answer_working_days", days)

        assert bool(self.overdue(tx, date(2026, 11, 17 if not late else 16))) is late
