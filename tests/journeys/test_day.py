"""The demonstration is played again: another day, other people, and all adds up as before."""

import json

import pytest

from tests.fix_network import Network

pytestmark = pytest.mark.journey

#: Lost between two sites, taken back by the operator, or leased to a person and set aside when they
#: came back: each day has some.
NOT_FOR_SALE = (
    "SELECT sum(end_position - first_position) FROM recharges.lot"
    " WHERE state IN ('lost', 'damaged', 'refunded_by_operator', 'quarantined')"
)


class TestSecondDay:
    def test_is_played_by_other_people(self, network: Network) -> None:
        people = "SELECT count(*) FROM referrals.person"
        before = network.number(people)
        done = network.stack.relais("demo", "--json")
        assert done.returncode == 0, done.stderr
        day = json.loads(done.stdout)
        assert day["day"] >= 2
        entered = day["done"]["referrals submitted"] + day["done"]["walk-ins taken in"]
        assert network.number(people) - before == entered - day["done"]["people forgotten"]
        assert day["done"]["sales"] >= day["done"]["entitlements opened"]
        assert day["refused"]["recharges.sale.cap_exceeded"] == 1
        known = day["known"]
        assert known["recharges"]["vouchers sold"] > day["done"]["vouchers sold"]
        left = known["recharges"]["vouchers received"] - known["recharges"]["vouchers sold"]
        assert known["recharges"]["vouchers available"] == left - network.number(NOT_FOR_SALE)
        audited = network.stack.relais("audit", "--wait", "60")
        assert audited.returncode == 0, audited.stdout
