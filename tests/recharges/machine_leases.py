"""Leases and offline sales, for the machine that plays everything on the stock."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from kernel.period import business_date
from services.recharges.domain.lease import SalesMissing
from services.recharges.domain.stock import NoVoucherLeft
from tests.recharges.build import SITE
from tests.recharges.counter import Counter
from tests.recharges.machine import StockRules, Voucher


@dataclass(kw_only=True)
class Lent:
    """One lease of one till, as a person would note it."""

    counter: Counter
    lease_id: str
    leased_at: datetime
    #: By the number of the sale: what was sold and not sent up.
    unsent: dict[int, list[str]] = field(default_factory=dict)


class LeaseRules(StockRules):
    """Tills that take vouchers along, sell them, send up and give back."""

    def __init__(self) -> None:
        super().__init__()
        self.lent: list[Lent] = []

    @precondition(lambda self: len(self.lent) < 3)
    @rule(quantity=st.integers(1, 3))
    def take_lease(self, quantity: int) -> None:
        now = self.model.now
        tomorrow = str(business_date(now + timedelta(hours=24)))
        good = [each for each in self.model.on_sale(SITE) if each.use_by >= tomorrow]
        counter = Counter(shop=self.shop)
        taken: list[str] = []
        if not self.attempt(
            len(good) >= quantity,
            NoVoucherLeft,
            lambda: taken.append(counter.take(quantity, at=now)),
        ):
            return
        (lease_id,) = taken
        serials = [each["serial"] for each in counter.device.vouchers[lease_id]]
        uses = [self.model.vouchers[serial].use_by for serial in serials]
        assert uses == [each.use_by for each in good[:quantity]]
        for each in self._vouchers(serials):
            assert each in good
            each.state, each.held_by = "leased", UUID(lease_id)
        self.lent.append(Lent(counter=counter, lease_id=lease_id, leased_at=now))

    @precondition(lambda self: self.lent)
    @rule(choice=st.data())
    def sell_offline(self, choice: st.DataObject) -> None:
        lent = choice.draw(st.sampled_from(self.lent))
        left = lent.counter.device.vouchers[lent.lease_id]
        if not left or self.model.now != lent.leased_at:
            return
        left[:] = choice.draw(st.permutations(left))  # whichever the cashier takes first
        quantity = choice.draw(st.integers(1, len(left)))
        line = lent.counter.sell(lent.lease_id, self.person, at=self.model.now, quantity=quantity)
        lent.unsent[line["sequence"]] = [
            serial for each in line["lines"] for serial in each["serials"]
        ]

    @precondition(lambda self: any(each.unsent for each in self.lent))
    @rule(choice=st.data())
    def send_up(self, choice: st.DataObject) -> None:
        lent = choice.draw(st.sampled_from([each for each in self.lent if each.unsent]))
        lines = list(lent.counter.device.unsent)
        sent = lines[: choice.draw(st.integers(1, len(lines)))]
        outcomes = lent.counter.upload(sent, at=self.model.now)
        assert outcomes == [("accepted", None)] * len(sent)
        assert lent.counter.upload(sent, at=self.model.now) == [("known", None)] * len(sent)
        for line in sent:
            for each in self._vouchers(lent.unsent.pop(line["sequence"])):
                each.state, each.held_by = "sold_out", None

    @precondition(lambda self: self.lent)
    @rule(choice=st.data())
    def give_lease_back(self, choice: st.DataObject) -> None:
        lent = choice.draw(st.sampled_from(self.lent))
        if lent.unsent:
            with pytest.raises(SalesMissing):
                lent.counter.give_back(lent.lease_id, at=self.model.now)
            return
        lent.counter.give_back(lent.lease_id, at=self.model.now)
        self.model.give_back(self.model.held_by(UUID(lent.lease_id)))
        self.lent.remove(lent)

    def _vouchers(self, serials: list[str]) -> list[Voucher]:
        return [self.model.vouchers[serial] for serial in serials]
