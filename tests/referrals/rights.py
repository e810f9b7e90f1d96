"""Exports and erasures as tests ask for them, with services that answer from here."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import personal
from chassis.auth import Caller
from chassis.personal import Held
from chassis.sealed import Safe
from chassis.settings import Settings
from kernel.envelope import Envelope
from services.referrals.api import rights as api
from services.referrals.domain.erasure import Reason
from services.referrals.domain.trace import digest_under
from services.referrals.handlers import erasing, exporting
from tests.referrals.build import NOW, SITE, Tx, a_caller, new_id

MANAGER = a_caller("site_manager", SITE)
SAFE = Safe(bytes(32), name="tests")
DIGEST = digest_under(bytes(32))
SERVICES = ("mediation", "recharges")
EXPORTS = exporting.ExportTerms(
    services=SERVICES,
    answer_within=timedelta(hours=72),
    fresh_for=timedelta(hours=24),
    safe=SAFE,
)
ERASURES = erasing.ErasureTerms(services=SERVICES, receipt_within=timedelta(hours=1), digest=DIGEST)


def export(
    tx: Tx, person_ref: UUID, *, now: datetime = NOW, caller: Caller = MANAGER
) -> api.ExportReady | api.ExportAsked:
    return exporting.export_person(
        tx, person_ref, caller=caller, now=now, new_id=new_id, terms=EXPORTS
    )


def asked(tx: Tx) -> personal.ExportRequested:
    """The newest question of an export."""
    row = tx.execute(
        "SELECT data FROM outbox WHERE type = 'referrals.export.requested.v1'"
        " ORDER BY position DESC LIMIT 1"
    ).fetchone()
    assert row is not None
    return personal.ExportRequested.model_validate(row["data"])


def answers(question: personal.ExportRequested, held: Held, *, service: str) -> list[Envelope]:
    """The facts by which a service answers."""
    boxes = personal.boxes_of(held, question, service=service, limits=Settings.model_construct())
    return [
        a_told(
            f"{service}.export.answered.v1",
            {
                "export_id": str(question.export_id),
                "part": part,
                "part_count": len(boxes),
                "box": box,
            },
        )
        for part, box in enumerate(boxes, start=1)
    ]


def a_told(type_: str, data: Mapping[str, Any], *, at: datetime = NOW) -> Envelope:
    return Envelope(id=new_id(), type=type_, subject="x", site="network", time=at, data=dict(data))


def take(tx: Tx, facts: Sequence[Envelope], *, now: datetime = NOW) -> list[UUID]:
    return exporting.take_answers(tx, facts, now=now, safe=SAFE)


def complete(tx: Tx, person_ref: UUID, **held: Held) -> api.ExportReady:
    """An export that every service has answered."""
    export(tx, person_ref)
    question = asked(tx)
    for service in SERVICES:
        take(tx, answers(question, held.get(service, {}), service=service))
    found = export(tx, person_ref)
    assert isinstance(found, api.ExportReady)
    return found


def erase(
    tx: Tx,
    person_ref: UUID,
    *,
    now: datetime = NOW,
    caller: Caller | None = MANAGER,
    reason: Reason = Reason.ASKED_BY_PERSON,
    meant: Sequence[UUID] | None = None,
) -> api.Erasure:
    return erasing.erase_person(
        tx,
        person_ref,
        meant=meant,
        reason=reason,
        caller=caller,
        now=now,
        new_id=new_id,
        terms=ERASURES,
    )


def receipt(erasure_id: UUID, *, service: str, at: datetime = NOW) -> Envelope:
    data = {"erasure_id": str(erasure_id), "counts": {"labels": 2}}
    return a_told(f"{service}.erasure.acknowledged.v1", data, at=at)


def everything(tx: Tx) -> str:
    """Every row of every table of the schema, as text."""
    tables = tx.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'referrals'"
    ).fetchall()
    return json.dumps(
        [
            str(row)
            for table in tables
            for row in tx.execute(
                f"SELECT row::text FROM {table['table_name']} AS row".encode()
            ).fetchall()
        ],
        ensure_ascii=False,
    )
