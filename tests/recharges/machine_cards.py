"""Card sales and refunds, for the machine that plays everything.

Stripe's word is given by hand: what is played is what we do with it, in whatever order it comes.
"""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from kernel.money import Cents
from kernel.refusal import Refusal
from services.recharges.api import refunds as api
from services.recharges.domain import refund as rules
from services.recharges.domain.card import (
    CardSaleOver,
    Intent,
    NotPaidYet,
    PaymentDiffers,
    RevealedAlready,
    RevealOfFrozen,
    RevealOfRefunded,
)
from services.recharges.domain.drawer import (
    DrawerAwaitsApproval,
    DrawerNotOpen,
    DrawerOfAnotherDay,
)
from services.recharges.handlers import cards, refunds, showing
from services.recharges.handlers.cards import PaidAfterVoid, Settled, Tools
from services.recharges.store import cards as card_rows
from services.recharges.store import selling as sale_rows
from tests.recharges.build import an_order
from tests.recharges.desk import MANAGER
from tests.recharges.ledger import PRICE_CENTS, Book, GivenBack, Sold
from tests.recharges.machine_tills import TillRules
from tests.recharges.shop import KEYS, PINS, new_id
from tests.recharges.staff import a_call

TOOLS = Tools(pins=PINS, keys=KEYS, new_id=new_id)


def an_intent(sale: Sold, status: str, *, received_cents: int | None = None) -> Intent:
    """The payment of a card sale, as Stripe would tell of it."""
    paid = sale.cents if status == "succeeded" else 0
    return Intent(
        intent_id=f"pi_{sale.sale_id.hex}",
        client_secret="pi_secret",
        status=status,
        currency="eur",
        received_cents=Cents(paid if received_cents is None else received_cents),
        sale_id=str(sale.sale_id),
    )


