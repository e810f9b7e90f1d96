"""What referrals tells of merges, as those that know people hear it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID, uuid4

from kernel.envelope import Envelope

_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)


def merged(person_ref: UUID, into: UUID, *, sequence: int = 1) -> Envelope:
    return _told("merged", person_ref, into, sequence)


def unmerged(person_ref: UUID, into: UUID, *, sequence: int = 2) -> Envelope:
    return _told("unmerged", person_ref, into, sequence)


def _told(verb: str, person_ref: UUID, into: UUID, sequence: int) -> Envelope:
    return Envelope(
        id=uuid4(),
        type=f"referrals.person.{verb}.v1",
        subject=str(person_ref),
        site="network",
        time=_AT,
        data={"person_ref": str(person_ref), "merged_into": str(into)},
        sequence=sequence,
    )


def ends(into: Mapping[UUID, UUID]) -> dict[UUID, UUID]:
    """To whom each leads, as one sees it by following the chains by hand."""
    return {person: _end(into, person) for person in into}


def _end(into: Mapping[UUID, UUID], person: UUID) -> UUID:
    while person in into:
        person = into[person]
    return person


def history(changes: Iterable[tuple[UUID, UUID, bool]]) -> tuple[list[Envelope], dict[UUID, UUID]]:
    """What referrals would tell of such wishes (who, into whom, undo), and what stands then."""
    into: dict[UUID, UUID] = {}
    facts: list[Envelope] = []
    for sequence, (person, other, undo) in enumerate(changes, start=1):
        if undo and person in into:
            facts.append(unmerged(person, into.pop(person), sequence=sequence))
        elif person not in into and _end(into, other) != person:
            into[person] = other
            facts.append(merged(person, other, sequence=sequence))
    return facts, into
