"""A till's journal with everything in it, and its archive, for tests to read and to damage."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from services.recharges import signing
from services.recharges.domain import archive, closing, journal, verification
from services.recharges.domain.archive import Entry, Header, Span
from services.recharges.domain.closing import Tally
from services.recharges.domain.journal import Event, Kind, Period, TicketType
from services.recharges.domain.verification import Anchor, Report
from services.recharges.signing import JournalKeys

TILL, USER = UUID(int=0x7111), UUID(int=0x05E7)
SITE, VERSION = "saint-denis", "0.1.0"
START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def key_of(name: str) -> str:
    """A journal key that is the same in every run."""
    raw = hashlib.sha256(name.encode()).digest()
    return f"{name}:{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"


KEYS = JournalKeys(key_of("2026"))


def a_ticket(sequence: int, **over: Any) -> dict[str, Any]:
    """What `ticket_record` takes for a cash sale of one voucher."""
    at = START + timedelta(minutes=sequence)
    return {
        "type": TicketType.SALE,
        "till_id": TILL,
        "site_code": SITE,
        "sequence": sequence,
        "recorded_at": at,
        "business_date": at.date(),
        "sale_id": UUID(int=sequence),
        "lines": [a_line(1)],
        "payments": [cash(250, tendered_cents=500)],
        "total_cents": 250,
        "software_version": VERSION,
    } | over


def a_line(quantity: int, *, price_cents: int = 250) -> journal.TicketLine:
    return journal.TicketLine(
        offer_code="sfr-15",
        label="Recharge 15 €",
        operator="sfr",
        quantity=quantity,
        price_cents=price_cents,
        face_value_cents=1500,
        vat_rate=journal.EXEMPT,
        serials=[f"70000{place:05}" for place in range(abs(quantity))],
    )


def cash(amount_cents: int, *, tendered_cents: int | None = None) -> journal.Payment:
    tendered = amount_cents if tendered_cents is None else tendered_cents
    return journal.Payment(
        tender="cash",
        amount_cents=amount_cents,
        tendered_cents=tendered,
        change_cents=tendered - amount_cents,
    )


@dataclass
class Till:
    """Writes a till's five chains, each record sealed and signed."""

    keys: JournalKeys = KEYS
    chains: dict[Kind, list[Entry]] = field(default_factory=lambda: {kind: [] for kind in Kind})
    at: datetime = START
    perpetual: list[int] = field(default_factory=lambda: [0, 0])

    def next(self, kind: Kind) -> dict[str, Any]:
        """The head of the next record of a kind."""
        self.at += timedelta(minutes=1)
        return {
            "till_id": TILL,
            "site_code": SITE,
            "sequence": len(self.chains[kind]) + 1,
            "recorded_at": self.at,
        }

    def add(self, kind: Kind, record: str) -> int:
        chain = self.chains[kind]
        previous = chain[-1].hash if chain else journal.NOTHING
        hash_ = journal.seal(record, previous_hash=previous)
        key_id, signature = self.keys.sign(hash_)
        entry = Entry(
            kind=kind,
            sequence=len(chain) + 1,
            record=record,
            previous_hash=previous,
            hash=hash_,
            signature=signature,
            key_id=key_id,
        )
        chain.append(entry)
        return entry.sequence

    def sell(self, quantity: int = 1, *, price_cents: int = 250, **over: Any) -> int:
        head = self.next(Kind.TICKET)
        total = quantity * price_cents
        said = {
            "business_date": self.at.date(),
            "lines": [a_line(quantity, price_cents=price_cents)],
            "payments": [cash(total)],
            "total_cents": total,
        }
        return self.add(
            Kind.TICKET, journal.ticket_record(**(a_ticket(head["sequence"]) | head | said | over))
        )

    def refund(self, ticket_no: int, quantity: int = 1, **over: Any) -> int:
        original = journal.Original(
            till_id=str(TILL), ticket_no=ticket_no, sale_id=str(UUID(int=ticket_no))
        )
        return self.sell(-quantity, type=TicketType.REFUND, original=original, **over)

    def duplicate(self, number: int, *, of: Kind = Kind.TICKET, copy_no: int = 1) -> int:
        record = journal.duplicate_record(
            **self.next(Kind.DUPLICATE),
            of=of,
            number=number,
            copy_no=copy_no,
            user_id=USER,
        )
        return self.add(Kind.DUPLICATE, record)

    def note(self, event: Event, **details: Any) -> int:
        record = journal.event_record(
            **self.next(Kind.EVENT),
            event=event,
            details=details,
            software_version=VERSION,
            user_id=USER,
        )
        return self.add(Kind.EVENT, record)

    def close(self, period: Period, *, on: date | None = None, **over: Any) -> int:
        """Close a day, a month, a year with what the tickets since its last closing come to."""
        before = [json.loads(entry.record) for entry in self.chains[Kind.GRAND_TOTAL]]
        before = [record for record in before if record["period"] == period]
        first = before[-1]["until_sequence"] if before else 1
        day = on or self.at.date()
        starts = {Period.DAY: day, Period.MONTH: day.replace(day=1)}
        period_on = starts.get(period, day.replace(month=1, day=1))
        tally = Tally(period_on=period_on)
        for entry in self.chains[Kind.TICKET][first - 1 :]:
            tally.add(json.loads(entry.record))
        figures = tally.figures()
        if period is Period.DAY:
            self.perpetual[0] += figures["real_cents"]
            self.perpetual[1] += figures["absolute_cents"]
        anchors = {
            kind: journal.Head(sequence=len(chain), hash=chain[-1].hash.hex() if chain else "")
            for kind, chain in self.chains.items()
            if kind is not Kind.GRAND_TOTAL
        }
        said = {
            "period": period,
            "period_on": period_on,
            "closing_no": len(before) + 1,
            "from_sequence": first,
            "until_sequence": len(self.chains[Kind.TICKET]) + 1,
            "figures": figures,
            "perpetual_real_cents": self.perpetual[0],
            "perpetual_absolute_cents": self.perpetual[1],
            "anchors": anchors,
        }
        record = closing.grand_total_record(**(self.next(Kind.GRAND_TOTAL) | said | over))
        return self.add(Kind.GRAND_TOTAL, record)

    def archived(self, period: str, file: bytes) -> int:
        stretches = {
            kind: journal.Stretch(
                from_sequence=1, until_sequence=len(chain) + 1, record_count=len(chain)
            )
            for kind, chain in self.chains.items()
        }
        record = journal.archive_record(
            **self.next(Kind.ARCHIVE),
            period=period,
            stretches=stretches,
            sha256=hashlib.sha256(file).digest(),
        )
        return self.add(Kind.ARCHIVE, record)

    def write(self, *, first: Mapping[Kind, int] | None = None) -> list[bytes]:
        """The lines of the archive of the whole journal, or from certain records on."""
        starts = dict.fromkeys(Kind, 1) | dict(first or {})
        header = Header(
            till_id=str(TILL),
            site_code=SITE,
            period="2026" if first else archive.WHOLE,
            written_at=self.at,
            software_version=VERSION,
            public_keys=self.keys.public_keys(),
            spans={kind: span(chain, starts[kind]) for kind, chain in self.chains.items()},
        )
        entries = (
            entry for kind, chain in self.chains.items() for entry in chain[starts[kind] - 1 :]
        )
        return list(archive.write(header, entries, sign=self.keys.sign))

    def reseal(self, kind: Kind, sequence: int, record: str) -> None:
        """Forge: change a record and write its chain anew from there on."""
        chain = self.chains[kind]
        texts = [record, *(entry.record for entry in chain[sequence:])]
        del chain[sequence - 1 :]
        for text in texts:
            self.add(kind, text)


