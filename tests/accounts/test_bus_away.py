"""Access that ends while the bus is away: at once here, elsewhere as soon as it is back."""

import time

import pytest

from tests.accounts.network import BACK_WITHIN_S, Network, make_schemas, network_on, started
from tests.chassis.bus import eventually
from tests.chassis.wire import wire_to
from tests.fix_stack import FreshSchema

pytestmark = pytest.mark.journey


class TestAccess:
    def test_ends_elsewhere_once_the_bus_is_back_and_a_restart_forgets_nothing(
        self, fresh_schema: FreshSchema, amqp_url: str
    ) -> None:
        schemas = make_schemas(fresh_schema)
        with wire_to(amqp_url) as (wire, url), network_on(schemas, url) as network:
            user, token = network.somebody()
            wire.refuses = True
            wire.cut()

            network.accounts.post(f"/v1/users/{user['user_id']}/disable", {})

            assert network.accounts.get("/v1/me", as_=token).status_code == 401
            time.sleep(1.0)
            assert network.statuses(token) == {200}, "nobody can have told them"
            wire.refuses = False
            eventually(lambda: network.statuses(token) == {401}, within_s=BACK_WITHIN_S)
            wire.refuses = True
            wire.cut()
            with started(schemas, url) as others:
                again = Network(accounts=network.accounts, others=others)
                assert again.statuses(token) == {401}, "it knew before the first caller"
