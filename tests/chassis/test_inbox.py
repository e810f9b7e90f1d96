"""The inbox: a fact is claimed once by each consumer, in the transaction of its effect."""

import threading

from chassis import inbox
from kernel.envelope import Envelope
from tests.chassis.bus import Bus, a_fact, eventually


class TestClaim:
    def test_gives_what_is_fresh_once_in_its_order(self, bus: Bus) -> None:
        facts = [a_fact(number) for number in range(5)]
        with bus.database("settlement").transaction() as tx:
            inbox.claim(tx, consumer="settlement.on_sale", facts=facts[:2])
            again = [facts[3], facts[0], facts[3], facts[2], facts[1]]

            fresh = inbox.claim(tx, consumer="settlement.on_sale", facts=again)

        assert [fact.id for fact in fresh] == [facts[3].id, facts[2].id]

    def test_is_each_consumers_own(self, bus: Bus) -> None:
        fact = a_fact(1)
        with bus.database("settlement").transaction() as tx:
            for consumer in ("settlement.on_sale", "settlement.on_stock"):
                assert inbox.claim(tx, consumer=consumer, facts=[fact]) == [fact]

    def test_goes_away_with_its_transaction(self, bus: Bus) -> None:
        fact = a_fact(1)
        database = bus.database("settlement")
        try:
            with database.transaction() as tx:
                inbox.claim(tx, consumer="settlement.on_sale", facts=[fact])
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass

        with database.transaction() as tx:
            assert inbox.claim(tx, consumer="settlement.on_sale", facts=[fact]) == [fact]

    def test_by_two_processes_at_once_waits_for_the_first(self, bus: Bus) -> None:
        facts = [a_fact(number) for number in range(50)]
        database = bus.database("settlement")
        claimed: list[int] = []

        def other() -> None:
            with database.transaction() as tx:
                reverse = list(reversed(facts))
                fresh = inbox.claim(tx, consumer="settlement.on_sale", facts=reverse)
                claimed.append(len(fresh))

        with database.transaction() as tx:
            inbox.claim(tx, consumer="settlement.on_sale", facts=facts)
            thread = threading.Thread(target=other)
            thread.start()
            eventually(lambda: bus.number("settlement", _BLOCKED) == 1)
        thread.join(10)

        assert claimed == [0]

    def test_in_opposite_orders_at_once_never_deadlocks(self, bus: Bus) -> None:
        database = bus.database("settlement")
        together = threading.Barrier(2)
        claimed: list[int] = []

        def claim(facts: list[Envelope]) -> None:
            with database.transaction() as tx:
                together.wait(10)
                claimed.append(len(inbox.claim(tx, consumer="settlement.on_sale", facts=facts)))

        for _ in range(10):
            facts = [a_fact(number) for number in range(2_000)]
            threads = [
                threading.Thread(target=claim, args=(order,))
                for order in (facts, list(reversed(facts)))
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)

        assert sorted(claimed) == [0] * 10 + [2_000] * 10


class TestSupersede:
    def test_changes_the_ending_of_those_alone(self, bus: Bus) -> None:
        facts = [a_fact(number) for number in range(3)]
        with bus.database("settlement").transaction() as tx:
            inbox.claim(tx, consumer="settlement.on_sale", facts=facts)
            inbox.supersede(tx, consumer="settlement.on_sale", event_ids={facts[1].id})

        assert bus.endings() == {"applied": 2, "superseded": 1}


_BLOCKED = (
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
