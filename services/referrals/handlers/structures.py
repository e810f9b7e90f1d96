"""The houses that refer people, and what they signed."""

from datetime import datetime
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from kernel.period import business_date
from services.referrals.api import structures as structure_api
from services.referrals.domain import structure
from services.referrals.domain.structure import Convention
from services.referrals.store import structures as structure_rows


def add_structure(
    tx: Transaction, body: structure_api.NewStructure, *, structure_id: UUID, now: datetime
) -> structure_api.Structure:
    """Make a structure known."""
    structure.require_number(siret=body.siret, rna=body.rna)
    made = structure.Structure(
        structure_id=structure_id,
        name=body.name,
        kind=body.kind,
        siret=None if body.siret is None else structure.normalise_siret(body.siret),
        rna=None if body.rna is None else structure.normalise_rna(body.rna),
    )
    if not structure_rows.add_structure(tx, made, now=now):
        raise structure.StructureTaken()
    return structure_api.Structure(
        structure_id=structure_id,
        name=body.name,
        kind=body.kind,
        siret=made.siret,
        rna=made.rna,
        convention=False,
    )


def list_structures(
    tx: Transaction, page: structure_api.StructurePage, *, now: datetime
) -> Paged[structure_api.Structure]:
    """List the structures that refer people."""
    rows = structure_rows.list_structures(
        tx, after=page.after, limit=page.limit + 1, on=business_date(now)
    )
    found = [structure_api.Structure(**row) for row in rows]
    return Paged.cut(found, limit=page.limit, key=lambda each: each.structure_id)


def show_structure(
    tx: Transaction, structure_id: UUID, *, now: datetime
) -> structure_api.Structure:
    """Show one structure."""
    found = structure_rows.find_structure(tx, structure_id)
    if found is None:
        raise structure.StructureUnknown()
    today = business_date(now)
    signed = structure_rows.list_conventions(tx, structure_id)
    return structure_api.Structure(
        structure_id=structure_id,
        name=found.name,
        kind=found.kind,
        siret=found.siret,
        rna=found.rna,
        convention=any(
            each.from_on <= today and (each.until_on is None or today < each.until_on)
            for each in signed
        ),
    )


def add_convention(
    tx: Transaction,
    structure_id: UUID,
    body: structure_api.NewConvention,
    *,
    convention_id: UUID,
    caller: Caller,
    now: datetime,
) -> structure_api.Convention:
    """Write down what a structure signed."""
    structure.check_days(from_on=body.from_on, until_on=body.until_on)
    if not structure_rows.lock_structure(tx, structure_id):
        raise structure.StructureUnknown()
    other = structure_rows.find_convention_between(
        tx, structure_id, from_on=body.from_on, until_on=body.until_on
    )
    if other is not None:
        raise structure.ConventionOverlaps(reference=other)
    made = Convention(
        convention_id=convention_id,
        structure_id=structure_id,
        reference=body.reference,
        from_on=body.from_on,
        until_on=body.until_on,
    )
    structure_rows.add_convention(tx, made, now=now, by_user_id=caller.user_id)
    return _shown(made)


def list_conventions(tx: Transaction, structure_id: UUID) -> list[structure_api.Convention]:
    """List what a structure signed, the latest first."""
    if structure_rows.find_structure(tx, structure_id) is None:
        raise structure.StructureUnknown()
    return [_shown(each) for each in structure_rows.list_conventions(tx, structure_id)]


def end_convention(
    tx: Transaction,
    structure_id: UUID,
    convention_id: UUID,
    body: structure_api.EndOn,
    *,
    caller: Caller,
    now: datetime,
) -> structure_api.Convention:
    """End a convention today or on a later day; nobody refers on its strength from then on."""
    today = business_date(now)
    ends_on = body.on or today
    found = structure_rows.lock_convention(tx, convention_id, structure_id=structure_id)
    convention = structure.end(found, ends_on=ends_on, today=today)
    structure_rows.end_convention(tx, convention_id, on=ends_on, by_user_id=caller.user_id)
    return _shown(convention)


def _shown(convention: Convention) -> structure_api.Convention:
    return structure_api.Convention(
        convention_id=convention.convention_id,
        structure_id=convention.structure_id,
        reference=convention.reference,
        from_on=convention.from_on,
        until_on=convention.until_on,
    )
