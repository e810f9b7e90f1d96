"""Telling a person all that the network holds on them: every service is asked, all is put here."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import outbox, personal, sealed
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.sealed import Safe
from kernel.envelope import Envelope
from kernel.refusal import Forbidden
from services.referrals import events
from services.referrals.api import rights as api
from services.referrals.domain.person import PersonUnknown
from services.referrals.store import erasures as erasure_rows
from services.referrals.store import exports as export_rows
from services.referrals.store import people as person_rows
from services.referrals.store.accesses import note_access
from services.referrals.store.exports import Export

_OWN = "referrals"


class PersonElsewhere(Forbidden):
    """This person was never sent to one of your sites."""

    code = "referrals.person.elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTerms:
    """Who answers exports, for how long they may, and how long an answer is fresh."""

    services: Sequence[str]
    answer_within: timedelta
    fresh_for: timedelta
    safe: Safe


def export_person(
    tx: Transaction,
    person_ref: UUID,
    *,
    caller: Caller,
    now: datetime,
    new_id: Callable[[], UUID],
    terms: ExportTerms,
) -> api.ExportReady | api.ExportAsked:
    """Show the newest export of a person while it is fresh, what it waits for, or start one."""
    person_refs = take_people(tx, person_ref, caller=caller)
    row = export_rows.find_export(tx, person_refs)
    if row is not None and row["person_refs"] == person_refs:
        if row["ready_at"] is not None and now - row["ready_at"] < terms.fresh_for:
            note_access(tx, caller, person_refs, what="exported", now=now)
            return _read(row["document"], row["export_id"], safe=terms.safe)
        if row["ready_at"] is None and now < row["answer_until"]:
            return _asked(tx, Export(**{name: row[name] for name in Export.__annotations__}))
    note_access(tx, caller, person_refs, what="export_asked", now=now)
    return _asked(tx, _start(tx, person_refs, caller=caller, now=now, new_id=new_id, terms=terms))


def take_people(tx: Transaction, person_ref: UUID, *, caller: Caller) -> list[UUID]:
    """Lock a person whom the caller's sites know, and return all their names."""
    if person_rows.lock_person(tx, person_ref) is None:
        raise PersonUnknown()
    person_refs = erasure_rows.list_same_people(tx, person_ref)
    require_known(tx, person_refs, caller=caller)
    return person_refs


def require_known(tx: Transaction, person_refs: Sequence[UUID], *, caller: Caller) -> None:
    """Refuse a manager to whose sites a person was never sent, under each of their references.

    Merging two people must not show, or erase, what was another site's alone.
    """
    if caller.role == "admin":
        return
    known = erasure_rows.list_sent_to(tx, person_refs, site_codes=caller.site_codes)
    if known != set(person_refs):
        raise PersonElsewhere()


def _start(
    tx: Transaction,
    person_refs: list[UUID],
    *,
    caller: Caller,
    now: datetime,
    new_id: Callable[[], UUID],
    terms: ExportTerms,
) -> Export:
    export = Export(
        export_id=new_id(),
        person_refs=person_refs,
        services=sorted(terms.services),
        asked_at=now,
        answer_until=now + terms.answer_within,
    )
    private_key = sealed.new_private_key()
    export_rows.delete_exports_of(tx, person_refs)
    export_rows.add_export(
        tx,
        export,
        asked_by=caller.user_id,
        private_key=terms.safe.put(private_key, purpose=_key_of(export.export_id)),
    )
    asked = events.ExportRequested(
        export_id=export.export_id,
        person_refs=person_refs,
        public_key=personal.encoded(sealed.public_key_of(private_key)),
        answer_until=export.answer_until,
    )
    subject = str(export.export_id)
    outbox.append(tx, [asked.tell(id=new_id(), subject=subject, site=events.NETWORK, at=now)])
    return export


def take_answers(
    tx: Transaction, facts: Sequence[Envelope], *, now: datetime, safe: Safe
) -> list[UUID]:
    """Keep services' answers, and put an export together with its last one.

    Answers to an export that is complete, or was given up, are superseded.
    """
    late = []
    for fact in facts:
        answer = events.ExportAnswered.hear(fact)
        known = export_rows.lock_export(tx, answer.export_id)
        if known is None:
            late.append(fact.id)
            continue
        export, stored_key = known
        private_key = safe.take(stored_key, purpose=_key_of(export.export_id))
        box = personal.decoded(answer.box)
        # Opened once here: what does not open is parked, and does not spoil the whole later.
        _open(answer.part, answer.part_count, box, fact.service, export, private_key)
        export_rows.add_part(
            tx,
            export.export_id,
            service=fact.service,
            part=answer.part,
            part_count=answer.part_count,
            box=box,
        )
        if not _missing(tx, export):
            _complete(tx, export, private_key=private_key, now=now, safe=safe)
    return late


def _open(
    part: int, part_count: int, box: bytes, service: str, export: Export, private_key: bytes
) -> bytes:
    purpose = personal.purpose_of(
        export.export_id, service=service, part=part, part_count=part_count
    )
    return sealed.open_box(box, private_key=private_key, purpose=purpose)


def _missing(tx: Transaction, export: Export) -> list[str]:
    answered = set(export_rows.list_answered(tx, export.export_id))
    return [service for service in export.services if service not in answered]


def _asked(tx: Transaction, export: Export) -> api.ExportAsked:
    return api.ExportAsked(
        export_id=export.export_id,
        asked_at=export.asked_at,
        answer_until=export.answer_until,
        missing=_missing(tx, export),
    )


def _complete(
    tx: Transaction, export: Export, *, private_key: bytes, now: datetime, safe: Safe
) -> None:
    """Open every part, add what is held here, and keep the whole; the key is no longer needed."""
    contents: dict[str, bytes] = dict.fromkeys(export.services, b"")
    for row in export_rows.list_parts(tx, export.export_id):
        contents[row["service"]] += _open(
            row["part"], row["part_count"], bytes(row["box"]), row["service"], export, private_key
        )
    answers: dict[str, Any] = {name: json.loads(content) for name, content in contents.items()}
    own = personal.find_held(tx, export.person_refs, service=_OWN)
    document = api.ExportReady.model_validate(
        {
            "export_id": export.export_id,
            "asked_at": export.asked_at,
            "ready_at": now,
            "person_refs": export.person_refs,
            "services": {_OWN: own}
            | {name: answer["holds"] for name, answer in answers.items() if "holds" in answer},
            "too_large": {
                name: answer["too_large_bytes"]
                for name, answer in answers.items()
                if "too_large_bytes" in answer
            },
        }
    )
    stored = safe.put(document.model_dump_json().encode(), purpose=_document_of(export.export_id))
    export_rows.save_document(tx, export.export_id, document=stored, ready_at=now)


def _read(document: bytes, export_id: UUID, *, safe: Safe) -> api.ExportReady:
    content = safe.take(bytes(document), purpose=_document_of(export_id))
    return api.ExportReady.model_validate_json(content)


def _key_of(export_id: UUID) -> str:
    return f"key of export {export_id}"


def _document_of(export_id: UUID) -> str:
    return f"document of export {export_id}"
