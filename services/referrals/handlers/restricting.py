"""Restricting the use of a person's data to keeping them, and lifting that (GDPR, article 18)."""

from datetime import datetime
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals.api import correcting as api
from services.referrals.domain import restriction
from services.referrals.domain.restriction import Ground, Lifting, NotRestricted, RestrictedAlready
from services.referrals.handlers.exporting import take_people
from services.referrals.store import people as person_rows
from services.referrals.store import restrictions as rows
from services.referrals.store.accesses import note_access


def require_free(tx: Transaction, person_ref: UUID) -> None:
    """Refuse to decide about a person by data that are only kept."""
    restriction.require_free(rows.find_restriction(tx, person_ref))


def restrict_use(
    tx: Transaction, person_ref: UUID, ground: Ground, *, caller: Caller, now: datetime
) -> api.Restriction:
    """Restrict the use of a person's data, under all their references."""
    person_rows.hold_merges(tx)
    person_refs = take_people(tx, person_ref, caller=caller)
    before = rows.find_restriction(tx, person_ref)
    if before is not None:
        raise RestrictedAlready(from_on=business_date(before))
    rows.add_restrictions(tx, person_refs, ground, at=now, by_user_id=caller.user_id)
    note_access(tx, caller, person_refs, what="use_restricted", why=ground, now=now)
    return api.Restriction(person_ref=person_ref, use_restricted=True)


def lift_restriction(
    tx: Transaction, person_ref: UUID, body: api.LiftRestriction, *, caller: Caller, now: datetime
) -> api.Restriction:
    """Let the data of a person be used again, once they have been told."""
    person_rows.hold_merges(tx)
    person_refs = take_people(tx, person_ref, caller=caller)
    if rows.find_restriction(tx, person_ref) is None:
        raise NotRestricted()
    restriction.require_informed(body.informed_on, today=business_date(now))
    why = Lifting(body.reason)
    rows.lift_restrictions(
        tx, person_refs, why, informed_on=body.informed_on, at=now, by_user_id=caller.user_id
    )
    note_access(tx, caller, person_refs, what="restriction_lifted", why=why, now=now)
    return api.Restriction(person_ref=person_ref, use_restricted=False)
