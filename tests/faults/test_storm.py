"""Everything at once: a storm of kills and stops over some twenty seconds of sales."""

import random
import time
from contextlib import suppress

import pytest

from tests.faults.crowd import Crowd
from tests.faults.killing import frozen
from tests.faults.tills import Tills
from tests.fix_network import Network
from tests.fix_stack import RunningStack

pytestmark = pytest.mark.fault

SEED = 20_261_122
STORM_S = 20.0
PAUSES_S = (0.3, 1.2)
STOPPED_S = 1.5
SALES_MIN = 50
#: Each may be struck again and again; the servers that take longest to start, once each.
OFTEN = ("recharges", "recharges-relay", "settlement", "referrals", "nginx")
ONCE = ("rabbitmq", "postgres")
STOPPED = ("settlement", "recharges-relay")


def strike(stack: RunningStack, name: str, *, stop: bool) -> None:
    """Kill a process, or stop it for a moment; it may have died a moment before."""
    with suppress(ProcessLookupError):
        if not stop:
            stack.kill9(name)
            return
        with frozen(stack.pid(name)):
            time.sleep(STOPPED_S)


class TestStorm:
    def test_changes_no_total(self, network: Network, crowd: Crowd) -> None:
        rng = random.Random(SEED)
        ahead = [(name, False) for name in (*ONCE, *OFTEN, *OFTEN)]
        ahead += [(name, True) for name in STOPPED]
        rng.shuffle(ahead)
        struck = []
        with Tills(network, crowd) as tills:
            until = time.monotonic() + STORM_S
            while ahead and time.monotonic() < until:
                name, stop = ahead.pop()
                strike(network.stack, name, stop=stop)
                struck.append(name)
                time.sleep(rng.uniform(*PAUSES_S))
            network.stack.wait_ready()
            tills.sell_some(SALES_MIN)
        assert set(struck) >= {*ONCE, *OFTEN}
        assert tills.asked_again, "no till noticed: the storm hit nothing"
        tills.see_all_stored_once()
        network.audit()