def span(chain: Sequence[Entry], first: int) -> Span:
    return Span(
        first=first,
        last=len(chain),
        hash_before=chain[first - 2].hash if first > 1 else journal.NOTHING,
        last_hash=chain[-1].hash if chain else journal.NOTHING,
    )


def a_day_and_more(keys: JournalKeys = KEYS) -> Till:
    """Two days with sales, a refund, a late ticket, a duplicate; the month; an open sale."""
    till = Till(keys=keys)
    till.note(Event.JOURNAL_BEGUN)
    till.sell()
    till.sell(2)
    till.refund(2)
    till.duplicate(1)
    till.close(Period.DAY)
    till.duplicate(1, of=Kind.GRAND_TOTAL)
    till.at += timedelta(days=1)
    till.sell(
        business_date=START.date(),
        offline=journal.Offline(sequence=1, hash="ab" * 32, received_at=till.at.isoformat()),
    )
    till.sell(payments=[cash(100), cash(150) | {"tender": "card"}])
    till.close(Period.DAY)
    till.close(Period.MONTH)
    till.archived("2026-11", b"an archive")
    till.sell()
    return till


def records(till: Till, kind: Kind) -> Iterator[dict[str, Any]]:
    return (json.loads(entry.record) for entry in till.chains[kind])


#: Thousands of files with the same signatures are checked: each signature only once.
is_signed = cache(signing.is_signed)
Named = tuple[Kind | None, int | None]


def verify(
    lines: Iterable[bytes], *anchors: Anchor, trusted_keys: dict[str, bytes] | None = None
) -> Report:
    return verification.verify(
        lines, is_signed=is_signed, anchors=anchors, trusted_keys=trusted_keys
    )


def named(report: Report) -> set[Named]:
    return {(finding.kind, finding.sequence) for finding in report.findings}


def told(report: Report) -> list[str]:
    return [
        f"{finding.kind} {finding.sequence}: {finding}" if finding.kind else str(finding)
        for finding in report.findings
    ]


def reserves(report: Report) -> list[str]:
    return [str(reserve) for reserve in report.reserves]
