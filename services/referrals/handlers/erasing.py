"""Forgetting a person: the identity here and now, everybody else's words as they hear of it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from chassis import idempotency, mail, outbox, personal
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from kernel.envelope import Envelope
from kernel.period import business_date
from services.referrals import events
from services.referrals.api import rights as api
from services.referrals.domain import erasure, restriction
from services.referrals.domain.erasure import Reason
from services.referrals.domain.person import PersonUnknown
from services.referrals.domain.trace import Digest, traces_of
from services.referrals.handlers import clocks
from services.referrals.handlers.exporting import require_known
from services.referrals.store import erasures as rows
from services.referrals.store import exports as export_rows
from services.referrals.store import people as person_rows
from services.referrals.store import restrictions as restriction_rows
from services.referrals.store.accesses import note_access

_OWN = "referrals"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureTerms:
    """Who has to forget, until when their receipt is not overdue, and how traces are made."""

    services: Sequence[str]
    receipt_within: timedelta
    digest: Digest


def erase_person(
    tx: Transaction,
    person_ref: UUID,
    *,
    meant: Collection[UUID] | None,
    reason: Reason,
    caller: Caller | None,
    now: datetime,
    new_id: Callable[[], UUID],
    terms: ErasureTerms,
) -> api.Erasure:
    """Erase a person under all their references, or have everybody go over it again.

    `meant` are the references that the caller knows of: without them, those of the instant at which
    they asked.  Nobody is erased whom somebody else merged in meanwhile.  `caller` is nobody when
    the calendar asks.
    """
    meant = meant or rows.list_same_people(tx, person_ref)
    person_rows.hold_merges(tx)
    person_refs = rows.list_same_people(tx, person_ref)
    erasure.require_meant(person_refs, meant=meant)
    known = rows.lock_all_of(tx, person_refs)
    if not known:
        raise PersonUnknown()
    if caller is not None:
        require_known(tx, person_refs, caller=caller)
    if all(row["erased_at"] is not None for row in known):
        erasure_id, counts = _find(tx, person_ref, now=now, terms=terms).erasure_id, {}
    else:
        erasure.require_no_case(rows.find_open_case(tx, person_refs))
        restriction.require_erasable(restriction_rows.find_restriction(tx, person_ref), reason)
        erasure_id = new_id()
        counts = _take_identities(
            tx,
            erasure_id,
            person_ref,
            person_refs,
            reason=reason,
            caller=caller,
            now=now,
            terms=terms,
        )
    if caller is not None:
        note_access(tx, caller, person_refs, what="erased", why=reason, now=now)
    counts |= _forget_here(tx, person_refs, now=now, new_id=new_id)
    rows.add_receipt(tx, erasure_id, service=_OWN, at=now, counts=counts)
    told = events.PersonErased(
        erasure_id=erasure_id, person_ref=person_ref, person_refs=person_refs
    )
    subject = str(person_ref)
    outbox.append(tx, [told.tell(id=new_id(), subject=subject, site=events.NETWORK, at=now)])
    return _find(tx, person_ref, now=now, terms=terms)


def _take_identities(
    tx: Transaction,
    erasure_id: UUID,
    person_ref: UUID,
    person_refs: Sequence[UUID],
    *,
    reason: Reason,
    caller: Caller | None,
    now: datetime,
    terms: ErasureTerms,
) -> dict[str, int]:
    """Delete who somebody was, and write down that it is to be forgotten everywhere."""
    identities = rows.take_identities(tx, person_refs)
    rows.mark_erased(tx, person_refs, now=now)
    rows.add_erasure(
        tx,
        erasure_id=erasure_id,
        person_ref=person_ref,
        person_refs=person_refs,
        reason=reason,
        services=sorted({*terms.services, _OWN}),
        erased_at=now,
        erased_by=None if caller is None else caller.user_id,
        traces=[trace for each in identities for trace in traces_of(each, digest=terms.digest)],
    )
    return {"identities": len(identities)}


def _forget_here(
    tx: Transaction, person_refs: Sequence[UUID], *, now: datetime, new_id: Callable[[], UUID]
) -> dict[str, int]:
    """End what is under way, and remove words, waiting mails, exports and stored answers."""
    today = business_date(now)
    referral_ids = rows.list_referrals_of(tx, person_refs)
    counts = {"referrals_lapsed": rows.close_referrals(tx, person_refs, today=today)}
    ended = rows.shorten_entitlements(tx, person_refs, today=today)
    for row in ended:
        told = events.EntitlementShortened(**row)
        subject = str(row["person_ref"])
        outbox.append(tx, [told.tell(id=new_id(), subject=subject, site=events.NETWORK, at=now)])
    # What ends today ends with the identity; what began today is left to tomorrow's clock.
    clocks.let_referrals_lapse(tx, now=now, new_id=new_id, person_refs=person_refs)
    clocks.end_entitlements_of(tx, person_refs, now=now, new_id=new_id)
    mentioned = {*person_refs, *referral_ids}
    return (
        counts
        | {"entitlements_ended": len(ended)}
        | personal.blank_words(tx, person_refs, service=_OWN)
        | {
            "mails": mail.withdraw(tx, [str(each) for each in mentioned], now=now),
            "exports": export_rows.delete_exports_of(tx, person_refs),
            "stored_answers": idempotency.erase_answers(tx, mentioning=mentioned),
        }
    )


def take_receipts(tx: Transaction, facts: Sequence[Envelope]) -> None:
    """Keep the receipts of services."""
    for fact in facts:
        receipt = events.ErasureAcknowledged.hear(fact)
        rows.add_receipt(
            tx, receipt.erasure_id, service=fact.service, at=fact.time, counts=receipt.counts
        )


def list_erasures(
    tx: Transaction, page: api.ErasurePage, *, caller: Caller, now: datetime, terms: ErasureTerms
) -> Paged[api.Erasure]:
    """List the erasures of people who were sent to the caller's sites."""
    found = rows.list_erasures(
        tx,
        site_codes=caller.sites_seen,
        person_ref=page.person_ref,
        owed_before=now - terms.receipt_within if page.overdue else None,
        after=page.after,
        limit=page.limit + 1,
    )
    shown = [_shown(row, now=now, terms=terms) for row in found]
    return Paged.cut(shown, limit=page.limit, key=lambda each: each.erasure_id)


def _find(tx: Transaction, person_ref: UUID, *, now: datetime, terms: ErasureTerms) -> api.Erasure:
    [row] = rows.list_erasures(tx, person_ref=person_ref, limit=1)
    return _shown(row, now=now, terms=terms)


def _shown(row: dict[str, Any], *, now: datetime, terms: ErasureTerms) -> api.Erasure:
    given = {receipt["service"] for receipt in row["receipts"]}
    missing = [service for service in row["services"] if service not in given]
    return api.Erasure(
        erasure_id=row["erasure_id"],
        person_ref=row["person_ref"],
        reason=row["reason"],
        erased_at=row["erased_at"],
        receipts=[api.Receipt(**receipt) for receipt in row["receipts"]],
        missing=missing,
        overdue=bool(missing) and row["erased_at"] + terms.receipt_within < now,
    )
