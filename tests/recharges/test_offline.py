"""A device's chain: whatever is forged, dropped, reordered or repeated is found."""

import base64
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import rfc8785
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from kernel.refusal import Refusal
from services.recharges.api import leases as api
from services.recharges.domain import lease as rules
from services.recharges.domain import offline
from services.recharges.domain.cap import Allowance, Counts, Entitlement
from services.recharges.domain.lease import Share
from services.recharges.domain.offline import Accepted, Books, Decision, Held, Known, Lease
from services.recharges.domain.offline_sale import (
    AfterRefused,
    AmountsWrong,
    ChainBroken,
    Fork,
    HashWrong,
    LeaseNotHeld,
    NoAllowance,
    OfflineSale,
    SaleKnown,
    TimeBroken,
    VoucherNotHeld,
)
from services.recharges.domain.stock import State
from services.recharges.doors.leases import read_sale
from tests.recharges.device import Device, Sale, chained, record_of

BEGAN = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
PERSON, OTHER = uuid4(), uuid4()
STOCK = 40
KEY = bytes(32)
Forge = Callable[[Sale], Sale]


class Till:
    """A till with a lease, and the books that its sales are decided on."""

    def __init__(self, *, cap_cents: int = 100_000, allowance_cents: int = 0) -> None:
        self.device_id, self.lease_id = uuid4(), uuid4()
        self.device = Device(till_id=str(uuid4()))
        self.serials = [f"{number:06}" for number in range(STOCK)]
        self.device.take(self._answer(allowance_cents))
        self.books = self._books(cap_cents, allowance_cents)

    def _answer(self, allowance_cents: int) -> dict[str, Any]:
        cipher, nonce = AESGCM(KEY), bytes(12)
        boxes = [nonce + cipher.encrypt(nonce, b"PIN", each.encode()) for each in self.serials]
        return {
            "lease_id": str(self.lease_id),
            "offer_code": "sfr-15",
            "price_cents": 250,
            "cap_counts": "price",
            "key": base64.urlsafe_b64encode(KEY).decode(),
            "vouchers": [
                {
                    "serial": serial,
                    "box": base64.urlsafe_b64encode(box).decode(),
                    "face_value_cents": 1500,
                }
                for serial, box in zip(self.serials, boxes, strict=True)
            ],
            "allowances": [
                {"person_ref": str(PERSON), "month": "2026-11", "allowed_cents": allowance_cents}
            ],
        }

    def _books(self, cap_cents: int, allowance_cents: int) -> Books:
        month_on = date(2026, 11, 1)
        terms = Lease(
            lease_id=self.lease_id,
            chain_id=self.device_id,
            offer_code="sfr-15",
            price_cents=Cents(250),
            state="open",
            leased_at=BEGAN,
            expires_at=BEGAN + timedelta(hours=10),
        )
        return Books(
            till_id=UUID(self.device.till_id),
            chain_id=self.device_id,
            received_at=BEGAN + timedelta(hours=12),
            skew_max=timedelta(minutes=15),
            counts=Counts.PRICE,
            head=offline.Head(),
            known={},
            sale_ids=set(),
            leases={self.lease_id: terms},
            held={
                serial: Held(
                    serial=serial,
                    operator="sfr",
                    lease_id=self.lease_id,
                    batch_id=self.lease_id,
                    position=place,
                    taking=1,
                    lot_id=self.lease_id,
                    lot_state=State.LEASED,
                    face_value_cents=Cents(1500),
                    use_by=date(2027, 6, 30),
                )
                for place, serial in enumerate(self.serials, start=1)
            },
            set_aside=[
                offline.SetAside(
                    lease_id=self.lease_id,
                    person_ref=PERSON,
                    month_on=month_on,
                    left_cents=Cents(allowance_cents),
                )
            ],
            same_as={PERSON: PERSON, OTHER: OTHER},
            entitlements={
                PERSON: [
                    Entitlement(
                        person_ref=PERSON,
                        from_on=date(2026, 1, 1),
                        until_on=date(2027, 1, 1),
                        monthly_cap_cents=Cents(cap_cents),
                    )
                ]
            },
            months={
                (OTHER, month_on): Allowance(cap_cents=Cents(0), used_cents=Cents(0)),
                (PERSON, month_on): Allowance(
                    cap_cents=Cents(0), used_cents=Cents(allowance_cents)
                ),
            },
        )

    def sell(self, *quantities: int) -> list[Sale]:
        """Sell so many vouchers each time, a minute apart."""
        lines = []
        for quantity in quantities:
            at = BEGAN + timedelta(minutes=len(self.device.unsent))
            line, _ = self.device.sell(
                str(self.lease_id), str(PERSON), at=at, quantity=quantity, tendered_cents=10_000
            )
            lines.append(line)
        return lines

    def decide(self, lines: Sequence[Sale]) -> list[Decision]:
        return list(offline.decide(self.books, read(lines)))