class CardRules(TillRules):
    """Card sales: held, paid or given up, revealed; and sales of every kind given back."""

    @rule(
        choice=st.data(),
        quantity=st.integers(1, 3),
        then=st.sampled_from(["revealed", "given_back", "succeeded", "noted", "nothing"]),
    )
    def ask_for_card_sale(self, choice: st.DataObject, quantity: int, then: str) -> None:
        till_id, book = self.a_till(choice)
        person, ledger = self.a_person(choice), self.model.ledger
        order = replace(
            an_order(
                till_id,
                person,
                ("sfr-15", quantity),
                seller_sites=None,
                ordered_at=self.model.now,
                tendered_cents=0,
            ),
            tender="card",
        )
        refusal = self.why_not(book, person, quantity)
        card = self.outcome(refusal, lambda: cards.reserve(self.shop.tx, order, new_id=new_id))
        if card is None:
            return
        held = [serial for serial, each in self.states().items() if each[2] == card.sale_id]
        for each in self.model.took(book.site_code, held):
            each.state, each.held_by = "reserved", card.sale_id
        ledger.use(person, self.day, quantity * PRICE_CENTS)
        ledger.sales.append(
            Sold(
                sale_id=card.sale_id,
                till_id=till_id,
                site_code=book.site_code,
                person=person,
                day=self.day,
                tender="card",
                serials=held,
                state="reserved",
                seen=False,
            )
        )
        assert len(held) == quantity
        again = cards.reserve(self.shop.tx, order, new_id=new_id)
        assert (again.sale_id, again.cap_left_cents) == (card.sale_id, card.cap_left_cents)
        if then == "noted":
            self._note_intent(ledger.sales[-1])
        elif then != "nothing":
            self._end(ledger.sales[-1], "succeeded")
        if then == "revealed":
            self._reveal(ledger.sales[-1])
        elif then == "given_back":
            self._ask_for_refund(ledger.sales[-1], None, goes_on=True)

    @precondition(lambda self: self.model.ledger.waiting("reserved", "pending", "voided"))
    @rule(
        choice=st.data(),
        status=st.sampled_from(
            ["succeeded", "succeeded", "canceled", "noted", "given_up", "processing", "differs"]
        ),
    )
    def hear_of_payment(self, choice: st.DataObject, status: str) -> None:
        waiting = self.model.ledger.waiting("reserved", "pending", "voided")
        sale = choice.draw(st.sampled_from(waiting))
        if status == "noted":
            self._note_intent(sale)
        elif status == "given_up":
            self._give_up(sale)
        elif status == "differs":
            intent = an_intent(sale, "succeeded", received_cents=sale.cents - 1)
            wrong = PaidAfterVoid if sale.state == "voided" else PaymentDiffers
            with pytest.raises(wrong), self.connection.transaction():
                self._settle(sale, intent)
        elif status == "succeeded" and sale.state == "voided":
            with pytest.raises(PaidAfterVoid), self.connection.transaction():
                self._settle(sale, an_intent(sale, status))
            self.happened("paid after it was voided")
        else:
            self._end(sale, status)

    def _settle(self, sale: Sold, intent: Intent) -> Settled:
        return cards.settle(self.shop.tx, sale.sale_id, intent, tools=TOOLS, now=self.model.now)

    def _note_intent(self, sale: Sold) -> None:
        card = card_rows.lock(self.shop.tx, sale.sale_id)
        intent = an_intent(sale, "requires_payment_method")
        noted = cards.note_intent(self.shop.tx, card, intent, now=self.model.now)
        if sale.state == "reserved":
            sale.state = "pending"
        assert noted.state.value == sale.state

    def _end(self, sale: Sold, status: str) -> None:
        """What Stripe says ends a sale once, however often it says so."""
        waits = sale.state in ("reserved", "pending")
        settled = self._settle(sale, an_intent(sale, status))
        assert settled.changed == (waits and status != "processing")
        assert (settled.booked is not None) == (waits and status == "succeeded")
        assert not self._settle(sale, an_intent(sale, status)).changed
        if not settled.changed:
            return
        if status == "canceled":
            self._voided(sale)
        else:
            self._booked(sale, self.model.ledger.tills[sale.till_id])

    def _voided(self, sale: Sold) -> None:
        sale.state = "voided"
        self.model.ledger.use(sale.person, sale.day, -sale.cents)
        self.model.give_back(self.model.held_by(sale.sale_id))
        self.happened("card sale voided")

    def _booked(self, sale: Sold, book: Book) -> None:
        sale.state = "completed"
        for each in self.vouchers(sale.serials):
            each.take()
        session = book.sells_on(sale.day)
        if session is not None:
            session.card_sales_cents += sale.cents
        book.add(cents=sale.cents, tender="card", day=sale.day)
        self.happened("sold by card" if session else "sold by card in no session")
        if sale.day < self.day:
            self.happened("paid by card late")

    def _give_up(self, sale: Sold) -> None:
        card = card_rows.lock(self.shop.tx, sale.sale_id)
        pen = TOOLS.pen(self.model.now)
        waits = sale.state != "voided"
        assert cards.void(self.shop.tx, card, why="given_up", pen=pen) == waits
        assert not cards.void(self.shop.tx, card, why="given_up", pen=pen)
        if waits:
            self._voided(sale)

    @precondition(lambda self: any(sale.tender == "card" for sale in self.model.ledger.sales))
    @rule(choice=st.data())
    def reveal(self, choice: st.DataObject) -> None:
        card_sales = [sale for sale in self.model.ledger.sales if sale.tender == "card"]
        self._reveal(choice.draw(st.sampled_from(card_sales)))

    def _reveal(self, sale: Sold) -> None:
        call = replace(a_call("admin", now=self.model.now), key=f"reveal-{uuid4()}")
        shown = self.outcome(
            self._why_not_reveal(sale),
            lambda: showing.reveal(self.shop.tx, call, sale.sale_id, pins=PINS),
        )
        if shown is not None:
            assert sorted(each.serial for each in shown.vouchers) == sorted(sale.left)
            sale.seen = True
            again = showing.reveal(self.shop.tx, call, sale.sale_id, pins=PINS)
            assert again.vouchers == shown.vouchers
            self.happened("revealed")

    def _why_not_reveal(self, sale: Sold) -> type[Refusal] | None:
        if sale.state in ("reserved", "pending"):
            return NotPaidYet
        if sale.state == "voided":
            return CardSaleOver
        if sale.seen:
            return RevealedAlready
        if not sale.left:
            return RevealOfRefunded
        batches = {each.batch_id for each in self.vouchers(sale.left)}
        active = all(self.model.batches[batch_id] == "active" for batch_id in batches)
        return None if active else RevealOfFrozen

    @precondition(lambda self: self.model.ledger.waiting("completed"))
    @rule(choice=st.data(), is_all=st.booleans(), goes_on=st.booleans())
    def ask_for_refund(self, choice: st.DataObject, is_all: bool, goes_on: bool) -> None:
        completed = self.model.ledger.waiting("completed")
        if goes_on:
            completed = [sale for sale in completed if sale.left] or completed
        sale = choice.draw(st.sampled_from(completed))
        some = sorted(sale.left)
        if some and not is_all:
            some = choice.draw(st.lists(st.sampled_from(some), min_size=1, unique=True))
        self._ask_for_refund(sale, None if is_all or not some else some, goes_on=goes_on)

    def _ask_for_refund(self, sale: Sold, some: list[str] | None, *, goes_on: bool) -> None:
        serials = sorted(sale.left) if some is None else some
        body = api.AskRefund(reason="trompé", serials=None if some is None else tuple(some))
        found = sale_rows.find_sale(self.shop.tx, sale.sale_id)
        pen = TOOLS.pen(self.model.now)
        refund = self.outcome(
            None if serials else rules.NothingToRefund,
            lambda: refunds.ask(self.shop.tx, found, body, by=MANAGER, pen=pen),
        )
        if refund is None:
            return
        assert (refund.amount_cents, sorted(refund.serials)) == (
            PRICE_CENTS * len(serials),
            sorted(serials),
        )
        asked = GivenBack(
            refund_id=refund.refund_id,
            sale=sale,
            serials=serials,
            state="asked" if sale.seen else "granted",
            seen=sale.seen,
        )
        assert refund.state == asked.state
        self.model.ledger.refunds.append(asked)
        sale.going_back |= {*serials}
        if sale.seen:
            for each in self.vouchers(serials):
                each.state = "disputed"
        if goes_on and asked.seen:
            self._answer(asked, True)
        if goes_on and sale.tender == "card":
            self._pay_back(asked)

    @precondition(
        lambda self: any(each.state in ("asked", "granted") for each in self.model.ledger.refunds)
    )
    @rule(choice=st.data(), says_yes=st.sampled_from([True, True, False]))
    def go_on_with_refund(self, choice: st.DataObject, says_yes: bool) -> None:
        """The operator answers, Stripe does, or somebody stands at a till."""
        under_way = [
            each for each in self.model.ledger.refunds if each.state in ("asked", "granted")
        ]
        refund = choice.draw(st.sampled_from(under_way))
        if refund.state == "asked":
            self._answer(refund, says_yes)
        elif refund.sale.tender == "cash":
            self._pay_out(refund, *self.a_till(choice))
        elif says_yes:
            self._pay_back(refund)
        elif not refund.seen:
            refunds.deny(self.shop.tx, refund.refund_id, why="refused", now=self.model.now)
            refund.state = "denied"
            refund.sale.going_back -= {*refund.serials}
            self.happened("refund refused by the card")

    def _answer(self, refund: GivenBack, granted: bool) -> None:
        body = api.AnswerRefund(granted=granted, why="regardé")
        pen = TOOLS.pen(self.model.now)
        by = uuid4()

        def answer(operator: str = "sfr") -> api.RefundShown:
            return refunds.answer(
                self.shop.tx, refund.refund_id, body, operator=operator, by=by, pen=pen
            )

        self.outcome(rules.NotYourOperator, lambda: answer("orange"))
        refund.state = answer().state
        assert refund.state == ("granted" if granted else "denied")
        self.outcome(rules.AnsweredAlready, answer)
        for each in self.vouchers(refund.serials):
            each.state = "refunded_by_operator" if granted else "sold_out"
        if not granted:
            refund.sale.going_back -= {*refund.serials}
            self.happened("refund denied by the operator")

    def _pay_out(self, refund: GivenBack, till_id: UUID, book: Book) -> None:
        pen = TOOLS.pen(self.model.now)

        def pay() -> api.RefundShown:
            till = self.desk(till_id).till()
            return refunds.pay_out(self.shop.tx, refund.refund_id, till, by=MANAGER, pen=pen)

        paid = self.outcome(self._why_not_pay(refund, book), pay)
        if paid is None:
            return
        assert book.session is not None
        book.session.expected_cents -= refund.cents
        self._gone_back(refund, book)
        assert paid.ticket_no == len(book.tickets)
        self.happened("refund paid out")

    def _why_not_pay(self, refund: GivenBack, book: Book) -> type[Refusal] | None:
        if book.site_code != refund.sale.site_code:
            return rules.PaidOutElsewhere
        if book.session is None:
            return DrawerNotOpen
        if book.session.counted:
            return DrawerAwaitsApproval
        return None if book.session.opened_on == self.day else DrawerOfAnotherDay

    def _pay_back(self, refund: GivenBack) -> None:
        assert self._paid_back(refund.refund_id)
        self._gone_back(refund, self.model.ledger.tills[refund.sale.till_id])
        assert not self._paid_back(refund.refund_id)
        self.happened("refund by card, seen" if refund.seen else "refund by card, unseen")

    def _paid_back(self, refund_id: UUID) -> bool:
        pen = TOOLS.pen(self.model.now)
        return refunds.paid_back(
            self.shop.tx, refund_id, stripe_refund_id=f"re_{refund_id.hex}", pen=pen
        )

    def _gone_back(self, refund: GivenBack, book: Book) -> None:
        """The money went back: a ticket, the cap, and what nobody saw is on sale again."""
        refund.state = "done"
        sale = refund.sale
        self.model.ledger.use(sale.person, sale.day, -refund.cents)
        book.add(cents=-refund.cents, tender=sale.tender, day=self.day)
        if not refund.seen:
            self.model.give_back(self.vouchers(refund.serials))

    def teardown(self) -> None:
        again = sum(each.takings > 1 for each in self.model.vouchers.values())
        if again:
            self.happened("a voucher sold, given back and sold again")
        super().teardown()
