"""Anchors: the last hash of each chain of a till's journal, kept where the till cannot reach.

Whoever recomputes a whole chain, signatures and all, changes the hash of a record that was told
here before: a chain has one record of each number, and a second hash for it is another chain.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


class AnchorContradicted(Exception):
    """A till tells another hash for a record than it told before; its delivery is parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """The number and hash of the last record of one kind, as a till told them at a closing."""

    till_id: UUID
    kind: str
    sequence: int
    hash: bytes
    closing_id: UUID
    told_at: datetime


def contradiction(told: Anchor, *, known_hash: bytes) -> AnchorContradicted:
    """Say which record of which till has two hashes."""
    return AnchorContradicted(
        f"till {told.till_id} tells hash {told.hash.hex()} for its {told.kind} {told.sequence},"
        f" and told {known_hash.hex()} before"
    )
