"""Recharges on the real bus: what it hears becomes its own, what it tells reaches its hearers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from chassis.broker import Broker, Delivery, Outcome, Outgoing
from chassis.topology import EXCHANGE, Topology
from kernel.envelope import Envelope
from kernel.period import add_months, business_date
from tests.chassis.bus import declare_all, eventually
from tests.fix_stack import FreshSchema
from tests.recharges.build import SITE
from tests.recharges.door import Door, an_order, committed, open_door

SOLD, RECEIVED = "recharges.sale.completed.v1", "recharges.batch.received.v1"
TODAY = business_date(datetime.now(UTC))
PERSON, TILL, WITHDRAWN = (UUID(int=number) for number in (1, 2, 3))


def a_fact(type_: str, subject: object, *, sequence: int = 1, **data: Any) -> Envelope:
    return Envelope(
        id=uuid4(),
        type=type_,
        subject=str(subject),
        site=SITE,
        time=datetime.now(UTC),
        data=data,
        sequence=sequence,
    )


def an_entitlement(kind: str, *, months: int, sequence: int) -> Envelope:
    return a_fact(
        f"referrals.entitlement.{kind}.v1",
        PERSON,
        sequence=sequence,
        **{"person_ref": str(PERSON), "from": str(TODAY), "monthly_cap_cents": 3000},
        until=str(add_months(TODAY, months) if months else TODAY),
    )


def a_device(kind: str, till_id: UUID) -> Envelope:
    return a_fact(
        f"accounts.device.{kind}.v1",
        till_id,
        device_id=str(till_id),
        till_id=str(till_id),
        site_code=SITE,
        till_name="Caisse 1",
    )


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


def count(door: Door, table: str, expected: int) -> None:
    eventually(lambda: door.count(table) == expected, within_s=30.0)


class TestBus:
    def test_brings_tills_and_rights_here_and_the_sale_away(
        self, fresh_schema: FreshSchema, amqp_url: str
    ) -> None:
        plan = Topology.read()
        opened = an_entitlement("opened", months=0, sequence=1)  # ended on the day it began
        renewed = an_entitlement("renewed", months=9, sequence=2)
        declare_all(amqp_url)
        with (
            Broker(amqp_url, name="test") as broker,
            open_door(
                fresh_schema("recharges"),
                AMQP_URL=amqp_url,
                RELAIS_PARTS="http,consume,relay",
            ) as door,
        ):
            enrolled, revoked = a_device("enrolled", WITHDRAWN), a_device("revoked", WITHDRAWN)
            site = a_fact("accounts.site.opened.v1", SITE, site_code=SITE, name="Saint-Denis")
            # Twice, in reverse order, and one that nobody can read among them.
            facts = [site, a_device("enrolled", TILL), revoked, enrolled, renewed, opened]
            unreadable = a_fact("referrals.entitlement.opened.v1", PERSON, person_ref="nobody")
            tell(broker, [*facts[:4], unreadable, *facts[4:], *reversed(facts)])

            count(door, "inbox", len(facts))
            count(door, "parked_delivery", 1)
            for told in ("enrolled", "revoked"):  # in the tills' journals, each once
                events = f"journal WHERE record::json->>'name' = 'device_{told}'"
                count(door, events, 2 if told == "enrolled" else 1)
            with committed(door.schema) as shop:
                assert shop.all("SELECT consumer, reason FROM parked_delivery") == [
                    {"consumer": "recharges.on_entitlement_told", "reason": "unreadable"}
                ]
                lines = shop.stock_up(3)
            assert door.sell(an_order(WITHDRAWN, PERSON)).json()["code"] == "recharges.till.revoked"
            sale = door.sell(an_order(TILL, PERSON, quantity=2))
            assert sale.status_code == 201, sale.text

            heard: list[Delivery] = []
            broker.consume(plan.subscriptions[SOLD][0], prefetch=10, on_delivery=heard.append)
            eventually(lambda: bool(broker.drain(0.5) or heard), within_s=30.0)
            fact = Envelope.from_json(heard[0].body)
            assert (fact.type, fact.subject, fact.sequence) == (SOLD, sale.json()["sale_id"], 1)
            assert fact.data["lines"][0]["serials"] == [line["serial"] for line in lines[:2]]
            for line in lines:
                assert line["pin"].encode() not in heard[0].body
            count(door, "outbox WHERE published_at IS NULL", 0)

    def test_shows_how_many_vouchers_are_in_which_state(
        self, fresh_schema: FreshSchema, amqp_url: str
    ) -> None:
        schema = fresh_schema("recharges")
        with committed(schema) as shop:
            till, person = shop.enrol_till(), shop.entitle()
            shop.stock_up(4)
            shop.stock_up(3, use_by=str(TODAY + timedelta(days=1)))
        with open_door(schema) as door:
            assert door.sell(an_order(till, person)).status_code == 201
        with open_door(schema, AMQP_URL=amqp_url, RELAIS_PARTS="http,consume") as door:

            def shown(state: str, number: int) -> bool:
                labels = f'offer="sfr-15",site="{SITE}",state="{state}"'
                page = door.client.get("/metrics").text
                return f"relais_vouchers{{{labels}}} {number}.0" in page

            eventually(lambda: shown("available", 6), within_s=30.0)
            assert shown("sold", 1)
            assert shown("expired", 0)
