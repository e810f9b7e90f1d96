"""One stand-in for every test that leaves no bad weather behind."""

from collections.abc import Iterator

import pytest
import stripe

from tests.stripe.standin import Hearer, StandIn, hearing, playing, wait_until


@pytest.fixture(scope="module")
def module_hearer() -> Iterator[Hearer]:
    with hearing() as hearer:
        yield hearer


@pytest.fixture(scope="module")
def module_stand_in(
    module_hearer: Hearer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StandIn]:
    folder = tmp_path_factory.mktemp("stripe")
    with playing(folder, webhook_url=module_hearer.url) as stand_in:
        yield stand_in


@pytest.fixture
def stand_in(module_stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in of this module; the weather is fair again afterwards."""
    yield module_stand_in
    module_stand_in.control("bad_days", verb="DELETE")


@pytest.fixture
def hearer(stand_in: StandIn, module_hearer: Hearer) -> Hearer:
    """Its hearer, with nothing on the way and nothing heard yet."""
    stand_in.control("bad_days", verb="DELETE")
    wait_until(lambda: "pending" not in stand_in.states(), lambda: "some are still on their way")
    module_hearer.events.clear()
    module_hearer.posts.clear()
    module_hearer.statuses.clear()
    return module_hearer


@pytest.fixture
def client(stand_in: StandIn) -> stripe.StripeClient:
    return stand_in.client()
