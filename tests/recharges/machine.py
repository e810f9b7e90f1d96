"""A small model of the stock, and the rules that are played on it and on a real schema at once.

`StockRules` is what every machine has: the vouchers as a dictionary by serial, and the invariants
that compare it with the database after each step.  A subject adds its rules in a class of its own,
with `self.model`, `self.shop` and the hypothesis decorators, and joins the bases of the machine in
`test_stock_machine.py`.
"""

from collections import Counter
from collections.abc import Collection
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kernel.period import business_date
from kernel.refusal import Refusal
from services.recharges.domain.batch import BatchRefused, NothingToRelease
from services.recharges.domain.stock import NoVoucherLeft, StateRefused
from services.recharges.handlers import stock as handlers
from services.recharges.handlers import transfers
from services.recharges.store import lots
from tests.fix_stack import Schema
from tests.recharges.build import NOON, SITE, a_file, rows
from tests.recharges.ledger import Ledger
from tests.recharges.shop import Shop, connect, new_id
from tests.recharges.staff import (
    LYON,
    a_call,
    change_batch,
    change_vouchers,
    conserve,
    last_batch,
    quarantine_deliveries,
    receive,
    release,
    send,
)

SITES = (SITE, LYON)
_STATES = """
SELECT voucher.serial, lot.site_code, lot.held_by,
       (SELECT count(*) FROM sale_voucher
         WHERE sale_voucher.batch_id = voucher.batch_id
           AND sale_voucher.position = voucher.position) AS takings,
       CASE WHEN voucher.position < lot.next_position
             AND lot.state NOT IN ('disputed', 'refunded_by_operator') THEN 'sold_out'
            ELSE lot.state END AS state
  FROM voucher
  JOIN lot ON lot.batch_id = voucher.batch_id
          AND int8range(lot.first_position, lot.end_position) @> voucher.position
"""


@dataclass(kw_only=True)
class Voucher:
    """One voucher, as a person would keep it on a card."""

    serial: str
    batch_id: UUID
    use_by: str
    site_code: str = SITE
    state: str = "available"
    held_by: UUID | None = None
    #: How often it was sold; it must come back before it is sold again.
    takings: int = 0

    def take(self) -> None:
        assert self.state != "sold_out"
        self.state, self.held_by, self.takings = "sold_out", None, self.takings + 1


@dataclass(kw_only=True)
class Model:
    """Every voucher, every batch's state, every transfer under way, and the time."""

    vouchers: dict[str, Voucher] = field(default_factory=dict)
    batches: dict[UUID, str] = field(default_factory=dict)
    transfers: list[UUID] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    now: datetime = NOON

    @property
    def today(self) -> str:
        return str(business_date(self.now))

    def on_sale(self, site_code: str) -> list[Voucher]:
        """What may be sold or sent from a site, soonest use-by first."""
        found = [
            each
            for each in self.vouchers.values()
            if each.site_code == site_code
            and each.state == "available"
            and each.use_by >= self.today
            and self.batches[each.batch_id] == "active"
        ]
        return sorted(found, key=lambda each: each.use_by)

    def in_state(self, *states: str) -> list[Voucher]:
        return [each for each in self.vouchers.values() if each.state in states]

    def frozen_or(self, *states: str) -> list[UUID]:
        found = [each for each, state in self.batches.items() if state in ("frozen", *states)]
        return sorted(found)

    def change(self, batch_id: UUID, state: str, becomes: dict[str, str]) -> None:
        """A batch goes to a state, and its vouchers with it."""
        self.batches[batch_id] = state
        for each in self.of(batch_id, *becomes):
            each.state = becomes[each.state]

    def of(self, batch_id: UUID, *states: str) -> list[Voucher]:
        return [
            each
            for each in self.vouchers.values()
            if each.batch_id == batch_id and each.state in states
        ]

    def held_by(self, holder: UUID) -> list[Voucher]:
        return [each for each in self.vouchers.values() if each.held_by == holder]

    def state_in_stock(self, voucher: Voucher) -> str:
        """Where a voucher goes that comes back; the clock takes off what is past its day."""
        return "available" if self.batches[voucher.batch_id] == "active" else "frozen"

    def give_back(self, vouchers: Collection[Voucher]) -> None:
        for each in vouchers:
            each.state, each.held_by = self.state_in_stock(each), None

    def took(self, site_code: str, serials: Collection[str]) -> list[Voucher]:
        """Check that these were the right ones to take from a site's stock; return them."""
        on_sale = self.on_sale(site_code)
        taken = [self.vouchers[serial] for serial in serials]
        assert len({each.serial for each in taken}) == len(taken)
        assert all(each in on_sale for each in taken)
        soonest = [each.use_by for each in on_sale[: len(taken)]]
        assert sorted(each.use_by for each in taken) == soonest
        return taken


