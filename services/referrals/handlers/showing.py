"""Who asks what became of a referral, and what a person may buy."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from kernel.period import PARIS, business_date
from services.referrals.api import people as person_api
from services.referrals.api import referrals as referral_api
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain import referral_code
from services.referrals.domain.entitlement import Entitlement
from services.referrals.domain.person import PersonUnknown
from services.referrals.domain.referral import State
from services.referrals.domain.structure import REFERRER
from services.referrals.store import entitlements as entitlement_rows
from services.referrals.store import people as person_rows
from services.referrals.store import referrals as referral_rows
from services.referrals.store import structures as structure_rows
from services.referrals.store.accesses import note_access


def show_referral(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime
) -> referral_api.ReferralHistory:
    """Show a referral with its steps to the one who made it, to their house and to its site."""
    row = referral_rows.find_referral(tx, referral_id)
    if row is None:
        raise referrals.ReferralUnknown()
    if caller.role != REFERRER:
        caller.require_site(row["site_code"])
    elif not referrals.is_seen_by(
        row["referrer_id"],
        structure_id=row["structure_id"],
        user_id=caller.user_id,
        of_structure_id=structure_rows.find_structure_of(tx, caller.user_id),
    ):
        raise referrals.ReferralUnknown()
    note_access(tx, caller, [row["person_ref"]], what="referral_shown", now=now)
    summary = _summary(row, today=business_date(now))
    steps = [referral_api.Step(**step) for step in referral_rows.list_steps(tx, referral_id)]
    if summary.state == "lapsed":
        lapsed_at = datetime.combine(summary.expires_on, time.min, tzinfo=PARIS)
        steps.append(referral_api.Step(step="lapsed", at=lapsed_at, by_role=None))
    return referral_api.ReferralHistory(
        **dict(summary),
        person_ref=row["person_ref"] if summary.state == "accepted" else None,
        refusal_reason=row["refusal_reason"],
        steps=steps,
    )


def list_referrals(
    tx: Transaction, page: referral_api.ReferralPage, *, caller: Caller, now: datetime
) -> Paged[referral_api.ReferralSummary]:
    """List referrals: a referrer's own and their house's, or those of the caller's sites."""
    sites = None if caller.role in (REFERRER, "admin") else sorted(caller.site_codes)
    if page.site_code is not None:
        if caller.role != REFERRER:
            caller.require_site(page.site_code)
        sites = [page.site_code]
    code = None if page.code is None else referral_code.normalise(page.code) or page.code
    today = business_date(now)
    of_referrer = caller.role == REFERRER
    rows = referral_rows.list_referrals(
        tx,
        site_codes=sites,
        referrer_id=caller.user_id if of_referrer else None,
        structure_id=structure_rows.find_structure_of(tx, caller.user_id) if of_referrer else None,
        state=page.state,
        code=code,
        after=page.after,
        limit=page.limit + 1,
        today=today,
    )
    shown_refs = [row["person_ref"] for row in rows[: page.limit]]
    note_access(tx, caller, shown_refs, what="referrals_listed", now=now)
    found = [_summary(row, today=today) for row in rows]
    return Paged.cut(found, limit=page.limit, key=lambda each: each.referral_id)


def _summary(row: dict[str, Any], *, today: date) -> referral_api.ReferralSummary:
    state = referrals.state_on(State(row["state"]), expires_on=row["expires_on"], on=today)
    return referral_api.ReferralSummary(
        referral_id=row["referral_id"],
        code=row["code"],
        state=state.value,
        site_code=row["site_code"],
        person=None
        if row["given_name"] is None
        else referral_api.PersonName(given_name=row["given_name"], family_name=row["family_name"]),
        situation=row["situation"],
        needs=row["needs"],
        submitted_at=row["submitted_at"],
        expires_on=row["expires_on"],
    )


def show_person(
    tx: Transaction, person_ref: UUID, *, caller: Caller, now: datetime
) -> person_api.Person:
    """Show a till the name to greet and what the person may buy today."""
    person = person_rows.find_person(tx, person_ref)
    if person is None:
        raise PersonUnknown()
    note_access(tx, caller, [person_ref], what="person_shown", now=now)
    latest = entitlement_rows.find_latest_entitlement(tx, person_ref)
    active = entitlements.is_active(latest, on=business_date(now))
    return person_api.Person(
        person_ref=person_ref,
        given_name=person.given_name,
        family_name=person.family_name,
        entitlement=shown(latest) if latest is not None and active else None,
    )


def shown(entitlement: Entitlement) -> person_api.Entitlement:
    """Show what a person may buy."""
    return person_api.Entitlement(
        from_on=entitlement.from_on,
        until_on=entitlement.until_on,
        monthly_cap_cents=entitlement.monthly_cap_cents,
    )
