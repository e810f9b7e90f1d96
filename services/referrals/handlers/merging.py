"""Saying that two references are one person, and taking it back.

Nothing of either is moved: referrals and whoever hears of it count the two as one from then on, and
as two again once it is undone (docs/decisions/0018).
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from chassis import aliases, outbox
from chassis.auth import Caller
from chassis.db import Transaction
from services.referrals import events
from services.referrals.api import people as person_api
from services.referrals.domain import merge
from services.referrals.domain.person import PersonUnknown
from services.referrals.handlers.restricting import require_free
from services.referrals.store import people as person_rows
from services.referrals.store.accesses import note_access


def merge_person(
    tx: Transaction,
    person_ref: UUID,
    into: UUID,
    *,
    caller: Caller,
    now: datetime,
    new_id: Callable[[], UUID],
) -> person_api.Merge:
    """Merge a person into another; what is the second's from now on is the first's too."""
    person_rows.lock_merges(tx)
    # In the order in which whoever erases people locks them.
    for each in sorted({aliases.references(tx, one)[0] for one in (person_ref, into)}):
        if person_rows.lock_person(tx, each) is None:
            raise PersonUnknown()
    for each in (person_ref, into):
        require_free(tx, each)
    merge.require_apart(person_ref, into, merges=person_rows.find_merges(tx, (person_ref, into)))
    person_rows.add_merge(tx, person_ref, into=into, at=now, by_user_id=caller.user_id)
    note_access(tx, caller, [person_ref, into], what="person_merged", now=now)
    told = events.PersonMerged(person_ref=person_ref, merged_into=into)
    outbox.append(
        tx,
        [told.tell(id=new_id(), subject=str(person_ref), site=events.NETWORK, at=now)],
    )
    return person_api.Merge(person_ref=person_ref, merged_into=into)


def unmerge_person(
    tx: Transaction,
    person_ref: UUID,
    *,
    caller: Caller,
    now: datetime,
    new_id: Callable[[], UUID],
) -> person_api.Merge:
    """Undo the merge of a person: the two are two again, each with their own."""
    person_rows.lock_merges(tx)
    if person_rows.find_person(tx, person_ref) is None:
        raise PersonUnknown()
    into = person_rows.end_merge(tx, person_ref, at=now, by_user_id=caller.user_id)
    if into is None:
        raise merge.NotMerged()
    note_access(tx, caller, [person_ref, into], what="person_unmerged", now=now)
    told = events.PersonUnmerged(person_ref=person_ref, merged_into=into)
    outbox.append(
        tx,
        [told.tell(id=new_id(), subject=str(person_ref), site=events.NETWORK, at=now)],
    )
    return person_api.Merge(person_ref=person_ref, merged_into=None)
