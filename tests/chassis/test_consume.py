"""What becomes of each delivery: one ending, one effect, whatever is delivered how often."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from chassis import topology
from chassis.collect import Collector
from chassis.db import Transaction
from chassis.listen import ATTEMPT
from kernel.envelope import Envelope
from tests.chassis.bus import ON_SALE, SALE, Bus, a_fact, eventually
from tests.chassis.hearing import handle
from tests.chassis.wire import wire_to


def changed(fact: Envelope, **attributes: Any) -> bytes:
    """The fact's body with some attributes changed, or taken out where None."""
    body = json.loads(fact.to_json()) | attributes
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def slow_first(seconds: float) -> Callable[[Transaction, list[Envelope]], list[UUID]]:
    """A handler that takes its time over the first batch, so that a second one piles up."""
    calls = 0

    def handle_slowly(tx: Transaction, facts: list[Envelope]) -> list[UUID]:
        nonlocal calls
        calls += 1
        if calls == 1:
            time.sleep(seconds)
        return handle(tx, facts)

    return handle_slowly


class TestDelivery:
    def test_is_applied_and_acknowledged(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(number) for number in range(500)])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.effects() == 500)

        assert bus.endings() == {"applied": 500}
        assert bus.depth(ON_SALE) == 0

    def test_is_handled_with_the_others_that_wait(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(number) for number in range(100)])
        sizes: list[int] = []

        def remember(tx: Transaction, facts: list[Envelope]) -> list[UUID]:
            sizes.append(len(facts))
            return handle(tx, facts)

        with bus.receiving(bus.listener(remember, batch_count_max=40).receiver):
            eventually(lambda: bus.effects() == 100)

        assert max(sizes) == 40
        transactions = bus.number("settlement", "SELECT count(DISTINCT xmin::text) FROM effect")
        assert transactions == len(sizes)

    def test_keeps_the_order_of_its_queue(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(number) for number in range(300)])
        order: list[int] = []

        def remember(tx: Transaction, facts: list[Envelope]) -> None:
            order.extend(fact.data["number"] for fact in facts)

        with bus.receiving(bus.listener(remember).receiver):
            eventually(lambda: len(order) == 300)

        assert order == list(range(300))

    def test_has_one_effect_however_often_it_comes(self, bus: Bus) -> None:
        bus.declare()
        facts = [a_fact(number) for number in range(50)]
        bus.put_facts([*facts, *facts])  # twice in one batch

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.effects() == 50)
            bus.put_facts(facts)  # and once more, later
            bus.put_facts([last := a_fact(99)])
            eventually(
                lambda: bool(
                    bus.rows("settlement", "SELECT 1 FROM inbox WHERE event_id=%s", last.id)
                )
            )

        assert bus.effects() == 51
        assert bus.endings() == {"applied": 51}
        assert bus.depth(ON_SALE) == 0

    def test_changes_nothing_when_a_newer_one_was_there_first(self, bus: Bus) -> None:
        bus.declare()
        told = [
            Envelope.from_json(changed(a_fact(n, subject="till-1", do="project"), sequence=str(n)))
            for n in range(1, 6)
        ]
        bus.put_facts(list(reversed(told)))

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: sum(bus.endings().values()) == 5)

        assert bus.rows("settlement", "SELECT sequence, number FROM projection") == [
            {"sequence": 5, "number": 5}
        ]
        assert bus.endings() == {"applied": 1, "superseded": 4}

    def test_may_step_aside_alone(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(1), a_fact(2, do="step aside"), a_fact(3)])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: sum(bus.endings().values()) == 3)

        assert bus.endings() == {"applied": 2, "superseded": 1}
        assert bus.effects() == 2

    def test_that_is_refused_leaves_no_trace_but_its_ending(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(1), a_fact(2, do="refuse"), a_fact(3)])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: sum(bus.endings().values()) == 3)

        assert bus.endings() == {"applied": 2, "refused": 1}
        assert bus.effects() == 2
        assert bus.depth(ON_SALE) == 0
        assert bus.parked() == []

    def test_is_shared_between_copies_and_applied_by_one(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(number) for number in range(1000)])
        one = bus.listener(handle, batch_count_max=20)
        other = bus.listener(handle, batch_count_max=20)

        with bus.receiving(one.receiver), bus.receiving(other.receiver):
            eventually(lambda: bus.effects() == 1000)

        assert bus.endings() == {"applied": 1000}


