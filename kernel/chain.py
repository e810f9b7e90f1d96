"""Records in a chain: canonical JSON, each sealed with the hash of the one before.

The hash is SHA-256 over the previous record's hash and the record's bytes: changing, removing or
moving any record breaks the chain from there on.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

#: The hash before a chain's first record.
NOTHING = b""


def canonical(record: Mapping[str, Any]) -> str:
    """Write a record of texts, whole numbers, lists and objects as RFC 8785 canonical JSON.

    For these types, with ASCII names and numbers below 2**53, sorted compact JSON is the canonical
    form; a test holds it against a full RFC 8785 library, which is twenty times slower.
    """
    return json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def seal(record: str, *, previous_hash: bytes) -> bytes:
    """Return the hash that chains a canonical record to the one before."""
    return hashlib.sha256(previous_hash + record.encode()).digest()


def first_break(records: Iterable[tuple[int, str, bytes, bytes]]) -> int | None:
    """Return the sequence number at which a chain is broken, or None.

    Takes (sequence, record, previous_hash, hash) in order of sequence, from 1.
    """
    previous = NOTHING
    for expected, (sequence, record, previous_hash, hash_) in enumerate(records, start=1):
        if sequence != expected or previous_hash != previous:
            return expected
        if seal(record, previous_hash=previous) != hash_:
            return expected
        previous = hash_
    return None
