"""The archive of a till's journal: whole when untouched, and nothing changes in it unseen."""

import json
from collections.abc import Iterable
from datetime import timedelta
from io import BytesIO
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.recharges.domain import archive, journal
from services.recharges.domain.archive import Unreadable
from services.recharges.domain.findings import FINDINGS_MAX
from services.recharges.domain.journal import Event, Kind, Period, TicketType
from services.recharges.domain.verification import Anchor
from tests.recharges.archives import (
    KEYS,
    Named,
    Till,
    a_day_and_more,
    cash,
    named,
    records,
    reserves,
    told,
    verify,
)


def damaged(lines: Iterable[bytes]) -> set[Named] | None:
    """What is named when these lines are checked; None when the file is not even read."""
    try:
        report = verify(lines)
    except Unreadable:
        return None
    assert not report.is_whole
    return named(report)


def a_small_one() -> Till:
    till = Till()
    till.note(Event.JOURNAL_BEGUN)
    till.sell()
    till.duplicate(1)
    till.close(Period.DAY)
    till.refund(1)
    return till


SMALL = a_small_one().write()
RECORDS = range(1, len(SMALL) - 1)


def name_of(line: bytes) -> Named:
    entry = archive.read_entry(line)
    return entry.kind, entry.sequence


moves = st.lists(
    st.sampled_from(["sell", "card", "refund", "late", "duplicate", "event", "day", "month"]),
    max_size=25,
)


def played(steps: list[str]) -> Till:
    """A till on which these things happened, as far as they can."""
    till = Till()
    left: list[int] = []
    for step in steps:
        tickets = len(till.chains[Kind.TICKET])
        if step == "sell":
            left.append(till.sell())
        elif step == "card":
            till.sell(3, payments=[cash(250), cash(500) | {"tender": "card"}])
        elif step == "late":
            day = (till.at - timedelta(days=1)).date()
            place = journal.Offline(
                sequence=tickets, hash="ab" * 32, received_at=till.at.isoformat()
            )
            till.sell(business_date=day, offline=place)
        elif step == "refund" and left:
            till.refund(left.pop())
        elif step == "duplicate" and tickets:
            copies = sum(record["ticket_no"] == tickets for record in records(till, Kind.DUPLICATE))
            till.duplicate(tickets, copy_no=copies + 1)
        elif step == "event":
            till.note(Event.DRAWER_COUNTED, counted_cents=5000, remark="écart nul")
        elif step in ("day", "month"):
            till.close(Period.DAY)
            if step == "month":
                till.close(Period.MONTH)
            till.at += timedelta(days=1)
    return till


class TestArchive:
    @given(steps=moves)
    @settings(max_examples=60, deadline=None)
    def test_of_any_day_is_whole(self, steps: list[str]) -> None:
        till = played(steps)
        report = verify(till.write())

        assert told(report) == []
        assert report.record_counts == {kind: len(chain) for kind, chain in till.chains.items()}

    def test_says_what_is_open_and_where_its_keys_are_from(self) -> None:
        report = verify(a_day_and_more().write())

        assert report.open_count == 1
        assert [each.partition(":")[0] for each in reserves(report)] == [
            "The keys are the file's own word",
            "No anchor was given",
        ]
        assert report.keys == KEYS.public_keys()

    def test_of_a_year_begins_with_the_hash_of_what_was_before(self) -> None:
        till = a_day_and_more()
        first = {Kind.GRAND_TOTAL: 2, Kind.TICKET: 4}
        report = verify(till.write(first=first))

        assert told(report) == []
        assert reserves(report)[2:] == [
            # the month, which began with ticket 1
            "Closings that begin before this archive, not added up: 1.",
            "Duplicates of tickets that lie in another file: 1 (of tickets 1).",
        ]
        anchor = Anchor(kind=Kind.TICKET, sequence=3, prefix=till.chains[Kind.TICKET][2].hash.hex())
        assert verify(till.write(first=first), anchor).is_whole

    def test_names_what_is_of_a_ticket_in_another_file_and_is_whole(self) -> None:
        till = a_day_and_more()
        till.sell(3)
        for _ in range(3):
            till.refund(4)  # which was for less: only the other file can tell
        till.refund(7, 3)
        original = journal.Original(till_id="t", ticket_no=8, sale_id="s")
        till.sell(-1, type=TicketType.REFUND, original=original)
        till.duplicate(2, copy_no=4)

        first = {Kind.GRAND_TOTAL: 3, Kind.TICKET: 6, Kind.DUPLICATE: 2}
        report = verify(till.write(first=first))

        assert told(report) == []
        assert reserves(report)[3:] == [
            "Refunds of tickets that lie in another file, not held against their sales: 4 "
            "(of tickets 4, 4, 4, t/8).",
            "Duplicates of tickets that lie in another file: 1 (of tickets 2).",
        ]

    def test_names_no_more_tickets_of_other_files_than_a_person_reads(self) -> None:
        till = Till()
        till.sell()
        till.close(Period.DAY)
        for copy_no in range(1, 31):
            till.duplicate(1, copy_no=copy_no)

        report = verify(till.write(first={Kind.TICKET: 2}))

        assert "30 (of tickets 1, 1, 1," in reserves(report)[-1]
        assert reserves(report)[-1].endswith("1, …).")

    def test_is_read_by_whoever_reads_json(self) -> None:
        lines = a_day_and_more().write()

        assert all(isinstance(json.loads(line), dict) for line in lines)
        assert json.loads(json.loads(lines[4])["record"])["kind"] == "ticket"

    @pytest.mark.parametrize(
        "lines", [[], [b""], [b"\n"], [b"{}\n"], [b"[1]\n"], [b"\xff\n"], [b"[" * 100_000]]
    )
    def test_that_is_none_is_not_read(self, lines: list[bytes]) -> None:
        with pytest.raises(Unreadable):
            verify(lines)

    def test_of_another_version_is_not_read(self) -> None:
        with pytest.raises(Unreadable):
            verify([SMALL[0].replace(b'"version":1', b'"version":2'), *SMALL[1:]])


