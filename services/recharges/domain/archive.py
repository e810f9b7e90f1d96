"""The archive of a till's journal: lines of JSON that anybody reads and nobody changes unseen.

A header, one line for each record in (kind, sequence) order with the kinds as `Kind` lists them,
and a footer with the SHA-256 of every byte before it, signed.  Each line is its own canonical form,
so white space cannot change unseen either.  Written and read as a stream.
"""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.recharges.domain.journal import NOTHING, Kind, canonical

FORMAT = "relais-fiscal-archive"
VERSION = 1
#: The period of an archive that holds all of a till's journal.
WHOLE = "whole"

#: Signs a hash: returns the key's id and the signature.
Sign = Callable[[bytes], tuple[str, bytes]]


class Unreadable(Exception):
    """This is no archive of a journal, or not one of a version that is known here."""


class Malformed(Exception):
    """A line is not one of an archive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The part of one chain that an archive holds; an empty one ends one before it begins."""

    first: int
    last: int
    hash_before: bytes
    last_hash: bytes

    @property
    def count(self) -> int:
        """How many records."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What an archive says of itself; every kind has its span."""

    till_id: str
    site_code: str
    period: str
    written_at: datetime
    software_version: str
    public_keys: Mapping[str, bytes]
    spans: Mapping[Kind, Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A sealed and signed record."""

    kind: Kind
    sequence: int
    record: str
    previous_hash: bytes
    hash: bytes
    signature: bytes
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What closes an archive."""

    counts: Mapping[Kind, int]
    sha256: bytes
    signature: bytes
    key_id: str


def write(header: Header, entries: Iterable[Entry], *, sign: Sign) -> Iterator[bytes]:
    """Write an archive, line by line, of entries in (kind, sequence) order.

    What it is given it writes, broken or not: whether it is whole is for `verification` to say.
    """
    digest = hashlib.sha256()
    counts = dict.fromkeys(Kind, 0)
    line = _line(_header_fields(header))
    digest.update(line)
    yield line
    for entry in entries:
        counts[entry.kind] += 1
        line = _line(_entry_fields(entry))
        digest.update(line)
        yield line
    sha256 = digest.digest()
    key_id, signature = sign(sha256)
    yield _line(
        {
            "counts": counts,
            "sha256": sha256.hex(),
            "key_id": key_id,
            "signature": signature.hex(),
        }
    )


def read_header(line: bytes) -> Header:
    """Read the first line."""
    try:
        fields = json.loads(line.decode())
        known = fields["format"] == FORMAT and fields["version"] == VERSION
    except (ValueError, KeyError, TypeError, RecursionError):
        known = False
    if not known:
        raise Unreadable("it does not begin as an archive of a till's journal does")
    try:
        header = _header(fields)
        exact = _line(_header_fields(header)) == line
    except (ValueError, KeyError, TypeError, AttributeError):
        exact = False
    if not exact:
        raise Unreadable("its first line was changed, or was not written by this software")
    return header


def read_entry(line: bytes) -> Entry:
    """Read the line of a record."""
    try:
        fields = json.loads(line.decode())
        entry = Entry(
            kind=Kind(fields["kind"]),
            sequence=fields["sequence"],
            record=fields["record"],
            previous_hash=bytes.fromhex(fields["previous_hash"]),
            hash=bytes.fromhex(fields["hash"]),
            signature=bytes.fromhex(fields["signature"]),
            key_id=fields["key_id"],
        )
        exact = type(entry.sequence) is int and _line(_entry_fields(entry)) == line
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        exact = False
    if not exact:
        raise Malformed
    return entry


def read_footer(line: bytes) -> Footer | None:
    """Read the last line, or say that this is none."""
    if not line.startswith(b'{"counts":'):
        return None
    try:
        fields = json.loads(line.decode())
        footer = Footer(
            counts={kind: fields["counts"][kind] for kind in Kind},
            sha256=bytes.fromhex(fields["sha256"]),
            signature=bytes.fromhex(fields["signature"]),
            key_id=fields["key_id"],
        )
        again = {
            "counts": footer.counts,
            "sha256": footer.sha256.hex(),
            "key_id": footer.key_id,
            "signature": footer.signature.hex(),
        }
        return footer if _line(again) == line else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def fingerprint(public_key: bytes) -> str:
    """Name a public key shortly enough to be compared by eye."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def _line(fields: Mapping[str, Any]) -> bytes:
    return canonical(fields).encode() + b"\n"


def _entry_fields(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "sequence": entry.sequence,
        "record": entry.record,
        "previous_hash": entry.previous_hash.hex(),
        "hash": entry.hash.hex(),
        "signature": entry.signature.hex(),
        "key_id": entry.key_id,
    }


def _header_fields(header: Header) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "till_id": header.till_id,
        "site_code": header.site_code,
        "period": header.period,
        "written_at": header.written_at.isoformat(),
        "software_version": header.software_version,
        "public_keys": {
            key_id: urlsafe_b64encode(key).decode().rstrip("=")
            for key_id, key in header.public_keys.items()
        },
        "chains": {
            kind: {
                "first": span.first,
                "last": span.last,
                "count": span.count,
                "hash_before": span.hash_before.hex(),
                "last_hash": span.last_hash.hex(),
            }
            for kind, span in header.spans.items()
        },
    }


def _header(fields: Mapping[str, Any]) -> Header:
    spans = {kind: _span(fields["chains"][kind]) for kind in Kind}
    return Header(
        till_id=str(fields["till_id"]),
        site_code=str(fields["site_code"]),
        period=str(fields["period"]),
        written_at=datetime.fromisoformat(fields["written_at"]),
        software_version=str(fields["software_version"]),
        public_keys={
            str(key_id): urlsafe_b64decode(key + "=" * (-len(key) % 4))
            for key_id, key in fields["public_keys"].items()
        },
        spans=spans,
    )


def _span(fields: Mapping[str, Any]) -> Span:
    span = Span(
        first=fields["first"],
        last=fields["last"],
        hash_before=bytes.fromhex(fields["hash_before"]),
        last_hash=bytes.fromhex(fields["last_hash"]),
    )
    begins = span.hash_before == NOTHING
    if not 1 <= span.first <= span.last + 1 or begins != (span.first == 1):
        raise ValueError("a span begins with 1 and nothing, or with the hash of what was before")
    return span