class TestPoison:
    POISON = (
        ("malformed", b"\xff\x00 this is no JSON"),
        ("malformed", b""),
        ("malformed", b"[1, 2]"),
        ("malformed", changed(a_fact(), specversion=None)),
        ("malformed", changed(a_fact(), id="not a uuid")),
        ("malformed", changed(a_fact(), time="yesterday")),
        ("malformed", changed(a_fact(), data="text")),
        ("unknown_type", changed(a_fact(), type="recharges.sale.imagined.v1")),
        ("unknown_type", changed(a_fact(), type="recharges.\x00.v1")),
        ("malformed", changed(a_fact(), type="recharges.\ud800.v1")),
        ("unreadable", a_fact(number="many").to_json()),  # type: ignore[arg-type]
        ("unreadable", changed(a_fact(), data={})),
        ("crashed", a_fact(do="crash").to_json()),
    )

    def test_is_parked_with_its_reason_while_the_rest_flows(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(number) for number in range(50)])
        for _, body in self.POISON:
            bus.put(body)
        bus.put_facts([a_fact(number) for number in range(50, 100)])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.effects() == 100)
            eventually(lambda: len(bus.parked()) == len(self.POISON))

        assert sorted(row["reason"] for row in bus.parked()) == sorted(r for r, _ in self.POISON)
        assert {bytes(row["body"]) for row in bus.parked()} == {body for _, body in self.POISON}
        assert bus.depth(ON_SALE) == 0

    def test_delays_others_by_less_than_a_second(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(do="crash"), *(a_fact(number) for number in range(200))])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.effects() >= 1)
            assert eventually(lambda: bus.effects() == 200) < 1.0

    def test_keeps_its_id_and_detail_for_the_person_who_looks(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([poison := a_fact(7, do="crash")])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: len(bus.parked()) == 1)

        [row] = bus.parked()
        assert (row["event_id"], row["type"], row["consumer"]) == (poison.id, SALE, ON_SALE)
        assert row["detail"] == "ZeroDivisionError: number 7"
        assert (row["attempts"], row["state"]) == (1, "parked")

    def test_that_comes_again_is_parked_once(self, bus: Bus) -> None:
        bus.declare()
        poison = a_fact(7, do="crash")
        bus.put_facts([poison, poison])
        bus.put_facts([a_fact(8)])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.effects() == 1)

        assert len(bus.parked()) == 1

    def test_that_kills_its_consumer_is_parked_by_the_broker(self, bus: Bus) -> None:
        bus = bus.with_settings(delivery_limit=2)
        bus.declare()
        bus.put_facts([poison := a_fact(7)])
        for _ in range(3):  # delivered, and the consumer dies before it can say anything
            with bus.broker() as dying:
                got: list[object] = []
                dying.consume(ON_SALE, prefetch=1, on_delivery=got.append)
                eventually(lambda got=got, dying=dying: dying.drain(0.1) and bool(got))  # type: ignore[misc]
        collector = Collector(
            "settlement",
            database=bus.database("settlement"),
            amqp_url=bus.amqp_url,
            plan=bus.plan,
            settings=bus.settings,
        )

        with bus.receiving(collector.receiver):
            eventually(lambda: len(bus.parked()) == 1)

        [row] = bus.parked()
        assert (row["consumer"], row["reason"]) == (ON_SALE, "delivery_limit")
        assert row["event_id"] == poison.id
        assert bus.depth(topology.parking_queue("settlement")) == 0


