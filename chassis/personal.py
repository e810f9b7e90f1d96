"""What every service owes a person: to say what it holds on them, and to forget it.

A service declares it as queries, by their names, and derives its class from PersonalData:

    -- name: held_cases      rows of a person, read for an export as "cases"
    -- name: blank_labels    removes words about a person; returns the `id` of each row it changed

Both take %(person_refs)s: a person and whoever was merged with them.  referrals asks and every
other service answers over the bus, in the transaction that claims the question in the inbox.  What
is held travels in boxes that referrals alone opens, with a key it made for that one export
(docs/decisions/0019); a receipt of an erasure holds numbers only.  A service that holds nothing
answers as well: silence would be no proof.  Whom it has forgotten it remembers by the pseudonym, so
that nothing is written about them again (chassis/forgotten.py).
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Annotated, Any, ClassVar, LiteralString
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field
from pydantic_core import to_json

from chassis import clock, forgotten, idempotency, outbox, queries, sealed, settings
from chassis.consume import consume
from chassis.db import Transaction
from chassis.facts import Fact, Heard
from chassis.ids import new_id
from chassis.settings import Settings
from kernel.envelope import Envelope

#: Rows by what they are: `{"sales": [{...}, ...]}`; days, ids and amounts as they come.
Held = Mapping[str, Sequence[Mapping[str, Any]]]

HELD, BLANKED = "held_", "blank_"
#: The people one export or erasure is about: a person and who was merged with them.
PEOPLE_MAX = 100
_EXPORT, _PERSON = "0198c0de-0000-7000-8000-00000000e001", "5f0c1a52-53f5-4d0e-9d0c-3a1a6f2c9b11"
_ERASURE = "0198c0de-0000-7000-8000-00000000e002"
_SITE = "network"


def encoded(raw: bytes) -> str:
    """Write bytes as they stand in a fact: base64url without padding."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Read them again; what is no base64url is a ValueError."""
    padded = text + "=" * (-len(text) % 4)
    return base64.b64decode(padded, altchars=b"-_", validate=True)


def _is_key(text: str) -> str:
    if len(decoded(text)) != sealed.KEY_BYTES:
        raise ValueError("a public key has 32 bytes")
    return text


class ExportRequested(Heard):
    """Somebody asks what the network holds on a person."""

    TYPE: ClassVar[str] = "referrals.export.requested.v1"

    export_id: UUID
    person_refs: Annotated[list[UUID], Field(min_length=1, max_length=PEOPLE_MAX)]
    #: What boxes with the answer are closed with (X25519, base64url).
    public_key: Annotated[str, AfterValidator(_is_key)]
    #: Nobody can open a box that comes later.
    answer_until: AwareDatetime


class PersonErased(Heard):
    """A person's identity is gone; whoever knows words about them forgets those."""

    TYPE: ClassVar[str] = "referrals.person.erased.v1"

    erasure_id: UUID
    person_refs: Annotated[list[UUID], Field(min_length=1, max_length=PEOPLE_MAX)]


class ExportAnswered(Fact):
    """One part of what a service holds on a person, in a box.  Subject: the export."""

    SAMPLE: ClassVar[dict[str, Any]] = {
        "export_id": _EXPORT,
        "part": 1,
        "part_count": 1,
        "box": "x" * 88,
    }

    export_id: UUID
    part: int
    part_count: int
    box: str


class ErasureAcknowledged(Fact):
    """The receipt of an erasure: what a service removed, in numbers.  Subject: the erasure."""

    SAMPLE: ClassVar[dict[str, Any]] = {"erasure_id": _ERASURE, "counts": {"labels": 3}}

    erasure_id: UUID
    counts: dict[str, int]


def answers_of(service: str) -> tuple[type[ExportAnswered], type[ErasureAcknowledged]]:
    """Return the two facts by which a service answers."""
    return (
        _named(ExportAnswered, f"{service}.export.answered.v1"),
        _named(ErasureAcknowledged, f"{service}.erasure.acknowledged.v1"),
    )


def _named(fact: type[Any], type_: str) -> type[Any]:
    return type(fact.__name__, (fact,), {"TYPE": type_, "__doc__": fact.__doc__})


