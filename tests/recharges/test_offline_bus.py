"""What others tell that concerns offline tills and merged people, on the real bus."""

from typing import Any
from uuid import UUID

from chassis import topology
from chassis.broker import Broker
from chassis.settings import Settings
from chassis.topology import Topology
from kernel.envelope import Envelope
from tests.chassis.bus import eventually
from tests.fix_stack import FreshSchema
from tests.recharges.build import SITE
from tests.recharges.door import an_order, committed, open_door
from tests.recharges.test_bus import a_fact, count, tell
from tests.recharges.test_offline_door import Till


def a_merge(kind: str, person: UUID, into: UUID, *, sequence: int) -> Envelope:
    data: dict[str, Any] = {"person_ref": str(person), "merged_into": str(into)}
    return a_fact(f"referrals.person.{kind}.v1", person, sequence=sequence, **data)


class TestBus:
    def test_freezes_what_a_lost_device_had_and_joins_the_caps_of_one_person(
        self, fresh_schema: FreshSchema, amqp_url: str
    ) -> None:
        schema = fresh_schema("recharges")
        with committed(schema) as shop:
            shop.stock_up(10)
            first, second = (shop.entitle(cap_cents=500) for _ in range(2))
            online = shop.enrol_till()
        till = Till(schema)
        parts = {"AMQP_URL": amqp_url, "RELAIS_PARTS": "http,consume"}
        with Broker(amqp_url, name="test") as broker, open_door(schema, **parts) as door:
            topology.declare(broker, Topology.read(), settings=Settings.model_construct())
            till.take(door.client, 4, first)
            revoked = a_fact(
                "accounts.device.revoked.v1",
                till.till_id,
                sequence=2,
                device_id=str(till.device_id),
                till_id=str(till.till_id),
                site_code=SITE,
            )
            merged = a_merge("merged", first, second, sequence=1)
            tell(broker, [revoked, merged, merged, revoked])

            count(door, "inbox", 2)
            count(door, "lease WHERE state = 'revoked'", 1)
            count(door, "lot WHERE state = 'frozen'", 1)
            count(door, "cap_month WHERE used_cents > 0", 0)
            for person in (first, second):
                assert door.sell(an_order(online, person)).status_code == 201
            refused = door.sell(an_order(online, second))
            assert refused.json()["code"] == "recharges.sale.cap_exceeded"

            tell(broker, [a_merge("unmerged", first, second, sequence=2)])
            eventually(lambda: door.count("person_alias") == 0, within_s=30.0)
            assert door.sell(an_order(online, second)).status_code == 201
            events = "journal WHERE kind = 'event' AND record::json->>'name' = 'device_revoked'"
            assert door.count(events) == 1
