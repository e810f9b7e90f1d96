"""Equipment on the real bus: what it hears becomes its own, what it tells reaches its hearers."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from chassis.broker import Broker, Delivery, Outcome, Outgoing
from chassis.topology import EXCHANGE, Topology
from kernel.envelope import Envelope
from kernel.period import add_months, business_date
from tests.chassis.bus import declare_all
from tests.equipment.build import HERE, a_site, an_entitlement
from tests.equipment.door import a_purchase, a_ready_device, connect, send
from tests.fix_service import serving
from tests.fix_stack import FreshSchema, Schema

SOLD = "equipment.device.sold.v1"
WITHIN_S = 20.0


def eventually(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < until, "still not so"
        time.sleep(0.05)


def tell(broker: Broker, facts: Sequence[Envelope]) -> None:
    messages = [
        Outgoing(
            exchange=EXCHANGE,
            routing_key=fact.type,
            body=fact.to_json(),
            message_id=str(fact.id),
            mandatory=True,
        )
        for fact in facts
    ]
    assert set(broker.publish(messages)) == {Outcome.CONFIRMED}


def rows(schema: Schema, query: str) -> list[dict[str, Any]]:
    with connect(schema) as tx:
        return tx.execute(query).fetchall()


class TestBus:
    def test_carries_the_right_to_buy_here_and_the_sale_away(
        self, fresh_schema: FreshSchema, amqp_url: str
    ) -> None:
        schema = fresh_schema("equipment")
        plan = Topology.read()
        today = business_date(datetime.now(UTC))
        opened = an_entitlement(from_on=today, until_on=today + timedelta(days=1), sequence=1)
        renewed = an_entitlement(
            from_on=today, until_on=add_months(today, 9), sequence=2, renewed=True
        )
        unreadable = replace(opened, id=uuid4(), data={"person_ref": "nobody"})
        declare_all(amqp_url)
        with (
            Broker(amqp_url, name="test") as broker,
            serving(
                "equipment", schema=schema, AMQP_URL=amqp_url, RELAIS_PARTS="http,consume,relay"
            ) as door,
        ):
            # Twice, and the newer before the older; one that nobody can read among them.
            tell(broker, [a_site(), renewed, unreadable, opened, opened, renewed])

            eventually(lambda: len(rows(schema, "SELECT 1 FROM inbox")) == 3)
            eventually(lambda: len(rows(schema, "SELECT 1 FROM parked_delivery")) == 1)
            assert rows(schema, "SELECT until_on, sequence FROM entitlement") == [
                {"until_on": add_months(today, 9), "sequence": 2}
            ]
            [parked] = rows(schema, "SELECT consumer, reason FROM parked_delivery")
            assert parked == {"consumer": "equipment.on_entitlement_told", "reason": "unreadable"}

            device_id = a_ready_device(schema)
            assert send(door, f"/devices/{device_id}/sales", a_purchase()).status_code == 201

            heard: list[Delivery] = []
            broker.consume(plan.subscriptions[SOLD][0], prefetch=10, on_delivery=heard.append)
            eventually(lambda: bool(broker.drain(0.5) or heard))
            fact = Envelope.from_json(heard[0].body)
            assert (fact.type, fact.subject, fact.site) == (SOLD, str(device_id), HERE)
