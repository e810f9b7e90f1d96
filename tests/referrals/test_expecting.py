"""Whom a site's tills take along: those who may buy there, by reference and code."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.referrals.domain.restriction import Ground
from services.referrals.handlers import expecting, restricting
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
    submit,
)
from tests.referrals.rights import erase

ELSEWHERE = "marseille"


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    open_site(opened)
    open_site(opened, ELSEWHERE)
    return opened


def expected(tx: Tx, *, days_later: int = 0) -> dict[UUID, list[str]]:
    found = expecting.list_expected(tx, SITE, caller=DESK, now=NOW + timedelta(days=days_later))
    assert all(len(each.codes) == len(each.referral_ids) for each in found)
    return {each.person_ref: each.codes for each in found}


class TestExpected:
    def test_are_those_taken_in_at_the_site_as_long_as_they_may_buy(self, tx: Tx) -> None:
        taken_in, sent = submit(tx), submit(tx)
        elsewhere = submit(tx, site_code=ELSEWHERE)
        person_ref = accept(tx, taken_in.referral_id).person_ref
        accept(tx, elsewhere.referral_id, by=a_caller("till_operator", ELSEWHERE))

        assert expected(tx) == {person_ref: [taken_in.code]}
        assert sent.code not in str(expected(tx))
        assert expected(tx, days_later=365) == {}

    def test_who_were_merged_are_one_by_all_their_codes(self, tx: Tx) -> None:
        one, other = submit(tx), submit(tx)
        refs = [accept(tx, each.referral_id).person_ref for each in (one, other)]
        merge_person(tx, refs[0], refs[1], caller=MANAGER, now=NOW, new_id=new_id)

        assert expected(tx) == {refs[1]: [one.code, other.code]}

    def test_do_not_count_those_whose_data_are_not_to_be_used(self, tx: Tx) -> None:
        restricted, forgotten = (accept(tx, submit(tx).referral_id).person_ref for _ in range(2))
        restricting.restrict_use(tx, restricted, Ground.ACCURACY_CONTESTED, caller=MANAGER, now=NOW)
        erase(tx, forgotten)

        assert expected(tx) == {}
