"""Whoever was erased is over at once: nothing goes on, and nobody is written of them."""

from datetime import timedelta
from typing import Any

import pytest

from deploy.audit.checks import SQL
from services.referrals.domain.erasure import Reason
from services.referrals.handlers import clocks, learning
from tests.fix_stack import TxOf
from tests.referrals import letterbox
from tests.referrals.build import (
    NOW,
    Tx,
    a_caller,
    a_fact,
    a_house,
    accept,
    employ,
    new_id,
    open_site,
    person_of,
    steps,
    submit,
    told,
    walk_in,
)
from tests.referrals.rights import MANAGER, erase

DAY = timedelta(days=1)
PERSON: Any = {"given_name": "Malo", "family_name": "Ajonc"}


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    return opened


class TestErased:
    def test_ends_what_is_under_way_before_the_clock_comes_by(self, tx: Tx) -> None:
        entered = walk_in(tx, now=NOW - DAY, **PERSON)
        erase(tx, entered.person_ref)

        assert steps(tx, entered.referral_id) == ["provisional", "lapsed"]
        assert told(tx, entered.referral_id)[-1]["type"] == "referrals.referral.lapsed.v1"
        assert [fact["type"] for fact in told(tx, entered.person_ref)][-3:] == [
            "referrals.entitlement.shortened.v1",
            "referrals.entitlement.ended.v1",
            "referrals.person.erased.v1",
        ]
        assert clocks.let_referrals_lapse(tx, now=NOW, new_id=new_id) == 0
        assert clocks.end_entitlements(tx, now=NOW, new_id=new_id) == 0
        found = tx.execute(SQL["referrals_and_entitlements_end_on_their_day"]).fetchone()
        assert found == {"examined": 2, "broken": None}

    @pytest.mark.parametrize("reason", list(Reason))
    def test_leaves_nothing_to_write_to_the_referrer(self, tx: Tx, reason: Reason) -> None:
        zoe = a_caller("referrer")
        employ(tx, a_house(tx, zoe), zoe, email="zoe@ccas.example")
        sent, waiting = submit(tx, caller=zoe, **PERSON), submit(tx, caller=zoe)
        person_ref = accept(tx, sent.referral_id).person_ref
        caller = None if reason is Reason.RETENTION_OVER else MANAGER
        before = letterbox.count(tx)

        for each in (person_ref, person_of(tx, waiting.referral_id)):
            erase(tx, each, reason=reason, caller=caller)
        clocks.remind_of_ends(tx, now=NOW, new_id=new_id)
        tomorrow = NOW + DAY
        assert clocks.end_entitlements(tx, now=tomorrow, new_id=new_id) == 1
        sale = a_fact("recharges.sale.completed.v1", {"person_ref": str(person_ref)}, at=tomorrow)
        learning.note_visits(tx, [sale], now=tomorrow, new_id=new_id)

        assert steps(tx, sent.referral_id)[-2:] == ["ended", "first_visit"]
        assert steps(tx, waiting.referral_id)[-1] == "lapsed"
        assert letterbox.count(tx) == before
        found = tx.execute(SQL["referrers_were_written_of_each_step"]).fetchone()
        assert found == {"examined": 0, "broken": None}
