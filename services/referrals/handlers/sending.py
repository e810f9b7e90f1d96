"""A social worker refers somebody."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals import events
from services.referrals.api import referrals as referral_api
from services.referrals.domain import referral as referrals
from services.referrals.domain import referral_code
from services.referrals.domain.person import Identity, identify
from services.referrals.domain.referral import Referral, State
from services.referrals.handlers.steps import about, add_steps
from services.referrals.seal import Seal, Slip
from services.referrals.store import network
from services.referrals.store import people as person_rows
from services.referrals.store import referrals as referral_rows
from services.referrals.store import structures as structure_rows
from services.referrals.store.accesses import note_access

Ids = Callable[[], UUID]


def submit_referral(
    tx: Transaction,
    body: referral_api.SubmitReferral,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
    fresh_person_ref: UUID,
    draw: Callable[[int], int],
    seal: Seal,
) -> referral_api.ReferralSubmitted:
    """Send a person to a site; `draw(n)` draws a number below n for the code."""
    today = business_date(now)
    identity = _identity(body.person, today=today)
    referrals.check_needs(body.needs)
    if not network.is_site_open(tx, body.site_code):
        raise referrals.SiteUnknown(site_code=body.site_code)
    rules = network.find_rules(tx, on=today)
    structure_id = structure_rows.find_structure_of(tx, caller.user_id)
    person_ref = person_rows.find_or_add_person(tx, identity, fresh_ref=fresh_person_ref, now=now)
    person_rows.lock_person(tx, person_ref)  # two who refer the same person take turns
    referrals.refuse_second(
        referral_rows.find_open_referral(tx, person_ref, today=today),
        user_id=caller.user_id,
        structure_id=structure_id,
    )
    referral = Referral(
        referral_id=new_id(),
        person_ref=person_ref,
        site_code=body.site_code,
        state=State.SUBMITTED,
        expires_on=referrals.good_until(submitted_on=today, rules=rules),
    )
    particulars = body.entry.model_dump() | {
        "situation": body.situation,
        "needs": list(body.needs),
        "referrer_id": caller.user_id,
        "structure_id": structure_id,
        "submitted_at": now,
    }
    note_access(tx, caller, [person_ref], what="identity_written", now=now)
    code = _add_under_free_code(tx, referral, particulars=particulars, draw=draw)
    add_steps(tx, referral, (State.SUBMITTED,), caller=caller, now=now)
    told = events.ReferralSubmitted(
        referral_id=referral.referral_id,
        site_code=referral.site_code,
        situation=body.situation,
        needs=list(body.needs),
        expires_on=referral.expires_on,
    )
    outbox.append(tx, [about(referral, told, id=new_id(), at=now)])
    slip = Slip(referral_id=referral.referral_id, code=code, expires_on=referral.expires_on)
    return referral_api.ReferralSubmitted(
        referral_id=referral.referral_id,
        code=code,
        qr=seal.sign(slip),
        expires_on=referral.expires_on,
    )


def _identity(person: referral_api.PersonToRefer, *, today: date) -> Identity:
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
