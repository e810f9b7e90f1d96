"""A site answers a referral: seen, accepted, refused, or accepted to renew."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from chassis import aliases, outbox
from chassis.auth import Caller
from chassis.db import Transaction
from kernel.period import business_date
from services.referrals import events
from services.referrals.api import people as person_api
from services.referrals.api import referrals as referral_api
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain.entitlement import Entitlement
from services.referrals.domain.person import PersonUnknown
from services.referrals.domain.referral import Referral, State, Verb
from services.referrals.handlers.criteria import require_criterion
from services.referrals.handlers.restricting import require_free
from services.referrals.handlers.showing import shown
from services.referrals.handlers.steps import about, add_steps
from services.referrals.store import entitlements as entitlement_rows
from services.referrals.store import network
from services.referrals.store import people as person_rows
from services.referrals.store import referrals as referral_rows

Ids = Callable[[], UUID]


def see_referral(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime, new_id: Ids
) -> referral_api.ReferralState:
    """Note that the site has read a referral."""
    referral, steps = _move(tx, referral_id, Verb.SEE, caller=caller, now=now)
    referral_rows.save_state(tx, referral)
    add_steps(tx, referral, steps, caller=caller, now=now, new_id=new_id)
    return referral_api.ReferralState(referral_id=referral_id, state=referral.state.value)


def refuse_referral(
    tx: Transaction,
    referral_id: UUID,
    body: referral_api.RefuseReferral,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
) -> referral_api.ReferralState:
    """Refuse a referral with a reason that the referrer reads."""
    referral, steps = _move(tx, referral_id, Verb.REFUSE, caller=caller, now=now)
    referral_rows.save_state(
        tx, referral, refusal_code=body.reason_code, refusal_reason=body.reason
    )
    add_steps(tx, referral, steps, caller=caller, now=now, new_id=new_id)
    told = events.ReferralRefused(
        referral_id=referral_id, site_code=referral.site_code, reason_code=body.reason_code
    )
    outbox.append(tx, [about(referral, told, id=new_id(), at=now)])
    return referral_api.ReferralState(referral_id=referral_id, state=referral.state.value)


def accept_referral(
    tx: Transaction,
    referral_id: UUID,
    body: referral_api.AcceptReferral,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
) -> person_api.Entitled:
    """Take a person in: an entitlement opens, unless they have one somewhere in the network."""
    today = business_date(now)
    referral, steps = _move(tx, referral_id, Verb.ACCEPT, caller=caller, now=now)
    require_criterion(tx, referral, body, caller=caller, now=now)
    require_free(tx, referral.person_ref)
    granted = entitlements.grant(
        entitlement_id=new_id(),
        person_ref=referral.person_ref,
        latest=entitlement_rows.find_latest_entitlement(tx, referral.person_ref),
        rules=network.find_rules(tx, on=today),
        on=today,
    )
    referral_rows.save_state(tx, referral)
    add_steps(tx, referral, steps, caller=caller, now=now, new_id=new_id)
    entitlement_rows.add_entitlement(tx, granted)
    keep_change(tx, granted, "opened", referral_id=referral_id, caller=caller, now=now)
    tell_accepted(tx, referral, granted, kind=events.EntitlementOpened, now=now, new_id=new_id)
    return entitled(granted)


def renew_entitlement(
    tx: Transaction,
    person_ref: UUID,
    body: person_api.RenewEntitlement,
    *,
    caller: Caller,
    now: datetime,
    new_id: Ids,
) -> person_api.Entitled:
    """Extend a person's entitlement, once, on the strength of a new referral."""
    today = business_date(now)
    referral, steps = _move(tx, body.referral_id, Verb.ACCEPT, caller=caller, now=now)
    if person_rows.find_person(tx, person_ref) is None:
        raise PersonUnknown()
    if referral.person_ref not in aliases.references(tx, person_ref):
        raise referrals.OtherPerson()
    require_free(tx, person_ref)
    require_criterion(tx, referral, body, caller=caller, now=now)
    renewed = entitlements.renew(
        entitlement_rows.find_latest_entitlement(tx, person_ref),
        rules=network.find_rules(tx, on=today),
        on=today,
    )
    _add_renewed_step(tx, renewed, caller=caller, now=now, new_id=new_id)
    referral_rows.save_state(tx, referral)
    add_steps(tx, referral, (*steps, "renewed"), caller=caller, now=now, new_id=new_id)
    entitlement_rows.extend_entitlement(tx, renewed)
    keep_change(tx, renewed, "renewed", referral_id=body.referral_id, caller=caller, now=now)
    tell_accepted(tx, referral, renewed, kind=events.EntitlementRenewed, now=now, new_id=new_id)
    return entitled(renewed)


def _add_renewed_step(
    tx: Transaction, renewed: Entitlement, *, caller: Caller, now: datetime, new_id: Ids
) -> None:
    """Tell the referrer of the referral before, too, that what it opened goes on.

    One whose own acceptance was a renewal has that step already.
    """
    change, referral_id = entitlement_rows.find_latest_change(tx, renewed.entitlement_id)
    before = referral_rows.lock_referral(tx, referral_id)
    if before is not None and change != "renewed":
        add_steps(tx, before, ("renewed",), caller=caller, now=now, new_id=new_id)


def _move(
    tx: Transaction, referral_id: UUID, verb: Verb, *, caller: Caller, now: datetime
) -> tuple[Referral, Sequence[State]]:
    """Lock a referral of the caller's site, with its person, and decide what becomes of it."""
    referral = referral_rows.lock_referral(tx, referral_id)
    if referral is None:
        raise referrals.ReferralUnknown()
    caller.require_site(referral.site_code)
    return referrals.move(referral, verb, on=business_date(now))


def tell_accepted(
    tx: Transaction,
    referral: Referral,
    entitlement: Entitlement,
    *,
    kind: type[events.EntitlementOpened] | type[events.EntitlementRenewed],
    now: datetime,
    new_id: Ids,
) -> None:
    """Tell that somebody is in, and what they may buy now."""
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
            about(referral, accepted, id=new_id(), at=now),
            entitled.tell(id=new_id(), subject=subject, site=site, at=now),
        ],
    )


def entitled(entitlement: Entitlement) -> person_api.Entitled:
    """Show who may buy what."""
    return person_api.Entitled(person_ref=entitlement.person_ref, entitlement=shown(entitlement))


def keep_change(
    tx: Transaction,
    entitlement: Entitlement,
    change: str,
    *,
    referral_id: UUID,
    caller: Caller,
    now: datetime,
) -> None:
    """Write the history of an entitlement on."""
    entitlement_rows.add_entitlement_change(
        tx, entitlement, change=change, referral_id=referral_id, at=now, by_user_id=caller.user_id
    )
