"""Whether an archive is whole: every changed, missing, added or moved record, by its name.

One pass over the lines, without a clock, a database or a network.  What the file says of itself
proves nothing against somebody who holds its key and writes it anew: that is what anchors are for,
hashes that left the database on paper and over the bus, and keys known from elsewhere.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from services.recharges.domain import archive, form, journal
from services.recharges.domain.archive import Entry, Header, Malformed, Unreadable
from services.recharges.domain.findings import Finding, Findings, Reserve
from services.recharges.domain.journal import Kind
from services.recharges.domain.windows import Windows

#: Says whether a signature of a hash was made with a public key.
IsSigned = Callable[[bytes, bytes, bytes], bool]

_ANCHOR_DIGITS_MIN, _HASH_DIGITS = 16, 64
#: A reserve names no more tickets than a person reads.
_TICKETS_NAMED_MAX = 20
#: What is never missing, beside the fields that the checks read.
_TEXTS = ("site_code", "recorded_at")
_TICKET_TEXTS = ("business_date", "sale_id", "software_version")
_ORDER = {kind: place for place, kind in enumerate(Kind)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The hash of a record, or how it begins, known from outside of the file."""

    kind: Kind
    sequence: int
    prefix: str

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read `KIND:SEQUENCE:HASH`, as a Z has it printed; ValueError where it is not that."""
        kind, _, rest = written.partition(":")
        sequence, _, prefix = rest.partition(":")
        prefix = prefix.lower()
        digits = prefix.isascii() and all(digit in "0123456789abcdef" for digit in prefix)
        if not digits or not _ANCHOR_DIGITS_MIN <= len(prefix) <= _HASH_DIGITS:
            raise ValueError("a hash has 16 to 64 hexadecimal digits")
        return cls(kind=Kind(kind), sequence=int(sequence), prefix=prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was looked at and what was found."""

    header: Header
    findings: Sequence[Finding]
    finding_count: int
    record_counts: Mapping[Kind, int]
    #: Tickets that no closing has closed yet: the day that runs.
    open_count: int
    #: What was left out, so that "whole" says no more than was checked.
    reserves: Sequence[Reserve]
    keys: Mapping[str, bytes]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found; what the reserves leave out was not looked for."""
        return not self.finding_count


def verify(
    lines: Iterable[bytes],
    *,
    is_signed: IsSigned,
    anchors: Iterable[Anchor] = (),
    trusted_keys: Mapping[str, bytes] | None = None,
) -> Report:
    """Check an archive line by line; Unreadable where it is none."""
    reading = iter(lines)
    first = next(reading, None)
    if first is None:
        raise Unreadable("it is empty")
    header = archive.read_header(first)
    keys = header.public_keys if trusted_keys is None else trusted_keys
    reader = _Reader(header, is_signed=is_signed, keys=keys, anchors=list(anchors))
    reader.read(first, reading)
    return Report(
        header=header,
        findings=reader.findings.kept,
        finding_count=reader.findings.count,
        record_counts=reader.counts,
        open_count=reader.windows.open_count,
        reserves=[*_reserves(reader, keys_are_trusted=trusted_keys is not None)],
        keys=keys,
    )


def _reserves(reader: "_Reader", *, keys_are_trusted: bool) -> Iterator[Reserve]:
    """Say what the check of this file had to leave out."""
    if not keys_are_trusted:
        yield Reserve(
            what="The keys are the file's own word: compare the fingerprints with those you know, "
            "or give --key."
        )
    if not reader.outside:
        yield Reserve(
            what="No anchor was given: a journal written anew as a whole would not be noticed."
        )
    if count := reader.windows.not_compared_count:
        yield Reserve(
            what="Closings that begin before this archive, not added up: {count}.",
            values={"count": count},
        )
    if tickets := reader.windows.elsewhere[Kind.TICKET]:
        yield Reserve(
            what="Refunds of tickets that lie in another file, not held against their sales: "
            "{count} (of tickets {tickets}).",
            values={"count": len(tickets), "tickets": _listed(tickets)},
        )
    if tickets := reader.windows.elsewhere[Kind.DUPLICATE]:
        yield Reserve(
            what="Duplicates of tickets that lie in another file: {count} (of tickets {tickets}).",
            values={"count": len(tickets), "tickets": _listed(tickets)},
        )


def _listed(tickets: Sequence[str]) -> str:
    named = ", ".join(tickets[:_TICKETS_NAMED_MAX])
    return f"{named}, …" if len(tickets) > _TICKETS_NAMED_MAX else named


@dataclass(slots=True)
class _Chain:
    """How far one chain was read; no hash where the record before is missing or damaged."""

    next_sequence: int
    hash: bytes | None


@dataclass(slots=True)
class _Anchors:
    """Hashes to be met with: those given from outside, and those that closings hold."""

    wanted: dict[tuple[Kind, int], list[tuple[str, int | None]]] = field(default_factory=dict)

    def want(self, kind: Kind, sequence: int, *, prefix: str, closing: int | None = None) -> None:
        self.wanted.setdefault((kind, sequence), []).append((prefix, closing))

    def meet(self, kind: Kind, sequence: int, hash_: bytes, findings: Findings) -> None:
        for prefix, closing in self.wanted.pop((kind, sequence), ()):
            if hash_.hex().startswith(prefix):
                continue
            if closing is None:
                findings.add("its hash is not that of the anchor given", kind, sequence)
            else:
                findings.add(
                    "its hash is not that which closing {closing} holds",
                    kind,
                    sequence,
                    closing=closing,
                )


class _Reader:
    def __init__(
        self,
        header: Header,
        *,
        is_signed: IsSigned,
        keys: Mapping[str, bytes],
        anchors: Sequence[Anchor],
    ) -> None:
        self.header = header
        self.findings = Findings(line=1)
        self.counts = dict.fromkeys(Kind, 0)
        self.outside = anchors
        spans = header.spans
        self.windows = Windows(
            till_id=header.till_id,
            tickets=spans[Kind.TICKET],
            closings=spans[Kind.GRAND_TOTAL],
            findings=self.findings,
        )
        self._is_signed, self._keys = is_signed, keys
        self._chains = {kind: _Chain(spans[kind].first, spans[kind].hash_before) for kind in Kind}
        self._damaged = 0
        self._anchors = _Anchors()
        for anchor in anchors:
            self._anchors.want(anchor.kind, anchor.sequence, prefix=anchor.prefix)

    def read(self, first: bytes, lines: Iterable[bytes]) -> None:
        """Read the header line and all after it."""
        self._check_header()
        digest, footer = hashlib.sha256(first), None
        for number, line in enumerate(lines, start=2):
            self.findings.line = number
            if footer is not None:
                self.findings.add("something follows the end of the archive")
            elif (footer := archive.read_footer(line)) is None:
                self._read_line(line)
                digest.update(line)
            else:
                self._check_footer(footer, digest.digest())
        if footer is None:
            self.findings.add("the archive has no end: it was cut, or its last line was changed")
        self._end()

    def _check_header(self) -> None:
        for key_id, public_key in self.header.public_keys.items():
            if self._keys.get(key_id, public_key) != public_key:
                self.findings.add("the key {key_id} is not the trusted one", key_id=key_id)
        for kind, span in self.header.spans.items():
            self._anchors.meet(kind, span.first - 1, span.hash_before, self.findings)

    def _check_footer(self, footer: archive.Footer, sha256: bytes) -> None:
        if footer.sha256 != sha256:
            self.findings.add("the file is not what its SHA-256 was taken of")
        self._check_signature(footer.sha256, footer.signature, footer.key_id)
        self._skip_to(len(Kind), 0)
        counts = {kind: span.count for kind, span in self.header.spans.items()}
        if footer.counts != counts:
            self.findings.add("header and last line do not count the same records")

    def _read_line(self, line: bytes) -> None:
        try:
            entry = archive.read_entry(line)
        except Malformed:
            self._read_damaged()
            return
        kind, sequence = entry.kind, entry.sequence
        span, chain = self.header.spans[kind], self._chains[kind]
        if not span.first <= sequence <= span.last:
            self.findings.add("it is added: the header does not count it", kind, sequence)
            return
        if (_ORDER[kind], sequence) < self._expected():
            self.findings.add("it comes a second time, or out of its order", kind, sequence)
            return
        self._skip_to(_ORDER[kind], sequence)
        self.counts[kind] += 1
        previous, chain.next_sequence, chain.hash = chain.hash, sequence + 1, entry.hash
        self._check_seal(entry, previous)
        self._anchors.meet(kind, sequence, entry.hash, self.findings)
        self._check_content(entry)

    def _read_damaged(self) -> None:
        """Name an unreadable line by the place it has: which record it was shows afterwards."""
        place, sequence = self._expected()
        named = place < len(Kind)
        self.findings.add(
            "the line is not as it was written",
            list(Kind)[place] if named else None,
            sequence + self._damaged if named else None,
        )
        self._damaged += 1

    def _expected(self) -> tuple[int, int]:
        """Say which record is next: the place of its kind, and its number."""
        for kind, place in _ORDER.items():
            if self._chains[kind].next_sequence <= self.header.spans[kind].last:
                return place, self._chains[kind].next_sequence
        return len(Kind), 0

    def _skip_to(self, place: int, sequence: int) -> None:
        """Move on to a record, naming what is missing before it and was not told as damaged."""
        damaged, self._damaged = self._damaged, 0
        for kind in list(Kind)[: place + 1]:
            chain = self._chains[kind]
            is_there = _ORDER[kind] == place
            until = sequence - 1 if is_there else self.header.spans[kind].last
            missing = until - chain.next_sequence + 1
            if missing <= 0:
                continue
            if missing > damaged:
                self.findings.add(
                    "it is missing (records {first} to {last} are)",
                    kind,
                    chain.next_sequence + damaged,
                    first=chain.next_sequence + damaged,
                    last=until,
                )
            damaged = max(0, damaged - missing)
            chain.next_sequence, chain.hash = until + 1, None
            if kind is Kind.GRAND_TOTAL:
                self.windows.lose()

    def _check_seal(self, entry: Entry, previous: bytes | None) -> None:
        add = self.findings.add
        if previous is not None and entry.previous_hash != previous:
            add("it does not follow the record before it", entry.kind, entry.sequence)
        if journal.seal(entry.record, previous_hash=entry.previous_hash) != entry.hash:
            add("its content is not what was sealed", entry.kind, entry.sequence)
        self._check_signature(
            entry.hash, entry.signature, entry.key_id, kind=entry.kind, sequence=entry.sequence
        )

    def _check_signature(
        self,
        hash_: bytes,
        signature: bytes,
        key_id: str,
        *,
        kind: Kind | None = None,
        sequence: int | None = None,
    ) -> None:
        public_key = self._keys.get(key_id)
        if public_key is None:
            self.findings.add(
                "it is signed with the key {key_id}, which is not known",
                kind,
                sequence,
                key_id=key_id,
            )
        elif not self._is_signed(hash_, signature, public_key):
            self.findings.add("its signature is not good", kind, sequence)

    def _check_content(self, entry: Entry) -> None:
        kind, sequence = entry.kind, entry.sequence
        try:
            record = json.loads(entry.record)
            said = record["kind"], record["sequence"], record["till_id"]
            exact = journal.canonical(record) == entry.record
            form.require(record)
            for name in (*_TEXTS, *(_TICKET_TEXTS if kind is Kind.TICKET else ())):
                if not isinstance(record[name], str):
                    raise ValueError(name)
            if said != (kind, sequence, self.header.till_id) or not exact:
                self.findings.add("what it says of itself is not its place", kind, sequence)
            self._add(kind, sequence, record)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.findings.add("its content has not the form of its kind", kind, sequence)
            if kind is Kind.GRAND_TOTAL:
                self.windows.lose()

    def _add(self, kind: Kind, sequence: int, record: Mapping[str, Any]) -> None:
        if kind is Kind.GRAND_TOTAL:
            self.windows.add_closing(sequence, record)
            for of, head in record["anchors"].items():
                if head["sequence"] >= self.header.spans[Kind(of)].first:
                    self._anchors.want(
                        Kind(of), head["sequence"], prefix=head["hash"], closing=sequence
                    )
        elif kind is Kind.TICKET:
            self.windows.add_ticket(sequence, record)
        elif kind is Kind.DUPLICATE:
            self.windows.add_duplicate(sequence, record)

    def _end(self) -> None:
        self.findings.line = None
        self._skip_to(len(Kind), 0)
        self.windows.end_tickets()
        for kind, span in self.header.spans.items():
            hash_ = self._chains[kind].hash
            if hash_ is not None and hash_ != span.last_hash:
                self.findings.add("its hash is not the last one of the header", kind, span.last)
        for (kind, sequence), wanted in self._anchors.wanted.items():
            for _, closing in wanted:
                if closing is None:
                    self.findings.add(
                        "an anchor was given for it and this archive does not hold it",
                        kind,
                        sequence,
                    )
                elif sequence > self.header.spans[kind].last:
                    self.findings.add(
                        "closing {closing} holds its hash and this archive does not hold it",
                        kind,
                        sequence,
                        closing=closing,
                    )