def purpose_of(export_id: UUID, *, service: str, part: int, part_count: int) -> str:
    """Say what a box is, so that it opens as nothing else."""
    return f"{export_id} {service} {part}/{part_count}"


class PersonalData:
    """A part of every service but referrals: answers exports and erasures."""

    name: ClassVar[str]

    @consume(ExportRequested.TYPE, batch_max=10)
    def on_export_requested(self, tx: Transaction, facts: list[Envelope]) -> list[UUID]:
        """Answer with all that is held; a question nobody waits for any more is superseded."""
        now, limits = clock.now(), settings.current()
        heard = [(ExportRequested.hear(fact), fact) for fact in facts]
        answered, _ = answers_of(self.name)
        for asked, fact in heard:
            if now < asked.answer_until:
                held = find_held(tx, asked.person_refs, service=self.name)
                boxes = boxes_of(held, asked, service=self.name, limits=limits)
                for part, box in enumerate(boxes, start=1):
                    told = answered(
                        export_id=asked.export_id, part=part, part_count=len(boxes), box=box
                    )
                    _tell(tx, told, subject=asked.export_id, now=now, caused_by=fact.id)
        return [fact.id for asked, fact in heard if asked.answer_until <= now]

    @consume(PersonErased.TYPE, batch_max=10)
    def on_person_erased(self, tx: Transaction, facts: list[Envelope]) -> None:
        """Forget, and give a receipt."""
        forget_people(tx, facts, service=self.name, now=clock.now())


def forget_people(
    tx: Transaction, facts: Sequence[Envelope], *, service: str, now: datetime
) -> None:
    """Forget people for good, and give receipts; asked again, go over everything again."""
    _, acknowledged = answers_of(service)
    heard = [(PersonErased.hear(fact), fact) for fact in facts]
    people = {each for erased, _ in heard for each in erased.person_refs}
    forgotten.forget(tx, people, now=now)
    for erased, fact in heard:
        counts = blank_words(tx, erased.person_refs, service=service)
        receipt = acknowledged(erasure_id=erased.erasure_id, counts=counts)
        _tell(tx, receipt, subject=erased.erasure_id, now=now, caused_by=fact.id)


def find_held(tx: Transaction, person_refs: Sequence[UUID], *, service: str) -> Held:
    """Find everything that stands under a person's names in a service."""
    wanted = {"person_refs": list(person_refs)}
    return {
        name.removeprefix(HELD): tx.execute(query, wanted).fetchall()
        for name, query in _queries_of(service).items()
        if name.startswith(HELD)
    }


def blank_words(tx: Transaction, person_refs: Sequence[UUID], *, service: str) -> dict[str, int]:
    """Blank the words about a person, and the stored answers that repeat them; count both."""
    wanted = {"person_refs": list(person_refs)}
    blanked = {
        name.removeprefix(BLANKED): [row["id"] for row in tx.execute(query, wanted)]
        for name, query in _queries_of(service).items()
        if name.startswith(BLANKED)
    }
    changed = {each for ids in blanked.values() for each in ids}
    answers = idempotency.erase_answers(tx, mentioning=changed)
    return {what: len(ids) for what, ids in blanked.items()} | {"stored_answers": answers}


@cache
def _queries_of(service: str) -> Mapping[str, LiteralString]:
    return queries.load(f"services.{service}")


def boxes_of(held: Held, asked: ExportRequested, *, service: str, limits: Settings) -> list[str]:
    """Close what is held into boxes of a bounded size and number, as they stand in facts.

    What is more than the limit says so instead, by its size: the export then names the service.
    """
    content = to_json({"holds": held})
    size = limits.export_part_bytes_max
    if len(content) > size * limits.export_parts_max:
        content = to_json({"too_large_bytes": len(content)})
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    public_key = decoded(asked.public_key)
    return [
        encoded(
            sealed.close_box(
                piece,
                public_key=public_key,
                purpose=purpose_of(
                    asked.export_id, service=service, part=part, part_count=len(pieces)
                ),
            )
        )
        for part, piece in enumerate(pieces, start=1)
    ]


def _tell(tx: Transaction, fact: Fact, *, subject: UUID, now: datetime, caused_by: UUID) -> None:
    told = fact.tell(id=new_id(), subject=str(subject), site=_SITE, at=now, caused_by=caused_by)
    outbox.append(tx, [told])
