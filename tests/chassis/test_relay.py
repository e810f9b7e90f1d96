"""From the outbox to the queues: everything told arrives, whatever dies on the way."""

import threading
import time
from contextlib import suppress

import psycopg
import pytest

from chassis import metrics, outbox, topology
from chassis.broker import BrokerAway, Outcome
from kernel.envelope import Envelope
from tests.chassis.bus import ALSO_ON_SALE, ON_SALE, SALE, STOCK, Bus, a_fact, eventually
from tests.chassis.hearing import handle
from tests.chassis.mortal import MortalBroker
from tests.chassis.wire import wire_to


def numbers_in(bus: Bus, queue: str, *, count: int) -> list[int]:
    """The numbers of the facts that lie in a queue, which is emptied."""
    return [Envelope.from_json(d.body).data["number"] for d in bus.take(queue, count=count)]


def unbound(bus: Bus, fact_type: str) -> None:
    """Make a type unroutable, as a lost binding does."""
    bus.declare()
    with bus.channel() as channel:
        for queue in bus.plan.subscriptions[fact_type]:
            channel.queue_unbind(queue, topology.EXCHANGE, fact_type)


class TestRelay:
    def test_publishes_what_waits_and_marks_it_all(self, bus: Bus) -> None:
        facts = [a_fact(number) for number in range(1200)]
        bus.tell(facts)

        with bus.relaying():
            eventually(lambda: bus.waiting() == 0)

        assert numbers_in(bus, ON_SALE, count=1200) == list(range(1200))
        assert numbers_in(bus, ALSO_ON_SALE, count=1200) == list(range(1200))

    def test_sends_the_envelope_as_it_was_told(self, bus: Bus) -> None:
        cause = a_fact(1)
        bus.tell([a_fact(1, subject="till-é"), fact := a_fact(2, subject="till-é", name="Été €")])
        with bus.relaying():
            eventually(lambda: bus.waiting() == 0)

        _, delivery = bus.take(ON_SALE, count=2)
        heard = Envelope.from_json(delivery.body)

        assert heard.id == fact.id
        assert heard.id != cause.id
        assert (heard.subject, heard.sequence, heard.site) == ("till-é", 2, "paris-19")
        assert (heard.time, heard.data) == (fact.time, fact.data)

    def test_sends_plain_persistent_json(self, bus: Bus) -> None:
        bus.tell([fact := a_fact(1)])
        with bus.relaying():
            eventually(lambda: bus.waiting() == 0)

        with bus.channel() as channel:
            message = channel.basic_get(ON_SALE)

        headers = message.properties.pop("application_headers", {})
        assert headers.keys() <= {"x-delivery-count"}, "the broker's own; RabbitMQ 4 begins at 1"
        assert message.properties == {
            "content_type": "application/json",
            "content_encoding": "utf-8",
            "delivery_mode": 2,
            "message_id": str(fact.id),
        }
        assert message.delivery_info["routing_key"] == SALE

    def test_carries_a_body_larger_than_a_frame(self, bus: Bus) -> None:
        bus.tell([fact := a_fact(1, text="€" * 200_000)])
        with bus.relaying():
            eventually(lambda: bus.waiting() == 0)

        [delivery] = bus.take(ON_SALE, count=1)
        assert Envelope.from_json(delivery.body).data == fact.data

    def test_publishes_a_fact_within_a_moment_of_its_commit(self, bus: Bus) -> None:
        bus = bus.with_settings(relay_poll_ms=2_000)
        with bus.relaying():
            bus.tell([a_fact(1)])
            eventually(lambda: bus.waiting() == 0)
            bus.tell([a_fact(2)])
            assert eventually(lambda: bus.waiting() == 0) < 1.0, "the notification is not heard"

    def test_publishes_together_what_commits_soon_after_a_batch(self, bus: Bus) -> None:
        bus = bus.with_settings(relay_gather_ms=1_500)
        with bus.relaying():
            bus.tell([a_fact(1)])
            eventually(lambda: bus.waiting() == 0)
            for number in (2, 3):
                bus.tell([a_fact(number)])
                time.sleep(0.3)
            eventually(lambda: bus.waiting() == 0)

        [_, second, third] = bus.rows("recharges", "SELECT published_at FROM outbox ORDER BY 1")
        assert (third["published_at"] - second["published_at"]).total_seconds() < 0.1

    def test_publishes_rows_that_commit_in_another_order_than_their_ids(self, bus: Bus) -> None:
        bus.declare()
        database = bus.database("recharges")
        with bus.relaying():
            with database.transaction() as late:
                outbox.append(late, [a_fact(1)])
                bus.tell([a_fact(2)])
                eventually(lambda: bus.depth(ON_SALE) == 1)
            eventually(lambda: bus.depth(ON_SALE) == 2)

        assert numbers_in(bus, ON_SALE, count=2) == [2, 1]
        assert bus.waiting() == 0

    def test_marks_a_fact_that_nobody_hears(self, bus: Bus) -> None:
        bus.tell([a_fact(1, type="recharges.till.closed.v1")])

        with bus.relaying():
            eventually(lambda: bus.waiting() == 0)

    def test_counts_what_waits(self, bus: Bus) -> None:
        unbound(bus, STOCK)
        relay = bus.relay()
        relay._open_broker()  # declares, binding anew
        unbound(bus, STOCK)
        bus.tell([a_fact(1, type=STOCK), a_fact(2, type=STOCK)])

        with bus.relaying(relay):
            eventually(lambda: metrics.outbox_held._value.get() == 2)

            assert metrics.outbox_waiting._value.get() == 2
            assert metrics.outbox_oldest_seconds._value.get() > 0