class Stock(RuleBasedStateMachine):
    """Vouchers that are delivered, time that passes, and where every voucher must be."""

    schema: Schema
    #: What happened in all runs together.
    seen: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._lent = ExitStack()
        self.connection = self._lent.enter_context(connect(self.schema))
        self.shop = Shop(tx=self.connection)
        self.model = Model()

    def teardown(self) -> None:
        self.connection.rollback()
        self._lent.close()

    @initialize()
    def open_up(self) -> None:
        for site_code in SITES:
            self.shop.open_site(site_code)
        for days in (5, 60):
            self.deliver(count=8, days=days, waits=False)

    def attempt(self, holds: bool, refusal: type[Refusal], act: object) -> bool:
        """Do it in a savepoint: it must go well exactly when the model says so."""
        assert callable(act)
        try:
            with self.connection.transaction():
                act()
        except refusal:
            assert not holds, f"refused by {refusal.__name__}, against the model"
            return False
        assert holds, f"not refused by {refusal.__name__}, against the model"
        return True

    def happened(self, what: str) -> None:
        """Keep count, so that a test may see that a rule was more than offered."""
        type(self).seen[what] += 1

    def states(self) -> dict[str, tuple[str, str, UUID | None, int]]:
        return {
            row["serial"]: (row["site_code"], row["state"], row["held_by"], row["takings"])
            for row in self.shop.all(_STATES)
        }

    # A few batches that much happens to find more than many that little happens to.
    @precondition(lambda self: len(self.model.batches) < 5)
    @rule(
        count=st.integers(4, 12),
        days=st.sampled_from([400, 60, 3]),
        waits=st.sampled_from([False, False, True]),
    )
    def deliver(self, count: int, days: int, waits: bool) -> None:
        if waits:
            quarantine_deliveries(self.shop)
        use_by = str(business_date(self.model.now) + timedelta(days=days))
        lines = rows(count, use_by=use_by)
        self.shop.receive(a_file(lines), now=self.model.now)
        self.shop.tx.execute("UPDATE supply_rule SET quarantined = false")
        batch_id = last_batch(self.shop)
        self.model.batches[batch_id] = "received" if waits else "active"
        for line in lines:
            self.model.vouchers[line["serial"]] = Voucher(
                serial=line["serial"],
                batch_id=batch_id,
                use_by=use_by,
                state="quarantined" if waits else "available",
            )

    @rule(what=st.sampled_from(["watch", "join", "expire", "expire"]))
    def let_the_clock_look_after_stock(self, what: str) -> None:
        if what == "watch":
            handlers.watch_stock(self.shop.tx, now=self.model.now, new_id=new_id)
            assert handlers.watch_stock(self.shop.tx, now=self.model.now, new_id=new_id) == []
        elif what == "join":
            lots.join_pieces(self.shop.tx)
        else:
            in_stock = self.model.in_state("available", "quarantined", "frozen")
            outdated = [each for each in in_stock if each.use_by < self.model.today]
            expired = handlers.expire_vouchers(self.shop.tx, now=self.model.now, new_id=new_id)
            assert expired == len(outdated)
            for each in outdated:
                each.state = "expired"

    @invariant()
    def every_voucher_is_where_the_model_has_it(self) -> None:
        assert self.states() == {
            each.serial: (each.site_code, each.state, each.held_by, each.takings)
            for each in self.model.vouchers.values()
        }

    @invariant()
    def is_a_step(self) -> None:
        self.happened("a step")

    @invariant()
    def every_batch_is_conserved(self) -> None:
        conserve(self.shop)
        states = {row["batch_id"]: row["state"] for row in self.shop.all("SELECT * FROM batch")}
        assert states == self.model.batches

    @invariant()
    def every_site_is_shown_what_it_has(self) -> None:
        on = business_date(self.model.now)
        shown = handlers.by_place(handlers.count_vouchers(self.shop.tx, on=on))
        counted: Counter[tuple[str, str]] = Counter()
        for each in self.model.vouchers.values():
            outdated = each.state == "available" and each.use_by < self.model.today
            state = "expired" if outdated else each.state
            counted[each.site_code, "sold" if state == "sold_out" else state] += 1
        assert counted == {
            (site_code, state): count
            for (site_code, _), counts in shown.items()
            for state, count in counts.items()
            if count
        }


