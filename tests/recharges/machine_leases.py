"""Leases and offline sales, for the machine that plays everything on the stock."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from kernel.period import business_date
from services.recharges.domain.drawer import DrawerAwaitsApproval
from services.recharges.domain.lease import SalesMissing
from services.recharges.domain.stock import NoVoucherLeft
from tests.recharges.build import SITE
from tests.recharges.counter import Counter
from tests.recharges.device import Sale
from tests.recharges.ledger import PRICE_CENTS, Book, Sold
from tests.recharges.machine_tills import TillRules


@dataclass(kw_only=True)
class Lent:
    """One lease of one till, as a person would note it."""

    counter: Counter
    lease_id: str
    leased_at: datetime
    person: UUID
    #: Set aside of the person's month, and what was bought of it as far as it was sent up.
    allowed_cents: int
    used_cents: int = 0
    #: What the device may still sell to the person.
    left_cents: int
    #: By the number of the sale: what was sold and not sent up.
    unsent: dict[int, list[str]] = field(default_factory=dict)


class LeaseRules(TillRules):
    """Tills that take vouchers along, sell them, send up and give back."""

    def __init__(self) -> None:
        super().__init__()
        self.lent: list[Lent] = []
        self.counters: list[Counter] = []

    def a_counter(self) -> Counter:
        """A till whose device has no lease; there are two at most, which sell online too."""
        busy = [each.counter for each in self.lent]
        for counter in self.counters:
            if counter not in busy:
                return counter
        counter = Counter(shop=self.shop)
        self.counters.append(counter)
        self.model.ledger.tills[counter.till_id] = Book(site_code=SITE)
        return counter

    @precondition(lambda self: len(self.lent) < 2)
    @rule(choice=st.data(), quantity=st.integers(1, 3), cents=st.sampled_from([500, 1_000, 100]))
    def take_lease(self, choice: st.DataObject, quantity: int, cents: int) -> None:
        now, ledger = self.model.now, self.model.ledger
        tomorrow = str(business_date(now + timedelta(hours=24)))
        good = [each for each in self.model.on_sale(SITE) if each.use_by >= tomorrow]
        counter, person = self.a_counter(), self.a_person(choice)
        lease_id = self.outcome(
            None if len(good) >= quantity else NoVoucherLeft,
            lambda: counter.take(quantity, person, cents=cents, at=now),
        )
        if lease_id is None:
            return
        serials = [each["serial"] for each in counter.device.vouchers[lease_id]]
        uses = [self.model.vouchers[serial].use_by for serial in serials]
        assert uses == [each.use_by for each in good[:quantity]]
        for each in self.vouchers(serials):
            assert each in good
            each.state, each.held_by = "leased", UUID(lease_id)
        aside = min(cents, ledger.left_cents(person, self.day))
        (allowance,) = counter.device.leases[lease_id]["allowances"]
        assert allowance["allowed_cents"] == aside
        ledger.use(person, self.day, aside)
        self.lent.append(
            Lent(
                counter=counter,
                lease_id=lease_id,
                leased_at=now,
                person=person,
                allowed_cents=aside,
                left_cents=aside,
            )
        )

    @precondition(lambda self: any(self.may_sell(each) for each in self.lent))
    @rule(choice=st.data(), comes_back=st.booleans())
    def sell_offline(self, choice: st.DataObject, comes_back: bool) -> None:
        lent = choice.draw(st.sampled_from([each for each in self.lent if self.may_sell(each)]))
        left = lent.counter.device.vouchers[lent.lease_id]
        left[:] = choice.draw(st.permutations(left))  # whichever the cashier takes first
        most = min(len(left), lent.left_cents // PRICE_CENTS)
        quantity = choice.draw(st.integers(1, most))
        line = lent.counter.sell(lent.lease_id, lent.person, at=self.model.now, quantity=quantity)
        lent.left_cents -= quantity * PRICE_CENTS
        lent.unsent[line["sequence"]] = [
            serial for each in line["lines"] for serial in each["serials"]
        ]
        if comes_back:
            self._send_up(lent, list(lent.counter.device.unsent))

    def may_sell(self, lent: Lent) -> bool:
        left = lent.counter.device.vouchers[lent.lease_id]
        return bool(left) and lent.left_cents >= PRICE_CENTS and self.model.now == lent.leased_at

    @precondition(lambda self: any(each.unsent for each in self.lent))
    @rule(choice=st.data())
    def send_up(self, choice: st.DataObject) -> None:
        lent = choice.draw(st.sampled_from([each for each in self.lent if each.unsent]))
        lines = list(lent.counter.device.unsent)
        self._send_up(lent, lines[: choice.draw(st.integers(1, len(lines)))])

    def _send_up(self, lent: Lent, sent: list[Sale]) -> None:
        book = self.model.ledger.tills[lent.counter.till_id]
        waits = book.session is not None and book.session.counted
        outcomes = self.outcome(
            DrawerAwaitsApproval if waits else None,
            lambda: lent.counter.upload(sent, at=self.model.now),
        )
        if outcomes is None:
            return
        assert outcomes == [("accepted", None)] * len(sent)
        assert lent.counter.upload(sent, at=self.model.now) == [("known", None)] * len(sent)
        for line in sent:
            self._accepted(lent, book, UUID(line["sale_id"]), lent.unsent.pop(line["sequence"]))

    def _accepted(self, lent: Lent, book: Book, sale_id: UUID, serials: list[str]) -> None:
        """A sale of the day it was made on, whose cash lies in the drawer that is open now."""
        for each in self.vouchers(serials):
            each.take()
        sold_on, cents = business_date(lent.leased_at), len(serials) * PRICE_CENTS
        lent.used_cents += cents
        self.session_of(lent.counter.till_id, book, sold_on).expected_cents += cents
        book.add(cents=cents, tender="cash", day=sold_on)
        self.model.ledger.sales.append(
            Sold(
                sale_id=sale_id,
                till_id=lent.counter.till_id,
                site_code=SITE,
                person=lent.person,
                day=sold_on,
                tender="cash",
                serials=serials,
            )
        )
        self.happened("sold offline" if sold_on == self.day else "sold offline, sent up late")

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
        unused = lent.allowed_cents - lent.used_cents
        self.model.ledger.use(lent.person, business_date(lent.leased_at), -unused)
        self.lent.remove(lent)
