"""Who refers in the name of which structure, and how we write to them."""

from datetime import date, datetime
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from kernel.period import business_date
from services.referrals.api import structures as structure_api
from services.referrals.domain import structure, worker
from services.referrals.store import network
from services.referrals.store import structures as structure_rows
from services.referrals.store import workers as worker_rows


def add_worker(
    tx: Transaction,
    structure_id: UUID,
    body: structure_api.NewWorker,
    *,
    caller: Caller,
    now: datetime,
) -> structure_api.Worker:
    """Let a referrer refer in the name of a structure from today on; they leave another one."""
    today = business_date(now)
    email = worker.normalise_email(body.email)
    worker.check_training(body.trained_on, today=today)
    if structure_rows.find_structure(tx, structure_id) is None:
        raise structure.StructureUnknown()
    worker.check_worker(network.find_user(tx, body.user_id))
    worker_rows.lock_worker(tx, body.user_id)
    before = worker_rows.find_structure_of(tx, body.user_id, on=today)
    if before != structure_id:
        if before is not None:
            _leave(tx, body.user_id, caller=caller, now=now)
        worker_rows.add_employment(
            tx, body.user_id, structure_id=structure_id, on=today, by_user_id=caller.user_id
        )
    if email is not None:
        worker_rows.save_contact(tx, body.user_id, email=email, language=None, now=now)
    if body.trained_on is not None:
        worker_rows.save_training(tx, body.user_id, trained_on=body.trained_on)
    return _shown(tx, body.user_id, structure_id=structure_id, today=today)


def end_worker(
    tx: Transaction, structure_id: UUID, user_id: UUID, *, caller: Caller, now: datetime
) -> structure_api.Worker:
    """End a referrer's time at a structure: from today on they do not refer in its name."""
    today = business_date(now)
    worker_rows.lock_worker(tx, user_id)
    if worker_rows.find_structure_of(tx, user_id, on=today) != structure_id:
        raise worker.NotOfStructure()
    _leave(tx, user_id, caller=caller, now=now)
    return _shown(tx, user_id, structure_id=structure_id, today=today)


def list_workers(
    tx: Transaction, structure_id: UUID, page: structure_api.WorkerPage, *, now: datetime
) -> Paged[structure_api.Worker]:
    """List who works and worked for a structure, the latest first."""
    if structure_rows.find_structure(tx, structure_id) is None:
        raise structure.StructureUnknown()
    rows = worker_rows.list_workers(
        tx, structure_id, after=page.after, limit=page.limit + 1, on=business_date(now)
    )
    cut = Paged.cut(rows, limit=page.limit, key=lambda row: row["employment_id"])
    found = [
        structure_api.Worker(**{name: row[name] for name in row if name != "employment_id"})
        for row in cut.items
    ]
    return Paged(items=found, last=cut.last)


def show_myself(tx: Transaction, *, caller: Caller, now: datetime) -> structure_api.Myself:
    """Show a referrer what is held of them."""
    row = worker_rows.find_worker(tx, caller.user_id, on=business_date(now))
    if row is None:
        return structure_api.Myself(
            user_id=caller.user_id, structure_id=None, email=None, language="fr", trained_on=None
        )
    return structure_api.Myself(**row)


def set_contact(
    tx: Transaction, body: structure_api.Contact, *, caller: Caller, now: datetime
) -> structure_api.Myself:
    """Let a referrer say where they are written to; without an address nobody writes."""
    email = worker.normalise_email(body.email)
    worker_rows.lock_worker(tx, caller.user_id)
    worker_rows.save_contact(tx, caller.user_id, email=email, language=body.language, now=now)
    return show_myself(tx, caller=caller, now=now)


def _leave(tx: Transaction, user_id: UUID, *, caller: Caller, now: datetime) -> None:
    """End the time that is running; the address belonged to that post."""
    worker_rows.end_employment(tx, user_id, on=business_date(now), by_user_id=caller.user_id)
    worker_rows.save_contact(tx, user_id, email=None, language=None, now=now)


def _shown(
    tx: Transaction, user_id: UUID, *, structure_id: UUID, today: date
) -> structure_api.Worker:
    row = worker_rows.find_employment(tx, user_id, structure_id=structure_id, on=today)
    if row is None:
        raise worker.NotOfStructure()
    return structure_api.Worker(**row)
