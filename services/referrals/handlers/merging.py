"""Saying that two references are one person, and taking it back.

Other services hear it and count the two as one; referrals itself still keeps both as they are.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from services.referrals import api, events, store
from services.referrals.domain import merge
from services.referrals.domain.person import PersonUnknown


def merge_person(
    tx: Transaction,
    person_ref: UUID,
    into: UUID,
    *,
    caller: Caller,
    now: datetime,
    new_id: Callable[[], UUID],
) -> api.Merge:
    """Merge a person into another; what is the second's from now on is the first's too."""
    store.lock_merges(tx)
    for each in sorted({person_ref, into}):
        if store.lock_person(tx, each) is None:
            raise PersonUnknown()
    merge.require_apart(person_ref, into, merges=store.find_merges(tx, (person_ref, into)))
    store.add_merge(tx, person_ref, into=into, at=now, by_user_id=caller.user_id)
    told = events.PersonMerged(person_ref=person_ref, merged_into=into)
    outbox.append(
        tx,
        [told.tell(id=new_id(), subject=str(person_ref), site=events.NETWORK, at=now)],
    )
    return api.Merge(person_ref=person_ref, merged_into=into)


def unmerge_person(
    tx: Transaction,
    person_ref: UUID,
    *,
    caller: Caller,
    now: datetime,
    new_id: Callable[[], UUID],
) -> api.Merge:
    """Undo the merge of a person: the two are two again, each with their own."""
    store.lock_merges(tx)
    if store.lock_person(tx, person_ref) is None:
        raise PersonUnknown()
    into = store.end_merge(tx, person_ref, at=now, by_user_id=caller.user_id)
    if into is None:
        raise merge.NotMerged()
    told = events.PersonUnmerged(person_ref=person_ref, merged_into=into)
    outbox.append(
        tx,
        [told.tell(id=new_id(), subject=str(person_ref), site=events.NETWORK, at=now)],
    )
    return api.Merge(person_ref=person_ref, merged_into=None)
