"""kill -9 of each process during sales: what tills saw acknowledged is stored exactly once."""

import pytest

from deploy.local import probe
from tests.faults.crowd import Crowd
from tests.faults.killing import frozen, kill, pids_but
from tests.faults.tills import Tills
from tests.fix_network import Network, eventually

pytestmark = pytest.mark.fault

BETWEEN = 25


def heard_of(network: Network) -> int:
    """How many sales the ledger has heard of."""
    return network.number("SELECT count(*) FROM settlement.entry WHERE kind = 'sale_completed'")


class TestSale:
    def test_outlives_its_own_service(self, network: Network, crowd: Crowd) -> None:
        with Tills(network, crowd) as tills:
            for _ in range(3):
                tills.sell_some(BETWEEN)
                kill(network.stack, "recharges")
            tills.sell_some(BETWEEN)
        assert tills.asked_again, "no till noticed: the kills hit nothing"
        tills.see_all_stored_once()
        network.audit()

    def test_does_not_notice_the_relay(self, network: Network, crowd: Crowd) -> None:
        with Tills(network, crowd) as tills:
            for _ in range(2):
                tills.sell_some(BETWEEN)
                kill(network.stack, "recharges-relay")
            tills.sell_some(BETWEEN)
        assert tills.asked_again == []
        tills.see_all_stored_once()
        network.audit()

    def test_does_not_notice_a_hearer(self, network: Network, crowd: Crowd) -> None:
        with Tills(network, crowd) as tills:
            for _ in range(2):
                tills.sell_some(BETWEEN)
                kill(network.stack, "settlement")
                tills.sell_some(BETWEEN)
                kill(network.stack, "referrals")
            tills.sell_some(BETWEEN)
        assert tills.asked_again == []
        tills.see_all_stored_once()
        network.audit()

    def test_outlives_the_database_server(self, network: Network, crowd: Crowd) -> None:
        others = pids_but(network.stack, "postgres")
        with Tills(network, crowd) as tills:
            for _ in range(2):
                tills.sell_some(BETWEEN)
                kill(network.stack, "postgres")
                network.stack.wait_ready()
            tills.sell_some(BETWEEN)
        tills.see_all_stored_once()
        network.audit()
        assert pids_but(network.stack, "postgres") == others

    def test_outlives_the_web_server(self, network: Network, crowd: Crowd) -> None:
        with Tills(network, crowd) as tills:
            for _ in range(2):
                tills.sell_some(BETWEEN)
                kill(network.stack, "nginx")
            tills.sell_some(BETWEEN)
        tills.see_all_stored_once()
        network.audit()


class TestBroker:
    def test_may_be_killed_and_stay_down_while_sales_go_on(
        self, network: Network, crowd: Crowd
    ) -> None:
        stack = network.stack
        others = pids_but(stack, "rabbitmq")
        with Tills(network, crowd) as tills:
            tills.sell_some(BETWEEN)
            kill(stack, "rabbitmq")
            # The next one is stopped before it takes clients: nobody listens on the port.
            with frozen(stack.pid("rabbitmq")):
                assert not probe.listens(stack.ports.amqp)
                heard = heard_of(network)
                sold = tills.acknowledged
                tills.sell_some(4 * BETWEEN)
                assert heard_of(network) == heard
                assert not probe.listens(stack.ports.amqp)
                sold = tills.acknowledged - sold
            stack.wait_ready()
            tills.sell_some(BETWEEN)
        assert tills.asked_again == []
        tills.see_all_stored_once()
        eventually(lambda: heard_of(network) >= heard + sold)
        network.audit()
        assert pids_but(stack, "rabbitmq") == others

    def test_may_hang_while_sales_go_on(self, network: Network, crowd: Crowd) -> None:
        with Tills(network, crowd) as tills:
            tills.sell_some(BETWEEN)
            with frozen(network.stack.pid("rabbitmq")):
                tills.sell_some(4 * BETWEEN)
            tills.sell_some(BETWEEN)
        assert tills.asked_again == []
        tills.see_all_stored_once()
        network.audit()


class TestHearer:
    def test_may_hang_while_sales_go_on(self, network: Network, crowd: Crowd) -> None:
        with Tills(network, crowd) as tills:
            tills.sell_some(BETWEEN)
            with frozen(network.stack.pid("settlement")):
                tills.sell_some(4 * BETWEEN)
            tills.sell_some(BETWEEN)
        assert tills.asked_again == []
        tills.see_all_stored_once()
        network.audit()
