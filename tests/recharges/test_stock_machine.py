"""Stock, sales, transfers, releases and freezes in any order, against a small model."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.fix_stack import FreshSchema
from tests.recharges.machine import StockRules
from tests.recharges.machine_leases import LeaseRules


class Machine(LeaseRules, StockRules):
    """All the rules there are; a subject adds its own as one more base."""


class TestStock:
    def test_is_what_a_person_with_a_box_of_cards_would_have(
        self, fresh_schema: FreshSchema
    ) -> None:
        Machine.schema = fresh_schema("recharges")

        run_state_machine_as_test(
            Machine, settings=settings(max_examples=40, stateful_step_count=50)
        )
