"""What recharges keeps of what others tell, in whatever order it hears of it."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.recharges import events
from services.recharges.handlers import learning as handlers
from services.recharges.handlers import selling
from tests.fix_stack import FreshSchema
from tests.recharges.shop import Shop, connect

PERSON = uuid4()


def told(sequence: int, *, until: str) -> tuple[events.EntitlementTold, int]:
    fact = events.EntitlementTold.model_validate(
        {
            "person_ref": PERSON,
            "from": "2026-01-01",
            "until": until,
            "monthly_cap_cents": 1000 * sequence,
        }
    )
    return fact, sequence


FACTS = [told(1, until="2026-10-01"), told(2, until="2027-10-01"), told(3, until="2028-10-01")]


def entitlements(shop: Shop) -> list[dict[str, Any]]:
    return shop.all("SELECT sequence, until_on::text, monthly_cap_cents FROM entitlement")


class TestEntitlements:
    @pytest.mark.parametrize("together", [True, False])
    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_stand_as_the_newest_fact_tells_whatever_came_last(
        self, shop: Shop, order: tuple[int, ...], together: bool
    ) -> None:
        batches = [[FACTS[place] for place in order]] if together else [[FACTS[p]] for p in order]
        for batch in [*batches, *reversed(batches)]:
            handlers.learn_entitlements(shop.tx, batch)

        assert entitlements(shop) == [
            {"sequence": 3, "until_on": "2028-10-01", "monthly_cap_cents": 3000}
        ]


class TestTills:
    till_id = uuid4()
    device_id = uuid4()
    enrolled = events.DeviceEnrolled(
        device_id=device_id, till_id=till_id, site_code="antony", till_name="Caisse 2"
    )
    revoked = events.DeviceRevoked(device_id=device_id, till_id=till_id, site_code="antony")

    @pytest.mark.parametrize("together", [True, False])
    @pytest.mark.parametrize("newest", [2, 3])
    @pytest.mark.parametrize("order", list(permutations([1, 2, 3])))
    def test_stand_as_the_newest_fact_tells_whatever_came_last(
        self, shop: Shop, order: tuple[int, ...], newest: int, together: bool
    ) -> None:
        facts: dict[int, events.DeviceEnrolled | events.DeviceRevoked]
        facts = {1: self.enrolled, 2: self.revoked, 3: self.enrolled}
        heard = [(facts[sequence], sequence) for sequence in order if sequence <= newest]
        batches = [heard] if together else [[each] for each in heard]
        for batch in [*batches, *reversed(batches)]:
            handlers.learn_tills(shop.tx, batch)

        assert selling.show_tills(shop.tx, site_codes=["antony"], language="fr")[
            0
        ].model_dump() == {
            "till_id": self.till_id,
            "site_code": "antony",
            "name": "Caisse 2",
            "state": "active" if newest == 3 else "revoked",
            "frozen_at": None,
            "frozen_why": None,
            "frozen_detail": None,
            "site_name": "antony",
            "drawer": None,
        }

    def test_keep_their_journal_when_they_are_enrolled_again(self, shop: Shop) -> None:
        handlers.learn_tills(shop.tx, [(self.enrolled, 1)])
        shop.tx.execute("UPDATE till SET last_sequence = 3, last_hash = '\\x03'")

        handlers.learn_tills(shop.tx, [(self.revoked, 2), (self.enrolled, 3)])

        assert shop.one("SELECT last_sequence FROM till") == 3

    def test_are_locked_in_the_order_in_which_sales_lock_them(
        self, fresh_schema: FreshSchema
    ) -> None:
        schema = fresh_schema("recharges")
        facts = [
            events.DeviceEnrolled(
                device_id=uuid4(),
                till_id=UUID(int=number),
                site_code="antony",
                till_name="Caisse",
            )
            for number in (1, 2)
        ]
        lock = "SELECT till_id FROM till WHERE till_id = %s FOR UPDATE NOWAIT"
        with connect(schema) as tx:
            handlers.learn_tills(tx, [(fact, 1) for fact in facts])
        with connect(schema) as sale, connect(schema) as hearer, ThreadPoolExecutor(1) as other:
            sale.execute(lock, (UUID(int=1),))
            told = [(fact, 2) for fact in reversed(facts)]
            hearing = other.submit(handlers.learn_tills, hearer, told)
            with pytest.raises(TimeoutError):
                hearing.result(timeout=0.5)

            assert sale.execute(lock, (UUID(int=2),)).rowcount == 1  # the hearer holds nothing yet
            sale.commit()
            hearing.result(timeout=20)


class TestSites:
    def test_are_remembered_once(self, shop: Shop) -> None:
        opened = events.SiteOpened(site_code="antony", name="Antony")

        handlers.learn_sites(shop.tx, [opened, opened])
        handlers.learn_sites(shop.tx, [opened])

        assert shop.all("SELECT site_code, name FROM site") == [
            {"site_code": "antony", "name": "Antony"}
        ]