class TestHeldRow:
    def test_keeps_its_place_while_the_others_go(self, bus: Bus) -> None:
        relay = bus.relay()
        relay._open_broker()
        unbound(bus, STOCK)
        bus.tell([a_fact(1), a_fact(2, type=STOCK), a_fact(3)])

        with bus.relaying(relay):
            eventually(lambda: bus.waiting() == 1)
            [row] = bus.rows("recharges", "SELECT * FROM outbox WHERE published_at IS NULL")
            assert row["type"] == STOCK
            assert row["attempts"] >= 1
            assert row["next_attempt_at"] is not None
            bus.declare()
            eventually(lambda: bus.waiting() == 0)

        assert sorted(numbers_in(bus, ON_SALE, count=3)) == [1, 2, 3]

    def test_is_not_overtaken_by_later_facts_of_its_subject(self, bus: Bus) -> None:
        relay = bus.relay()
        relay._open_broker()
        unbound(bus, STOCK)
        bus.tell([a_fact(1, type=STOCK, subject="stock-1")])

        with bus.relaying(relay):
            eventually(lambda: self.attempts(bus) >= 1)
            bus.tell([a_fact(2, subject="stock-1"), a_fact(3, subject="stock-2")])
            eventually(lambda: self.attempts(bus) >= 2)
            assert bus.waiting() == 2  # number 3, of another subject, is gone
            bus.declare()
            eventually(lambda: bus.waiting() == 0)

        assert numbers_in(bus, ON_SALE, count=3) == [3, 1, 2]

    def test_is_still_held_by_the_relay_that_takes_over(self, bus: Bus) -> None:
        bus.tell([a_fact(1, subject="stock-1"), a_fact(2, subject="stock-1")])
        with bus.database("recharges").transaction() as tx:
            tx.execute(
                "UPDATE outbox SET attempts = 5, next_attempt_at = now() + interval '1 second'"
                " WHERE sequence = 1"
            )

        with bus.relaying():
            time.sleep(0.5)
            assert bus.waiting() == 2
            eventually(lambda: bus.waiting() == 0)

        assert numbers_in(bus, ON_SALE, count=2) == [1, 2]

    def test_waits_while_a_queue_is_full(self, bus: Bus) -> None:
        bus = bus.with_settings(queue_length_max=10, relay_batch_count_max=20)
        bus.tell([a_fact(number) for number in range(300)])

        with bus.relaying():
            time.sleep(1.0)
            assert bus.waiting() > 0, "the broker took more than its limit"
            listeners = [
                bus.listener(handle, consumer=ON_SALE).receiver,
                bus.listener(handle, consumer=ALSO_ON_SALE).receiver,
            ]
            with bus.receiving(listeners[0]), bus.receiving(listeners[1]):
                eventually(lambda: bus.waiting() == 0, within_s=60)
                eventually(lambda: bus.effects("settlement") == bus.effects("impact") == 300)

    def attempts(self, bus: Bus) -> int:
        return bus.number("recharges", "SELECT max(attempts) FROM outbox")


class TestTwoRelays:
    def test_publish_in_order_without_doubling(self, bus: Bus) -> None:
        with bus.relaying(), bus.relaying():
            for start in range(0, 1000, 10):
                bus.tell([a_fact(number) for number in range(start, start + 10)])
            eventually(lambda: bus.waiting() == 0)

        assert bus.depth(ON_SALE) == 1000
        assert numbers_in(bus, ON_SALE, count=1000) == list(range(1000))

    def test_take_over_from_one_another_within_two_seconds(self, bus: Bus) -> None:
        with bus.relaying():
            bus.tell([a_fact(1)])
            eventually(lambda: bus.waiting() == 0)
            with bus.relaying():
                bus.database("recharges")
                with psycopg.connect(bus.database_url) as admin:
                    # The leader loses its connection, and with it the lock.
                    admin.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_locks"
                        " WHERE locktype = 'advisory' AND granted AND database ="
                        " (SELECT oid FROM pg_database WHERE datname = current_database())"
                    )
                bus.tell([a_fact(2)])
                assert eventually(lambda: bus.waiting() == 0) < 2.0


