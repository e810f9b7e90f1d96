"""Stock, sales, refunds, transfers, leases and closings in any order, against a small model."""

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.fix_stack import FreshSchema
from tests.recharges.machine import Stock, StockRules
from tests.recharges.machine_cards import CardRules
from tests.recharges.machine_late import LateRules
from tests.recharges.machine_leases import LeaseRules
from tests.recharges.machine_told import ToldRules

#: What has to come about for a run to have shown anything.
OFTEN = {
    "sold for cash",
    "sold by card",
    "card sale voided",
    "revealed",
    "refund by card, unseen",
    "refund by card, seen",
    "a voucher sold, given back and sold again",
    "sold offline",
    "drawer closed",
    "cash moved",
    "refused: NoVoucherLeft",
}
#: And where stock is looked after, too.
LOST = {"told as lost", "told as damaged"}
#: And where much is late: for its day and in time for its month, or late for both.
LATE = {
    "sold offline, sent up late",
    "paid by card late",
    "drawer closed",
    "late for its day",
    "late for its month",
    "month closed",
}


class Tills(LeaseRules, CardRules, ToldRules):
    """What happens at tills, on a stock that nobody else touches."""

    @rule(choice=st.data())
    def be_busy(self, choice: st.DataObject) -> None:
        """Some acts at once: hypothesis leaves whole rules out of a run, a site does not."""
        for _ in range(3):
            self._act(choice, quantity=choice.draw(st.integers(1, 3)))

    def _act(self, choice: st.DataObject, *, quantity: int) -> None:
        ledger = self.model.ledger
        then = choice.draw(st.sampled_from(["given_back", "revealed", "succeeded", "nothing"]))
        end = choice.draw(st.sampled_from(["canceled", "succeeded", "given_up"]))
        acts = [lambda: self.sell(choice, [quantity, 1], 1_000)]
        acts += [lambda: self.ask_for_card_sale(choice, quantity, then)] * 2
        if ledger.waiting("reserved", "pending"):
            acts.append(lambda: self.hear_of_payment(choice, end))
        if ledger.waiting("completed"):
            acts.append(lambda: self.ask_for_refund(choice, False, True))
        if any(each.state in ("asked", "granted") for each in ledger.refunds):
            acts.append(lambda: self.go_on_with_refund(choice, True))
        if len(self.lent) < 2:
            acts.append(lambda: self.take_lease(choice, quantity, 1_000))
        if any(self.may_sell(each) for each in self.lent):
            acts += [lambda: self.sell_offline(choice, quantity > 1)] * 2
        choice.draw(st.sampled_from(acts))()


class Machine(Tills, StockRules):
    """All the rules there are; a subject adds its own as one more base."""


class Evenings(LateRules, ToldRules):
    """What is told after the Z of its day."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """How long a machine plays, what of it hypothesis must not cut, and what must come about."""

    examples: int
    steps: int
    steps_min: int
    wanted: set[str]


PLAYS_MAX = 9
RUNS: dict[type[Stock], Run] = {
    # The other machine plays these rules too, among more.
    Tills: Run(examples=14, steps=40, steps_min=250, wanted=OFTEN),
    Machine: Run(examples=28, steps=40, steps_min=500, wanted=OFTEN | LOST),
    # One step of it is an evening and a morning.
    Evenings: Run(examples=16, steps=12, steps_min=60, wanted=LATE),
}


class TestMachine:
    @pytest.mark.parametrize("machine", RUNS)
    def test_is_what_a_person_with_a_box_of_cards_and_a_ledger_would_have(
        self, fresh_schema: FreshSchema, machine: type[Stock]
    ) -> None:
        machine.schema = fresh_schema("recharges")
        machine.seen = Counter()
        run = RUNS[machine]

        # The draws follow ids that are never the same: what a run has left out comes in the next.
        for play in range(PLAYS_MAX):
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=run.examples,
                    stateful_step_count=run.steps,
                    derandomize=play == 0,
                    database=None,
                ),
            )
            if machine.seen.keys() >= run.wanted:
                break

        assert machine.seen["a step"] > run.steps_min
        assert machine.seen.keys() >= run.wanted, run.wanted - machine.seen.keys()
