"""The houses that refer people, and who works for them."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from chassis.db import Transaction
from chassis.shapes import Paged
from services.referrals.api import structures as structure_api
from services.referrals.domain import structure
from services.referrals.store import network
from services.referrals.store import structures as structure_rows


def add_structure(
    tx: Transaction, body: structure_api.NewStructure, *, structure_id: UUID, now: datetime
) -> structure_api.Structure:
    """Make a structure known."""
    made = structure.Structure(
        structure_id=structure_id,
        name=body.name,
        kind=body.kind,
        siret=None if body.siret is None else structure.normalise_siret(body.siret),
    )
    if not structure_rows.add_structure(tx, made, now=now):
        raise structure.StructureTaken()
    return structure_api.Structure(
        structure_id=structure_id, name=body.name, kind=body.kind, siret=made.siret
    )


def list_structures(
    tx: Transaction, page: structure_api.StructurePage
) -> Paged[structure_api.Structure]:
    """List the structures that refer people."""
    rows = structure_rows.list_structures(tx, after=page.after, limit=page.limit + 1)
    found = [structure_api.Structure.model_validate(asdict(each)) for each in rows]
    return Paged.cut(found, limit=page.limit, key=lambda each: each.structure_id)


def add_worker(tx: Transaction, structure_id: UUID, *, user_id: UUID) -> structure_api.Worker:
    """Let a referrer refer in the name of a structure."""
    if structure_rows.find_structure(tx, structure_id) is None:
        raise structure.StructureUnknown()
    structure.check_worker(network.find_user(tx, user_id))
    structure_rows.save_worker(tx, user_id, structure_id=structure_id)
    return structure_api.Worker(user_id=user_id, structure_id=structure_id)
