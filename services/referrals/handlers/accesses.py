"""Who read or wrote the identity of a person."""

from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from services.referrals.api import rights as api
from services.referrals.domain.person import PersonUnknown
from services.referrals.handlers.exporting import require_known
from services.referrals.store import accesses as rows
from services.referrals.store import erasures as erasure_rows
from services.referrals.store.retention import is_known


def list_accesses(
    tx: Transaction, person_ref: UUID, page: api.AccessPage, *, caller: Caller
) -> Paged[api.Access]:
    """List the accesses to a person, and to whoever is the same; an erased one's too."""
    person_refs = erasure_rows.list_same_people(tx, person_ref)
    if not is_known(tx, person_refs):
        raise PersonUnknown()
    require_known(tx, person_refs, caller=caller)
    found = rows.list_accesses(tx, person_refs, after=page.after, limit=page.limit + 1)
    return Paged.cut(
        [api.Access(**row) for row in found], limit=page.limit, key=lambda each: each.access_id
    )
