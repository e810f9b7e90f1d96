"""Who asks what became of a referral, and what a person may buy."""

from datetime import date, datetime, time, timedelta
from uuid import UUID

from chassis.auth import Caller
from chassis.db import Transaction
from chassis.shapes import Paged
from kernel.period import PARIS, business_date
from services.referrals import api
from services.referrals.api import people as person_api
from services.referrals.api import referrals as referral_api
from services.referrals.domain import entitlement as entitlements
from services.referrals.domain import referral as referrals
from services.referrals.domain import referral_code, worker, working_day
from services.referrals.domain.entitlement import Entitlement
from services.referrals.domain.person import PersonUnknown
from services.referrals.domain.referral import State
from services.referrals.domain.rule import Rules
from services.referrals.domain.worker import REFERRER
from services.referrals.store import Row, network
from services.referrals.store import entitlements as entitlement_rows
from services.referrals.store import people as person_rows
from services.referrals.store import referrals as referral_rows
from services.referrals.store import workers as worker_rows
from services.referrals.store.accesses import note_access
from services.referrals.store.restrictions import find_restriction

#: Where the person is in, so that the site and the referrer may know their reference.
_TAKEN_IN = ("accepted", "provisional")
_UNANSWERED = (State.SUBMITTED, State.SEEN)


def show_referral(
    tx: Transaction, referral_id: UUID, *, caller: Caller, now: datetime
) -> referral_api.ReferralHistory:
    """Show a referral with its steps to the one who made it, to their house and to its site."""
    row = referral_rows.find_referral(tx, referral_id)
    if row is None:
        raise referrals.ReferralUnknown()
    require_sight(tx, row, caller=caller, today=business_date(now))
    note_access(tx, caller, [row["person_ref"]], what="referral_shown", now=now)
    today = business_date(now)
    rules = network.find_rules(tx, on=today)
    summary = summarise(row, today=today, rules=rules, caller=caller)
    steps = [referral_api.Step(**step) for step in referral_rows.list_steps(tx, referral_id)]
    if summary.state == "lapsed" and row["state"] != "lapsed":  # the clock has not come by yet
        lapsed_at = first_instant(summary.expires_on)
        steps.append(referral_api.Step(step="lapsed", at=lapsed_at, by_role=None))
    return referral_api.ReferralHistory(
        **dict(summary),
        person_ref=row["person_ref"] if summary.state in _TAKEN_IN else None,
        refusal_reason=row["refusal_reason"],
        revocation_reason=row["revocation_reason"],
        steps=steps,
    )


def list_referrals(
    tx: Transaction, page: referral_api.ReferralPage, *, caller: Caller, now: datetime
) -> Paged[referral_api.ReferralSummary]:
    """List referrals: a referrer's own and their house's, or those of the caller's sites.

    A referrer who was told the code of an entry that named no house finds it, to confirm it.
    """
    sites = None if caller.role in (REFERRER, "admin") else sorted(caller.site_codes)
    if page.site_code is not None:
        if caller.role != REFERRER:
            caller.require_site(page.site_code)
        sites = [page.site_code]
    code = None if page.code is None else referral_code.normalise(page.code) or page.code
    today = business_date(now)
    rules = network.find_rules(tx, on=today)
    of_referrer = caller.role == REFERRER
    standing = worker_rows.find_standing(tx, caller.user_id, on=today)
    rows = referral_rows.list_referrals(
        tx,
        site_codes=sites,
        referrer_id=caller.user_id if of_referrer else None,
        structure_id=standing.structure_id if of_referrer else None,
        may_confirm=worker.find_lack(standing, rules=rules, on=today) is None,
        state=page.state,
        code=code,
        answer_before=answer_before(rules, today=today) if page.overdue else None,
        after=page.after,
        limit=page.limit + 1,
        today=today,
    )
    shown_refs = [row["person_ref"] for row in rows[: page.limit]]
    note_access(tx, caller, shown_refs, what="referrals_listed", now=now)
    found = [
        summarise(row, today=today, rules=rules, caller=caller, to_confirm=of_referrer)
        for row in rows
    ]
    return Paged.cut(found, limit=page.limit, key=lambda each: each.referral_id)


