"""The till's chained journal: canonical records, and what tampering leaves behind."""

import json
from datetime import date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from services.recharges.domain import closing, journal
from services.recharges.domain.closing import Tally
from services.recharges.domain.journal import Event, Incomplete, Kind, Period, TicketType
from tests.recharges.archives import START, TILL, USER, Till, a_day_and_more, a_line, a_ticket, cash

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


def amounts_in(record: Any, *, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where a record has an amount of money."""
    if isinstance(record, list):
        record = dict(enumerate(record))
    if not isinstance(record, dict):
        return [at] if str(at[-1]).endswith("_cents") else []
    return [place for name, value in record.items() for place in amounts_in(value, at=(*at, name))]


class TestTicket:
    def test_payment_amounts_not_covered_by_the_chain(self) -> None:
        # odoo l10n_fr_pos_cert: whoever changes an amount, of a payment too, changes the hash.
        text = journal.ticket_record(**a_ticket(1))
        places = amounts_in(json.loads(text))

        assert {place[-1] for place in places} >= {"amount_cents", "tendered_cents", "total_cents"}
        for place in places:
            changed = json.loads(text)
            inner = changed
            for name in place[:-1]:
                inner = inner[name]
            inner[place[-1]] += 1
            other = journal.canonical(changed)
            assert journal.seal(other, previous_hash=b"") != journal.seal(text, previous_hash=b"")

    @pytest.mark.parametrize(
        ("over", "fault"),
        [
            ({"lines": []}, "no line"),
            ({"payments": []}, "no payment"),
            ({"payments": [cash(200)]}, "the payments"),
            ({"payments": [cash(250) | {"tendered_cents": 300}]}, "less the change"),
            ({"lines": [a_line(1, price_cents=150)]}, "the lines"),
            ({"lines": [a_line(1) | {"serials": []}]}, "each of its vouchers"),
            ({"vat": [{"rate": "exempt", "net_cents": 200, "tax_cents": 0}]}, "net and tax"),
            ({"vat": [{"rate": "20", "net_cents": 208, "tax_cents": 42}]}, "the VAT rates"),
            ({"type": TicketType.REFUND}, "gives back"),
            ({"recorded_at": START.replace(tzinfo=None)}, "UTC"),
            ({"recorded_at": START.astimezone(timezone(timedelta(hours=1)))}, "UTC"),
            ({"sequence": 0}, "from 1"),
            ({"site_code": ""}, "a site"),
        ],
    )
    def test_hash_taken_before_the_sale_is_complete(self, over: dict[str, Any], fault: str) -> None:
        # odoo#226032: there is no text to hash until the ticket says all and agrees with itself.
        with pytest.raises(Incomplete, match=fault):
            journal.ticket_record(**(a_ticket(1) | over))

    def test_says_every_amount_line_tender_and_time_and_no_person(self) -> None:
        record = json.loads(journal.ticket_record(**a_ticket(4)))

        assert record == {
            "kind": "ticket",
            "type": "sale",
            "first": False,
            "till_id": str(TILL),
            "site_code": "saint-denis",
            "sequence": 4,
            "recorded_at": "2026-11-02T09:04:00+00:00",
            "business_date": "2026-11-02",
            "sale_id": str(UUID(int=4)),
            "total_cents": 250,
            "vat": [{"rate": "exempt", "net_cents": 250, "tax_cents": 0}],
            "payments": [
                {
                    "tender": "cash",
                    "amount_cents": 250,
                    "tendered_cents": 500,
                    "change_cents": 250,
                }
            ],
            "lines": [dict(a_line(1))],
            "software_version": "0.1.0",
        }

    def test_may_be_taxed_by_line(self) -> None:
        lines = [a_line(1), a_line(1) | {"vat_rate": "20", "price_cents": 1200}]
        vat = [
            journal.Taxed(rate="exempt", net_cents=250, tax_cents=0),
            journal.Taxed(rate="20", net_cents=1000, tax_cents=200),
        ]
        text = journal.ticket_record(
            **a_ticket(1, lines=lines, vat=vat, total_cents=1450, payments=[cash(1450)])
        )

        assert json.loads(text)["vat"] == vat

    def test_of_a_refund_names_its_sale_and_is_below_zero(self) -> None:
        refund = a_ticket(
            2,
            type=TicketType.REFUND,
            lines=[a_line(-1)],
            payments=[cash(-250)],
            total_cents=-250,
        )
        original = journal.Original(till_id=str(TILL), ticket_no=1, sale_id=str(UUID(int=1)))

        with pytest.raises(Incomplete, match="names the ticket"):
            journal.ticket_record(**refund)
        with pytest.raises(Incomplete, match="names the ticket"):
            journal.ticket_record(**a_ticket(2), original=original)
        record = json.loads(journal.ticket_record(**refund, original=original))
        assert record["original"]["ticket_no"] == 1

    @given(quantity=st.integers(1, 9), price_cents=st.integers(0, 5000))
    def test_is_written_as_a_full_rfc_8785_library_writes_it(
        self, quantity: int, price_cents: int
    ) -> None:
        total = quantity * price_cents
        text = journal.ticket_record(
            **a_ticket(
                1,
                lines=[a_line(quantity, price_cents=price_cents)],
                payments=[cash(total)],
                total_cents=total,
            )
        )

        assert text.encode() == rfc8785.dumps(json.loads(text))


class TestClosing:
    def test_late_offline_order_counted_twice_by_a_closing(self) -> None:
        days = [json.loads(entry.record) for entry in a_day_and_more().chains[Kind.GRAND_TOTAL]]

        assert [day["ticket_count"] for day in days] == [3, 2, 5]
        assert [day["late"] for day in days] == [
            {},
            {"2026-11-02": {"ticket_count": 1, "real_cents": 250}},
            {},  # the month has not begun after it
        ]

    def test_keeps_two_totals_since_ever(self) -> None:
        first, second, month = (
            json.loads(entry.record) for entry in a_day_and_more().chains[Kind.GRAND_TOTAL]
        )

        assert (first["sold_cents"], first["refunded_cents"]) == (750, 250)
        assert (first["real_cents"], first["absolute_cents"]) == (500, 1000)
        assert (second["perpetual_real_cents"], second["perpetual_absolute_cents"]) == (1000, 1500)
        assert (month["perpetual_real_cents"], month["perpetual_absolute_cents"]) == (1000, 1500)

    def test_tells_tenders_apart(self) -> None:
        till = a_day_and_more()
        second = json.loads(till.chains[Kind.GRAND_TOTAL][1].record)

        assert second["by_tender"] == {"cash": 350, "card": 150}
        assert second["by_vat"] == {"exempt": {"net_cents": 500, "tax_cents": 0}}

    def test_of_a_day_without_tickets_has_an_empty_window(self) -> None:
        till = Till()
        till.close(Period.DAY)
        record = json.loads(till.chains[Kind.GRAND_TOTAL][0].record)

        assert (record["from_sequence"], record["until_sequence"]) == (1, 1)
        assert record["anchors"]["ticket"] == {"sequence": 0, "hash": ""}

    @pytest.mark.parametrize(
        ("over", "fault"),
        [
            ({"until_sequence": 3}, "the count of tickets"),
            ({"anchors": {}}, "the end of every other chain"),
        ],
    )
    def test_that_contradicts_itself_is_not_written(self, over: dict[str, Any], fault: str) -> None:
        till = Till()
        till.sell()

        with pytest.raises(Incomplete, match=fault):
            till.close(Period.DAY, **over)

    def test_differs_from_tickets_that_come_to_something_else(self) -> None:
        tally = Tally(period_on=date(2026, 11, 2))
        tally.add(json.loads(journal.ticket_record(**a_ticket(1))))
        said = dict(tally.figures()) | {"by_tender": {"cash": 250, "card": 0}}

        assert closing.differing(said, tally.figures()) == []
        tally.add(json.loads(journal.ticket_record(**a_ticket(2))))
        assert "sold_cents" in closing.differing({**said, "sold_cents": 1}, tally.figures())


def an_event(details: dict[str, Any], *, event: Event = Event.DRAWER_OPENED) -> str:
    return journal.event_record(
        till_id=TILL,
        site_code="antony",
        sequence=1,
        recorded_at=datetime.fromisoformat("2026-11-02T09:00:00+00:00"),
        event=event,
        details=details,
        software_version="0.1.0",
        user_id=USER,
    )


class TestEvent:
    def test_has_the_code_and_the_name_of_what_happened(self) -> None:
        record = json.loads(an_event({"reason": "fourche"}, event=Event.DEVICE_FROZEN))

        assert (record["code"], record["name"]) == (1040, "device_frozen")
        assert record["details"] == {"reason": "fourche"}

    @pytest.mark.parametrize(
        "details",
        [{"rate": 1.5}, {"é": 1}, {"n": [2**53]}, {"at": [{"on": date(2026, 11, 2)}]}, {"b": b""}],
    )
    def test_holds_nothing_that_has_no_canonical_form_here(self, details: dict[str, Any]) -> None:
        with pytest.raises(Incomplete):
            an_event(details)

    @given(details=records)
    def test_is_written_as_a_full_rfc_8785_library_writes_it(self, details: dict[str, Any]) -> None:
        text = an_event(details)

        assert text.encode() == rfc8785.dumps(json.loads(text))


class TestDuplicate:
    @pytest.mark.parametrize("of", [Kind.TICKET, Kind.GRAND_TOTAL])
    @pytest.mark.parametrize(
        ("over", "fault"),
        [({"copy_no": 0}, "from 1"), ({"number": 0}, "from 1")],
    )
    def test_is_counted(self, of: Kind, over: dict[str, Any], fault: str) -> None:
        said: dict[str, Any] = Till().next(Kind.DUPLICATE) | {
            "of": of,
            "number": 1,
            "copy_no": 1,
            "user_id": USER,
        }

        record = json.loads(journal.duplicate_record(**said))
        assert (record["copy_no"], journal.duplicate_of(record)) == (1, (of, 1))
        with pytest.raises(Incomplete, match=fault):
            journal.duplicate_record(**(said | over))
