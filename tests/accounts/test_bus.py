"""Access ends at the doors of other services: real processes, a real bus."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.accounts.door import PASSWORD
from tests.accounts.network import BACK_WITHIN_S, Network, make_schemas, network_on
from tests.chassis.bus import eventually
from tests.fix_stack import FreshSchema

pytestmark = pytest.mark.journey

REVOKED_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def network(fresh_schema: FreshSchema, amqp_url: str) -> Iterator[Network]:
    with network_on(make_schemas(fresh_schema), amqp_url) as made:
        # The first fact of all finds queues that are only just declared.
        user, token = made.somebody()
        assert made.accounts.post(f"/v1/users/{user['user_id']}/disable", {}).status_code == 200
        eventually(lambda: made.statuses(token) == {401}, within_s=BACK_WITHIN_S)
        yield made


Ending = Callable[[Network, dict[str, Any], dict[str, str]], httpx.Response]
ENDINGS: dict[str, Ending] = {
    "session revoked": lambda network, user, _: network.accounts.post(
        f"/v1/sessions/{user['session_id']}/revoke", {}
    ),
    "signed out": lambda network, _, token: network.accounts.post("/v1/sign-out", {}, as_=token),
    "every session revoked": lambda network, user, _: network.accounts.post(
        "/v1/sessions/revoke-all", {"user_id": user["user_id"]}
    ),
    "user disabled": lambda network, user, _: network.accounts.post(
        f"/v1/users/{user['user_id']}/disable", {}
    ),
    "role changed": lambda network, user, _: network.accounts.post(
        f"/v1/users/{user['user_id']}/change", {"role": "referrer"}
    ),
    "password changed": lambda network, _, token: network.accounts.post(
        "/v1/password",
        {"password": PASSWORD, "new_password": "une tout autre longue phrase"},
        as_=token,
    ),
}


class TestAccess:
    @pytest.mark.parametrize("how", ENDINGS)
    def test_ends_at_every_door_within_two_seconds(self, network: Network, how: str) -> None:
        user, token = network.somebody()
        _, bystander = network.somebody()

        answer = ENDINGS[how](network, user, token)

        ended_at = time.monotonic()
        assert answer.status_code == 200, answer.text
        eventually(lambda: network.statuses(token) == {401}, within_s=REVOKED_WITHIN_S)
        assert time.monotonic() - ended_at < REVOKED_WITHIN_S
        assert network.codes(token) == {"accounts.token.revoked"}
        assert network.statuses(bystander) == {200}

    def test_of_a_till_device_ends_and_is_rolled(self, network: Network) -> None:
        accounts, recharges = network.accounts, network.others["recharges"]
        site = {"site_code": accounts.make_site(), "till_name": "Caisse 1"}

        def token_of(code: str) -> tuple[dict[str, Any], dict[str, str]]:
            device = accounts.post("/v1/devices", {"enrolment_code": code}, as_={}).json()
            return device, {"Authorization": f"Bearer {device['device_token']}"}

        def status(token: dict[str, str]) -> int:
            return recharges.get(f"/v1/tills/{device['till_id']}/leases", headers=token).status_code

        awaited = accounts.post("/v1/devices/enrolments", site).json()
        device, first = token_of(awaited["enrolment_code"])
        eventually(lambda: status(first) == 200)
        roll = accounts.post(f"/v1/devices/{device['device_id']}/roll", {}).json()
        assert status(first) == 200, "it goes on until the code is used"
        rolled, second = token_of(roll["enrolment_code"])
        eventually(lambda: status(first) == 401, within_s=REVOKED_WITHIN_S)
        assert rolled["device_id"] == device["device_id"]
        assert status(second) == 200
        accounts.post(f"/v1/devices/{device['device_id']}/revoke", {})
        eventually(lambda: status(second) == 401, within_s=REVOKED_WITHIN_S)
