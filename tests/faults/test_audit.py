"""The audit while tills sell: what is on its way is not yet lost."""

import pytest

from tests.faults.crowd import Crowd
from tests.faults.tills import Tills
from tests.fix_network import Network

pytestmark = pytest.mark.fault

AUDITS = 2


class TestAudit:
    def test_raises_no_false_alarm_while_tills_sell(self, network: Network, crowd: Crowd) -> None:
        with Tills(network, crowd) as tills:
            for _ in range(AUDITS):
                before = tills.acknowledged
                network.audit()
                assert tills.acknowledged > before
        tills.see_all_stored_once()
