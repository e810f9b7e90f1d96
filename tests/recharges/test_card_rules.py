"""The rules of card sales and refunds, without Stripe and without a database."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from kernel.money import Cents
from services.recharges.domain import card, refund
from services.recharges.domain.cap import Counts
from services.recharges.domain.card import Agreed, CardSale, Intent, PaymentDiffers, State
from services.recharges.domain.refund import Taken
from tests.recharges.build import NOON, SFR_15, SITE

SALE_ID = UUID(int=5)
PENDING = CardSale(
    sale_id=SALE_ID,
    key="key",
    request_hash=b"",
    till_id=UUID(int=1),
    site_code=SITE,
    person_ref=UUID(int=2),
    sold_by=UUID(int=3),
    ordered_at=NOON,
    month_on=date(2026, 11, 1),
    lines=(Agreed(offer=SFR_15, quantity=2),),
    total_cents=Cents(500),
    counted_cents=Cents(500),
    cap_left_cents=Cents(2500),
    state=State.PENDING,
    look_at=NOON,
)
PAID = Intent(
    intent_id="pi_1",
    client_secret="pi_1_secret",
    status="succeeded",
    currency="eur",
    received_cents=Cents(500),
    sale_id=str(SALE_ID),
)


class TestPayment:
    def test_of_the_sale_is_taken(self) -> None:
        card.require_paid(PENDING, PAID)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"status": "requires_capture"},
            {"status": "processing"},
            {"received_cents": Cents(499)},
            {"received_cents": Cents(501)},
            {"currency": "usd"},
            {"sale_id": ""},
            {"sale_id": str(UUID(int=6))},
        ],
    )
    def test_of_anything_else_is_not(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(PaymentDiffers):
            card.require_paid(PENDING, replace(PAID, **wrong))


class TestNextLook:
    def test_comes_later_each_time_and_never_after_more_than_a_minute(self) -> None:
        waits = [
            card.next_look(replace(PENDING, looks=looks), now=NOON, minutes_max=15) - NOON
            for looks in range(12)
        ]

        assert [wait.total_seconds() for wait in waits[:4]] == [10, 20, 40, 60]
        assert set(waits[3:]) == {timedelta(seconds=60)}

    def test_does_not_miss_the_end(self) -> None:
        end = NOON + timedelta(minutes=15)
        near = end - timedelta(seconds=5)

        assert card.is_over_at(PENDING, minutes_max=15) == end
        assert card.next_look(PENDING, now=near, minutes_max=15) == end
        assert card.next_look(PENDING, now=end, minutes_max=15) > end

    def test_of_a_sale_without_a_payment_comes_soon(self) -> None:
        reserved = replace(PENDING, state=State.RESERVED)

        assert card.is_over_at(reserved, minutes_max=15) - NOON == timedelta(
            seconds=card.RESERVED_S_MAX
        )


class TestStates:
    def test_end_where_nothing_follows(self) -> None:
        assert {state for state, after in card.TRANSITIONS.items() if not after} == {
            State.PAID,
            State.VOIDED,
        }
        assert set(card.TRANSITIONS) == set(State)
        assert set(refund.TRANSITIONS) == set(refund.State)
        assert {s for s, after in card.TRANSITIONS.items() if after} == card.WAITING


def a_voucher(serial: str, *, operator: str = "sfr", price_cents: int = 250) -> Taken:
    return Taken(
        batch_id=uuid4(),
        position=1,
        taking=1,
        serial=serial,
        operator=operator,
        offer_code="sfr-15",
        line_no=1,
        price_cents=Cents(price_cents),
        face_value_cents=Cents(1500),
    )


class TestChoice:
    TAKEN = (a_voucher("1"), a_voucher("2", price_cents=150), a_voucher("3", operator="orange"))

    def test_is_all_that_is_left_unless_some_are_named(self) -> None:
        going = frozenset({"1"})
        everything = refund.choose(self.TAKEN, serials=None, going_back=going)
        named = refund.choose(self.TAKEN, serials=["2", "2"], going_back=going)

        assert [each.serial for each in everything] == ["2", "3"]
        assert [each.serial for each in named] == ["2"]
        assert refund.amount(everything) == 400
        assert refund.counted(everything, counts=Counts.PRICE) == 400
        assert refund.counted(everything, counts=Counts.FACE_VALUE) == 3000

    def test_refuses_what_is_gone_or_was_never_there(self) -> None:
        with pytest.raises(refund.NotOfThisSale):
            refund.choose(self.TAKEN, serials=["1"], going_back=frozenset({"1"}))
        with pytest.raises(refund.NotOfThisSale):
            refund.choose(self.TAKEN, serials=["9"], going_back=frozenset())
        with pytest.raises(refund.NothingToRefund):
            refund.choose(self.TAKEN, serials=None, going_back=frozenset("123"))

    def test_is_of_one_operator_where_that_one_is_asked(self) -> None:
        refund.require_one_operator(self.TAKEN[:2])
        with pytest.raises(refund.SeveralOperators):
            refund.require_one_operator(self.TAKEN)
