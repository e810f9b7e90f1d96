"""Somebody is entered: referred by a social worker, or come to a site by themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals import events
from services.referrals.api import referrals as referral_api
from services.referrals.domain import likeness, referral_code, worker
from services.referrals.domain import referral as referrals
from services.referrals.domain.person import Identity, identify
from services.referrals.domain.referral import Referral, State
from services.referrals.handlers.steps import about, add_steps
from services.referrals.seal import Seal, Slip
from services.referrals.store import network
from services.referrals.store import people as person_rows
from services.referrals.store import referrals as referral_rows
from services.referrals.store import workers as worker_rows
from services.referrals.store.accesses import note_access

Ids = Callable[[], UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """What an entry is given that nobody decides: ids, a random person, a code, a signature."""

    new_id: Ids
    #: Random, not sorted by time: others know the person by it and should learn no more.
    person_ref: UUID
    #: `draw(n)` draws a number below n.
    draw: Callable[[int], int]
    seal: Seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """In whose name somebody is entered; a walk-in has no referrer until one confirms."""

    referrer_id: UUID | None
    structure_id: UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What an entry came to, and the slip for the person to take along."""

    referral: Referral
    code: str
    qr: str


def submit_referral(
    tx: Transaction,
    body: referral_api.SubmitReferral,
    *,
    caller: Caller,
    now: datetime,
    fresh: Fresh,
) -> referral_api.ReferralSubmitted:
    """Send a person to a site."""
    today = business_date(now)
    identity = identity_of(body, today=today)
    rules = network.find_rules(tx, on=today)
    standing = worker_rows.find_standing(tx, caller.user_id, on=today)
    worker.require_standing(standing, rules=rules, on=today)
    person_ref = lock_person(
        tx, identity, namesake=body.person.namesake, caller=caller, now=now, fresh=fresh
    )
    referrals.refuse_second(
        referral_rows.find_open_referral(tx, person_ref, today=today),
        user_id=caller.user_id,
        structure_id=standing.structure_id,
    )
    entered = enter(
        tx,
        body,
        sender=Sender(referrer_id=caller.user_id, structure_id=standing.structure_id),
        person_ref=person_ref,
        state=State.SUBMITTED,
        expires_on=referrals.good_until(submitted_on=today, rules=rules),
        caller=caller,
        now=now,
        fresh=fresh,
    )
    return referral_api.ReferralSubmitted(
        referral_id=entered.referral.referral_id,
        code=entered.code,
        qr=entered.qr,
        expires_on=entered.referral.expires_on,
    )


def lock_person(
    tx: Transaction,
    identity: Identity,
    *,
    namesake: bool,
    caller: Caller,
    now: datetime,
    fresh: Fresh,
) -> UUID:
    """Find or make the person; two who enter the same one take turns.

    A namesake is another person than the one who would be found.
    """
    while True:
        alike = person_rows.list_alike_on_birth_date(tx, identity)
        person_ref = likeness.find_same(identity, alike)
        if person_ref is None or namesake:
            person_rows.add_person(
                tx, fresh.person_ref, identity, namesake=person_ref is not None, now=now
            )
            person_ref = fresh.person_ref
        if person_rows.lock_person(tx, person_ref) is not None:
            note_access(tx, caller, [person_ref], what="identity_written", now=now)
            return person_ref
        # Erased since they were found: whoever comes now is somebody new.


def enter(
    tx: Transaction,
    body: referral_api.EnterPerson,
    *,
    sender: Sender,
    person_ref: UUID,
    state: State,
    expires_on: date,
    caller: Caller,
    now: datetime,
    fresh: Fresh,
) -> Entered:
    """Write a referral of a locked person, tell of it, and sign its slip."""
    referrals.check_needs(body.needs)
    if not network.is_site_open(tx, body.site_code):
        raise referrals.SiteUnknown(site_code=body.site_code)
    referral = Referral(
        referral_id=fresh.new_id(),
        person_ref=person_ref,
        site_code=body.site_code,
        state=state,
        expires_on=expires_on,
    )
    particulars = body.entry.model_dump() | {
        "situation": body.situation,
        "needs": list(body.needs),
        "referrer_id": sender.referrer_id,
        "structure_id": sender.structure_id,
        "submitted_at": now,
        "walk_in": state is State.PROVISIONAL,
    }
    code = _add_under_free_code(tx, referral, particulars=particulars, draw=fresh.draw)
    add_steps(tx, referral, (state,), caller=caller, now=now, new_id=fresh.new_id)
    told = events.ReferralSubmitted(
        referral_id=referral.referral_id,
        site_code=referral.site_code,
        situation=body.situation,
        needs=list(body.needs),
        expires_on=referral.expires_on,
    )
    outbox.append(tx, [about(referral, told, id=fresh.new_id(), at=now)])
    slip = Slip(referral_id=referral.referral_id, code=code, expires_on=expires_on)
    return Entered(referral=referral, code=code, qr=fresh.seal.sign(slip))


def identity_of(body: referral_api.EnterPerson, *, today: date) -> Identity:
    """Read who somebody is, or refuse every field that is wrong."""
    person = body.person
    return identify(
        given_name=person.given_name,
        family_name=person.family_name,
        birth_date=person.birth_date,
        phone=person.phone,
        email=person.email,
        today=today,
    )


def _add_under_free_code(
    tx: Transaction, referral: Referral, *, particulars: dict[str, Any], draw: Callable[[int], int]
) -> str:
    """Write the referral under the first drawn code that is free; one in a million is not."""
    while True:
        code = referral_code.code_of(draw(referral_code.CODE_COUNT))
        if referral_rows.add_referral(tx, referral, code=code, particulars=particulars):
            return code
