"""Who has not come for two years has notice for thirty days, and is erased unless they come."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.referrals.api import rights as api
from services.referrals.domain.retention import retention_of
from services.referrals.domain.rule import RuleMissing
from services.referrals.handlers import learning, retaining
from services.referrals.handlers.merging import merge_person
from tests.fix_stack import TxOf
from tests.referrals import letterbox
from tests.referrals.build import NOW, Tx, a_caller, a_fact, accept, new_id, open_site, submit
from tests.referrals.rights import ERASURES, MANAGER

LONG_AGO = datetime(2022, 3, 1, 12, tzinfo=UTC)
NOTICE = timedelta(days=30)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    return opened


def taken_in(tx: Tx, *, at: datetime = LONG_AGO, **person: Any) -> UUID:
    return accept(tx, submit(tx, now=at, **person).referral_id, now=at).person_ref


def notices(tx: Tx) -> dict[UUID, api.Notice]:
    listed = retaining.list_notices(tx, api.NoticePage(limit=200), caller=MANAGER)
    return {each.person_ref: each for each in listed.items}


def give(tx: Tx, *, now: datetime = NOW) -> int:
    return retaining.give_notice(tx, now=now, new_id=new_id)


def pass_away(tx: Tx, *, now: datetime) -> int:
    return retaining.erase_stale(tx, now=now, new_id=new_id, terms=ERASURES)


def is_erased(tx: Tx, person_ref: UUID) -> bool:
    row = tx.execute(
        "SELECT erased_at IS NOT NULL AS erased FROM pseudonym WHERE person_ref = %s", (person_ref,)
    ).fetchone()
    assert row is not None
    return bool(row["erased"])


class TestNotice:
    def test_is_given_once_to_whoever_has_not_come_for_two_years(self, tx: Tx) -> None:
        stale, fresh = taken_in(tx), taken_in(tx, at=NOW - timedelta(days=700))

        assert give(tx) == 1
        assert give(tx, now=NOW + timedelta(days=1)) == 0

        assert set(notices(tx)) == {stale}
        assert notices(tx)[stale].erase_on == date(2026, 12, 20)
        assert not is_erased(tx, fresh)

    def test_is_mailed_where_an_address_is_known(self, tx: Tx) -> None:
        known = taken_in(tx, email="zoe@example.org")
        taken_in(tx)

        give(tx)

        assert [each.mailed for each in notices(tx).values()].count(True) == 1
        mails = tx.execute(
            "SELECT about, to_address, content FROM mail WHERE kind = 'retention_notice'"
        ).fetchall()
        [mail] = mails
        assert (mail["about"], mail["to_address"]) == (str(known), "zoe@example.org")
        [(_, letter)] = [each for each in letterbox.filed(tx) if each[0] == "retention_notice"]
        assert "20 décembre 2026" in letterbox.words(letter)
        assert "au point d'accueil de votre orientation" in letterbox.words(letter)

    @pytest.mark.parametrize("kind", ["sale", "device", "case"])
    def test_is_void_once_the_person_comes(self, tx: Tx, kind: str) -> None:
        person_ref = taken_in(tx)
        give(tx)
        data = {"person_ref": str(person_ref), "sale_id": str(uuid4()), "case_id": str(uuid4())}
        at = NOW + timedelta(days=3)
        if kind == "sale":
            sale = a_fact("recharges.sale.completed.v1", data, at=at)
            learning.note_visits(tx, [sale], now=at, new_id=new_id)
        else:
            type_ = {"device": "equipment.device.sold.v1", "case": "mediation.case.closed.v1"}[kind]
            more = {"closed_on": "2026-11-23"} if kind == "case" else {}
            if kind == "device":
                del data["case_id"]
            retaining.hear_contacts(tx, [a_fact(type_, data | more, at=at)])

        assert notices(tx) == {}
        assert pass_away(tx, now=NOW + NOTICE) == 0
        assert not is_erased(tx, person_ref)

    def test_is_void_once_the_person_is_referred_again(self, tx: Tx) -> None:
        person: Any = {"given_name": "Ana", "family_name": "Mélisse", "birth_date": "1970-01-02"}
        person_ref = taken_in(tx, **person)
        give(tx)

        submit(tx, now=NOW + timedelta(days=2), **person)

        assert pass_away(tx, now=NOW + NOTICE) == 0
        assert not is_erased(tx, person_ref)

    def test_is_not_for_somebody_who_came_under_another_name(self, tx: Tx) -> None:
        old, new = taken_in(tx), taken_in(tx, at=NOW)
        merge_person(tx, old, new, caller=MANAGER, now=NOW, new_id=new_id)

        assert give(tx) == 0
        assert notices(tx) == {}

    def test_is_seen_by_managers_of_the_sites_the_person_was_sent_to(self, tx: Tx) -> None:
        taken_in(tx)
        give(tx)

        page = api.NoticePage()
        elsewhere = a_caller("site_manager", "lyon")
        assert retaining.list_notices(tx, page, caller=elsewhere).items == []
        assert len(retaining.list_notices(tx, page, caller=a_caller("admin")).items) == 1


class TestErasure:
    def test_comes_when_the_notice_is_over_and_not_a_day_before(self, tx: Tx) -> None:
        person_ref = taken_in(tx)
        give(tx)

        assert pass_away(tx, now=NOW + NOTICE - timedelta(days=1)) == 0
        assert pass_away(tx, now=NOW + NOTICE) == 1
        assert is_erased(tx, person_ref)
        row = tx.execute("SELECT reason, erased_by FROM erasure").fetchone()
        assert row == {"reason": "retention_over", "erased_by": None}
        assert pass_away(tx, now=NOW + NOTICE) == 0

    def test_takes_everybody_who_was_merged_at_once(self, tx: Tx) -> None:
        one, other = taken_in(tx), taken_in(tx)
        merge_person(tx, one, other, caller=MANAGER, now=LONG_AGO, new_id=new_id)
        give(tx)

        assert pass_away(tx, now=NOW + NOTICE) == 1
        assert is_erased(tx, one)
        assert is_erased(tx, other)

    def test_waits_for_an_open_case(self, tx: Tx) -> None:
        person_ref, case_id = taken_in(tx), str(uuid4())
        data = {"person_ref": str(person_ref), "case_id": case_id, "opened_on": "2022-03-02"}
        opened = a_fact("mediation.case.opened.v1", data, at=LONG_AGO + timedelta(days=1))
        retaining.hear_contacts(tx, [opened])
        give(tx)

        assert pass_away(tx, now=NOW + NOTICE) == 0
        closed = data | {"closed_on": "2022-03-03"}
        fact = a_fact("mediation.case.closed.v1", closed, at=LONG_AGO + timedelta(days=1))
        retaining.hear_contacts(tx, [fact])
        assert pass_away(tx, now=NOW + NOTICE) == 1


class TestRules:
    def test_say_days_and_instants_of_paris(self) -> None:
        rules = retention_of(
            {
                "access_months": 12,
                "retention_months": 24,
                "retention_notice_days": 30,
                "trace_months": 12,
            },
            on=date(2028, 2, 29),
        )

        assert rules.stale_before == datetime(2026, 2, 27, 23, tzinfo=UTC)
        assert rules.erase_on == date(2028, 3, 30)
        assert rules.accesses_from == datetime(2027, 1, 31, 23, tzinfo=UTC)
        with pytest.raises(RuleMissing):
            retention_of({"access_months": 12}, on=date(2028, 2, 29))
