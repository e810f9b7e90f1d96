"""Referring somebody, and the site's answer: load, decide, save, tell, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.facts import Fact
from kernel.envelope import Envelope
from kernel.period import business_date
from services.referrals import api, events, store
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain import referral_code
from services.referrals.domain.entitlement import Entitlement
from services.referrals.domain.person import Identity, PersonUnknown, identify
from services.referrals.domain.referral import Referral, State, Verb
from services.referrals.handlers.showing import shown
from services.referrals.seal import Seal, Slip

Ids = Callable[[], UUID]


# -- a social worker refers somebody -------------------------------------------------------------


def submit_referral(
    tx: Transaction,
    body: api.SubmitReferral,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
    fresh_person_ref: UUID,
    draw: Callable[[int], int],
    seal: Seal,
) -> api.ReferralSubmitted:
    """Send a person to a site; `draw(n)` draws a number below n for the code."""
    today = business_date(now)
    identity = _identity(body.person, today=today)
    referrals.check_needs(body.needs)
    if not store.is_site_open(tx, body.site_code):
        raise referrals.SiteUnknown(site_code=body.site_code)
    rules = store.find_rules(tx, on=today)
    structure_id = store.find_structure_of(tx, caller.user_id)
    person_ref = store.find_or_add_person(tx, identity, fresh_ref=fresh_person_ref, now=now)
    store.lock_person(tx, person_ref)  # two who refer the same person take turns
    referrals.refuse_second(
        store.find_open_referral(tx, person_ref, today=today),
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
    code = _add_under_free_code(tx, referral, particulars=particulars, draw=draw)
    _add_steps(tx, referral, (State.SUBMITTED,), caller=caller, now=now)
    told = events.ReferralSubmitted(
        referral_id=referral.referral_id,
        site_code=referral.site_code,
        situation=body.situation,
        needs=list(body.needs),
        expires_on=referral.expires_on,
    )
    outbox.append(tx, [_about(referral, told, id=new_id(), at=now)])
    slip = Slip(referral_id=referral.referral_id, code=code, expires_on=referral.expires_on)
    return api.ReferralSubmitted(
        referral_id=referral.referral_id,
        code=code,
        qr=seal.sign(slip),
        expires_on=referral.expires_on,
    )


def _identity(person: api.PersonToRefer, *, today: date) -> Identity:
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
        if store.add_referral(tx, referral, code=code, particulars=particulars):
            return code


# -- a site answers ------------------------------------------------------------------------------


def see_referral(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime
) -> api.ReferralState:
    """Note that the site has read a referral."""
    referral, steps = _move(tx, referral_id, Verb.SEE, caller=caller, now=now)
    store.save_state(tx, referral)
    _add_steps(tx, referral, steps, caller=caller, now=now)
    return api.ReferralState(referral_id=referral_id, state=referral.state.value)


def refuse_referral(
    tx: Transaction,
    referral_id: UUID,
    body: api.RefuseReferral,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
) -> api.ReferralState:
    """Refuse a referral with a reason that the referrer reads."""
    referral, steps = _move(tx, referral_id, Verb.REFUSE, caller=caller, now=now)
    store.save_state(tx, referral, refusal_code=body.reason_code, refusal_reason=body.reason)
    _add_steps(tx, referral, steps, caller=caller, now=now)
    told = events.ReferralRefused(
        referral_id=referral_id, site_code=referral.site_code, reason_code=body.reason_code
    )
    outbox.append(tx, [_about(referral, told, id=new_id(), at=now)])
    return api.ReferralState(referral_id=referral_id, state=referral.state.value)


def accept_referral(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime, new_id: Ids
) -> api.Entitled:
    """Take a person in: an entitlement opens, unless they have one somewhere in the network."""
    today = business_date(now)
    referral, steps = _move(tx, referral_id, Verb.ACCEPT, caller=caller, now=now)
    store.lock_person(tx, referral.person_ref)
    granted = entitlements.grant(
        entitlement_id=new_id(),
        person_ref=referral.person_ref,
        latest=store.find_latest_entitlement(tx, referral.person_ref),
        rules=store.find_rules(tx, on=today),
        on=today,
    )
    store.save_state(tx, referral)
    _add_steps(tx, referral, steps, caller=caller, now=now)
    store.add_entitlement(tx, granted)
    store.add_entitlement_change(
        tx, granted, change="opened", referral_id=referral_id, at=now, by_user_id=caller.user_id
    )
    _tell_accepted(tx, referral, granted, kind=events.EntitlementOpened, now=now, new_id=new_id)
    return _entitled(granted)


def renew_entitlement(
    tx: Transaction,
    person_ref: UUID,
    body: api.RenewEntitlement,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
) -> api.Entitled:
    """Extend a person's entitlement, once, on the strength of a new referral."""
    today = business_date(now)
    referral, steps = _move(tx, body.referral_id, Verb.ACCEPT, caller=caller, now=now)
    if store.lock_person(tx, person_ref) is None:
        raise PersonUnknown()
    if referral.person_ref != person_ref:
        raise referrals.OtherPerson()
    renewed = entitlements.renew(
        store.find_latest_entitlement(tx, person_ref),
        rules=store.find_rules(tx, on=today),
        on=today,
    )
    store.save_state(tx, referral)
    _add_steps(tx, referral, (*steps, "renewed"), caller=caller, now=now)
    store.extend_entitlement(tx, renewed)
    store.add_entitlement_change(
        tx,
        renewed,
        change="renewed",
        referral_id=referral.referral_id,
        at=now,
        by_user_id=caller.user_id,
    )
    _tell_accepted(tx, referral, renewed, kind=events.EntitlementRenewed, now=now, new_id=new_id)
    return _entitled(renewed)