def read(lines: Sequence[Sale]) -> list[OfflineSale]:
    return [read_sale(each) for each in api.OfflineSales.model_validate(list(lines)).root]


def kinds(decisions: Sequence[Decision]) -> str:
    """One letter each: accepted, known, refused, behind a refused one."""
    return "".join(
        "a"
        if isinstance(each, Accepted)
        else "k"
        if isinstance(each, Known)
        else "b"
        if isinstance(each, AfterRefused)
        else "r"
        for each in decisions
    )


quantities = st.lists(st.integers(1, 4), min_size=2, max_size=8)


def _with(**changed: Any) -> Forge:
    return lambda line: line | changed


def _in_first_line(**changed: Any) -> Forge:
    def forge(line: Sale) -> Sale:
        forged = deepcopy(line)
        forged["lines"][0] |= changed
        return forged

    return forge


FORGERIES: list[Forge] = [
    _with(till_id=str(uuid4())),
    _with(sale_id=str(uuid4())),
    _with(person_ref=str(OTHER)),
    _with(seller_id=str(uuid4())),
    _with(lease_id=str(uuid4())),
    _with(sold_at="2026-11-21T08:00:59Z"),
    _with(total_cents=249),
    _with(tendered_cents=9_999),
    _with(change_cents=0),
    _with(previous_hash="ab" * 32),
    _with(hash="cd" * 32),
    lambda line: line | {"sequence": line["sequence"] + 1},
    _in_first_line(serials=["000039"]),
    _in_first_line(price_cents=1),
    _in_first_line(face_value_cents=1),
    _in_first_line(offer_code="sfr-500mo"),
]


class TestRecord:
    @given(quantities)
    def test_is_hashed_as_rfc_8785_writes_it(self, sold: list[int]) -> None:
        till = Till()
        for line, sale in zip(till.sell(*sold), read(till.device.unsent), strict=True):
            assert sale.record.encode() == rfc8785.dumps(record_of(line))
            assert sale.own_hash.hex() == line["hash"]