class StockRules(Stock):
    """Releases, transfers, freezes, recalls and losses."""

    @precondition(lambda self: self.model.in_state("quarantined"))
    @rule(choice=st.data())
    def release(self, choice: st.DataObject) -> None:
        batch_id = choice.draw(st.sampled_from(sorted(self.model.batches)))
        state, waiting = self.model.batches[batch_id], self.model.of(batch_id, "quarantined")
        call = a_call("admin", now=self.model.now)
        sells = state in ("received", "active")
        refusal = NothingToRelease if sells else BatchRefused
        if self.attempt(
            sells and bool(waiting),
            refusal,
            lambda: release(self.shop, batch_id, call=call),
        ):
            self.model.batches[batch_id] = "active"
            self.model.give_back([each for each in waiting if each.use_by >= self.model.today])

    @precondition(lambda self: self.model.frozen_or("active"))
    @rule(choice=st.data())
    def freeze_or_thaw(self, choice: st.DataObject) -> None:
        batch_id = choice.draw(st.sampled_from(self.model.frozen_or("active")))
        call = a_call("admin", now=self.model.now)
        if self.model.batches[batch_id] == "frozen":
            change_batch(self.shop, batch_id, "unfreeze", call=call)
            self.model.change(batch_id, "active", {"frozen": "available"})
        else:
            change_batch(self.shop, batch_id, "freeze", call=call)
            self.model.change(batch_id, "frozen", {"available": "frozen"})

    @precondition(lambda self: self.model.frozen_or("active", "received"))
    @rule(choice=st.data(), surely=st.integers(0, 3))
    def recall(self, choice: st.DataObject, surely: int) -> None:
        batch_id = choice.draw(st.sampled_from(self.model.frozen_or("active", "received")))
        if surely == 3:  # nothing more happens to it afterwards
            change_batch(self.shop, batch_id, "recall", call=a_call("admin", now=self.model.now))
            becomes = {"available": "frozen", "quarantined": "frozen"}
            self.model.change(batch_id, "recalled", becomes)

    @rule(quantity=st.integers(1, 3))
    def send(self, quantity: int) -> None:
        call = a_call("admin", now=self.model.now)
        enough = len(self.model.on_sale(SITE)) >= quantity
        sent: list[UUID] = []
        if not self.attempt(
            enough, NoVoucherLeft, lambda: sent.append(send(self.shop, quantity, call=call))
        ):
            return
        (transfer_id,) = sent
        self.model.transfers.append(transfer_id)
        shown = transfers.show_transfer(self.shop.tx, transfer_id, call=call)
        assert shown.vouchers == quantity
        for each in self.model.took(SITE, shown.lines[0].serials):
            each.state, each.held_by = "in_transfer", transfer_id

    @precondition(lambda self: self.model.transfers)
    @rule(choice=st.data(), cancels=st.booleans())
    def end_transfer(self, choice: st.DataObject, cancels: bool) -> None:
        transfer_id = choice.draw(st.sampled_from(self.model.transfers))
        self.model.transfers.remove(transfer_id)
        sent = self.model.held_by(transfer_id)
        call = a_call("admin", now=self.model.now)
        if cancels:
            transfers.cancel_transfer(self.shop.tx, transfer_id, call=call)
            self.model.give_back(sent)
            return
        missing = choice.draw(st.sets(st.sampled_from([each.serial for each in sent])))
        received = receive(self.shop, transfer_id, *missing, call=call)
        assert (received.arrived, received.missing) == (len(sent) - len(missing), len(missing))
        for each in sent:
            if each.serial in missing:
                each.state, each.held_by = "lost", None
            else:
                self.model.give_back([each])
                each.site_code = LYON

    @precondition(lambda self: self.model.vouchers)
    @rule(choice=st.data(), change=st.sampled_from(["quarantined", "damaged", "lost", "found"]))
    def change_vouchers(self, choice: st.DataObject, change: str) -> None:
        site_code = choice.draw(st.sampled_from(SITES))
        here = [s for s, each in self.model.vouchers.items() if each.site_code == site_code]
        if not here:
            return
        allowed = {
            "quarantined": ("available", "frozen"),
            "damaged": ("available", "quarantined", "frozen"),
            "lost": ("available", "quarantined", "frozen"),
            "found": ("lost",),
        }[change]
        # Taken from all alike, so many are refused that a whole run may change none.
        fit = [serial for serial in here if self.model.vouchers[serial].state in allowed]
        some = choice.draw(st.sampled_from([here, fit or here]))
        serials = choice.draw(st.lists(st.sampled_from(some), min_size=1, max_size=3, unique=True))
        call = a_call("admin", now=self.model.now)
        if self.attempt(
            all(self.model.vouchers[serial].state in allowed for serial in serials),
            StateRefused,
            lambda: change_vouchers(
                self.shop, change, serials=serials, site_code=site_code, call=call
            ),
        ):
            for serial in serials:
                self.model.vouchers[serial].state = "quarantined" if change == "found" else change

    @rule(site_code=st.sampled_from(SITES), count=st.integers(1, 3))
    def lose_so_many(self, site_code: str, count: int) -> None:
        in_stock = [
            each
            for each in self.model.in_state("available", "quarantined", "frozen")
            if each.site_code == site_code
        ]
        if len(in_stock) < 3 * count:
            return
        call = a_call("admin", now=self.model.now)
        before = self.states()
        change_vouchers(self.shop, "lost", count=count, site_code=site_code, call=call)
        lost = [serial for serial, state in self.states().items() if state != before[serial]]
        soonest = sorted(each.use_by for each in in_stock)[:count]
        assert sorted(self.model.vouchers[serial].use_by for serial in lost) == soonest
        for serial in lost:
            assert self.model.vouchers[serial] in in_stock
            self.model.vouchers[serial].state = "lost"
