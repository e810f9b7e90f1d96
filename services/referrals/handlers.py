"""What referrals does when asked.  Each function is one transaction: load, decide, save, tell."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from chassis import outbox
from chassis.auth import Caller
from chassis.db import Transaction
from chassis.facts import Fact
from kernel.envelope import Envelope
from kernel.period import PARIS, business_date
from services.referrals import api, events, store
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain import referral_code, structure
from services.referrals.domain.entitlement import Entitlement
from services.referrals.domain.person import Identity, PersonUnknown, identify
from services.referrals.domain.referral import Referral, State, Verb
from services.referrals.seal import Seal, Slip

#: Where a referral is shown: the one who made it sees their own, the rest those of their sites.
REFERRER = "referrer"
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
    person_ref = store.find_or_add_person(tx, identity, fresh_ref=fresh_person_ref, now=now)
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
        "structure_id": store.find_structure_of(tx, caller.user_id),
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
    return api.Entitled(person_ref=entitlement.person_ref, entitlement=_shown(entitlement))


def _shown(entitlement: Entitlement) -> api.Entitlement:
    return api.Entitlement(
        from_on=entitlement.from_on,
        until_on=entitlement.until_on,
        monthly_cap_cents=entitlement.monthly_cap_cents,
    )


# -- who asks what became of it ------------------------------------------------------------------


def show_referral(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime
) -> api.ReferralHistory:
    """Show a referral with its steps to the one who made it and to its site."""
    row = store.find_referral(tx, referral_id)
    if row is None or (caller.role == REFERRER and row["referrer_id"] != caller.user_id):
        raise referrals.ReferralUnknown()
    if caller.role != REFERRER:
        caller.require_site(row["site_code"])
    summary = _summary(row, today=business_date(now))
    steps = [api.Step(**step) for step in store.list_steps(tx, referral_id)]
    if summary.state == "lapsed":
        lapsed_at = datetime.combine(summary.expires_on, time.min, tzinfo=PARIS)
        steps.append(api.Step(step="lapsed", at=lapsed_at, by_role=None))
    return api.ReferralHistory(
        **dict(summary),
        person_ref=row["person_ref"] if summary.state == "accepted" else None,
        refusal_reason=row["refusal_reason"],
        steps=steps,
    )


def list_referrals(
    tx: Transaction, page: api.ReferralPage, *, caller: Caller, now: datetime
) -> list[api.ReferralSummary]:
    """List referrals: a referrer's own, or those of the caller's sites."""
    sites = None if caller.role in (REFERRER, "admin") else sorted(caller.site_codes)
    if page.site_code is not None:
        if caller.role != REFERRER:
            caller.require_site(page.site_code)
        sites = [page.site_code]
    code = None if page.code is None else referral_code.normalise(page.code) or page.code
    today = business_date(now)
    rows = store.list_referrals(
        tx,
        site_codes=sites,
        referrer_id=caller.user_id if caller.role == REFERRER else None,
        state=page.state,
        code=code,
        before=page.before,
        limit=page.limit,
        today=today,
    )
    return [_summary(row, today=today) for row in rows]


def _summary(row: dict[str, Any], *, today: date) -> api.ReferralSummary:
    state = referrals.state_on(State(row["state"]), expires_on=row["expires_on"], on=today)
    return api.ReferralSummary(
        referral_id=row["referral_id"],
        code=row["code"],
        state=state.value,
        site_code=row["site_code"],
        person=api.PersonName(given_name=row["given_name"], family_name=row["family_name"]),
        situation=row["situation"],
        needs=row["needs"],
        submitted_at=row["submitted_at"],
        expires_on=row["expires_on"],
    )


def show_person(tx: Transaction, person_ref: UUID, *, now: datetime) -> api.Person:
    """Show a till the name to greet and what the person may buy today."""
    person = store.find_person(tx, person_ref)
    if person is None:
        raise PersonUnknown()
    latest = store.find_latest_entitlement(tx, person_ref)
    active = entitlements.is_active(latest, on=business_date(now))
    return api.Person(
        person_ref=person_ref,
        given_name=person.given_name,
        family_name=person.family_name,
        entitlement=_shown(latest) if latest is not None and active else None,
    )


# -- structures ----------------------------------------------------------------------------------


def add_structure(
    tx: Transaction, body: api.NewStructure, *, structure_id: UUID, now: datetime
) -> api.Structure:
    """Make a structure known."""
    made = structure.Structure(
        structure_id=structure_id,
        name=body.name,
        kind=body.kind,
        siret=None if body.siret is None else structure.normalise_siret(body.siret),
    )
    if not store.add_structure(tx, made, now=now):
        raise structure.StructureTaken()
    return api.Structure(
        structure_id=structure_id, name=body.name, kind=body.kind, siret=made.siret
    )


def list_structures(tx: Transaction) -> list[api.Structure]:
    """List the structures that refer people."""
    return [api.Structure.model_validate(asdict(each)) for each in store.list_structures(tx)]


def add_worker(tx: Transaction, structure_id: UUID, *, user_id: UUID) -> api.Worker:
    """Let a referrer refer in the name of a structure."""
    if store.find_structure(tx, structure_id) is None:
        raise structure.StructureUnknown()
    store.save_worker(tx, user_id, structure_id=structure_id)
    return api.Worker(user_id=user_id, structure_id=structure_id)


# -- what others tell ----------------------------------------------------------------------------


def learn_sites(tx: Transaction, facts: Sequence[Envelope]) -> None:
    """Know the sites that people can be sent to."""
    heard = [(events.SiteOpened.hear(fact), fact.time) for fact in facts]
    store.add_sites(tx, [(site.site_code, site.name, told_at) for site, told_at in heard])


def note_visits(tx: Transaction, facts: Sequence[Envelope]) -> None:
    """Let referrers know of the first time the person they sent came and bought."""
    heard = [(events.SaleCompleted.hear(fact).person_ref, fact.time) for fact in facts]
    store.add_first_visits(tx, heard)
