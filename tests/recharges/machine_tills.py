"""Cash sales, drawers, closings and the journal, for the machine that plays everything."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from kernel.period import business_date
from kernel.refusal import Refusal
from services.recharges.api.selling import SaleDone
from services.recharges.domain import journal
from services.recharges.domain.cap import CapExceeded
from services.recharges.domain.drawer import (
    ApprovalByTheCounter,
    ApprovalNotAwaited,
    DrawerAwaitsApproval,
    DrawerCountedAlready,
    DrawerOfAnotherDay,
    DrawerOpenAlready,
)
from services.recharges.domain.journal import Period
from services.recharges.domain.stock import NoVoucherLeft
from tests.recharges.build import SITE, an_order
from tests.recharges.desk import CASHIER, MANAGER, Desk
from tests.recharges.ledger import PRICE_CENTS, Book, Session, Sold, Ticket
from tests.recharges.machine import Stock, Voucher
from tests.recharges.shop import done

#: Above this a second person approves a gap: the setting of the house.
GAP_ALONE_MAX_CENTS = 500
GAPS_CENTS = st.sampled_from([-500, 501, 501])
_A = TypeVar("_A")


class TillRules(Stock):
    """Tills that sell for cash, their drawers, their journals and what is closed of them."""

    @initialize()
    def set_up_tills(self) -> None:
        ledger = self.model.ledger
        for site_code in (SITE, SITE):
            ledger.tills[self.shop.enrol_till(site_code=site_code)] = Book(site_code=site_code)
        for cap_cents in (1_500, 100_000):
            self.rich = self.shop.entitle(cap_cents=cap_cents)
            ledger.cap_cents[self.rich] = cap_cents
        for till_id, book in ledger.tills.items():
            self._open(till_id, book, 2)

    @property
    def day(self) -> date:
        return business_date(self.model.now)

    def desk(self, till_id: UUID) -> Desk:
        return Desk(shop=self.shop, till_id=till_id, person=till_id, now=self.model.now)

    def a_till(self, choice: st.DataObject, *, site_code: str | None = None) -> tuple[UUID, Book]:
        tills = self.model.ledger.tills
        return choice.draw(
            st.sampled_from(
                [each for each in tills.items() if site_code in (None, each[1].site_code)]
            )
        )

    def a_person(self, choice: st.DataObject) -> UUID:
        return choice.draw(st.sampled_from(list(self.model.ledger.cap_cents)))

    def outcome(self, refusal: type[Refusal] | None, act: Callable[[], _A]) -> _A | None:
        """Do it in a savepoint: it is refused exactly as the model says."""
        if refusal is not None:
            with pytest.raises(refusal), self.connection.transaction():
                act()
            self.happened(f"refused: {refusal.__name__}")
            return None
        with self.connection.transaction():
            return act()

    def why_not(self, book: Book, person: UUID, quantity: int) -> type[Refusal] | None:
        """The first rule that forbids a sale today, if any does."""
        session = book.session
        if session is not None and session.counted:
            return DrawerAwaitsApproval
        if session is not None and session.opened_on != self.day:
            return DrawerOfAnotherDay
        if quantity * PRICE_CENTS > self.model.ledger.left_cents(person, self.day):
            return CapExceeded
        enough = len(self.model.on_sale(book.site_code)) >= quantity
        return None if enough else NoVoucherLeft

    def vouchers(self, serials: Sequence[str]) -> list[Voucher]:
        return [self.model.vouchers[serial] for serial in serials]

    def session_of(self, till_id: UUID, book: Book, opened_on: date) -> Session:
        """The drawer cash goes into: the one that is open, or one that the sale opens."""
        if book.session is None:
            book.session = Session(
                drawer_session_id=self.desk(till_id).session(), opened_on=opened_on
            )
        return book.session

    @rule(
        choice=st.data(),
        quantities=st.lists(st.integers(1, 3), min_size=1, max_size=4),
        tendered_cents=st.integers(750, 2_000),
    )
    def sell(self, choice: st.DataObject, quantities: list[int], tendered_cents: int) -> None:
        till_id, _ = self.a_till(choice)
        person = self.a_person(choice)
        for quantity in quantities:
            self._sell(till_id, person, quantity, tendered_cents)

    def _sell(self, till_id: UUID, person: UUID, quantity: int, tendered_cents: int) -> None:
        ledger = self.model.ledger
        book = ledger.tills[till_id]
        refusal = self.why_not(book, person, quantity)
        order = an_order(
            till_id,
            person,
            ("sfr-15", quantity),
            seller_sites=None,
            ordered_at=self.model.now,
            tendered_cents=tendered_cents,
        )
        (answer,) = self.shop.sell([order])
        if refusal is not None:
            assert isinstance(answer, refusal), answer
            self.happened(f"refused: {refusal.__name__}")
            return
        sold = done(answer)
        total = quantity * PRICE_CENTS
        assert (sold.total_cents, sold.change_cents) == (total, tendered_cents - total)
        serials = [each.serial for each in sold.vouchers]
        assert len(serials) == quantity
        for each in self.model.took(book.site_code, serials):
            each.take()
        ledger.use(person, self.day, total)
        assert sold.cap.left_cents == ledger.left_cents(person, self.day)
        self.session_of(till_id, book, self.day).expected_cents += total
        book.add(cents=total, tender="cash", day=self.day)
        assert sold.ticket_no == len(book.tickets)
        self._keep(sold, till_id, book, person)
        self.happened("sold for cash")

    def _keep(self, sold: SaleDone, till_id: UUID, book: Book, person: UUID) -> None:
        self.model.ledger.sales.append(
            Sold(
                sale_id=sold.sale_id,
                till_id=till_id,
                site_code=book.site_code,
                person=person,
                day=self.day,
                tender="cash",
                serials=[each.serial for each in sold.vouchers],
            )
        )

    @rule(
        choice=st.data(),
        what=st.sampled_from(["open", "in", "out", "count", "gap", "approve", "approve", "close"]),
        cents=st.integers(1, 3_000),
    )
    def stand_at_drawer(self, choice: st.DataObject, what: str, cents: int) -> None:
        tills = self.model.ledger.tills
        counted = [each for each in tills.items() if each[1].session and each[1].session.counted]
        if what == "approve" and counted:
            till_id, book = choice.draw(st.sampled_from(counted))
        else:
            till_id, book = self.a_till(choice)
        if what == "close":
            made = self.desk(till_id).close_period(Period.DAY)
            assert (len(made.closings), made.breaks) == (1, [])
            book.close(self.day)
        elif what == "open":
            self._open(till_id, book, cents % 4)
        elif book.session is None:
            return
        elif what == "approve":
            self._approve(till_id, book, CASHIER if cents % 4 == 0 else MANAGER)
        elif what in ("in", "out"):
            self._move(till_id, book, what, cents)
        else:
            self._close(till_id, book, 0 if what == "count" else choice.draw(GAPS_CENTS))

    def _open(self, till_id: UUID, book: Book, notes: int) -> None:
        refusal = None if book.session is None else DrawerOpenAlready
        opened = self.outcome(refusal, lambda: self.desk(till_id).open({"1000": notes}))
        if opened is not None:
            book.session = Session(
                drawer_session_id=opened, opened_on=self.day, expected_cents=notes * 1_000
            )

    def _move(self, till_id: UUID, book: Book, kind: str, cents: int) -> None:
        assert book.session is not None
        session_id = book.session.drawer_session_id
        refusal = DrawerAwaitsApproval if book.session.counted else None
        if self.outcome(
            refusal, lambda: self.desk(till_id).move(session_id, kind, cents, "monnaie")
        ):
            book.session.expected_cents += cents if kind == "in" else -cents

    def _close(self, till_id: UUID, book: Book, gap_cents: int) -> None:
        session = book.session
        assert session is not None
        counted_cents = max(0, session.expected_cents + gap_cents)
        refusal = DrawerCountedAlready if session.counted else None
        counted = self.outcome(
            refusal, lambda: self.desk(till_id).close(session.drawer_session_id, counted_cents)
        )
        if counted is None:
            return
        gap_cents = counted_cents - session.expected_cents
        assert (counted.expected_cents, counted.gap_cents) == (session.expected_cents, gap_cents)
        if abs(gap_cents) > GAP_ALONE_MAX_CENTS:
            assert (counted.state, counted.waits_for) == ("counted", "approval")
            session.counted = True
            return
        assert counted.state == "closed"
        book.session = None
        book.close(session.opened_on)
        assert counted.closing_no == len(book.days)
        self.happened("drawer closed")

    def _approve(self, till_id: UUID, book: Book, by: UUID) -> None:
        session = book.session
        assert session is not None
        alone = ApprovalByTheCounter if by == CASHIER else None
        refusal = alone if session.counted else ApprovalNotAwaited
        if self.outcome(
            refusal, lambda: self.desk(till_id).approve(session.drawer_session_id, by=by)
        ):
            book.session = None
            book.close(session.opened_on)
            self.happened("gap approved")

    @rule(
        days=st.sampled_from([1, 2, 10]),
        closes=st.sampled_from([True, True, False]),
        opens=st.booleans(),
    )
    def pass_days(self, days: int, closes: bool, opens: bool) -> None:
        """Most evenings the drawers are counted, and most mornings they are opened."""
        for till_id, book in self.model.ledger.tills.items():
            if closes and book.session is not None and not book.session.counted:
                self._close(till_id, book, 0)
        self.model.now += timedelta(days=days)
        for till_id, book in self.model.ledger.tills.items():
            if opens and book.session is None:
                self._open(till_id, book, 1)

    @precondition(lambda self: any(book.tickets for book in self.model.ledger.tills.values()))
    @rule(days=st.integers(0, 1))
    def let_the_clock_close(self, days: int) -> None:
        """Days that are over and not closed, then the months that are over."""
        self.model.now += timedelta(days=days)
        (desk, *_) = map(self.desk, self.model.ledger.tills)
        desk.tick()
        for book in self.model.ledger.tills.values():
            over = [ticket.day for ticket in book.open_tickets]
            if over and max(over) < self.day:
                book.close(max(over))
            book.close_months(self.day)
            if book.months:
                self.happened("month closed")
        assert desk.tick() == 0

    @invariant()
    def every_drawer_expects_what_the_model_does(self) -> None:
        for till_id, book in self.model.ledger.tills.items():
            session = book.session
            found = self.desk(till_id).till()
            assert found["drawer_session_id"] == (session and session.drawer_session_id)
            if session is not None:
                x = self.desk(till_id).read(session.drawer_session_id)
                assert (x.expected_cents, x.card_sales_cents) == (
                    session.expected_cents,
                    session.card_sales_cents,
                )
                assert (x.business_date, x.state == "counted") == (
                    session.opened_on,
                    session.counted,
                )

    @invariant()
    def every_cap_is_used_as_the_model_says_and_held(self) -> None:
        ledger = self.model.ledger
        rows = self.shop.all("SELECT person_ref, month_on, used_cents, cap_cents FROM cap_month")
        used = {(row["person_ref"], row["month_on"]): row["used_cents"] for row in rows}
        assert {month: cents for month, cents in used.items() if cents} == {
            month: cents for month, cents in ledger.used_cents.items() if cents
        }
        assert all(cents <= ledger.cap_cents[person] for (person, _), cents in used.items())

    @invariant()
    def every_chain_is_whole_and_its_tickets_are_the_models(self) -> None:
        chains: dict[tuple[UUID, str], list[dict[str, Any]]] = {}
        for row in self.shop.all("SELECT * FROM journal ORDER BY till_id, kind, sequence"):
            chains.setdefault((row["till_id"], row["kind"]), []).append(row)
        parts = ("sequence", "record", "previous_hash", "hash")
        for chain in chains.values():
            rows = [tuple(row[part] for part in parts) for row in chain]
            assert journal.first_break(rows) is None
        for till_id, book in self.model.ledger.tills.items():
            tickets = chains.get((till_id, "ticket"), [])
            assert [(row["total_cents"], row["business_date"]) for row in tickets] == [
                (ticket.cents, ticket.day) for ticket in book.tickets
            ]

    @invariant()
    def every_ticket_is_in_one_closing_or_behind_the_last(self) -> None:
        closings: dict[tuple[UUID, str], list[dict[str, Any]]] = {}
        for row in self.shop.all("SELECT * FROM closing ORDER BY closing_no"):
            closings.setdefault((row["till_id"], row["period"]), []).append(row)
        for till_id, book in self.model.ledger.tills.items():
            for period in ("day", "month"):
                assert [
                    (row["from_sequence"] - 1, row["until_sequence"] - 1, row["period_on"])
                    for row in closings.get((till_id, period), [])
                ] == book.windows(period)
            for row in closings.get((till_id, "day"), []):
                assert window_of(row, book.tickets) == [
                    ticket for ticket in book.tickets if ticket.closing_no == row["closing_no"]
                ]
            for period in ("day", "month", "year"):
                for row in closings.get((till_id, period), []):
                    assert_is_the_sum(row, book.tickets)
                    if row["late"]:
                        self.happened(f"late for its {period}")


def window_of(closing: dict[str, Any], tickets: Sequence[Ticket]) -> Sequence[Ticket]:
    """The tickets that a closing counts, by their numbers."""
    return tickets[closing["from_sequence"] - 1 : closing["until_sequence"] - 1]


def assert_is_the_sum(closing: dict[str, Any], tickets: Sequence[Ticket]) -> None:
    """A closing comes to its tickets, and its perpetual totals to all tickets until there."""
    window, ever = window_of(closing, tickets), tickets[: closing["until_sequence"] - 1]
    assert closing["ticket_count"] == len(window)
    assert closing["real_cents"] == sum(each.cents for each in window)
    assert closing["absolute_cents"] == sum(abs(each.cents) for each in window)
    for tender in ("cash", "card"):
        of_tender = sum(each.cents for each in window if each.tender == tender)
        assert closing[f"{tender}_cents"] == of_tender
    assert closing["perpetual_real_cents"] == sum(each.cents for each in ever)
    assert closing["perpetual_absolute_cents"] == sum(abs(each.cents) for each in ever)
    late: dict[str, list[int]] = {}
    for each in window:
        if each.day < closing["period_on"]:
            late.setdefault(str(each.day), []).append(each.cents)
    assert closing["late"] == [
        {"business_date": day, "count": len(cents), "real_cents": sum(cents)}
        for day, cents in sorted(late.items())
    ]
