"""What the tests of doors share: the services' copies, and the people of the demonstration."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.doors.copies import Copy, User, copied, users_of
from tests.fix_network import Network

CopyOf = Callable[[str], Copy]


@pytest.fixture(scope="module")
def copy_of(network: Network) -> Iterator[CopyOf]:
    """A copy of a service, made when it is first asked for."""
    made: dict[str, Copy] = {}
    with ExitStack() as opened:

        def find(service: str) -> Copy:
            if service not in made:
                made[service] = opened.enter_context(copied(network.stack, service))
            return made[service]

        yield find


@pytest.fixture(scope="session")
def users(network: Network) -> list[User]:
    return users_of(network.stack)
