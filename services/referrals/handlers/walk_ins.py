"""Somebody comes without a referral: taken in for a short time, until a referrer confirms."""

from datetime import datetime
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals import events
from services.referrals.api import people as person_api
from services.referrals.api import referrals as referral_api
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain import structure, worker
from services.referrals.domain.referral import Referral, State, Verb
from services.referrals.handlers.answering import entitled, keep_change, tell_accepted
from services.referrals.handlers.criteria import require_criterion
from services.referrals.handlers.restricting import require_free
from services.referrals.handlers.sending import (
    Fresh,
    Ids,
    Sender,
    enter,
    identity_of,
    lock_person,
)
from services.referrals.handlers.showing import shown
from services.referrals.handlers.steps import add_steps
from services.referrals.store import entitlements as entitlement_rows
from services.referrals.store import network
from services.referrals.store import referrals as referral_rows
from services.referrals.store import structures as structure_rows
from services.referrals.store import workers as worker_rows


def walk_in(
    tx: Transaction,
    body: referral_api.WalkIn,
    *,
    caller: Caller,
    now: datetime,
    fresh: Fresh,
) -> referral_api.WalkedIn:
    """Take somebody in provisionally; once, for whoever was never confirmed needs a referral."""
    caller.require_site(body.site_code)
    today = business_date(now)
    identity = identity_of(body, today=today)
    if body.structure_id and structure_rows.find_structure(tx, body.structure_id) is None:
        raise structure.StructureUnknown()
    person_ref = lock_person(
        tx, identity, namesake=body.person.namesake, caller=caller, now=now, fresh=fresh
    )
    require_free(tx, person_ref)
    open_one = referral_rows.find_open_referral(tx, person_ref, today=today)
    referrals.refuse_second_entry(open_one, site_code=body.site_code)
    if referral_rows.find_unconfirmed_walk_in(tx, person_ref, today=today) is not None:
        raise referrals.WalkedInBefore()
    granted = entitlements.grant(
        entitlement_id=fresh.new_id(),
        person_ref=person_ref,
        latest=entitlement_rows.find_latest_entitlement(tx, person_ref),
        rules=network.find_rules(tx, on=today),
        on=today,
        provisional=True,
    )
    entered = enter(
        tx,
        body,
        sender=Sender(referrer_id=None, structure_id=body.structure_id),
        person_ref=person_ref,
        state=State.PROVISIONAL,
        expires_on=granted.until_on,
        caller=caller,
        now=now,
        fresh=fresh,
    )
    require_criterion(tx, entered.referral, body, caller=caller, now=now)
    _open(tx, granted, entered.referral, caller=caller, now=now, new_id=fresh.new_id)
    return referral_api.WalkedIn(
        referral_id=entered.referral.referral_id,
        code=entered.code,
        qr=entered.qr,
        expires_on=granted.until_on,
        person_ref=person_ref,
        entitlement=shown(granted),
    )


def _open(
    tx: Transaction,
    granted: entitlements.Entitlement,
    referral: Referral,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
) -> None:
    entitlement_rows.add_entitlement(tx, granted)
    keep_change(tx, granted, "opened", referral_id=referral.referral_id, caller=caller, now=now)
    opened = events.EntitlementOpened(
        person_ref=granted.person_ref,
        from_on=granted.from_on,
        until_on=granted.until_on,
        monthly_cap_cents=granted.monthly_cap_cents,
    )
    subject = str(granted.person_ref)
    told = opened.tell(id=new_id(), subject=subject, site=referral.site_code, at=now)
    outbox.append(tx, [told])


def confirm_walk_in(
    tx: Transaction,
    referral_id: UUID,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
) -> person_api.Entitled:
    """A referrer answers for somebody who came by themselves: the entitlement is a whole one."""
    today = business_date(now)
    rules = network.find_rules(tx, on=today)
    standing = worker_rows.find_standing(tx, caller.user_id, on=today)
    worker.require_standing(standing, rules=rules, on=today)
    referral = referral_rows.lock_referral(tx, referral_id)
    if referral is None:
        raise referrals.ReferralUnknown()
    asked = referral_rows.find_structure_asked(tx, referral_id)
    if asked is not None and asked != standing.structure_id:
        raise referrals.ReferralUnknown()
    referral, steps = referrals.move(referral, Verb.CONFIRM, on=today)
    require_free(tx, referral.person_ref)
    confirmed = entitlements.confirm(
        entitlement_rows.find_latest_entitlement(tx, referral.person_ref), rules=rules, on=today
    )
    referral_rows.save_confirmation(
        tx, referral, referrer_id=caller.user_id, structure_id=standing.structure_id
    )
    add_steps(tx, referral, steps, caller=caller, now=now, new_id=new_id)
    entitlement_rows.extend_entitlement(tx, confirmed)
    keep_change(tx, confirmed, "confirmed", referral_id=referral_id, caller=caller, now=now)
    tell_accepted(tx, referral, confirmed, kind=events.EntitlementRenewed, now=now, new_id=new_id)
    return entitled(confirmed)