class TestPassingTrouble:
    def test_is_tried_again_after_a_pause_then_applied(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(1, do="clash until open"), a_fact(2)])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.effects() == 1)  # number 2 did not wait
            assert bus.parked() == []
            self.open_gate(bus)
            waited_s = eventually(lambda: bus.effects() == 2)

        assert waited_s > 0.3, "it came back without a pause"
        assert bus.endings() == {"applied": 2}

    def test_is_bounded_then_parked(self, bus: Bus) -> None:
        bus = bus.with_settings(retry_delays_s=(1, 1))
        bus.declare()
        bus.put_facts([a_fact(1, do="clash")])

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: len(bus.parked()) == 1)

        [row] = bus.parked()
        assert (row["reason"], row["attempts"]) == ("retries_exhausted", 3)
        assert "DeadlockDetected" in row["detail"]
        assert bus.effects() == 0

    def test_carries_no_header_on_but_our_own(self, bus: Bus) -> None:
        bus.declare()
        bus.put(a_fact(1, do="clash").to_json(), headers={"x-user-id": "mallory", ATTEMPT: -3})

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.depth(topology.retry_queue(ON_SALE, delay_s=1)) == 1)
        [delivery] = bus.take(ON_SALE, count=1)

        assert delivery.headers[ATTEMPT] == 1
        assert "x-user-id" not in delivery.headers

    @staticmethod
    def open_gate(bus: Bus) -> None:
        with bus.database("settlement").transaction() as tx:
            tx.execute("INSERT INTO gate VALUES (true)")


class TestAbsence:
    def test_of_the_database_is_waited_for_without_using_up_attempts(self, bus: Bus) -> None:
        bus.declare()
        name = bus.database_url.rpartition("/")[2]
        maintenance_url = bus.database_url.replace(name, "postgres")
        with bus.receiving(bus.listener(handle).receiver):
            bus.put_facts([a_fact(0)])
            eventually(lambda: bus.effects() == 1)
            with psycopg.connect(maintenance_url, autocommit=True) as admin:
                admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    (name,),
                )
                bus.put_facts([a_fact(number) for number in range(1, 31)])
                time.sleep(2.5)
                admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
            eventually(lambda: bus.effects() == 31)

        assert bus.endings() == {"applied": 31}
        assert bus.parked() == []

    def test_of_the_broker_is_waited_for(self, bus: Bus) -> None:
        bus.declare()
        with (
            wire_to(bus.amqp_url) as (wire, url),
            bus.receiving(bus.listener(handle, amqp_url=url).receiver),
        ):
            bus.put_facts([a_fact(0)])
            eventually(lambda: bus.effects() == 1)
            wire.refuses = True
            wire.cut()
            bus.put_facts([a_fact(number) for number in range(1, 21)])
            time.sleep(1.0)
            assert bus.effects() == 1
            wire.refuses = False
            eventually(lambda: bus.effects() == 21)

        assert bus.endings() == {"applied": 21}

    def test_of_the_broker_in_the_middle_of_a_batch_doubles_nothing(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(number) for number in range(100)])
        with wire_to(bus.amqp_url) as (wire, url):
            listener = bus.listener(slow_first(0.5), amqp_url=url, batch_count_max=30)
            with bus.receiving(listener.receiver):
                time.sleep(0.3)
                wire.cut()  # the first batch commits, and its acknowledgement goes nowhere
                eventually(lambda: bus.effects() == 100)
                eventually(lambda: bus.depth(ON_SALE) == 0)

        assert bus.endings() == {"applied": 100}


class TestStop:
    def test_during_a_batch_loses_and_doubles_nothing(self, bus: Bus) -> None:
        bus.declare()
        bus.put_facts([a_fact(number) for number in range(100)])

        with bus.receiving(bus.listener(slow_first(0.5), batch_count_max=30).receiver):
            time.sleep(0.2)  # stopped in the middle of the first batch
        done = bus.effects()
        eventually(lambda: bus.depth(ON_SALE) == 100 - done)
        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.effects() == 100)

        assert 0 < done < 100, "the batch at hand is finished, and no other begun"
        assert bus.endings() == {"applied": 100}
