"""Counts of people by month: right, hidden where they are small, the same to whoever asks."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from kernel.period import Month
from services.referrals.domain.counting import MEASURES, MonthNotOver
from services.referrals.handlers.counting import show_month
from services.referrals.handlers.merging import merge_person, unmerge_person
from tests.fix_stack import TxOf
from tests.referrals.build import MANAGER, SITE, Tx, accept, new_id, open_site, set_rule, submit

#: The last month that is over, and the day on which it is asked about.
MONTH = Month(2026, 10)
DURING = datetime(2026, 10, 31, 22, 59, tzinfo=UTC)  # a minute before November in Paris
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def tx(tx_of: TxOf) -> Tx:
    opened = tx_of("referrals")
    for site_code in (SITE, "marseille", "lyon"):
        open_site(opened, site_code)
    return opened


def send(tx: Tx, count: int, *, to: str = SITE, at: datetime = DURING) -> list[UUID]:
    """Send people to a site, and return their referrals."""
    return [submit(tx, site_code=to, now=at).referral_id for _ in range(count)]


def shown(
    tx: Tx, measure: str, *, month: Month | None = MONTH
) -> tuple[dict[str, Any], int | None]:
    """What is shown of a measure: at each site, and at all."""
    [found] = [each for each in show_month(tx, month, now=NOW).measures if each.measure == measure]
    return {each.site_code: each.people for each in found.sites}, found.at_all_sites


class TestMonth:
    def test_counts_who_took_a_step_in_it_and_hides_the_few(self, tx: Tx) -> None:
        for referral_id in send(tx, 6)[:5]:
            accept(tx, referral_id, now=DURING)
        send(tx, 1, to="marseille")
        send(tx, 3, to="lyon")
        send(tx, 20, at=DURING + timedelta(minutes=1))  # November

        assert shown(tx, "submitted") == ({SITE: 6, "marseille": None, "lyon": None}, 10)
        assert shown(tx, "accepted") == ({SITE: 5, "marseille": None, "lyon": None}, None)
        assert shown(tx, "renewed") == ({SITE: None, "marseille": None, "lyon": None}, None)

    def test_is_the_last_one_that_is_over(self, tx: Tx) -> None:
        send(tx, 7)

        found = show_month(tx, None, now=NOW)

        assert (found.month, found.least_people) == ("2026-10", 5)
        assert [each.measure for each in found.measures] == list(MEASURES)
        assert shown(tx, "submitted", month=None) == shown(tx, "submitted")
        for running in (Month(2026, 11), Month(2027, 1)):
            with pytest.raises(MonthNotOver):
                show_month(tx, running, now=NOW)

    def test_counts_whoever_was_merged_once(self, tx: Tx) -> None:
        send(tx, 6)
        rows = tx.execute("SELECT person_ref FROM person ORDER BY person_ref LIMIT 2").fetchall()
        one, other = (row["person_ref"] for row in rows)

        merge_person(tx, one, other, caller=MANAGER, now=NOW, new_id=new_id)
        merged = shown(tx, "submitted")[0][SITE]
        unmerge_person(tx, one, caller=MANAGER, now=NOW, new_id=new_id)

        assert (merged, shown(tx, "submitted")[0][SITE]) == (5, 6)

    def test_follows_the_rule_of_the_day(self, tx: Tx) -> None:
        send(tx, 6)
        set_rule(tx, "small_count_people", 10)

        assert shown(tx, "submitted")[0][SITE] is None