class TestChain:
    @given(sold=quantities, data=st.data())
    def test_sent_in_any_parts_and_again_is_taken_once(
        self, sold: list[int], data: st.DataObject
    ) -> None:
        till = Till()
        lines = till.sell(*sold)
        taken = 0
        while taken < len(lines):
            first = data.draw(st.integers(0, taken))
            end = data.draw(st.integers(taken + 1, len(lines)))
            decisions = kinds(till.decide(lines[first:end]))
            assert decisions == "k" * (taken - first) + "a" * (end - taken)
            taken = end

    @given(sold=quantities, data=st.data())
    def test_finds_a_forged_line(self, sold: list[int], data: st.DataObject) -> None:
        till = Till()
        lines = till.sell(*sold)
        place = data.draw(st.integers(0, len(lines) - 1))
        forged = data.draw(st.sampled_from(FORGERIES))(lines[place])
        if forged == lines[place]:
            return

        decisions = till.decide([*lines[:place], forged, *lines[place + 1 :]])

        assert kinds(decisions) == "a" * place + "r" + "b" * (len(lines) - place - 1)

    @given(sold=quantities, data=st.data())
    def test_finds_a_line_that_was_forged_and_hashed_anew(
        self, sold: list[int], data: st.DataObject
    ) -> None:
        till = Till()
        lines = till.sell(*sold)
        place = data.draw(st.integers(0, len(lines) - 2))
        changed = record_of(data.draw(st.sampled_from(FORGERIES))(lines[place]))
        forged = chained(changed, lines[place]["previous_hash"])
        if forged == lines[place]:
            return

        decisions = kinds(till.decide([*lines[:place], forged, *lines[place + 1 :]]))

        assert decisions[:place] == "a" * place
        assert "r" in decisions[place : place + 2]  # itself, or the next that does not follow it
        assert "a" not in decisions[place + 1 :]

    @given(sold=quantities, data=st.data())
    def test_finds_a_line_that_was_dropped(self, sold: list[int], data: st.DataObject) -> None:
        till = Till()
        lines = till.sell(*sold)
        place = data.draw(st.integers(0, len(lines) - 2))

        decisions = till.decide([*lines[:place], *lines[place + 1 :]])

        assert kinds(decisions) == "a" * place + "r" + "b" * (len(lines) - place - 2)

    @given(sold=quantities, data=st.data())
    def test_finds_lines_in_another_order(self, sold: list[int], data: st.DataObject) -> None:
        till = Till()
        lines = till.sell(*sold)
        mixed = data.draw(st.permutations(lines))
        moved = [ours != theirs for ours, theirs in zip(lines, mixed, strict=True)]
        same = moved.index(True) if any(moved) else None

        decisions = kinds(till.decide(mixed))

        if same is None:
            assert decisions == "a" * len(lines)
        else:
            assert decisions[: same + 1] == "a" * same + "r"
            assert "a" not in decisions[same:]

    @given(sold=quantities, data=st.data())
    def test_knows_a_line_that_is_repeated(self, sold: list[int], data: st.DataObject) -> None:
        till = Till()
        lines = till.sell(*sold)
        place = data.draw(st.integers(0, len(lines) - 1))
        again = data.draw(st.integers(place + 1, len(lines)))

        decisions = till.decide([*lines[:again], lines[place], *lines[again:]])

        assert kinds(decisions) == "a" * again + "k" + "a" * (len(lines) - again)

    @given(sold=quantities, data=st.data())
    def test_of_a_copied_device_is_a_fork(self, sold: list[int], data: st.DataObject) -> None:
        till = Till()
        place = data.draw(st.integers(0, len(sold) - 1))
        till.sell(*sold[:place])
        twin = deepcopy(till.device)
        lines = till.sell(*sold[place:])
        till.decide(till.device.unsent)
        till.device, ours = twin, till.device
        other = till.sell(*sold[place:])

        decisions = till.decide(other)

        assert isinstance(decisions[0], Fork)
        assert kinds(decisions) == "r" + "b" * (len(other) - 1)
        assert till.books.head.hash.hex() == ours.hash == lines[-1]["hash"]


def _refused(till: Till, line: Sale) -> type[Refusal]:
    (decision,) = till.decide([line])
    assert isinstance(decision, Refusal)
    return type(decision)