class TestCrash:
    def test_between_publish_and_mark_makes_duplicates_that_the_inbox_absorbs(
        self, bus: Bus
    ) -> None:
        bus.tell([a_fact(number) for number in range(100)])
        dying = bus.relay()
        assert dying._lead()
        assert dying._connection
        rows = dying.claim(dying._connection)
        assert set(dying.publish(dying._open_broker(), rows)) == {Outcome.CONFIRMED}
        dying._drop_broker()
        dying._resign()  # and nothing was marked
        assert bus.waiting() == 100

        with bus.relaying():
            eventually(lambda: bus.waiting() == 0)
        assert bus.depth(ON_SALE) == 200
        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.depth(ON_SALE) == 0 and bus.effects() == 100)

        assert bus.endings() == {"applied": 100}

    def test_before_commit_tells_no_ghost_message(self, bus: Bus) -> None:
        with bus.relaying():
            with suppress(ZeroDivisionError), bus.database("recharges").transaction() as tx:
                outbox.append(tx, [a_fact(1)])
                raise ZeroDivisionError
            bus.tell([a_fact(2)])
            eventually(lambda: bus.waiting() == 0)

        assert numbers_in(bus, ON_SALE, count=1) == [2]
        assert bus.depth(ON_SALE) == 0

    def test_after_commit_leaves_no_zombie_record(self, bus: Bus) -> None:
        with wire_to(bus.amqp_url) as (wire, url):
            wire.refuses = True
            with bus.relaying(bus.relay(amqp_url=url)):
                bus.tell([a_fact(1)])  # committed while nobody can be told
                time.sleep(0.5)
        assert bus.waiting() == 1

        with bus.relaying():
            eventually(lambda: bus.waiting() == 0)

        assert numbers_in(bus, ON_SALE, count=1) == [1]


class TestBroker:
    def test_cut_off_in_the_middle_loses_nothing(self, bus: Bus) -> None:
        bus.declare()
        bus.tell([a_fact(number) for number in range(3000)])
        with (
            wire_to(bus.amqp_url) as (wire, url),
            bus.relaying(bus.relay(amqp_url=url)),
            bus.receiving(bus.listener(handle, amqp_url=url).receiver),
        ):
            for share in (2500, 1500, 500):
                eventually(lambda share=share: bus.waiting() <= share)  # type: ignore[misc]
                wire.cut()
            eventually(lambda: bus.waiting() == 0, within_s=30)
            eventually(lambda: bus.effects() == 3000, within_s=30)

        assert bus.number("settlement", "SELECT count(DISTINCT number) FROM effect") == 3000

    # A few facts leave and are never confirmed; many fill the socket before they have left.
    @pytest.mark.parametrize("count", [3, 2000])
    def test_that_freezes_hangs_nobody(self, bus: Bus, count: int) -> None:
        bus = bus.with_settings(confirm_seconds_max=1.0)
        bus.declare()
        with wire_to(bus.amqp_url) as (wire, url), bus.relaying(bus.relay(amqp_url=url)):
            bus.tell([a_fact(1)])
            eventually(lambda: bus.waiting() == 0)
            wire.freeze()
            bus.tell([a_fact(number) for number in range(count)])
            eventually(lambda: wire.accepted >= 2)  # it gave up and tried anew
            assert bus.waiting() > 0
            wire.cut()
            wire.thaw()
            eventually(lambda: bus.waiting() == 0)

    def test_short_of_memory_is_waited_for(self, bus_on_mortal: Bus, mortal: MortalBroker) -> None:
        bus = bus_on_mortal.with_settings(confirm_seconds_max=0.5)
        with bus.relaying():
            bus.tell([a_fact(1)])
            eventually(lambda: bus.waiting() == 0)
            with mortal.short_of_memory():
                bus.tell([a_fact(2)])
                time.sleep(5.0)  # many times longer than confirms are waited for
                assert bus.waiting() == 1
            bus.tell([a_fact(3)])
            eventually(lambda: bus.waiting() == 0)

        heard = numbers_in(bus, ON_SALE, count=bus.depth(ON_SALE))
        assert set(heard) == {1, 2, 3}
        assert len(heard) <= 4, "it published again and again into a broker that does not read"

    def test_killed_while_facts_travel_loses_nothing(
        self, bus_on_mortal: Bus, mortal: MortalBroker
    ) -> None:
        bus = bus_on_mortal
        bus.declare()
        bus.tell([a_fact(number) for number in range(3000)])
        with bus.relaying(), bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.waiting() < 2800)
            mortal.kill_and_restart()
            bus.tell([a_fact(number) for number in range(3000, 3100)])
            eventually(lambda: bus.waiting() == 0, within_s=60)
            eventually(lambda: bus.effects() == 3100, within_s=60)

        assert bus.number("settlement", "SELECT count(DISTINCT number) FROM effect") == 3100
        assert bus.endings() == {"applied": 3100}


class TestStop:
    def test_leaves_at_once_while_the_broker_is_away(self, bus: Bus) -> None:
        with wire_to(bus.amqp_url) as (wire, url):
            wire.refuses = True
            relay = bus.relay(amqp_url=url)
            thread = threading.Thread(target=relay.run)
            thread.start()
            time.sleep(0.5)
            started = time.monotonic()
            relay.stop()
            thread.join(5)

        assert time.monotonic() - started < 2.0

    def test_gives_a_clear_error_when_nobody_listens(self, bus: Bus) -> None:
        relay = bus.relay(amqp_url="amqp://guest:guest@127.0.0.1:9/")

        with pytest.raises(BrokerAway, match="cannot connect"):
            relay._open_broker()
