"""What is late, for the machine that plays everything: told after the Z of the day it is of.

An evening leaves sales on a device, and cards that have not paid.  The drawers are counted, days
pass, and only then is all that heard of: in any order, before or after the first sale of the new
day, with a drawer open or none.
"""

from collections.abc import Callable
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from tests.recharges.machine_cards import CardRules
from tests.recharges.machine_leases import LeaseRules, Lent

Act = Callable[[], object]


class LateRules(LeaseRules, CardRules):
    """Evenings, and the mornings after."""

    @rule(
        choice=st.data(),
        offline=st.integers(0, 3),
        cards=st.integers(0, 2),
        nights=st.sampled_from([1, 1, 2, 10, 30]),
        opens=st.booleans(),
    )
    def be_late(
        self, choice: st.DataObject, offline: int, cards: int, nights: int, opens: bool
    ) -> None:
        """An evening that leaves something behind, and what becomes of it afterwards."""
        self.deliver(count=8, days=400, waits=False)
        if offline and len(self.lent) < 2:
            self.take_lease(choice, offline, 1_000)
        for _ in range(offline):
            if any(self.may_sell(each) for each in self.lent):
                self.sell_offline(choice, False)
        for _ in range(cards):
            self.ask_for_card_sale(choice, 1, choice.draw(st.sampled_from(["nothing", "noted"])))
        self.pass_days(nights, True, opens)
        for act in choice.draw(st.permutations(self._mornings(choice))):
            act()
        if choice.draw(st.booleans()):
            self._count_every_drawer()
        self.let_the_clock_close(choice.draw(st.sampled_from([0, 1, 31])))

    def _mornings(self, choice: st.DataObject) -> list[Act]:
        """What may happen on the morning after, in any order."""
        acts: list[Act] = [lambda: self.sell(choice, [1], 1_000)]
        acts += [partial(self._send_all_up, lent) for lent in self.lent if lent.unsent]
        waiting = self.model.ledger.waiting("reserved", "pending")
        acts += [partial(self._end, sale, "succeeded") for sale in waiting]
        if choice.draw(st.booleans()):
            acts.append(lambda: self.let_the_clock_close(0))
        return acts

    def _send_all_up(self, lent: Lent) -> None:
        self._send_up(lent, list(lent.counter.device.unsent))

    def _count_every_drawer(self) -> None:
        for till_id, book in self.model.ledger.tills.items():
            if book.session is not None and not book.session.counted:
                self._close(till_id, book, 0)

    @invariant()
    def every_sale_is_told_once_and_of_its_own_day(self) -> None:
        told = self.shop.all(
            "SELECT data->>'sale_id' AS sale_id, (data->>'business_date')::date AS day FROM outbox"
            " WHERE type = 'recharges.sale.completed.v1'"
        )
        sold = [each for each in self.model.ledger.sales if each.state == "completed"]
        assert sorted((each["sale_id"], each["day"]) for each in told) == sorted(
            (str(each.sale_id), each.day) for each in sold
        )