def _move(
    tx: Transaction, referral_id: UUID, verb: Verb, *, caller: Caller, now: datetime
) -> tuple[Referral, Sequence[State]]:
    """Lock a referral of the caller's site and decide what becomes of it."""
    referral = store.lock_referral(tx, referral_id)
    if referral is None:
        raise referrals.ReferralUnknown()
    caller.require_site(referral.site_code)
    return referrals.move(referral, verb, on=business_date(now))


def _add_steps(
    tx: Transaction, referral: Referral, steps: Sequence[str], *, caller: Caller, now: datetime
) -> None:
    store.add_steps(
        tx,
        referral.referral_id,
        steps=steps,
        at=now,
        by_user_id=caller.user_id,
        by_role=caller.role,
    )


def _tell_accepted(
    tx: Transaction,
    referral: Referral,
    entitlement: Entitlement,
    *,
    kind: type[events.EntitlementOpened] | type[events.EntitlementRenewed],
    now: datetime,
    new_id: Ids,
) -> None:
    accepted = events.ReferralAccepted(
        referral_id=referral.referral_id,
        person_ref=referral.person_ref,
        site_code=referral.site_code,
    )
    entitled = kind(
        person_ref=entitlement.person_ref,
        from_on=entitlement.from_on,
        until_on=entitlement.until_on,
        monthly_cap_cents=entitlement.monthly_cap_cents,
    )
    subject, site = str(entitlement.person_ref), referral.site_code
    outbox.append(
        tx,
        [
            _about(referral, accepted, id=new_id(), at=now),
            entitled.tell(id=new_id(), subject=subject, site=site, at=now),
        ],
    )


def _about(referral: Referral, fact: Fact, *, id: UUID, at: datetime) -> Envelope:
    subject = str(referral.referral_id)
    return fact.tell(id=id, subject=subject, site=referral.site_code, at=at)


def _entitled(entitlement: Entitlement) -> api.Entitled:
    return api.Entitled(person_ref=entitlement.person_ref, entitlement=shown(entitlement))
