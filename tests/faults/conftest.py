"""What the fault tests share: a crowd that buys, and a second process that sells."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from deploy.demo.data.network import SELLING
from deploy.local import keyring, services
from deploy.local.processes import FIRST_COPY_OFFSET, PROCESSES
from tests.faults.crowd import Crowd
from tests.fix_network import Network

COPY_READY_WITHIN_S = 60.0
VOUCHERS_PER_SITE = 4_000
#: The storm, at the hour when nothing else asks for the processors.
BOUGHT_IN_A_TEST_MAX = 2_500
LET_IN_AT_ONCE = 130


@pytest.fixture(scope="session")
def session_crowd(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    """Nobody yet, and full shelves at the sites where they will buy."""
    folder = tmp_path_factory.mktemp("deliveries")
    for site_code in SELLING:
        network.deliver(folder, site_code=site_code, count=VOUCHERS_PER_SITE)
    return Crowd()


@pytest.fixture
def crowd(network: Network, session_crowd: Crowd) -> Crowd:
    """Enough people for any one test; more are let in as those before have bought what they may."""
    if session_crowd.left < BOUGHT_IN_A_TEST_MAX:
        session_crowd.let_in(network.entitle_many(LET_IN_AT_ONCE, site_codes=SELLING))
    return session_crowd


@pytest.fixture(autouse=True)
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
