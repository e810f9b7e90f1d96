"""What the fault tests share: a crowd that buys, and a second process that sells."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.local import keyring, services
from deploy.local.processes import FIRST_COPY_OFFSET, PROCESSES
from tests.faults.crowd import Crowd, gather
from tests.fix_network import Network

COPY_READY_WITHIN_S = 60.0


@pytest.fixture(scope="session")
def crowd(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    """Enough people and vouchers for every fault test."""
    return gather(network, folder=tmp_path_factory.mktemp("deliveries"))


@pytest.fixture
def healthy(network: Network) -> Iterator[None]:
    """Everything answers before a test, and again after it."""
    network.stack.wait_ready()
    yield
    network.stack.wait_ready()


@pytest.fixture(scope="session")
def second_door(network: Network) -> Iterator[str]:
    """The address of a second recharges process: what one process alone cannot get wrong."""
    home, ports, now = network.stack.home, network.stack.ports, network.stack.now
    first = next(process for process in PROCESSES if process.name == "recharges")
    child = services.make_child(
        replace(first, name="recharges-2", parts="http", port_offset=FIRST_COPY_OFFSET),
        home=home,
        ports=ports,
        keyring=keyring.load(home),
        database_url=now.database_url,
        amqp_url=now.amqp_url,
    )
    child.start()
    try:
        child.wait_ready(limit_s=COPY_READY_WITHIN_S, deaths_max=1)
        yield f"http://127.0.0.1:{child.port}"
    finally:
        child.stop()