def require_sight(tx: Transaction, row: Row, *, caller: Caller, today: date) -> None:
    """Refuse whoever may not see a referral: other sites, and other houses' referrers."""
    if caller.role != REFERRER:
        caller.require_site(row["site_code"])
    elif not referrals.is_seen_by(
        row["referrer_id"],
        structure_id=row["structure_id"],
        user_id=caller.user_id,
        of_structure_id=structure_of(tx, caller, today=today),
    ):
        raise referrals.ReferralUnknown()


def structure_of(tx: Transaction, caller: Caller, *, today: date) -> UUID | None:
    """Find the house in whose name a referrer refers today."""
    return worker_rows.find_structure_of(tx, caller.user_id, on=today)


def answer_before(rules: Rules, *, today: date) -> datetime:
    """Return the instant before which a referral was sent that is overdue today."""
    last_on = working_day.due_before(today, count=rules.answer_working_days)
    return first_instant(last_on + timedelta(days=1))


def first_instant(day: date) -> datetime:
    """Return midnight in Paris, when a day begins."""
    return datetime.combine(day, time.min, tzinfo=PARIS)


def follows_people(caller: Caller) -> bool:
    """Say whether a caller's work is more than selling: then they see why somebody was sent."""
    return caller.role != "till_operator" and not caller.volunteer


def summarise(
    row: Row, *, today: date, rules: Rules, caller: Caller, to_confirm: bool = False
) -> referral_api.ReferralSummary:
    """Show a referral; no more than initials and needs to a referrer who has yet to confirm it."""
    sent_on = business_date(row["submitted_at"])
    due_on = working_day.add_working_days(sent_on, rules.answer_working_days)
    state = referrals.state_on(State(row["state"]), expires_on=row["expires_on"], on=today)
    little = to_confirm and referrals.awaits_any_referrer(
        state, referrer_id=row["referrer_id"], structure_id=row["structure_id"]
    )
    return referral_api.ReferralSummary(
        referral_id=row["referral_id"],
        code=row["code"],
        state=state.value,
        site_code=row["site_code"],
        person=_name(row, initials=little),
        situation=None if little or not follows_people(caller) else row["situation"],
        needs=row["needs"],
        submitted_at=row["submitted_at"],
        expires_on=row["expires_on"],
        answer_due_on=due_on,
        overdue=state in _UNANSWERED and today > due_on,
        walk_in=row["walk_in"],
    )


def _name(row: Row, *, initials: bool) -> referral_api.PersonName | None:
    names = (row["given_name"], row["family_name"])
    if None in names:
        return None
    given, family = (f"{name[:1].upper()}." if initials else name for name in names)
    return referral_api.PersonName(given_name=given, family_name=family)


def show_person(
    tx: Transaction, person_ref: UUID, *, caller: Caller, now: datetime
) -> person_api.Person:
    """Show a till the name to greet and what the person may buy today."""
    person = person_rows.find_person(tx, person_ref)
    if person is None:
        raise PersonUnknown()
    note_access(tx, caller, [person.person_ref], what="person_shown", now=now)
    held = entitlement_rows.list_entitlements(tx, person_ref)
    standing = entitlements.standing(held, on=business_date(now))
    return person_api.Person(
        person_ref=person.person_ref,
        given_name=person.given_name,
        family_name=person.family_name,
        entitlement=None if standing is None else shown(standing),
        use_restricted=find_restriction(tx, person.person_ref) is not None,
    )


def shown(entitlement: Entitlement) -> api.Entitlement:
    """Show what a person may buy."""
    return api.Entitlement(
        from_on=entitlement.from_on,
        until_on=entitlement.until_on,
        monthly_cap_cents=entitlement.monthly_cap_cents,
        provisional=entitlement.provisional,
    )
