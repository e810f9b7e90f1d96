"""The till's chained journal: canonical records, and what tampering leaves behind."""

from datetime import date
from itertools import pairwise
from typing import Any

import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from kernel.money import Cents
from services.recharges.domain import journal, sale
from services.recharges.domain.sale import Line, Sale
from services.recharges.domain.stock import take
from tests.recharges.build import SFR_15, a_lot, a_till, an_order

names = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=12)
texts = st.text(st.characters(exclude_categories=["Cs"]))
whole_numbers = st.integers(-(2**53) + 1, 2**53 - 1)
records = st.dictionaries(
    names,
    st.recursive(
        texts | whole_numbers | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    ),
    max_size=6,
)
Chain = list[tuple[int, str, bytes, bytes]]


def chained(written: list[dict[str, Any]]) -> Chain:
    chain: Chain = []
    previous = journal.NOTHING
    for sequence, record in enumerate(written, start=1):
        text = journal.canonical(record)
        hash_ = journal.seal(text, previous_hash=previous)
        chain.append((sequence, text, previous, hash_))
        previous = hash_
    return chain


tickets = st.fixed_dictionaries({"total_cents": st.integers(1, 10_000), "site_code": names})
chains = st.lists(tickets, min_size=1, max_size=6).map(chained)


class TestCanonical:
    @given(record=records)
    def test_is_what_a_full_rfc_8785_library_writes(self, record: dict[str, Any]) -> None:
        assert journal.canonical(record).encode() == rfc8785.dumps(record)


class TestFirstBreak:
    @given(chain=chains)
    def test_finds_none_in_an_untouched_chain(self, chain: Chain) -> None:
        assert journal.first_break(chain) is None
        assert all(one[3] == next_[2] for one, next_ in pairwise(chain))

    @given(chain=chains, choice=st.data())
    def test_finds_a_changed_record(self, chain: Chain, choice: st.DataObject) -> None:
        at = choice.draw(st.integers(0, len(chain) - 1))
        sequence, text, previous, hash_ = chain[at]
        changed = choice.draw(tickets.map(journal.canonical).filter(lambda other: other != text))
        chain[at] = sequence, changed, previous, hash_

        assert journal.first_break(chain) == sequence

    @given(chain=chains, choice=st.data())
    def test_finds_a_changed_record_whose_own_hash_was_made_anew(
        self, chain: Chain, choice: st.DataObject
    ) -> None:
        at = choice.draw(st.integers(0, len(chain) - 1))
        sequence, text, previous, _ = chain[at]
        changed = choice.draw(tickets.map(journal.canonical).filter(lambda other: other != text))
        chain[at] = sequence, changed, previous, journal.seal(changed, previous_hash=previous)

        # The last record has nobody after it to tell: the till's own row keeps its hash.
        assert journal.first_break(chain) == (sequence + 1 if at + 1 < len(chain) else None)

    @given(chain=chains, choice=st.data())
    def test_finds_a_link_that_was_changed(self, chain: Chain, choice: st.DataObject) -> None:
        at = choice.draw(st.integers(0, len(chain) - 1))
        sequence, text, _, hash_ = chain[at]
        chain[at] = sequence, text, b"\x02" * 32, hash_

        assert journal.first_break(chain) == sequence

    @given(chain=chains, choice=st.data())
    def test_finds_a_removed_record(self, chain: Chain, choice: st.DataObject) -> None:
        at = choice.draw(st.integers(0, len(chain) - 1))
        del chain[at]

        assert journal.first_break(chain) == (at + 1 if at < len(chain) else None)

    @given(chain=chains, choice=st.data())
    def test_finds_two_records_that_changed_places(
        self, chain: Chain, choice: st.DataObject
    ) -> None:
        if len(chain) < 2:
            return
        one = choice.draw(st.integers(0, len(chain) - 2))
        other = choice.draw(st.integers(one + 1, len(chain) - 1))
        chain[one], chain[other] = chain[other], chain[one]

        assert journal.first_break(chain) == one + 1

    def test_finds_a_chain_that_does_not_begin_with_nothing(self) -> None:
        text = journal.canonical({"kind": "ticket"})
        hash_ = journal.seal(text, previous_hash=b"\x01" * 32)

        assert journal.first_break([(1, text, b"\x01" * 32, hash_)]) == 1


class TestTicket:
    def test_covers_every_amount_and_names_no_person(self) -> None:
        # odoo l10n_fr_pos_cert: payment amounts not covered by the chain.
        order = an_order(a_till().till_id, a_till().till_id, ("sfr-15", 2), tendered_cents=2000)
        picks, _ = take([a_lot(2, use_by=date(2027, 1, 1))], offer_code="sfr-15", quantity=2)
        sold = Sale(
            order=order,
            site_code="saint-denis",
            ticket_no=4,
            business_date=date(2026, 11, 21),
            lines=(Line(offer=SFR_15, picks=picks),),
            total_cents=Cents(500),
            change_cents=Cents(1500),
            cap_left_cents=Cents(2500),
        )

        record = sale.ticket(sold, serials=[["7000000001", "7000000002"]])

        assert record == (
            '{"business_date":"2026-11-21","change_cents":1500,"kind":"ticket","lines":['
            '{"face_value_cents":1500,"offer_code":"sfr-15","operator":"sfr","price_cents":250,'
            '"quantity":2,"serials":["7000000001","7000000002"]}],'
            '"recorded_at":"2026-11-21T11:00:00+00:00",'
            f'"sale_id":"{order.sale_id}","sequence":4,"site_code":"saint-denis",'
            '"tender":"cash","tendered_cents":2000,'
            f'"till_id":"{order.till_id}","total_cents":500}}'
        )
        assert str(order.person_ref) not in record
