"""Exchange, queues and bindings: declared by whoever comes first, always the same."""

import pytest

from chassis import topology
from chassis.broker import BrokerAway, DeclaredOtherwise
from chassis.topology import Topology
from tests.chassis.bus import ALSO_ON_SALE, ON_SALE, PLAN, SALE, STOCK, Bus, a_fact, eventually
from tests.chassis.hearing import handle


class TestTopology:
    def test_knows_who_hears_what(self) -> None:
        assert PLAN.queues() == [ALSO_ON_SALE, ON_SALE]
        assert PLAN.queues(service="settlement") == [ON_SALE]
        assert PLAN.types_heard(ON_SALE) == [SALE, STOCK]
        assert PLAN.is_heard(STOCK)
        assert not PLAN.is_heard("recharges.sale.imagined.v1")

    def test_of_the_repository_is_written_from_the_code(self) -> None:
        plan = Topology.read()

        assert "settlement.on_sale_completed" in plan.subscriptions[SALE]


class TestWaiting:
    def test_counts_what_waits_for_each_handler_and_what_is_to_be_retried(self, bus: Bus) -> None:
        bus.declare()
        later = topology.retry_queue(ON_SALE, delay_s=bus.settings.retry_delays_s[-1])
        bus.put_facts([a_fact(1), a_fact(2)])
        bus.put_facts([a_fact(3)], queue=later)

        with bus.broker() as broker:
            counted = topology.waiting(
                broker, bus.plan, service="settlement", settings=bus.settings
            )

        assert counted == {ON_SALE: 3}

    def test_says_that_a_queue_is_not_there(self, bus: Bus) -> None:
        with bus.broker() as broker, pytest.raises(BrokerAway, match="nobody"):
            broker.length("nobody.s")


class TestDeclare:
    def test_may_be_done_any_number_of_times(self, bus: Bus) -> None:
        for _ in range(3):
            bus.declare()

    def test_keeps_what_is_told_before_its_hearer_ever_ran(self, bus: Bus) -> None:
        bus.tell([a_fact(1, type=STOCK)])
        with bus.relaying():
            eventually(lambda: bus.waiting() == 0)

        with bus.receiving(bus.listener(handle).receiver):
            eventually(lambda: bus.effects() == 1)

    def test_says_clearly_that_a_queue_is_declared_otherwise(self, bus: Bus) -> None:
        bus.declare()
        other = bus.with_settings(queue_length_max=7).settings

        with (
            bus.broker() as broker,
            pytest.raises(DeclaredOtherwise, match=r"impact\.parked exists with other arguments"),
        ):
            topology.declare(broker, bus.plan, settings=other)

    def test_makes_retries_come_back_to_their_own_queue(self, bus: Bus) -> None:
        bus.declare()
        bus.put(a_fact(1).to_json(), queue=topology.retry_queue(ON_SALE, delay_s=1))

        took_s = eventually(lambda: bus.depth(ON_SALE) == 1)

        assert 0.5 < took_s < 5.0
        assert bus.depth(ALSO_ON_SALE) == 0