class TestTampering:
    @pytest.mark.parametrize("with_", [1, 0x20, 0x80], ids=["low bit", "case bit", "high bit"])
    def test_with_any_one_byte_is_found_and_the_record_named(self, with_: int) -> None:
        for at, line in enumerate(SMALL):
            for place in range(len(line)):
                changed = bytearray(line)
                changed[place] ^= with_
                found = damaged([*SMALL[:at], bytes(changed), *SMALL[at + 1 :]])
                assert at not in RECORDS or name_of(line) in (found or ()), (at, place)

    @pytest.mark.parametrize("byte", [b"", b" ", b"\n", b"0"], ids=["cut", "space", "line", "0"])
    def test_by_putting_or_cutting_a_byte_anywhere_is_found(self, byte: bytes) -> None:
        whole = b"".join(SMALL)
        ends = list(accumulate(len(line) for line in SMALL))
        for place in range(len(whole)):
            file = whole[:place] + byte + whole[place + (0 if byte else 1) :]
            found = damaged(BytesIO(file))
            at = next(at for at, end in enumerate(ends) if place < end)
            between = place == ends[at - 1] or (byte == b"\n" and place == ends[at] - 1)
            if at in RECORDS and not between:  # else each line is as it was
                assert name_of(SMALL[at]) in (found or ()), place

    @given(data=st.data())
    @settings(max_examples=100, deadline=None)
    def test_by_any_one_byte_of_a_larger_file_is_found(self, data: st.DataObject) -> None:
        lines = a_day_and_more().write()
        at = data.draw(st.integers(0, len(lines) - 1))
        place = data.draw(st.integers(0, len(lines[at]) - 1))
        byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != lines[at][place]))
        changed = lines[at][:place] + bytes([byte]) + lines[at][place + 1 :]
        found = damaged([*lines[:at], changed, *lines[at + 1 :]])

        if 0 < at < len(lines) - 1:
            assert name_of(lines[at]) in (found or ())

    @pytest.mark.parametrize("at", RECORDS)
    def test_by_taking_a_record_out_names_it(self, at: int) -> None:
        assert name_of(SMALL[at]) in (damaged([*SMALL[:at], *SMALL[at + 1 :]]) or ())

    @pytest.mark.parametrize("at", range(len(SMALL)))
    def test_by_doubling_a_line_is_found(self, at: int) -> None:
        found = damaged([*SMALL[: at + 1], *SMALL[at:]])

        assert at not in RECORDS or name_of(SMALL[at]) in (found or ())

    @pytest.mark.parametrize("at", RECORDS)
    @pytest.mark.parametrize("other", RECORDS)
    def test_by_moving_a_record_names_one_of_the_two(self, at: int, other: int) -> None:
        if at == other:
            return
        lines = list(SMALL)
        lines[at], lines[other] = lines[other], lines[at]
        found = damaged(lines) or set()

        assert found & {name_of(SMALL[at]), name_of(SMALL[other])}

    @pytest.mark.parametrize("at", range(len(SMALL)))
    def test_by_a_line_of_something_else_is_found(self, at: int) -> None:
        assert damaged([*SMALL[:at], b'{"kind":"ticket"}\n', *SMALL[at:]]) != set()

    @pytest.mark.parametrize("kept", range(1, len(SMALL)))
    def test_by_cutting_the_end_off_is_found(self, kept: int) -> None:
        report = verify(SMALL[:kept])

        assert "the archive has no end: it was cut, or its last line was changed" in told(report)

    def test_with_one_record_of_many_names_little_else(self) -> None:
        lines = a_day_and_more().write()
        at = next(at for at in range(1, 20) if name_of(lines[at]) == (Kind.TICKET, 2))
        lines[at] = lines[at].replace(b"sfr-15", b"sfr-16")

        assert told(verify(lines)) == [
            "ticket 2: its content is not what was sealed",
            "the file is not what its SHA-256 was taken of",
        ]

    def test_with_everything_shows_a_hundred_and_counts_all(self) -> None:
        till = Till()
        for _ in range(150):
            till.sell()
        lines = [line.replace(b"sfr-15", b"sfr-16") for line in till.write()]
        report = verify(lines)

        assert len(report.findings) == FINDINGS_MAX
        assert report.finding_count == 151