class TestSale:
    """One line that is chained as it should be, and is wrong all the same."""

    def line(self, till: Till, **changed: Any) -> Sale:
        (made,) = till.sell(2)
        return chained(record_of(made) | changed, made["previous_hash"])

    @pytest.mark.parametrize(
        ("changed", "refusal"),
        [
            ({"sequence": 2}, ChainBroken),
            ({"till_id": str(uuid4())}, ChainBroken),
            ({"lease_id": str(uuid4())}, LeaseNotHeld),
            ({"sold_at": "2026-11-21T07:44:59Z"}, TimeBroken),
            ({"sold_at": "2026-11-21T20:15:01Z"}, TimeBroken),
            ({"sold_at": "2026-11-21T18:15:01Z"}, LeaseNotHeld),
            ({"total_cents": 501, "change_cents": 9_499}, AmountsWrong),
            ({"change_cents": 9_499}, AmountsWrong),
            ({"tendered_cents": 400, "change_cents": -100}, None),
            ({"tendered_cents": 499, "change_cents": 0}, AmountsWrong),
        ],
    )
    def test_is_refused_for_what_is_wrong_with_it(
        self, changed: dict[str, Any], refusal: type[Refusal] | None
    ) -> None:
        till = Till()
        line = self.line(till, **changed)
        if refusal is None:  # the door does not even read it
            with pytest.raises(ValueError, match="change_cents"):
                read([line])
        else:
            assert _refused(till, line) is refusal

    @pytest.mark.parametrize(
        ("changed", "refusal"),
        [
            ({"serials": ["000000", "000000"]}, VoucherNotHeld),
            ({"serials": ["000000", "999999"]}, VoucherNotHeld),
            ({"price_cents": 200}, AmountsWrong),
            ({"face_value_cents": 2000}, AmountsWrong),
            ({"offer_code": "sfr-500mo"}, AmountsWrong),
        ],
    )
    def test_is_refused_for_vouchers_that_are_not_those_of_the_lease(
        self, changed: dict[str, Any], refusal: type[Refusal]
    ) -> None:
        till = Till()
        (made,) = till.sell(2)
        record = record_of(_in_first_line(**changed)(made))
        assert _refused(till, chained(record, "")) is refusal

    def test_hash_taken_before_the_sale_is_complete_is_refused(self) -> None:
        # odoo#226032
        till = Till()
        (made,) = till.sell(1)
        without = record_of(made) | {"change_cents": 0}
        early = chained(without, "")["hash"]

        assert _refused(till, made | {"hash": early}) is HashWrong

    def test_of_another_sales_id_is_refused(self) -> None:
        till = Till()
        (made,) = till.sell(1)
        till.books.sale_ids.add(UUID(made["sale_id"]))

        assert _refused(till, made) is SaleKnown

    def test_within_the_bound_of_the_clock_is_accepted_and_says_how_far_off(self) -> None:
        till = Till()
        line = self.line(till, sold_at="2026-11-21T07:45:00Z")

        (decision,) = till.decide([line])

        assert isinstance(decision, Accepted)
        assert decision.skew == timedelta(minutes=15)


class TestAllowance:
    @given(cap=st.integers(0, 4000), aside=st.integers(0, 4000), sold=st.lists(st.integers(1, 3)))
    def test_is_used_before_the_month_and_neither_is_overdrawn(
        self, cap: int, aside: int, sold: list[int]
    ) -> None:
        aside = min(cap, aside)
        till = Till(cap_cents=cap, allowance_cents=aside)
        decisions = till.decide(till.sell(*sold[:12]))

        accepted = [each for each in decisions if isinstance(each, Accepted)]
        from_aside = sum(sum(each.from_allowances.values()) for each in accepted)
        from_month = sum(each.from_month_cents for each in accepted)
        assert from_aside + from_month == sum(each.sale.total_cents for each in accepted)
        assert from_aside <= aside
        assert from_month <= cap - aside
        assert not from_month or from_aside == aside
        for each in decisions[len(accepted) : len(accepted) + 1]:
            assert isinstance(each, NoAllowance)

    def test_of_one_month_is_not_used_in_the_next(self) -> None:
        till = Till(allowance_cents=1000)
        till.books.received_at += timedelta(days=30)
        till.books.leases = {
            key: replace(each, expires_at=BEGAN + timedelta(days=20))
            for key, each in till.books.leases.items()
        }
        december = date(2026, 12, 1)
        till.books.months[PERSON, december] = Allowance(cap_cents=Cents(0), used_cents=Cents(0))
        line, _ = till.device.sell(
            str(till.lease_id), str(PERSON), at=datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
        )

        (decision,) = till.decide([line])  # midnight in Paris: December

        assert isinstance(decision, Accepted)
        assert (decision.from_allowances, decision.from_month_cents) == ({}, 250)

    @given(
        caps=st.lists(st.integers(0, 3000), max_size=5),
        used=st.integers(0, 3000),
        asked=st.none() | st.integers(0, 2000),
        same=st.booleans(),
    )
    def test_is_set_aside_as_far_as_it_is_left(
        self, caps: list[int], used: int, asked: int | None, same: bool
    ) -> None:
        one = uuid4()
        shares = [
            Share(
                person_ref=uuid4(),
                person=one if same else uuid4(),
                cap_cents=Cents(max(caps) if same else each),
            )
            for each in caps
        ]
        before = {share.person: Cents(used) for share in shares}

        aside = rules.set_aside(
            shares, used_cents=before, asked_cents=None if asked is None else Cents(asked)
        )

        for share in shares:
            mine = sum(aside[each.person_ref] for each in shares if each.person == share.person)
            assert mine <= max(0, share.cap_cents - used)
            assert asked is None or aside[share.person_ref] <= asked
