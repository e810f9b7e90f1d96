"""An archive that is sealed and yet not the journal that was: written anew, or contradictory."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from services.recharges.domain import archive, journal
from services.recharges.domain.closing import Tally
from services.recharges.domain.journal import Event, Kind, Period
from services.recharges.domain.verification import Anchor
from services.recharges.signing import JournalKeys
from tests.recharges.archives import (
    KEYS,
    START,
    Till,
    a_day_and_more,
    key_of,
    named,
    records,
    told,
    verify,
)


def forged(keys: JournalKeys = KEYS) -> Till:
    """The journal written anew with the second ticket made smaller: its chain is without a flaw."""
    till = Till(keys=keys)
    till.note(Event.JOURNAL_BEGUN)
    for quantity in (1, 1, 1):
        till.sell(quantity)
    till.close(Period.DAY)
    return till


def honest() -> Till:
    till = Till()
    till.note(Event.JOURNAL_BEGUN)
    for quantity in (1, 2, 1):
        till.sell(quantity)
    till.close(Period.DAY)
    return till


def anchors_of(till: Till) -> list[Anchor]:
    return [
        Anchor.parse(f"{kind}:{chain[-1].sequence}:{chain[-1].hash.hex()[:16].upper()}")
        for kind, chain in till.chains.items()
        if chain
    ]


class TestRecomputedAsAWhole:
    def test_passes_by_its_own_word_alone(self) -> None:
        assert verify(forged().write()).is_whole

    def test_is_caught_by_an_anchor_though_the_key_is_the_same(self) -> None:
        assert verify(honest().write(), *anchors_of(honest())).is_whole
        assert named(verify(forged().write(), *anchors_of(honest()))) >= {
            (Kind.TICKET, 3),
            (Kind.GRAND_TOTAL, 1),
        }

    def test_is_caught_by_a_trusted_key_when_it_is_another_key(self) -> None:
        trusted = KEYS.public_keys()
        other = forged(JournalKeys(key_of("other")))
        namesake = key_of("other").partition(":")[2]
        disguised = forged(JournalKeys(f"2026:{namesake}"))

        assert verify(honest().write(), trusted_keys=trusted).is_whole
        assert "ticket 1: it is signed with the key other, which is not known" in told(
            verify(other.write(), trusted_keys=trusted)
        )
        found = told(verify(disguised.write(), trusted_keys=trusted))
        assert found[0] == "the key 2026 is not the trusted one"
        assert "ticket 1: its signature is not good" in found

    def test_and_shortened_is_caught_by_an_anchor(self) -> None:
        short = Till()
        short.note(Event.JOURNAL_BEGUN)
        short.sell()

        assert told(verify(short.write(), *anchors_of(honest()))) == [
            "grand_total 1: an anchor was given for it and this archive does not hold it",
            "ticket 3: an anchor was given for it and this archive does not hold it",
        ]

    @pytest.mark.parametrize(
        "written", ["ticket:1:abc", "ticket:1", "sale:1:" + "0" * 16, "ticket:x:" + "0" * 16,
                    "ticket:1:" + "g" * 16, "ticket:1:" + "0" * 65]
    )  # fmt: skip
    def test_needs_an_anchor_that_says_enough(self, written: str) -> None:
        with pytest.raises(ValueError):
            Anchor.parse(written)


class TestSealedContradiction:
    """Records that were sealed and signed by the right key, and yet cannot be."""

    def found(self, till: Till) -> list[str]:
        return told(verify(till.write()))

    def rewritten(self, kind: Kind, sequence: int, over: Mapping[str, object]) -> list[str]:
        till = a_day_and_more()
        record = json.loads(till.chains[kind][sequence - 1].record) | dict(over)
        till.reseal(kind, sequence, journal.canonical(record))
        return self.found(till)

    def test_of_a_closing_and_its_tickets(self) -> None:
        sums = {"sold_cents": 1000, "real_cents": 750, "absolute_cents": 1250}
        shares = {
            "by_tender": {"cash": 750},
            "by_vat": {"exempt": {"net_cents": 750, "tax_cents": 0}},
        }
        found = self.rewritten(Kind.GRAND_TOTAL, 1, sums | shares | {"perpetual_real_cents": 750})

        assert "grand_total 1: sold_cents is not what the tickets of the window come to" in found
        assert "grand_total 1: perpetual_absolute_cents is 1000 and should be 1250" in found
        assert "grand_total 2: perpetual_real_cents is 1000 and should be 1250" in found

    @pytest.mark.parametrize(
        ("over", "finding"),
        [
            ({"closing_no": 3}, "grand_total 2: the closing is number 3 and should be 2"),
            ({"from_sequence": 5}, "the window begins with ticket 5 and should with 4"),
            ({"period_on": "2026-11-01"}, "the closing is of a day before the closing before it"),
            ({"until_sequence": 10}, "the closing ends with ticket 9, which this archive does"),
            ({"late": {}}, "grand_total 2: late is not what the tickets of the window come to"),
            ({"anchors": {}}, "the closing does not hold the end of every other chain"),
            ({"period": "week"}, "grand_total 2: its content has not the form of its kind"),
        ],
    )
    def test_of_a_closing_and_the_one_before(self, over: dict[str, object], finding: str) -> None:
        found = self.rewritten(Kind.GRAND_TOTAL, 2, over)

        assert any(finding in each for each in found), found

    def test_of_a_month_that_ends_in_the_middle_of_a_day(self) -> None:
        till = a_day_and_more()
        assert json.loads(till.chains[Kind.GRAND_TOTAL][2].record)["period"] == "month"
        found = self.rewritten(
            Kind.GRAND_TOTAL, 3, {"until_sequence": 5, "ticket_count": 4, "sale_count": 3}
        )
        assert "grand_total 3: the closing does not end where a day did" in found

    def test_of_no_month_that_is_closed_when_the_next_has_begun(self) -> None:
        till = Till()
        till.sell()
        till.close(Period.DAY)
        figures = Tally(period_on=START.date().replace(day=1))
        figures.add(next(records(till, Kind.TICKET)))
        totals = list(till.perpetual)
        till.at += timedelta(days=30)
        till.sell()
        till.close(Period.DAY)
        till.close(
            Period.MONTH,
            period_on=START.date().replace(day=1),
            until_sequence=2,
            figures=figures.figures(),
            perpetual_real_cents=totals[0],
            perpetual_absolute_cents=totals[1],
        )

        assert self.found(till) == []

    def test_of_a_ticket_in_itself(self) -> None:
        found = self.rewritten(Kind.TICKET, 2, {"total_cents": 400})

        assert "ticket 2: the payments are not what the ticket comes to" in found
        assert "ticket 2: its hash is not that which closing 1 holds" not in found
        assert "ticket 3: its hash is not that which closing 1 holds" in found

    def test_of_a_ticket_and_the_closed_day(self) -> None:
        found = self.rewritten(Kind.TICKET, 2, {"business_date": "2026-11-03"})

        assert any("is of a day after the period that closing 1" in each for each in found)

    @pytest.mark.parametrize(
        ("kind", "over"),
        [
            (Kind.TICKET, {"recorded_at": "2026-11-02T09:00:00+01:00"}),
            (Kind.TICKET, {"business_date": "hier"}),
            (Kind.TICKET, {"site_code": None}),
            (Kind.TICKET, {"total_cents": 250.0}),
            (Kind.TICKET, {"sale_id": {}}),
            (Kind.TICKET, {"lines": "none"}),
            (Kind.TICKET, {"payments": [{}]}),
            (Kind.GRAND_TOTAL, {"anchors": {"ticket": {"sequence": 3, "hash": None}}}),
            (Kind.GRAND_TOTAL, {"by_tender": {"cash": "500"}}),
            (Kind.GRAND_TOTAL, {"closing_no": True}),
            (Kind.DUPLICATE, {"copy_no": "1"}),
            (Kind.EVENT, {"code": "90"}),
        ],
    )
    def test_of_a_value_and_its_name(self, kind: Kind, over: dict[str, object]) -> None:
        assert f"{kind} 1: its content has not the form of its kind" in self.rewritten(
            kind, 1, over
        )

    def test_of_a_closing_that_holds_no_hash(self) -> None:
        till = a_day_and_more()
        anchors = json.loads(till.chains[Kind.GRAND_TOTAL][0].record)["anchors"]
        found = self.rewritten(
            Kind.GRAND_TOTAL, 1, {"anchors": anchors | {"ticket": {"sequence": 3, "hash": ""}}}
        )
        assert "grand_total 1: the end of a chain is not a number and a hash" in found

    def test_of_a_record_in_the_place_of_another(self) -> None:
        assert "event 1: what it says of itself is not its place" in self.rewritten(
            Kind.EVENT, 1, {"sequence": 2}
        )

    def test_of_a_refund_larger_than_its_sale(self) -> None:
        till = Till()
        till.sell(2)
        till.refund(1)
        till.refund(1)
        assert self.found(till) == []

        till.refund(1)
        assert self.found(till) == ["ticket 4: the refunds of ticket 1 are larger than the sale"]

    def test_of_a_refund_of_a_refund_or_of_nothing(self) -> None:
        till = Till()
        till.sell(1)
        till.refund(1)
        till.refund(2)
        till.refund(9)

        assert self.found(till) == [
            "ticket 3: the refunds of ticket 2 are larger than the sale",
            "ticket 4: the refund is of ticket 9, which was not there",
        ]

    def test_of_a_duplicate_of_no_ticket_or_printed_twice_as_one(self) -> None:
        till = Till()
        till.sell()
        for ticket_no, copy_no in ((1, 1), (1, 2), (1, 2), (2, 1)):
            till.duplicate(ticket_no, copy_no=copy_no)

        assert self.found(till) == [
            "duplicate 3: copy 2 of ticket 1 was printed before",
            "duplicate 4: the duplicate is of ticket 2, which is not there",
        ]

    def test_of_a_duplicate_of_no_closing_or_printed_twice_as_one(self) -> None:
        till = Till()
        till.sell()
        till.close(Period.DAY)
        for number, copy_no in ((1, 1), (1, 1), (2, 1)):
            till.duplicate(number, of=Kind.GRAND_TOTAL, copy_no=copy_no)

        assert self.found(till) == [
            "duplicate 2: copy 1 of closing 1 was printed before",
            "duplicate 3: the duplicate is of closing 2, which is not there",
        ]

    def test_late_offline_order_counted_twice_by_a_closing(self) -> None:
        till = Till()
        offline = journal.Offline(sequence=1, hash="ab" * 32, received_at=START.isoformat())
        for _ in range(2):
            till.sell(offline=offline)

        assert self.found(till) == ["ticket 2: an offline ticket is counted a second time"]

    def test_of_a_ticket_that_no_closing_covers(self) -> None:
        till = Till()
        till.sell()
        till.close(Period.DAY)
        till.sell()
        till.sell()
        first = json.loads(till.chains[Kind.GRAND_TOTAL][0].record)
        till.close(Period.DAY)
        last = json.loads(till.chains[Kind.GRAND_TOTAL][1].record)
        figures = {name: first[name] for name in first if name in last["late"] or "cents" in name}
        skipping = last | figures | {"from_sequence": 3, "ticket_count": 1, "sale_count": 1}
        skipping |= {"by_tender": {"cash": 250}, "by_vat": first["by_vat"]}
        till.reseal(Kind.GRAND_TOTAL, 2, journal.canonical(skipping))

        assert "ticket 2: no closing of a day covers it (nor some after it, up to 2)" in self.found(
            till
        )

    def test_of_a_header_and_its_records(self) -> None:
        till = a_day_and_more()
        spans = dict(archive.read_header(till.write()[0]).spans)
        assert spans[Kind.TICKET].count == 6
        header = replace(
            archive.read_header(till.write()[0]),
            spans=spans | {Kind.TICKET: replace(spans[Kind.TICKET], last=5)},
        )
        entries = [entry for chain in till.chains.values() for entry in chain]
        found = told(verify(archive.write(header, entries, sign=KEYS.sign)))

        assert "ticket 6: it is added: the header does not count it" in found
        assert "ticket 5: its hash is not the last one of the header" in found
        assert "header and last line do not count the same records" in found
